from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from histo import LabelMap
from histo.measure import SectionMeasures, measure_section
from histo.score import summarise_section

Draw = Callable[..., Any]

MOVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "quarter turn": np.rot90,
    "half turn": lambda array: np.rot90(array, 2),
    "flip of rows": np.flipud,
    "flip of columns": np.fliplr,
    "transposition": np.transpose,
}
LENGTHS = ["villus_height_um", "crypt_depth_um", "mucosa_um", "submucosa_um", "muscularis_um", "villus_width_um"]


def _summary(labels: LabelMap) -> tuple[SectionMeasures, dict[str, Any]]:
    measures = measure_section(labels)
    return measures, summarise_section(measures, labels)


@pytest.fixture(scope="module")
def upright(draw: Draw) -> tuple[np.ndarray, SectionMeasures, dict[str, Any]]:
    array = draw(length_um=600.0, turn_deg=12.0).labels(2.0).array
    array = array[: array.shape[0] // 4 * 4, : array.shape[1] // 4 * 4]
    return array, *_summary(LabelMap(array, mpp=2.0))


@pytest.mark.parametrize("move", MOVES)
def test_turning_or_mirroring_the_map_changes_nothing(
    upright: tuple[np.ndarray, SectionMeasures, dict[str, Any]], move: str
) -> None:
    array, measures, summary = upright
    moved_measures, moved = _summary(LabelMap(np.ascontiguousarray(MOVES[move](array)), mpp=2.0))
    for name in LENGTHS:
        assert moved[name] == pytest.approx(summary[name], rel=0.003), name
    assert sorted(moved_measures.villi["villus_height_um"]) == pytest.approx(
        sorted(measures.villi["villus_height_um"]), rel=0.005
    )


def test_lengths_double_when_pixels_are_twice_as_large(
    upright: tuple[np.ndarray, SectionMeasures, dict[str, Any]],
) -> None:
    array, _, summary = upright
    _, doubled = _summary(LabelMap(array, mpp=4.0))
    for name in LENGTHS:
        assert doubled[name] == pytest.approx(2 * summary[name], rel=0.02), name
    assert doubled["vh_cd"] == pytest.approx(summary["vh_cd"], rel=0.02)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 60)), elements=st.integers(0, 9)),
    st.sampled_from([0.3, 1.0, 4.0, 20.0]),
)
def test_noise_never_crashes(array: np.ndarray, mpp: float) -> None:
    labels = LabelMap(array, mpp=mpp)
    summarise_section(measure_section(labels), labels)


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30)), min_size=1, max_size=6),
    st.sampled_from([1.0, 5.0]),
    st.integers(0, 2**32 - 1),
)
def test_stacked_layers_in_any_order_with_specks_never_crash(
    layers: list[tuple[int, int]], mpp: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    column = np.concatenate([np.full(4 * height, compartment, dtype=np.uint8) for compartment, height in layers])
    array = np.repeat(column[:, None], 150, axis=1)
    is_speck = rng.random(array.shape) < 0.05
    array[is_speck] = rng.integers(0, 10, int(is_speck.sum()))
    measures = measure_section(LabelMap(array, mpp=mpp))
    for table in (measures.villi, measures.crypts):
        assert table["confidence"].between(0, 1).all()
        assert (table["is_accepted"] == (table["reject_reason"] == "")).all()


def test_noise_on_a_predicted_map_moves_the_means_little(draw: Draw) -> None:
    clean = draw(length_um=600.0).labels(2.0)
    rng = np.random.default_rng(1)
    array = clean.array.copy()
    is_speck = rng.random(array.shape) < 0.03
    array[is_speck] = rng.integers(0, 10, int(is_speck.sum()))
    _, before = _summary(clean)
    _, after = _summary(LabelMap(array, mpp=2.0))
    assert after["villus_height_um"] == pytest.approx(before["villus_height_um"], rel=0.02)
    assert after["crypt_depth_um"] == pytest.approx(before["crypt_depth_um"], rel=0.05)
    assert after["muscularis_um"] == pytest.approx(before["muscularis_um"], rel=0.05)
