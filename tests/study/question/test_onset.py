from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from histo.errors import InvalidArgument
from histo.schema import table_schema
from histo.study import AnalysisPlan, StudyTables

Draw = Callable[..., pd.DataFrame]

TWO = ("crypt_depth_um", "submucosa_um")


def _study(sections: pd.DataFrame, **plan: object) -> StudyTables:
    return StudyTables(sections, plan=AnalysisPlan(**plan))  # type: ignore[arg-type]


def _first(study: StudyTables, **asked: object) -> pd.Series:
    table = study.onset(**asked)  # type: ignore[arg-type]
    rows = table[table["aspect"] == "first"]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("endpoint", ["crypt_depth_um", "submucosa_um", "villus_height_um"])
def test_the_endpoint_that_was_drawn_to_change_first_is_named(draw_changed: Draw, endpoint: str) -> None:
    later = {(name, "14", ""): 1.5 for name in ("crypt_depth_um", "submucosa_um", "muscularis_um", "villus_height_um")}
    first = _first(_study(draw_changed({**later, (endpoint, "7", ""): 1.4}, seed=4)))
    assert (first["verdict"], first["endpoint"], first["timepoint"]) == ("shown", endpoint, "7")
    assert "is the only one of 5 endpoints shown to differ" in first["finding"]
    assert "5 vs 5 animals" in first["finding"]
    assert 0 < first["p_adjusted"] <= 0.05


def test_a_change_in_one_segment_is_found_there(draw_changed: Draw) -> None:
    first = _first(_study(draw_changed({("crypt_depth_um", "7", "ileum"): 1.5}, seed=5)))
    assert (first["endpoint"], first["segment"]) == ("crypt_depth_um", "ileum")
    assert "in the ileum" in first["finding"]


def test_two_that_change_at_once_are_named_together_and_not_put_in_order(draw_changed: Draw) -> None:
    first = _first(_study(draw_changed({(name, "7", ""): 1.5 for name in TWO}, seed=6)))
    assert set(first["endpoint"].split()) == set(TWO)
    assert "began first cannot be told" in first["finding"]


def test_the_lead_over_the_next_endpoint_has_an_interval(draw_changed: Draw) -> None:
    finding = _first(_study(draw_changed({("crypt_depth_um", "7", ""): 2.0}, seed=7)))["finding"]
    assert "Its standardised change exceeds that of" in finding
    assert "interval +" in finding


def test_without_a_difference_none_is_claimed_and_none_is_denied(draw_changed: Draw) -> None:
    first = _first(_study(draw_changed({}, seed=1)))
    assert (first["verdict"], first["endpoint"]) == ("not shown", "")
    assert "This does not show that the gut is unchanged" in first["finding"]
    assert "no difference" not in first["finding"]


def test_what_is_shown_after_the_signs_only_is_not_called_first(draw_changed: Draw) -> None:
    first = _first(_study(draw_changed({("muscularis_um", "14", ""): 1.6}, seed=8)))
    assert (first["verdict"], first["endpoint"]) == ("not shown", "")
    assert "Shown at 14 or later only: muscularis thickness." in first["finding"]


def test_studies_without_an_effect_seldom_name_a_first_endpoint(draw_changed: Draw) -> None:
    shown = [
        _first(_study(draw_changed({}, seed=seed, segments=("ileum",), sections_per_animal=(2, 3))))["verdict"]
        for seed in range(12)
    ]
    # At 5 % one of 12 is expected at most; four or more would come in 1 of 500 such tests.
    assert shown.count("shown") < 4


def test_every_difference_is_of_animals_and_in_the_schema(draw_changed: Draw) -> None:
    table = _study(draw_changed({}, seed=2)).onset()
    assert list(table.columns) == table_schema("questions").names
    differences = table[table["aspect"] != "first"]
    assert set(differences.loc[differences["timepoint"] == "7", "aspect"]) == {"before signs"}
    assert set(differences.loc[differences["timepoint"] == "14", "aspect"]) == {"later"}
    # Five endpoints, three segments and the whole gut, two timepoints.
    assert len(differences) == 5 * 4 * 2
    assert set(differences["n_animals_a"]) == {5}
    assert differences["test"].str.contains("permutation of animals").all()
    assert differences["correction"].str.startswith("Westfall-Young over 5 endpoints in 3 segments").all()


def test_timepoints_without_any_clinical_score_above_0_are_before_signs(draw_changed: Draw, with_scores: Draw) -> None:
    study = _study(with_scores(draw_changed({("crypt_depth_um", "7", ""): 1.6}, seed=3)))
    first = _first(study)
    assert first["timepoint"] == "7"
    assert "no animal with a score had one above 0" in first["finding"]


