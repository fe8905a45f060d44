from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histo.measure.staining import StainThreshold, judge_by, measure_staining, on_step, pool_of
from histo.measure.staining.census import take_census
from histo.types import Compartment, LabelMap

MPP = 0.5
POSITIVE = ["positive_area_percent", "positive_pixels_per_mm2"]


def section(seed: int = 0) -> tuple[np.ndarray, LabelMap]:
    """A strip of villous epithelium under lumen, brightest at its edge, with noise."""
    rng = np.random.default_rng(seed)
    labels = np.full((160, 240), Compartment.BACKGROUND, np.uint8)
    labels[60:100], labels[100:] = Compartment.VILLUS_EPITHELIUM, Compartment.VILLUS_LAMINA_PROPRIA
    signal = rng.normal(100, 5, labels.shape)
    signal[60:100] += 150
    signal[60:64, ::2] += 700
    return np.clip(signal, 0, 65534).astype(np.uint16), LabelMap(labels, MPP)


@pytest.mark.parametrize("above", [3.0, 140.0, 300.0, 800.0])
def test_a_threshold_that_is_set_later_gives_what_it_would_have_given_at_once(above: float) -> None:
    image, labels = section()
    threshold = on_step(StainThreshold(above))
    at_once = measure_staining(image, mpp=MPP, labels=labels, controls=threshold)
    before = measure_staining(image, mpp=MPP, labels=labels)
    assert before.regions[[*POSITIVE, "edge_positive"]].isna().all(axis=None)
    regions = judge_by(threshold, before.census, before.regions, MPP)
    field = judge_by(threshold, before.census, before.field.assign(region=before.field["area_of"]), MPP)
    columns = [*POSITIVE, "edge_positive"]
    assert at_once.regions["area_mm2"].iloc[0] > 0
    pd.testing.assert_frame_equal(regions[columns], at_once.regions[columns])
    pd.testing.assert_frame_equal(field[POSITIVE], at_once.field[POSITIVE])


def test_a_field_without_labels_is_counted_whole() -> None:
    image, _ = section()
    measured = measure_staining(image, mpp=MPP)
    assert measured.census["region"].unique().tolist() == ["field"]
    assert measured.census["n"].sum() == image.size


@given(st.floats(1e-6, 1e6))
def test_a_threshold_moves_to_its_step_by_less_than_a_third_of_a_percent(above: float) -> None:
    moved = on_step(StainThreshold(above))
    assert moved.positive_above == pytest.approx(above, rel=0.003)
    assert on_step(moved).positive_above == moved.positive_above


@given(st.lists(st.floats(-1e5, 1e5).filter(lambda value: value == 0 or abs(value) > 1e-9), min_size=1))
def test_pixels_come_back_within_half_a_step(values: list[float]) -> None:
    pool = pool_of(take_census({"field": np.array(values)}, {}), "field")
    found = np.repeat(pool.values, pool.counts.astype(int))
    assert np.allclose(found, np.sort(values), rtol=0.003, atol=0)
    assert pool.n_pixels == len(values)


def test_a_region_without_pixels_is_not_judged() -> None:
    census = take_census({"crypt": np.zeros(0), "epithelium": np.array([5.0, 1.0])}, {})
    regions = pd.DataFrame({"region": ["crypt", "epithelium"], "edge_positive": np.nan})
    judged = judge_by(StainThreshold(2.0), census, regions, MPP)
    assert judged["positive_area_percent"].isna().tolist() == [True, False]
    assert judged["positive_area_percent"].iloc[1] == 50.0
    assert judged["edge_positive"].isna().all()
