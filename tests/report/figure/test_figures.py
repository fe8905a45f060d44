from __future__ import annotations

import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

from histo.report.figure.course import CourseData, draw_course, place_timepoints
from histo.report.figure.forest import draw_forest, effect_range
from histo.report.figure.heat_map import draw_heat_map
from histo.report.figure.style import arm_styles
from histo.report.figure.superplot import SuperplotData, draw_superplot, value_range
from histo.study import Arm, endpoint_named

CRYPT = endpoint_named("crypt_depth_um")
ARMS = (Arm("control"), Arm("EAE", "7"), Arm("EAE", "14"))


def animals(values: dict[Arm, list[float]]) -> pd.DataFrame:
    rows = [
        {"group": arm.group, "timepoint": arm.timepoint, "animal": f"{arm} {number}", "value": value}
        for arm, own in values.items()
        for number, value in enumerate(own)
    ]
    return pd.DataFrame(rows, columns=["group", "timepoint", "animal", "value"])


def groups(values: dict[Arm, list[float]]) -> pd.DataFrame:
    rows = [
        {
            "group": arm.group,
            "timepoint": arm.timepoint,
            "mean": np.mean(own),
            "sd": np.std(own),
            "ci_low": np.mean(own) - 5,
            "ci_high": np.mean(own) + 5,
            "n_animals": len(own),
        }
        for arm, own in values.items()
    ]
    return pd.DataFrame(rows)


VALUES = {ARMS[0]: [90.0, 100.0], ARMS[1]: [104.0, 106.0], ARMS[2]: [120.0, 140.0]}
NO_ROWS = animals({})


def superplot(values: dict[Arm, list[float]], units: pd.DataFrame = NO_ROWS) -> SuperplotData:
    return SuperplotData(CRYPT, "ileum", arm_styles(values), units, animals(values), animals(values), groups(values))


def contrast(
    endpoint: str, comparison: str, effect: float, p_adjusted: float, segment: str = "ileum"
) -> dict[str, object]:
    return {
        "endpoint": endpoint,
        "segment": segment,
        "contrast": f"{comparison} - control",
        "reference": "control",
        "comparison": comparison,
        "effect_size": effect,
        "effect_low": effect - 1,
        "effect_high": effect + 1,
        "p_adjusted": p_adjusted,
    }


CONTRASTS = pd.DataFrame(
    [
        contrast("crypt_depth_um", "EAE @ 7", 0.4, 0.5),
        contrast("crypt_depth_um", "EAE @ 14", 2.5, 0.01),
        contrast("villus_height_um", "EAE @ 7", np.nan, np.nan),
        contrast("villus_height_um", "EAE @ 14", -8.0, 0.02),
    ]
)


def words(svg: str) -> str:
    return unescape(re.sub(r"<[^>]*>", " ", svg))


def test_a_superplot_says_each_arms_mean_interval_and_range() -> None:
    figure = draw_superplot(superplot(VALUES), (80, 150))

    assert (
        "EAE @ 14: mean 130.0 µm of 2 animals, 95 % interval 125.0 to 135.0, animals from 120.0 to 140.0" in figure.alt
    )
    assert "ileum" in figure.alt
    assert "Crypt depth (µm)" in words(figure.svg)


def test_the_numbers_of_a_superplot_are_those_that_were_drawn() -> None:
    data = draw_superplot(superplot(VALUES, units=animals({ARMS[1]: [50.0, 60.0, 70.0]})), (80, 150)).data

    assert data["level"].value_counts().to_dict() == {"animal": 6, "section": 6, "unit": 3, "group": 3}
    assert data.loc[data["level"] == "unit", "value"].tolist() == [50.0, 60.0, 70.0]
    assert data.loc[data["level"] == "group", "value"].tolist() == [95.0, 105.0, 130.0]


def test_many_units_become_a_picture_inside_so_that_the_file_stays_small() -> None:
    few = draw_superplot(superplot(VALUES), (80, 150)).svg
    many = pd.concat([animals({ARMS[1]: [105.0]})] * 3000).assign(animal=f"{ARMS[1]} 0")

    svg = draw_superplot(superplot(VALUES, units=many), (80, 150)).svg

    assert "<image" in svg
    assert "<image" not in few
    assert len(svg) < len(few) + 40_000


@pytest.mark.parametrize("n_animals", [1, 5, 40])
def test_columns_of_animals_fit_beside_each_other(n_animals: int) -> None:
    values = {arm: list(np.linspace(90, 110, n_animals)) for arm in ARMS}

    figure = draw_superplot(superplot(values), (80, 150))

    assert figure.size_in[0] < 9
    assert f"of {n_animals} animal" in figure.alt


