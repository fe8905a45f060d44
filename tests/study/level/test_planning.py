from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np
import pandas as pd
import pytest

from histo.errors import InvalidArgument
from histo.schema import table_schema
from histo.study import AnalysisPlan, PowerGoal, permutation_test, power, variance_components
from histo.study.level.advice import describe_power
from histo.study.level.detection import detection_power, smallest_effect

HEIGHT = "villus_height_um"
PLAN = AnalysisPlan()
Draw = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]


@pytest.fixture(scope="module")
def sections(draw_nested: Draw) -> pd.DataFrame:
    return draw_nested(11, n_sections=(6, 6), n_villi=(20, 20))[0]


def _ask(sections: pd.DataFrame, **goal: object) -> pd.DataFrame:
    return power(sections, [HEIGHT], PLAN, goal=PowerGoal(**goal)).set_index("scenario")  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [4, 5, 8])
def test_power_is_close_to_that_of_the_permutation_test(n: int) -> None:
    rng = np.random.default_rng(n)
    effect = smallest_effect(1.0, n, 0.05, 0.8)
    a, b = rng.normal(size=(600, n)), rng.normal(effect, 1, size=(600, n))
    found = float((permutation_test(a, b, max_relabelings=1000, seed=1).p_value <= 0.05).mean())
    # 600 studies scatter by 1.6 %.
    assert found == pytest.approx(0.8, abs=0.06)


def test_no_effect_is_found_as_often_as_the_level_says() -> None:
    assert detection_power(0.0, 1.0, 5, 0.05) == pytest.approx(0.05)
    assert detection_power(3.0, 1.0, 5, 0.0) == 0
    assert np.isnan(detection_power(np.nan, 1.0, 5, 0.05))


@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_the_smallest_effect_is_found_with_the_target(n: int) -> None:
    effect = smallest_effect(2.0, n, 0.01, 0.9)
    assert detection_power(effect, 2.0, n, 0.01) == pytest.approx(0.9, abs=1e-6)
    assert detection_power(50 * effect, 2.0, n, 0.01) == pytest.approx(1.0)


def test_the_layout_as_sampled_finds_its_smallest_effect_with_the_target(sections: pd.DataFrame) -> None:
    table = power(sections, [HEIGHT], PLAN)
    assert list(table.columns) == table_schema("power").names
    row = table.set_index("scenario").loc["as sampled"]
    assert (row["n_animals"], row["n_sections"]) == (5, pytest.approx(6))
    assert row["power"] == pytest.approx(0.8, abs=1e-4)
    assert row["power_low"] < 0.8 < row["power_high"]
    assert row["smallest_effect"] == pytest.approx(row["effect"])
    assert row["effect_sd"] == pytest.approx(smallest_effect(1.0, 5, 0.05, 0.8))


def test_the_scatter_of_animals_is_that_of_their_components(sections: pd.DataFrame) -> None:
    table = _ask(sections)
    variance = variance_components(sections, [HEIGHT], PLAN).set_index("level")["variance"]
    expected = {
        "as sampled": variance["animal"] + variance["section"] / 6,
        "twice the sections": variance["animal"] + variance["section"] / 12,
        "sections without end": variance["animal"],
        "one more animal": variance["animal"] + variance["section"] / 6,
    }
    for scenario, squared in expected.items():
        assert table.loc[scenario, "animal_sd"] == pytest.approx(np.sqrt(squared))
    of_animals = sections.groupby(["group", "animal"])[HEIGHT].mean().groupby("group").var().mean()
    assert table.loc["as sampled", "animal_sd"] == pytest.approx(np.sqrt(of_animals))


def test_units_of_the_effect_are_the_same_effect(sections: pd.DataFrame) -> None:
    absolute = _ask(sections, effect=25.0).loc["as sampled"]
    percent = _ask(sections, effect=absolute["effect_percent"], effect_unit="percent").loc["as sampled"]
    in_sd = _ask(sections, effect=absolute["effect_sd"], effect_unit="sd").loc["as sampled"]
    assert percent["effect"] == pytest.approx(25.0)
    assert in_sd["effect"] == pytest.approx(25.0)
    control = sections[sections["group"] == "control"].groupby("animal")[HEIGHT].mean().mean()
    assert absolute["effect_percent"] == pytest.approx(2500 / control)
    assert _ask(sections, effect=-25.0).loc["as sampled", "power"] == pytest.approx(absolute["power"])


def test_the_numbers_needed_are_just_enough(sections: pd.DataFrame) -> None:
    sd = float(_ask(sections).loc["as sampled", "animal_sd"])
    table = _ask(sections, effect=1.5 * sd)
    n = int(table.loc["animals needed", "n_animals"])
    assert detection_power(1.5, 1.0, n, 0.05) >= 0.8 > detection_power(1.5, 1.0, n - 1, 0.05)
    assert np.isnan(table.loc["sections needed", "n_sections"])
    assert "no number of sections is enough" in table.loc["sections needed", "note"]


