from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from histo import measure_infiltrate
from histo.errors import HistoError, InvalidArgument, InvalidTable, UnitOfAnalysisError
from histo.measure import ControlLimits
from histo.measure.infiltrate.extent import grade_extent, prediction_limit
from histo.phantom import SectionSpec, draw_truth
from histo.phantom.cell_spec import Extent

LIMITS = ControlLimits(6000.0, 300.0, 50.0)
NONE = {"mucosa": 5000.0, "submucosa": 200.0, "muscularis": 10.0}
CASES = [
    ({}, "none"),
    ({"mucosa": 7000.0}, "mucosa"),
    ({"mucosa": 7000.0, "submucosa": 900.0}, "submucosa"),
    ({"mucosa": 7000.0, "submucosa": 900.0, "muscularis": 60.0}, "transmural"),
    ({"submucosa": 900.0}, "submucosa"),
]
CONTROLS = pd.DataFrame(
    {
        "animal": ["a", "a", "b", "b", "c", "c"],
        "mucosa_inflammatory_per_mm2": [4900.0, 5100.0, 4950.0, 5050.0, 5200.0, 5000.0],
        "submucosa_inflammatory_per_mm2": [100.0, 140.0, 120.0, 130.0, 110.0, 90.0],
        "muscularis_inflammatory_per_mm2": [0.0, 5.0, 0.0, 0.0, 2.0, np.nan],
    }
)
INVALID_CONTROLS: list[tuple[pd.DataFrame, type[HistoError], str]] = [
    (CONTROLS.drop(columns="animal"), InvalidTable, "animal"),
    (CONTROLS[CONTROLS["animal"] != "c"], UnitOfAnalysisError, "at least 3; got 2"),
]


@pytest.mark.parametrize(("changed", "extent"), CASES)
def test_extent_is_the_deepest_layer_above_its_limit(changed: dict[str, float], extent: str) -> None:
    found, reason = grade_extent(NONE | changed, LIMITS)
    assert found == extent
    assert "given by the caller" in reason
    assert all(layer in reason for layer in NONE)


def test_without_controls_there_is_no_extent_and_a_reason() -> None:
    assert grade_extent(NONE, None) == ("", "no controls to compare with")


def test_layer_that_was_not_seen_leaves_the_extent_open() -> None:
    found, reason = grade_extent(NONE | {"muscularis": float("nan")}, LIMITS)
    assert found == ""
    assert "muscularis was not seen" in reason


def test_layer_without_a_limit_leaves_the_extent_open() -> None:
    found, reason = grade_extent(NONE, replace(LIMITS, submucosa_per_mm2=float("nan")))
    assert found == ""
    assert "no limit for the submucosa" in reason


def test_limits_rest_on_animals_not_on_sections() -> None:
    once = CONTROLS.groupby("animal", as_index=False).mean()
    assert ControlLimits.from_controls(CONTROLS) == ControlLimits.from_controls(once)
    assert "3 control animals" in ControlLimits.from_controls(CONTROLS).origin


def test_limit_lies_above_95_of_100_further_controls() -> None:
    rng = np.random.default_rng(5)
    below = []
    for _ in range(400):
        drawn = rng.normal(50.0, 4.0, 6) ** 2
        controls = pd.DataFrame(
            {"animal": list("abcde")}
            | {f"{layer}_inflammatory_per_mm2": drawn[:5] for layer in ("mucosa", "submucosa", "muscularis")}
        )
        below.append(drawn[5] <= ControlLimits.from_controls(controls).mucosa_per_mm2)
    assert np.mean(below) == pytest.approx(0.95, abs=0.03)


def test_too_few_controls_set_no_limit_and_equal_ones_what_they_hold() -> None:
    assert np.isnan(prediction_limit([1.0, 2.0]))
    assert np.isnan(prediction_limit([1.0, 2.0, np.nan]))
    assert prediction_limit([0.0, 0.0, 0.0]) == 0.0
    assert prediction_limit([9.0, 9.0, 9.0, np.nan]) == pytest.approx(9.0)


@pytest.mark.parametrize(("controls", "error", "message"), INVALID_CONTROLS)
def test_controls_that_set_no_limit_are_refused(controls: pd.DataFrame, error: type[HistoError], message: str) -> None:
    with pytest.raises(error, match=message):
        ControlLimits.from_controls(controls)


def test_negative_limit_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="submucosa -3"):
        ControlLimits(1.0, -3.0, 1.0)


def test_drawn_infiltrates_are_told_by_how_deep_they_were_drawn() -> None:
    spec = SectionSpec.mouse()
    spec = replace(spec, wall=replace(spec.wall, length_um=1200.0))

    def row(extent: Extent, seed: int) -> pd.DataFrame:
        truth = draw_truth(replace(spec, cells=spec.cells.infiltrated(extent)), mpp=2.0, seed=seed)
        return measure_infiltrate(truth.cells, truth.labels, limits=limits).infiltrate

    limits = None
    controls = pd.concat([row("none", seed).assign(animal=str(seed)) for seed in range(4)])
    limits = ControlLimits.from_controls(controls)
    for number, extent in enumerate(get_args(Extent)):
        assert row(extent, 10 + number)["infiltrate_extent"].item() == extent
