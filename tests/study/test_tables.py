from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from histo.errors import CorruptResults, HistoError, InvalidArgument, InvalidDesign, InvalidTable, UnitOfAnalysisError
from histo.io.results import write_table
from histo.schema import table_schema
from histo.study import AnalysisPlan, Arm, StudyTables
from histo.study.inference import adjust

Draw = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def sections(draw_sections_table: Draw) -> pd.DataFrame:
    return draw_sections_table()


@pytest.fixture(scope="module")
def study(sections: pd.DataFrame) -> StudyTables:
    return StudyTables(sections)


def _value(study: StudyTables, animal: str, segment: str, endpoint: str = "crypt_depth_um") -> pd.Series:
    animals = study.animals()
    rows = animals[(animals["animal"] == animal) & (animals["segment"] == segment) & (animals["endpoint"] == endpoint)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_tables_have_the_columns_of_the_schema(study: StudyTables) -> None:
    for name, table in (("animals", study.animals()), ("groups", study.groups()), ("contrasts", study.compare())):
        assert list(table.columns) == table_schema(name).names


def test_an_animal_is_the_unweighted_mean_of_its_sections(study: StudyTables, sections: pd.DataFrame) -> None:
    own = sections[(sections["animal"] == "C14-2") & (sections["segment"] == "ileum")]["crypt_depth_um"]
    row = _value(study, "C14-2", "ileum")
    assert row["value"] == pytest.approx(own.mean())
    assert row["sd"] == pytest.approx(own.std())
    assert (row["n_sections"], row["n_dropped"], row["note"]) == (len(own), 0, "")


def test_a_section_below_the_minimum_or_without_a_value_is_dropped_and_said(sections: pd.DataFrame) -> None:
    changed = sections.copy()
    own = changed.index[(changed["animal"] == "C14-2") & (changed["segment"] == "ileum")]
    changed.loc[own[0], "n_crypts_accepted"] = 2
    changed.loc[own[1], "crypt_depth_um"] = np.nan
    row = _value(StudyTables(changed), "C14-2", "ileum")
    assert row["value"] == pytest.approx(changed.loc[own[2:], "crypt_depth_um"].mean())
    assert (row["n_sections"], row["n_dropped"]) == (len(own) - 2, 2)
    assert row["note"] == "1 below 3 accepted crypts; 1 without a value"


def test_an_animal_with_too_few_sections_keeps_its_row_without_a_value(sections: pd.DataFrame) -> None:
    row = _value(StudyTables(sections, plan=AnalysisPlan(minimum_sections=20)), "C14-1", "jejunum")
    assert np.isnan(row["value"])
    assert "fewer than 20 sections" in row["note"]


def test_a_group_is_the_mean_of_animals_with_a_t_interval(study: StudyTables) -> None:
    animals = study.animals()
    own = animals[(animals["group"] == "EAE") & (animals["timepoint"] == "7") & (animals["segment"] == "jejunum")]
    values = own[own["endpoint"] == "vh_cd"]["value"]
    groups = study.groups().set_index(["group", "timepoint", "segment", "endpoint"])
    row = groups.loc[("EAE", "7", "jejunum", "vh_cd")]
    assert row["mean"] == pytest.approx(values.mean())
    # 2.776 is the t quantile of four degrees of freedom.
    assert row["ci_high"] - row["mean"] == pytest.approx(2.776445 * values.std() / np.sqrt(5), rel=1e-5)
    assert row["n_animals"] == 5


def test_the_drawn_effects_are_found_and_no_others(study: StudyTables) -> None:
    contrasts = study.compare()
    found = contrasts[contrasts["p_adjusted"] <= 0.05]
    changed = {"crypt_depth_um", "vh_cd", "submucosa_um", "muscularis_um"}
    assert set(found["endpoint"]) == changed
    assert set(found["comparison"]) == {"EAE @ 14"}
    assert (np.sign(found["estimate"]) == np.where(found["endpoint"] == "vh_cd", -1, 1)).all()


def test_every_other_arm_is_compared_with_the_control_in_each_segment(study: StudyTables) -> None:
    contrasts = study.compare()
    assert set(contrasts["reference"]) == {"control @ 14"}
    assert set(contrasts["comparison"]) == {"EAE @ 7", "EAE @ 14"}
    assert list(dict.fromkeys(contrasts["segment"])) == ["duodenum", "jejunum", "ileum"]
    assert len(contrasts) == 5 * 3 * 2


def test_a_row_of_the_whole_table_has_the_adjusted_p_of_its_family(study: StudyTables) -> None:
    whole = study.compare()
    alone = study.compare("crypt_depth_um")
    expected = whole[whole["endpoint"] == "crypt_depth_um"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, expected)


def test_an_endpoint_outside_the_plan_is_a_family_of_its_own(study: StudyTables) -> None:
    contrasts = study.compare("villus_width_um")
    assert set(contrasts["endpoint"]) == {"villus_width_um"}
    assert contrasts["correction"].str.startswith("Bonferroni: 2 comparisons").all()


@pytest.mark.parametrize("unit", ["section", "villus", "slide"])
def test_a_p_value_on_repeats_is_refused_with_the_reason(study: StudyTables, unit: str) -> None:
    with pytest.raises(UnitOfAnalysisError, match="28 to 42 %"):
        study.compare("crypt_depth_um", unit=unit)


def test_the_order_of_rows_and_repeats_changes_nothing(sections: pd.DataFrame, study: StudyTables) -> None:
    shuffled = StudyTables(sections.sample(frac=1, random_state=3)).compare()
    pd.testing.assert_frame_equal(shuffled, study.compare(), check_exact=False, rtol=1e-9)


def test_p_does_not_shrink_when_sections_are_copied(sections: pd.DataFrame, study: StudyTables) -> None:
    copied = pd.concat([sections, sections.assign(section=sections["section"] + "b")])
    p_values = StudyTables(copied).compare()["p"]
    assert p_values.to_numpy() == pytest.approx(study.compare()["p"].to_numpy())


@pytest.mark.parametrize("name", ["control", "Ctrl", "naive", "sham", "WT", "healthy mice"])
def test_a_control_is_known_by_its_name(sections: pd.DataFrame, name: str) -> None:
    assert StudyTables(sections.replace({"group": {"control": name}})).reference() == Arm(name)


def test_a_control_is_known_by_its_mark(sections: pd.DataFrame) -> None:
    marked = sections.replace({"group": {"control": "PBS"}})
    assert StudyTables(marked.assign(control=marked["group"] == "PBS")).reference() == Arm("PBS")


def test_a_reference_can_be_a_group_at_a_timepoint(study: StudyTables) -> None:
    contrasts = study.compare("crypt_depth_um", reference="EAE @ 7")
    assert set(contrasts["reference"]) == {"EAE @ 7"}
    assert set(contrasts["comparison"]) == {"control @ 14", "EAE @ 14"}


def test_a_control_at_the_same_timepoint_is_preferred(draw_sections_table: Draw) -> None:
    arms = (("control", "7"), ("control", "14"), ("EAE", "7"), ("EAE", "14"))
    contrasts = StudyTables(draw_sections_table(arms=arms, segments=("ileum",))).compare("vh_cd")
    assert list(zip(contrasts["reference"], contrasts["comparison"], strict=True)) == [
        ("control @ 7", "EAE @ 7"),
        ("control @ 14", "EAE @ 14"),
    ]


def test_a_control_at_other_timepoints_only_is_not_guessed(draw_sections_table: Draw) -> None:
    arms = (("control", "0"), ("control", "21"), ("EAE", "7"))
    contrasts = StudyTables(draw_sections_table(arms=arms, segments=("ileum",))).compare("vh_cd")
    assert contrasts["p"].isna().all()
    assert contrasts["note"].str.contains("was not sampled at 7").all()


@pytest.mark.parametrize(
    ("n_animals", "has_p", "part"),
    [(1, False, "only one animal"), (3, True, "cannot reach p <= 0.05")],
)
def test_too_few_animals_are_said_and_no_p_is_made_up(
    draw_sections_table: Draw, n_animals: int, has_p: bool, part: str
) -> None:
    contrasts = StudyTables(draw_sections_table(n_animals=n_animals, segments=("ileum",))).compare()
    assert contrasts["p"].notna().all() == has_p
    assert contrasts["note"].str.contains(part).all()
    if has_p:
        assert (contrasts["p_adjusted"] > 0.05).all()
    else:
        assert set(contrasts["test"]) == {"none"}


def test_too_many_comparisons_for_so_few_animals_are_said(draw_sections_table: Draw) -> None:
    arms = (("control", "14"), *(("EAE", day) for day in ("3", "7", "10", "14")))
    contrasts = StudyTables(draw_sections_table(arms=arms, n_animals=4, segments=("ileum",))).compare()
    assert contrasts["note"].str.contains("cannot reach an adjusted p <= 0.05 with 4 comparisons").all()
    assert (contrasts["p_adjusted"] > 0.05).all()


def test_four_animals_can_answer_each_comparison_by_itself(draw_sections_table: Draw) -> None:
    plan = AnalysisPlan(corrects_comparisons=False)
    table = draw_sections_table(n_animals=4, segments=("ileum",), animal_cv=0.01)
    contrasts = StudyTables(table, plan=plan).compare()
    assert (contrasts["p_adjusted"] <= 0.05).any()


def test_animals_followed_over_time_are_compared_with_themselves(draw_sections_table: Draw) -> None:
    table = draw_sections_table(arms=(("EAE", "0"), ("EAE", "7")), n_animals=6, segments=("ileum",))
    table["animal"] = table["animal"].str.replace(r"^E\d+-", "m", regex=True)
    study = StudyTables(table)
    row = study.compare("vh_cd", reference="EAE @ 0").iloc[0]
    animals = study.animals()
    wide = animals[animals["endpoint"] == "vh_cd"].pivot_table(index="animal", columns="timepoint", values="value")
    assert row["test"] == "exact permutation of timepoints within animals, mid-p (64 relabelings)"
    assert row["estimate"] == pytest.approx((wide["7"] - wide["0"]).mean())
    assert row["statistic"] == pytest.approx(stats.ttest_rel(wide["7"], wide["0"]).statistic)
    assert (row["n_animals_a"], row["n_animals_b"]) == (6, 6)


def test_an_animal_that_is_missing_at_one_timepoint_is_left_out_and_said(draw_sections_table: Draw) -> None:
    table = draw_sections_table(arms=(("EAE", "0"), ("EAE", "7")), n_animals=6, segments=("ileum",))
    table["animal"] = table["animal"].str.replace(r"^E\d+-", "m", regex=True)
    table = table[(table["animal"] != "m3") | (table["timepoint"] != "7")]
    row = StudyTables(table).compare("vh_cd", reference="EAE @ 0").iloc[0]
    assert row["n_animals_a"] == 5
    assert "1 animals that are on one side only were left out" in row["note"]


@pytest.mark.parametrize("method", ["holm", "bh"])
def test_another_correction_adjusts_all_tests_of_a_segment_together(sections: pd.DataFrame, method: str) -> None:
    contrasts = StudyTables(sections, plan=AnalysisPlan(correction=method)).compare()  # type: ignore[arg-type]
    for _, of_segment in contrasts.groupby("segment"):
        assert of_segment["p_adjusted"].to_numpy() == pytest.approx(adjust(of_segment["p"], method))  # type: ignore[arg-type]
    assert contrasts["correction"].str.contains("over 10 tests").all()


def test_relabelling_together_finds_more_than_holm(sections: pd.DataFrame, study: StudyTables) -> None:
    holm = StudyTables(sections, plan=AnalysisPlan(correction="holm")).compare()
    assert (study.compare()["p_adjusted"] <= 0.05).sum() >= (holm["p_adjusted"] <= 0.05).sum()
    assert study.compare()["p"].tolist() == holm["p"].tolist()


def test_the_estimate_is_adjusted_for_a_batch_that_varies(sections: pd.DataFrame) -> None:
    number = sections["animal"].str.extract(r"(\d+)$")[0].astype(int)
    shifted = sections.assign(batch=np.where(number <= 2, "A", "B"))
    shifted["crypt_depth_um"] += np.where(shifted["batch"] == "A", 60.0, 0.0)
    with_batch = StudyTables(shifted).compare("crypt_depth_um")
    without = StudyTables(shifted, plan=AnalysisPlan(covariates=())).compare("crypt_depth_um")
    assert with_batch["test"].str.contains("within batch").all()
    # Two of five in batch A on either side: the difference is the same, its interval is narrower by far.
    assert with_batch["estimate"].to_numpy() == pytest.approx(without["estimate"].to_numpy())
    width = [(table["ci_high"] - table["ci_low"]).mean() for table in (with_batch, without)]
    assert width[0] < width[1] / 2


def test_a_batch_that_goes_with_the_group_is_said_and_not_used(sections: pd.DataFrame) -> None:
    contrasts = StudyTables(sections.assign(batch=sections["group"])).compare("vh_cd")
    assert contrasts["note"].str.contains("batch goes with the group").all()
    assert not contrasts["test"].str.contains("within").any()


def test_without_a_design_there_are_sections_but_no_animals(sections: pd.DataFrame) -> None:
    blank = StudyTables(sections.assign(animal="", group="", timepoint="", segment=""))
    assert not blank.has_animals
    assert blank.animals().empty
    assert blank.groups().empty
    with pytest.raises(InvalidArgument, match="no groups to compare"):
        blank.compare()


def test_a_missing_name_from_a_file_is_no_animal(sections: pd.DataFrame) -> None:
    assert not StudyTables(sections.assign(animal=None, group=np.nan)).has_animals


def test_no_section_at_all_is_an_empty_study(sections: pd.DataFrame) -> None:
    empty = StudyTables(sections.head(0))
    assert empty.animals().empty
    assert empty.groups().empty


@pytest.mark.parametrize(
    ("change", "error", "part"),
    [
        (lambda t: t.drop(columns="vh_cd"), InvalidTable, "vh_cd"),
        (lambda t: pd.concat([t, t.head(2)]), InvalidDesign, "more than once"),
        (lambda t: t.assign(group=["control", "EAE"] * (len(t) // 2) + ["EAE"] * (len(t) % 2)), InvalidDesign, "is in"),
    ],
)
def test_sections_that_cannot_be_a_study_are_refused(
    sections: pd.DataFrame, change: Callable[[pd.DataFrame], pd.DataFrame], error: type[HistoError], part: str
) -> None:
    with pytest.raises(error, match=part):
        StudyTables(change(sections))


@pytest.mark.parametrize(
    ("groups", "reference", "part"),
    [
        ({"control": "A", "EAE": "B"}, None, r"Name it: compare\(reference='A'\)"),
        ({"control": "control 1", "EAE": "control 2"}, None, "candidates control 1, control 2"),
        ({}, "untreated", "one of control, EAE, control @ 14"),
    ],
)
def test_a_reference_that_cannot_be_told_is_asked_for(
    sections: pd.DataFrame, groups: dict[str, str], reference: str | None, part: str
) -> None:
    with pytest.raises(InvalidArgument, match=part):
        StudyTables(sections.replace({"group": groups})).compare(reference=reference)


@pytest.mark.parametrize("name", ["crypt_depth", "slide", "flags"])
def test_what_is_no_endpoint_is_refused(study: StudyTables, name: str) -> None:
    with pytest.raises(InvalidArgument, match="not an endpoint"):
        study.compare(name)


@pytest.mark.parametrize(
    "wrong", [{"endpoints": ()}, {"level": 0.0}, {"minimum_sections": 0}, {"max_relabelings": 10}, {"seed": -1}]
)
def test_a_plan_that_cannot_be_followed_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(wrong))):
        AnalysisPlan(**wrong)  # type: ignore[arg-type]


def test_a_results_folder_gives_the_same_study(tmp_path: Path, sections: pd.DataFrame, study: StudyTables) -> None:
    write_table(tmp_path, "sections", sections)
    pd.testing.assert_frame_equal(StudyTables.from_results(tmp_path).compare(), study.compare())


def test_a_mended_design_replaces_what_the_results_say(tmp_path: Path, sections: pd.DataFrame) -> None:
    write_table(tmp_path, "sections", sections.assign(animal="", group="", timepoint=""))
    rows = sections[["slide", "animal", "group", "timepoint", "segment"]].drop_duplicates()
    rows = rows[rows["animal"] != "C14-1"].assign(
        control=lambda t: (t["group"] == "control").map({True: "yes", False: "no"})
    )
    rows.to_csv(tmp_path / "animals.csv", index=False)
    study = StudyTables.from_results(tmp_path, design=tmp_path / "animals.csv")
    assert study.reference().group == "control"
    is_control = (sections["group"] == "control") & (sections["animal"] != "C14-1")
    assert study.sections["control"].sum() == is_control.sum()
    assert study.n_unassigned_sections == (sections["animal"] == "C14-1").sum()
    assert set(study.compare()["n_animals_a"]) == {4}


def test_a_folder_without_results_says_so(tmp_path: Path) -> None:
    with pytest.raises(CorruptResults, match="sections is missing"):
        StudyTables.from_results(tmp_path)


@pytest.mark.parametrize(("spread", "is_warned"), [(1.0, False), (5.0, True)])
def test_a_smaller_group_that_scatters_more_is_warned_of(
    draw_sections_table: Draw, spread: float, is_warned: bool
) -> None:
    sections = draw_sections_table(arms=(("control", "0"), ("EAE", "0")), segments=("ileum",))
    eae = sections["group"] == "EAE"
    fewer = sections[~(eae & sections["animal"].isin(sections.loc[eae, "animal"].unique()[:2]))].copy()
    for group, factor in (("control", 1.0), ("EAE", spread)):
        of_group = fewer["group"] == group
        names = list(fewer.loc[of_group, "animal"].unique())
        # As many animals, evenly spread about one mean, so that only the scatter differs.
        place = fewer.loc[of_group, "animal"].map({name: n - (len(names) - 1) / 2 for n, name in enumerate(names)})
        fewer.loc[of_group, "crypt_depth_um"] = 100 + factor * place
    contrasts = StudyTables(fewer).compare("crypt_depth_um")
    assert contrasts["note"].str.contains("smaller group scatter").all() == is_warned
    swapped = StudyTables(fewer).compare("crypt_depth_um", reference="EAE")
    assert swapped["note"].str.contains("smaller group scatter").all() == is_warned