def test_the_value_axis_holds_all_but_the_farthest_units() -> None:
    units, others = pd.Series([*np.linspace(0, 100, 1001), 5000.0]), pd.Series([-10.0, np.nan])

    low, high = value_range(units, others)

    assert -20 < low < -10
    assert 99 < high < 120
    assert value_range(pd.Series(dtype=float), pd.Series(dtype=float)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("timepoints", "places"),
    [
        (["7", "14"], [7, 14]),
        (["day 0", "day 7", "day 14"], [0, 7, 14]),
        (["-1", "0.5"], [-1, 0.5]),
        (["week 1", "day 14"], [0, 1]),  # of two kinds
        (["7", "7.0"], [0, 1]),  # one number, two names
        (["", "7"], [0, 1]),
    ],
)
def test_timepoints_are_placed_by_their_number_where_that_can_be_told(
    timepoints: list[str], places: list[float]
) -> None:
    assert place_timepoints(timepoints) == dict(zip(timepoints, places, strict=True))


def test_a_group_sampled_once_is_a_band_behind_the_course() -> None:
    figure = draw_course(CourseData(CRYPT, "ileum", arm_styles(VALUES), animals(VALUES), groups(VALUES)), (80, 150))

    assert figure is not None
    assert "EAE: mean 105.0 µm at 7, 130.0 µm at 14" in figure.alt
    assert "control: mean 95.0 µm" in figure.alt
    assert "stroke-dasharray: 7" in figure.svg
    assert "timepoint" in words(figure.svg)
    assert len(figure.data) == 3


def test_the_name_of_a_group_is_in_the_key_whatever_it_begins_with() -> None:
    values = {Arm("_a", "1"): [1.0, 2.0], Arm("_a", "2"): [2.0, 3.0]}

    figure = draw_course(CourseData(CRYPT, "", arm_styles(values), animals(values), groups(values)), (0, 4))

    assert figure is not None
    assert "_a" in words(figure.svg)


@pytest.mark.parametrize("days", [("14", "7"), ("day 14", "day 7"), ("week 2", "day 7"), ("0", "-7")])
def test_time_runs_forward_whichever_timepoint_the_reference_has(days: tuple[str, str]) -> None:
    late, early = days
    values = {Arm("control", late): [9.0, 9.0], Arm("EAE", early): [1.0, 1.0], Arm("EAE", late): [2.0, 2.0]}

    figure = draw_course(CourseData(CRYPT, "", arm_styles(values), animals(values), groups(values)), (0, 9))

    assert figure is not None
    assert f"EAE: mean 1.0 µm at {early}, 2.0 µm at {late}" in figure.alt


@pytest.mark.parametrize("arms", [ARMS[:2], (Arm("control", "7"), Arm("EAE", "7"))])
def test_one_timepoint_is_no_course(arms: tuple[Arm, ...]) -> None:
    values = {arm: [1.0, 2.0] for arm in arms}

    assert draw_course(CourseData(CRYPT, "", arm_styles(values), animals(values), groups(values)), (0, 3)) is None


def test_a_forest_names_what_holds_what_does_not_and_what_was_not_tested() -> None:
    figure = draw_forest(CONTRASTS, "ileum", arm_styles(ARMS), 6.0, 0.05)

    assert "Crypt depth, EAE @ 14 - control: g +2.5 (+1.5 to +3.5), holds" in figure.alt
    assert "Crypt depth, EAE @ 7 - control: g +0.4 (−0.6 to +1.4), no difference shown" in figure.alt
    assert "Villus height, EAE @ 7 - control: no test" in figure.alt
    assert "no test" in words(figure.svg)
    assert len(figure.data) == 4


def test_the_forests_axis_reaches_to_the_farthest_interval_but_no_farther_than_six() -> None:
    assert effect_range(CONTRASTS) == 6.0
    assert effect_range(CONTRASTS.head(2)) == 3.5
    assert effect_range(CONTRASTS.iloc[[2]]) == 1.0


def test_a_heat_map_says_what_holds_and_what_is_largest() -> None:
    figure = draw_heat_map(CONTRASTS, ["ileum"], 0.05)

    assert "4 comparisons; 2 hold after correction" in figure.alt
    assert "The largest is Villus height, EAE @ 14 - control in ileum: −8.0" in figure.alt
    shown = words(figure.svg)
    assert all(part in shown for part in ("+0.4", "+2.5", "−8.0", "no test", "ileum", "Crypt depth"))


def test_a_heat_map_without_any_test_says_so() -> None:
    assert "no comparison could be tested" in draw_heat_map(CONTRASTS.iloc[[2]], ["ileum"], 0.05).alt