def test_one_animal_with_signs_makes_its_timepoint_symptomatic(draw_changed: Draw, with_scores: Draw) -> None:
    table = draw_changed({("crypt_depth_um", "7", ""): 1.6}, seed=3)
    ill = with_scores(table, {"E7-1": 1.0, "E14-1": 3.0})
    first = _first(_study(ill))
    assert first["verdict"] == "not tested"
    assert "no timepoint is known to lie before clinical signs" in first["finding"]
    declared = _first(_study(ill), presymptomatic=("7",))
    assert "although animals had a clinical score above 0 at 7" in declared["finding"]


def test_without_scores_the_earliest_timepoint_is_assumed_and_said(draw_changed: Draw) -> None:
    assert "assumed, as the earliest timepoint" in _first(_study(draw_changed({}, seed=2)))["finding"]


def test_one_timepoint_without_scores_is_not_called_pre_symptomatic(draw_changed: Draw) -> None:
    table = draw_changed({}, seed=2, arms=(("control", "14"), ("EAE", "14")))
    assert _first(_study(table))["verdict"] == "not tested"


def test_a_declared_timepoint_that_does_not_exist_is_refused(draw_changed: Draw) -> None:
    with pytest.raises(InvalidArgument, match="expected one of 7, 14; got 3"):
        _study(draw_changed({}, seed=2)).onset(presymptomatic=("3",))


def test_two_timepoints_before_signs_are_corrected_for(draw_changed: Draw) -> None:
    study = _study(draw_changed({("crypt_depth_um", "7", ""): 1.6}, seed=3, segments=("ileum",)))
    one, both = (study.onset(presymptomatic=given) for given in (("7",), ("7", "14")))
    of_crypts = [
        table[(table["endpoint"] == "crypt_depth_um") & (table["timepoint"] == "7") & (table["aspect"] != "first")]
        for table in (one, both)
    ]
    ratio = of_crypts[1]["p_adjusted"].iloc[0] / of_crypts[0]["p_adjusted"].iloc[0]
    assert ratio == pytest.approx(2)


def test_animals_that_stand_on_both_sides_are_compared_with_themselves(draw_changed: Draw) -> None:
    changes = {("crypt_depth_um", "7", ""): 1.15}
    table = draw_changed(changes, seed=2, arms=(("EAE", "0"), ("EAE", "7")), segments=("ileum",), n_animals=8)
    table["animal"] = table["animal"].str.replace(r"^E\d+-", "m", regex=True)
    onset = _study(table, reference="EAE @ 0").onset(presymptomatic=("7",))
    differences = onset[onset["aspect"] == "before signs"]
    assert differences["test"].str.contains("timepoints within animals").all()
    assert set(differences["n_animals_a"]) == {8}


def test_animals_of_another_batch_or_sex_do_not_exchange_labels(draw_changed: Draw) -> None:
    table = draw_changed({("crypt_depth_um", "7", ""): 1.5}, seed=2, segments=("ileum",), n_animals=6)
    table["sex"] = (table["animal"].str[-1].astype(int) % 2).map({0: "female", 1: "male"})
    table.loc[table["sex"] == "male", "crypt_depth_um"] *= 1.6
    study = _study(table)
    assert study.onset()["test"].str.contains("within sex").any()
    assert _first(study)["endpoint"] == "crypt_depth_um"


def test_an_animal_that_lacks_a_segment_has_no_mean_over_them(draw_changed: Draw) -> None:
    table = draw_changed({}, seed=2)
    lacking = table[~((table["animal"] == "E7-1") & (table["segment"] == "ileum"))]
    onset = _study(lacking).onset()
    whole = onset[(onset["segment"] == "whole gut") & (onset["timepoint"] == "7")]
    assert set(whole["n_animals_b"]) == {4}
    jejunum = onset[(onset["segment"] == "jejunum") & (onset["timepoint"] == "7")]
    assert set(jejunum["n_animals_b"]) == {5}


def test_the_order_of_rows_changes_nothing(draw_changed: Draw) -> None:
    table = draw_changed({("crypt_depth_um", "7", ""): 1.3}, seed=9, segments=("ileum",))
    shuffled = table.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(_study(shuffled).onset(), _study(table).onset(), check_exact=False, rtol=1e-9)


def test_the_whole_gut_is_the_unweighted_mean_of_segments(draw_changed: Draw) -> None:
    study = _study(draw_changed({}, seed=2))
    animals = study.animals()
    own = animals[(animals["endpoint"] == "crypt_depth_um") & (animals["timepoint"] == "7")]
    control = animals[(animals["endpoint"] == "crypt_depth_um") & (animals["group"] == "control")]
    by_hand = [side.groupby("animal")["value"].mean().mean() for side in (own, control)]
    onset = study.onset()
    row = onset[
        (onset["segment"] == "whole gut") & (onset["endpoint"] == "crypt_depth_um") & (onset["timepoint"] == "7")
    ]
    assert row["estimate"].iloc[0] == pytest.approx(np.subtract(*by_hand))
