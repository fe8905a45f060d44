from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from histo.errors import InvalidArgument
from histo.study import StudyTables
from histo.study.question import BARRIER, BarrierDefinition, BarrierPart, Measure

Draw = Callable[..., pd.DataFrame]

TWO_PARTS = BarrierDefinition(
    (
        BarrierPart("structure", 3.0, (Measure("crypt_depth_um", 1), Measure("villus_height_um", -1))),
        BarrierPart("permeability", 1.0, (Measure("na_f", 1, "Na-F in plasma"),)),
    )
)


def _with_na_f(table: pd.DataFrame, rise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = {
        name: rng.normal(1.0, 0.1) + (rise if name.startswith("E14") else 0.0)
        for name in sorted(table["animal"].unique())
    }
    return table.assign(na_f=table["animal"].map(values))


def _row(table: pd.DataFrame, aspect: str, timepoint: str = "14") -> pd.Series:
    rows = table[(table["aspect"] == aspect) & (table["timepoint"] == timepoint)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_the_composite_is_the_weighted_mean_of_standardised_measures(draw_changed: Draw) -> None:
    table = _with_na_f(draw_changed({("crypt_depth_um", "14", ""): 1.4}, seed=1, segments=("ileum",)), rise=0.5)
    study = StudyTables(table)
    measures = ["crypt_depth_um", "villus_height_um", "na_f"]
    values = study.sections.groupby(["group", "timepoint", "animal"])[measures].mean()
    control, diseased = values.loc["control"], values.loc[("EAE", "14")]
    both = pd.concat([control, diseased])
    rows = study.barrier(TWO_PARTS)
    for sd, is_control in ((both.std(), False), (control.std(), True)):
        difference = (diseased.mean() - control.mean()) / sd
        structure = (difference["crypt_depth_um"] - difference["villus_height_um"]) / 2
        composite = 0.75 * structure + 0.25 * difference["na_f"]
        for aspect, by_hand in (("structure", structure), ("composite", composite)):
            row = _row(rows, aspect)
            if is_control:
                said = f"{by_hand:+.1f} standard deviations of the controls".replace("-", "−")
                assert said in row["finding"]
            else:
                assert row["estimate"] == pytest.approx(by_hand)


def test_the_interval_and_the_test_agree(draw_changed: Draw) -> None:
    for seed in range(3):
        rows = StudyTables(_with_na_f(draw_changed({}, seed=seed, segments=("ileum",)), rise=0.1, seed=seed)).barrier()
        tested = rows[rows["p"].notna()]
        excludes_none = (tested["ci_low"] > 0) | (tested["ci_high"] < 0)
        assert (excludes_none == (tested["p"] <= 0.05)).all()


def test_a_worse_barrier_is_shown_and_says_what_it_is_made_of(draw_changed: Draw) -> None:
    changes = {("crypt_depth_um", "14", ""): 1.5, ("villus_height_um", "14", ""): 0.7}
    row = _row(StudyTables(_with_na_f(draw_changed(changes, seed=2), rise=0.6)).barrier(), "composite")
    assert row["verdict"] == "shown"
    assert "is worse in EAE @ 14 than in control @ 14" in row["finding"]
    assert "structure (weight 0.50: villus height, crypt depth, submucosa thickness" in row["finding"]
    assert "permeability (weight 0.50: Na-F in plasma)" in row["finding"]
    assert "Missing: junction (not measured), infiltrate (not measured)." in row["finding"]
    assert "the weights are histo's own" in row["note"]


def test_one_part_alone_makes_no_composite(draw_changed: Draw) -> None:
    rows = StudyTables(draw_changed({}, seed=1)).barrier()
    composite = _row(rows, "composite")
    assert composite["verdict"] == "missing"
    assert "one part makes no composite" in composite["finding"]
    assert "permeability (not measured)" in composite["finding"]
    assert composite[["estimate", "ci_low", "ci_high", "p", "p_adjusted"]].isna().all()
    assert _row(rows, "structure")["verdict"] == "not shown"


def test_all_four_parts_are_weighted_alike(draw_changed: Draw) -> None:
    table = _with_na_f(draw_changed({}, seed=1))
    rng = np.random.default_rng(3)
    table = table.assign(
        zonulin_apical_fraction=rng.normal(0.5, 0.05, len(table)), iel_per_100=rng.normal(12, 2, len(table))
    )
    finding = _row(StudyTables(table).barrier(), "composite")["finding"]
    assert finding.count("weight 0.25") == 4
    assert "Nothing is missing." in finding


def test_junctions_of_villi_and_crypts_do_not_count_beside_the_whole(draw_changed: Draw) -> None:
    table = _with_na_f(draw_changed({}, seed=1))
    rng = np.random.default_rng(3)
    parts = {f"zo_1_{name}continuity": rng.normal(0.9, 0.02, len(table)) for name in ("", "villus_", "crypt_")}
    finding = _row(StudyTables(table.assign(**parts)).barrier(), "junction")["finding"]
    assert finding.count("continuity") == 1


def test_an_animal_without_a_measure_of_a_part_gets_no_number(draw_changed: Draw) -> None:
    table = _with_na_f(draw_changed({}, seed=1))
    table.loc[table["animal"] == "E14-1", "na_f"] = np.nan
    rows = StudyTables(table).barrier()
    assert _row(rows, "permeability")["n_animals_b"] == 4
    assert _row(rows, "composite")["n_animals_b"] == 4
    assert _row(rows, "structure")["n_animals_b"] == 5


def test_a_part_of_few_animals_stays_out_of_the_composite(draw_changed: Draw) -> None:
    table = _with_na_f(draw_changed({}, seed=1))
    table.loc[table["animal"].isin(["E14-1", "E14-2", "C14-1"]), "na_f"] = np.nan
    rows = StudyTables(table).barrier()
    assert "permeability (known of 7 of 10 animals, too few to enter)" in _row(rows, "composite")["finding"]
    assert _row(rows, "permeability")["n_animals_b"] == 3


def test_two_controls_are_no_yardstick(draw_changed: Draw) -> None:
    table = _with_na_f(draw_changed({}, seed=1))
    table.loc[table["animal"].isin(["C14-1", "C14-2", "C14-3"]), "na_f"] = np.nan
    assert "2 control animals have it, 3 are needed" in _row(StudyTables(table).barrier(), "permeability")["finding"]


def test_a_measure_that_does_not_vary_among_controls_is_no_yardstick(draw_changed: Draw) -> None:
    table = _with_na_f(draw_changed({}, seed=1))
    table.loc[table["group"] == "control", "na_f"] = 1.0
    assert "does not vary among the controls" in _row(StudyTables(table).barrier(), "permeability")["finding"]


def test_the_unit_of_a_measure_does_not_matter(draw_changed: Draw) -> None:
    table = _with_na_f(draw_changed({}, seed=4), rise=0.3)
    both = [StudyTables(table.assign(na_f=table["na_f"] * factor)).barrier() for factor in (1.0, 1000.0)]
    pd.testing.assert_frame_equal(*both, check_exact=False, rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"parts": BARRIER.parts[:1]}, "two parts at least"),
        ({"parts": BARRIER.parts[:1] * 2}, "each part once"),
        ({"parts": (BARRIER.parts[0], BarrierPart("none", 0.0, ()))}, "weights above 0"),
        ({"parts": (BARRIER.parts[0], BarrierPart("up", 1.0, (Measure("na_f", 2),)))}, "directions 1 or -1"),
        ({"parts": BARRIER.parts, "minimum_controls": 2}, "minimum_controls of 3"),
        ({"parts": BARRIER.parts, "minimum_share": 0.0}, "minimum_share above 0"),
    ],
)
def test_a_composite_that_cannot_be_made_is_refused(change: dict[str, object], part: str) -> None:
    with pytest.raises(InvalidArgument, match=part):
        BarrierDefinition(**change)  # type: ignore[arg-type]
