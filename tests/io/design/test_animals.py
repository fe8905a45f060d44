from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from histo.io.design import Design, confounding, read_design
from histo.io.design.course import outcomes_of


def _design(tmp_path: Path, *lines: str) -> Design:
    path = tmp_path / "animals.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_design(path)


def test_animals_stand_once_each_with_all_that_any_row_says_of_them(tmp_path: Path) -> None:
    animals = _design(
        tmp_path,
        "slide,animal,group,timepoint,control,sex,cage,batch,weight_g,Na-F,FITC-BSA",
        "a,m2,EAE,14,,f,c2,b1,19,2.5,",
        "b,m1,EAE,d7,,,c1,b1,20,1.5,0.3",
        "c,m3,control,14,yes,m,c3,b2,22,,",
        "d,m1,EAE,7,,m,,b2,,,",
    ).animals()

    assert animals["animal"].tolist() == ["m3", "m1", "m2"]
    assert animals["group"].tolist() == ["control", "EAE", "EAE"]
    assert animals["timepoint"].tolist() == ["14", "7", "14"]
    assert animals["sex"].tolist() == ["male", "male", "female"]
    assert animals["cage"].tolist() == ["c3", "c1", "c2"]
    assert animals["batch"].tolist() == ["b2", "b1; b2", "b1"]
    assert animals["weight_g"].tolist() == [22, 20, 19]
    assert animals["na_f"].fillna(-1).tolist() == [-1, 1.5, 2.5]
    assert animals["fitc_bsa"].fillna(-1).tolist() == [-1, 0.3, -1]
    assert animals["fitc_dextran"].isna().all()


def test_an_animal_at_two_timepoints_has_two_rows_and_one_course(tmp_path: Path) -> None:
    animals = _design(
        tmp_path,
        "slide,animal,group,timepoint,clinical_score_day_10,clinical_score_day_7,clinical_score_day_14",
        "a,m1,EAE,14,1,0,3",
        "b,m1,EAE,7,,,",
    ).animals()

    assert animals["timepoint"].tolist() == ["7", "14"]
    assert animals["clinical_score"].tolist() == [0, 3]
    assert animals["clinical_peak"].tolist() == [3, 3]
    assert animals["clinical_onset_day"].tolist() == [10, 10]
    assert animals.columns.tolist()[-3:] == [f"clinical_score_day_{day}" for day in (7, 10, 14)]


def test_without_animals_data_the_columns_are_there_and_empty(tmp_path: Path) -> None:
    animals = _design(tmp_path, "slide,animal,group", "a,m1,g", "b,m1,g").animals()
    assert animals.loc[0, ["animal", "group", "timepoint", "sex", "batch"]].tolist() == ["m1", "g", "", "", ""]
    assert animals.loc[0, ["clinical_score", "weight_g", "na_f"]].isna().all()


# Days and scores of a mouse, written down by hand: peak, sum, onset.
COURSES = [
    ({7: 0.0, 8: 0.0, 9: 0.5, 10: 2.0}, (2.0, 2.5, 9.0)),
    ({0: 0.0, 14: 0.0}, (0.0, 0.0, math.nan)),
    ({12: 3.0}, (3.0, 3.0, 12.0)),
    # Friday 1, Monday 4: the weekend counts 2 and 3.
    ({10: 1.0, 13: 4.0}, (4.0, 10.0, 10.0)),
]


@pytest.mark.parametrize(("course", "expected"), COURSES)
def test_peak_sum_and_onset_are_those_counted_by_hand(
    course: dict[int, float], expected: tuple[float, float, float]
) -> None:
    outcomes = outcomes_of("clinical_score", course)
    assert tuple(outcomes.values()) == pytest.approx(expected, nan_ok=True)


def test_a_missed_day_changes_no_sum_of_a_steady_course() -> None:
    every_day = {day: float(day) for day in range(8)}
    without_weekend = {day: score for day, score in every_day.items() if day not in {3, 4}}
    assert outcomes_of("clinical_score", every_day) == outcomes_of("clinical_score", without_weekend)


def test_loss_of_weight_is_that_since_the_first_weighing(tmp_path: Path) -> None:
    table = _design(
        tmp_path, "slide,animal,group,timepoint,weight_g_day_0,weight_g_day_7", "a,m1,g,7,20,18", "b,m2,g,7,20,23"
    ).table
    assert table["weight_loss_percent"].tolist() == [10, 0]
    assert table["weight_g"].tolist() == [18, 23]


def test_outcomes_without_days_are_taken_as_they_stand(tmp_path: Path) -> None:
    table = _design(tmp_path, "slide,animal,group,clinical_peak,clinical_score_day_9", "a,m1,g,3,", "b,m2,g,,2").table
    assert table["clinical_peak"].tolist() == [3, 2]


def _sections(rows: list[str]) -> pd.DataFrame:
    """Make a table of ``animal group timepoint batch`` in words."""
    return pd.DataFrame([row.split() for row in rows], columns=["animal", "group", "timepoint", "batch"])


def test_batches_that_stand_for_groups_are_told() -> None:
    table = _sections(["1 control 14 x", "2 control 14 x", "3 EAE 7 y", "4 EAE 14 y"])
    (warning,) = confounding(table)
    assert "batch is wholly confounded with group (control: x; EAE: y)" in warning


def test_batches_that_stand_for_timepoints_are_told_with_the_arms() -> None:
    table = _sections(["1 control 14 x", "2 EAE 14 x", "3 EAE 7 y", "4 EAE 7 y"])
    (warning,) = confounding(table)
    assert "control @ 14 and EAE @ 7; EAE @ 14 and EAE @ 7" in warning
    assert "no batch in common" in warning


@pytest.mark.parametrize(
    "rows",
    [
        ["1 control 14 x", "2 control 14 y", "3 EAE 14 x", "4 EAE 14 y"],
        ["1 control 14 x", "2 EAE 14 x"],
        # Each animal a batch of its own: the batch says nothing but which animal it is.
        ["1 control 14 a", "2 control 14 b", "3 EAE 14 c", "4 EAE 14 d"],
    ],
    ids=["mixed", "one batch", "a batch an animal"],
)
def test_mixed_batches_are_no_warning(rows: list[str]) -> None:
    assert confounding(_sections(rows)) == ()


def test_sections_without_an_animal_or_batch_say_nothing_of_confounding() -> None:
    table = _sections(["1 control 14 x", "2 control 14 x", "3 EAE 14 y", "4 EAE 14 y"])
    assert confounding(table.assign(animal="")) == ()
    assert confounding(table.assign(batch=None)) == ()
    assert confounding(table.drop(columns="batch")) == ()


def test_cages_and_sexes_that_stand_for_groups_are_told_from_the_design(tmp_path: Path) -> None:
    lines = ["a,m1,g,f,1", "b,m2,g,f,1", "c,m3,h,m,2", "d,m4,h,m,2"]
    warnings = _design(tmp_path, "slide,animal,group,sex,cage", *lines).warnings
    assert [warning.split()[0] for warning in warnings] == ["cage", "sex"]


def test_scores_after_the_animal_was_killed_are_told(tmp_path: Path) -> None:
    header = "slide,animal,group,timepoint,clinical_score_day_7,clinical_score_day_9,weight_g_day_8"
    (warning,) = _design(tmp_path, header, "a,m1,g,7,1,2,", "b,m2,g,9,1,2,20", "c,m3,g,7,1,,").warnings
    assert "m1 (day 9, timepoint 7)" in warning
    assert "m2" not in warning
    assert "m3" not in warning