def test_sections_that_differ_much_are_worth_adding(draw_nested: Draw) -> None:
    alike, _ = draw_nested(2, sd=(1.0, 40.0, 1.0), n_sections=(2, 2), n_villi=(5, 5), n_animals=(8, 8))
    table = _ask(alike)
    assert table.loc["twice the sections", "power"] > table.loc["one more animal", "power"]
    assert table.loc["sections needed", "n_sections"] == 2
    assert "sections help more" in describe_power(table.reset_index())[0]


def test_animals_that_differ_much_are_worth_adding(draw_nested: Draw) -> None:
    apart, _ = draw_nested(2, sd=(40.0, 4.0, 1.0), n_villi=(5, 5))
    table = power(apart, [HEIGHT], PLAN)
    rows = table.set_index("scenario")["power"]
    assert rows["one more animal"] > rows["sections without end"] >= rows["twice the sections"] > rows["as sampled"]
    assert "Add animals, not sections." in describe_power(table)[0]


def test_three_animals_find_nothing_and_four_may(sections: pd.DataFrame) -> None:
    table = _ask(sections, n_animals=3)
    assert table.loc["as sampled", "power"] == 0
    assert "cannot reach p <= 0.05" in table.loc["as sampled", "note"]
    assert table.loc["animals needed", "n_animals"] == 4
    # With a level shared by five tests four animals cannot reach it either: 2 / 70 > 0.01.
    assert _ask(sections, n_animals=3, n_tests=5).loc["animals needed", "n_animals"] == 5
    assert "villus height in the ileum, 3 animals in each group cannot" in describe_power(table.reset_index())[0]


def test_villi_at_hand_change_what_more_sections_do_but_not_the_layout_as_sampled(draw_nested: Draw) -> None:
    sections, villi = draw_nested(4, n_sections=(3, 3), n_villi=(20, 20))
    known = power(sections, [HEIGHT], PLAN, units={"villi": villi}).set_index("scenario")
    assert known["n_units"].tolist() == pytest.approx([20.0] * len(known))
    assert known.loc["as sampled", "animal_sd"] == pytest.approx(_ask(sections).loc["as sampled", "animal_sd"])
    assert known.loc["sections without end", "n_sections"] == inf


def test_one_section_an_animal_tells_nothing_of_sections(draw_nested: Draw) -> None:
    sections, _ = draw_nested(4, n_sections=(1, 1))
    table = power(sections, [HEIGHT], PLAN)
    assert table["scenario"].tolist() == ["as sampled", "one more animal", "animals needed"]
    assert "cannot be told: each animal has one" in describe_power(table)[0]


def test_groups_of_unequal_size_are_said(draw_nested: Draw) -> None:
    sections, _ = draw_nested(4, n_animals=(4, 5, 7))
    row = _ask(sections).loc["as sampled"]
    assert row["n_animals"] == 5
    assert row["note"] == "groups have 4 to 7 animals"


def test_without_a_reference_there_is_no_percent(sections: pd.DataFrame) -> None:
    nameless = sections.replace({"group": {"control": "A"}})
    assert np.isnan(_ask(nameless).loc["as sampled", "effect_percent"])
    with pytest.raises(InvalidArgument, match="effect_unit='absolute'"):
        _ask(nameless, effect=10.0, effect_unit="percent")


@pytest.mark.parametrize(
    "wrong",
    [
        {"effect": 0.0},
        {"effect": inf},
        {"effect_unit": "µm"},
        {"n_animals": 1},
        {"n_sections": 0.5},
        {"target": 1.0},
        {"n_tests": 0},
    ],
)
def test_a_goal_that_cannot_be_computed_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(wrong))):
        PowerGoal(**wrong)  # type: ignore[arg-type]


def test_the_interval_of_power_holds_the_truth_at_its_level(draw_nested: Draw) -> None:
    # 100 + 64 / 6 + 900 / 60 between animals' values, known to the drawer alone.
    truth = detection_power(25.0, np.sqrt(100 + 64 / 6 + 900 / 60), 5, 0.05)
    n_held = 0
    for seed in range(30):
        drawn, _ = draw_nested(100 + seed, n_sections=(6, 6), n_villi=(10, 10))
        row = _ask(drawn, effect=25.0).loc["as sampled"]
        n_held += row["power_low"] <= truth <= row["power_high"]
    # A 95 % interval that holds its level does so in fewer than 25 of 30 studies once in 300 times.
    assert n_held >= 25
