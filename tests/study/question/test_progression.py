from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from histo.study import AnalysisPlan, StudyTables

Draw = Callable[..., pd.DataFrame]

PLAN = AnalysisPlan(endpoints=("crypt_depth_um", "submucosa_um"))


def _rows(table: pd.DataFrame, aspect: str, endpoint: str = "crypt_depth_um") -> pd.DataFrame:
    return table[(table["aspect"] == aspect) & (table["endpoint"] == endpoint)]


def _with_course(table: pd.DataFrame, slope: float, score_of: Callable[[str, int], float]) -> pd.DataFrame:
    """Give each animal a score, and crypts that follow it by so many µm a point and not otherwise."""
    names = sorted(table["animal"].unique())
    scores = {name: score_of(name, int(name.rpartition("-")[2])) for name in names}
    rng = np.random.default_rng(1)
    of_animal = {name: rng.normal(0.0, 1.0) for name in names}
    depth = [100 + slope * scores[a] + of_animal[a] + rng.normal(0, 1) for a in table["animal"]]
    return table.assign(clinical_score=table["animal"].map(scores), crypt_depth_um=depth)


@pytest.mark.parametrize("slope", [8.0, -8.0])
def test_the_drawn_correlation_with_the_clinical_score_is_found(draw_changed: Draw, slope: float) -> None:
    table = draw_changed({}, seed=1, segments=("ileum",), n_animals=6)
    drawn = _with_course(table, slope, lambda name, number: float(number % 5) if name.startswith("E14") else 0.0)
    row = _rows(StudyTables(drawn, plan=PLAN).progression(), "clinical score").iloc[0]
    assert row["verdict"] == "shown"
    assert np.sign(row["estimate"]) == np.sign(slope)
    assert row["ci_low"] < row["estimate"] < row["ci_high"]
    assert ("rises" if slope > 0 else "falls") in row["finding"]
    assert "both may follow time alone" in row["note"]


def test_only_animals_of_the_diseased_group_are_correlated(draw_changed: Draw, with_scores: Draw) -> None:
    table = with_scores(draw_changed({}, seed=1, segments=("ileum",)))
    rows = _rows(StudyTables(table, plan=PLAN).progression(), "clinical score")
    assert set(rows["n_animals_a"]) == {10}


def test_what_follows_time_only_is_not_shown_on_the_same_day(draw_changed: Draw) -> None:
    table = draw_changed({("crypt_depth_um", "14", ""): 1.8}, seed=3, segments=("ileum",), n_animals=6)
    rng = np.random.default_rng(2)
    late = {
        f"E14-{number}": float(score)
        for number, score in zip(range(1, 7), rng.permutation([1, 2, 2, 3, 4, 5]), strict=True)
    }
    table["clinical_score"] = table["animal"].map(lambda animal: late.get(animal, 0.0))
    progression = StudyTables(table, plan=PLAN).progression()
    assert _rows(progression, "clinical score")["verdict"].iloc[0] == "shown"
    same_day = _rows(progression, "clinical score, same day").iloc[0]
    assert same_day["verdict"] == "not shown"
    # At day 7 all scores are 0: that timepoint says nothing of the same day.
    assert same_day["n_animals_a"] == 6


def test_without_scores_only_trends_are_asked_for(draw_changed: Draw) -> None:
    table = StudyTables(draw_changed({}, seed=1, segments=("ileum",)), plan=PLAN).progression()
    assert set(table["aspect"]) == {"trend"}


def test_scores_that_are_all_the_same_are_not_correlated(draw_changed: Draw) -> None:
    table = draw_changed({}, seed=1, segments=("ileum",)).assign(clinical_score=0.0)
    rows = _rows(StudyTables(table, plan=PLAN).progression(), "clinical score")
    assert set(rows["verdict"]) == {"not tested"}
    assert rows["p"].isna().all()


def test_a_steady_rise_is_a_trend_with_its_slope_per_step(draw_changed: Draw) -> None:
    changes = {("crypt_depth_um", "7", ""): 1.2, ("crypt_depth_um", "14", ""): 1.4}
    table = draw_changed(changes, seed=2, segments=("ileum",), animal_cv=0.02)
    row = _rows(StudyTables(table, plan=PLAN).progression(), "trend").iloc[0]
    assert row["verdict"] == "shown"
    # A fifth of the drawn 95 µm a step.
    assert row["estimate"] == pytest.approx(19, abs=4)
    assert "rises in the order control @ 14, EAE @ 7, EAE @ 14" in row["finding"]
    assert row["n_animals_a"] == 15


def test_up_and_down_again_is_no_trend(draw_changed: Draw) -> None:
    table = draw_changed({("crypt_depth_um", "7", ""): 1.5}, seed=2, segments=("ileum",))
    row = _rows(StudyTables(table, plan=PLAN).progression(), "trend").iloc[0]
    assert row["verdict"] == "not shown"
    assert "is not shown" in row["finding"]


def test_a_reference_of_several_timepoints_is_no_step(draw_changed: Draw) -> None:
    arms = (("control", "7"), ("control", "14"), ("EAE", "7"), ("EAE", "14"))
    table = StudyTables(draw_changed({}, seed=2, arms=arms, segments=("ileum",)), plan=PLAN).progression()
    assert set(table["contrast"]) == {"EAE @ 7, EAE @ 14"}
    assert table["note"].str.contains("is no step of the order").all()
    assert set(table["n_animals_a"]) == {10}


def test_animals_followed_over_time_are_compared_with_themselves(draw_changed: Draw) -> None:
    table = draw_changed(
        {("crypt_depth_um", "7", ""): 1.3}, seed=2, arms=(("EAE", "0"), ("EAE", "7")), segments=("ileum",)
    )
    table["animal"] = table["animal"].str.replace(r"^E\d+-", "m", regex=True)
    rows = StudyTables(table, plan=AnalysisPlan(endpoints=PLAN.endpoints, reference="EAE @ 0")).progression()
    assert rows["test"].str.contains("within blocks").all()
    assert set(rows["n_animals_a"]) == {5}


def test_one_step_alone_is_no_trend(draw_changed: Draw) -> None:
    arms = (("control", "0"), ("control", "21"), ("EAE", "7"))
    rows = StudyTables(draw_changed({}, seed=2, arms=arms, segments=("ileum",)), plan=PLAN).progression()
    assert set(rows["verdict"]) == {"not tested"}
