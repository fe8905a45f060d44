from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from histo.study import AnalysisPlan, StudyTables

Draw = Callable[..., pd.DataFrame]

PLAN = AnalysisPlan(endpoints=("crypt_depth_um", "submucosa_um", "villus_height_um"))


def _where(study: StudyTables, endpoint: str, timepoint: str = "14") -> pd.Series:
    table = study.segments()
    rows = table[(table["aspect"] == "where") & (table["endpoint"] == endpoint) & (table["timepoint"] == timepoint)]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("segment", ["duodenum", "ileum"])
@pytest.mark.parametrize("factor", [1.4, 0.7])
def test_the_drawn_segment_is_named(draw_changed: Draw, segment: str, factor: float) -> None:
    study = StudyTables(draw_changed({("crypt_depth_um", "14", segment): factor}, seed=3), plan=PLAN)
    row = _where(study, "crypt_depth_um")
    assert (row["verdict"], row["segment"]) == ("shown", segment)
    assert row["estimate"] == pytest.approx(100 * (factor - 1), abs=8)
    assert f"Crypt depth changes more in the {segment} than in the other segments" in row["finding"]
    # At day 7 nothing was drawn, nor in another endpoint.
    assert _where(study, "crypt_depth_um", "7")["verdict"] == "not shown"
    assert _where(study, "submucosa_um")["verdict"] == "not shown"


def test_a_change_of_the_whole_gut_is_in_no_segment(draw_changed: Draw) -> None:
    row = _where(StudyTables(draw_changed({("crypt_depth_um", "14", ""): 1.5}, seed=3), plan=PLAN), "crypt_depth_um")
    assert (row["verdict"], row["segment"]) == ("not shown", "")
    assert "that one segment changes more than the others is not shown" in row["finding"]
    assert "duodenum +" in row["finding"]


def test_the_segments_left_behind_change_less(draw_changed: Draw) -> None:
    table = StudyTables(draw_changed({("crypt_depth_um", "14", "ileum"): 1.5}, seed=3), plan=PLAN).segments()
    behind = table[
        (table["aspect"] == "elsewhere") & (table["endpoint"] == "crypt_depth_um") & (table["timepoint"] == "14")
    ]
    shown = behind[(behind["verdict"] == "shown") & (behind["segment"] != "ileum")]
    assert len(shown) > 0
    assert shown["finding"].str.startswith("Crypt depth changes less").all()


def test_the_estimate_is_the_ratio_of_the_segment_to_the_others(draw_changed: Draw) -> None:
    study = StudyTables(draw_changed({("crypt_depth_um", "14", "ileum"): 1.3}, seed=3), plan=PLAN)
    animals = study.animals()
    wide = np.log(
        animals[animals["endpoint"] == "crypt_depth_um"].pivot_table(index="animal", columns="segment", values="value")
    )
    against = wide["ileum"] - wide[["duodenum", "jejunum"]].mean(axis=1)
    by_hand = against[against.index.str.startswith("E14")].mean() - against[against.index.str.startswith("C")].mean()
    table = study.segments()
    row = table[(table["segment"] == "ileum") & (table["timepoint"] == "14") & (table["aspect"] == "elsewhere")].iloc[0]
    assert row["estimate"] == pytest.approx(100 * (np.exp(by_hand) - 1))


def test_an_animal_without_all_segments_is_left_out(draw_changed: Draw) -> None:
    table = draw_changed({}, seed=3)
    lacking = table[~((table["animal"] == "E14-1") & (table["segment"] == "ileum"))]
    rows = StudyTables(lacking, plan=PLAN).segments()
    assert set(rows.loc[(rows["timepoint"] == "14") & (rows["aspect"] == "elsewhere"), "n_animals_b"]) == {4}


def test_segments_of_different_animals_are_not_compared(draw_changed: Draw) -> None:
    table = draw_changed({}, seed=3)
    rows = StudyTables(table.assign(animal=table["animal"] + table["segment"]), plan=PLAN).segments()
    assert set(rows["verdict"]) == {"not tested"}
    assert rows["p"].isna().all()


def test_one_segment_has_no_elsewhere(draw_changed: Draw) -> None:
    (row,) = StudyTables(draw_changed({}, seed=3, segments=("ileum",)), plan=PLAN).segments().itertuples()
    assert row.verdict == "missing"
    assert "one segment" in row.finding
