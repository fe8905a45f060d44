from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo.nn.nuclei_decode import WAY_UNIT_UM, decode_nuclei


def say(labels: np.ndarray, mpp: float, n_classes: int = 0) -> np.ndarray:
    """What a perfect network says of a label image: half as many rows and columns."""
    rows, cols = labels.shape
    maps = np.full((4 + n_classes, rows // 2, cols // 2), -9.0, np.float32)
    maps[2:4] = 0
    down, across = np.mgrid[: rows // 2, : cols // 2]
    for number in range(1, labels.max() + 1):
        inside = labels[::2, ::2] == number
        at = np.argwhere(inside).mean(axis=0)
        away_um = np.hypot(down - at[0], across - at[1]) * 2 * mpp
        maps[0] = np.maximum(maps[0], 6 - 2 * away_um**2)
        maps[1][inside] = 9
        maps[2][inside] = ((at[0] - down) * 2 * mpp / WAY_UNIT_UM)[inside]
        maps[3][inside] = ((at[1] - across) * 2 * mpp / WAY_UNIT_UM)[inside]
        if n_classes:
            maps[4 + number % n_classes][inside] = 9
    return maps


def discs(centres: list[tuple[float, float]], radius: float, shape: tuple[int, int] = (96, 96)) -> np.ndarray:
    down, across = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.int32)
    for number, (row, col) in enumerate(centres, start=1):
        labels[(down - row) ** 2 + (across - col) ** 2 <= radius**2] = number
    return labels


@pytest.mark.parametrize("mpp", [0.5, 0.25])
def test_touching_nuclei_stay_two_and_lie_where_they_lie(mpp: float) -> None:
    radius = 3 / mpp
    truth = discs([(40, 40 - radius), (40, 40 + radius + 1)], radius)
    nuclei = decode_nuclei(say(truth, mpp), mpp, threshold=0.5)
    assert len(nuclei) == 2
    assert np.abs(nuclei.centre_from(0, 0) - [(40, 40 - radius), (40, 40 + radius + 1)]).max() < 1.5
    for number in (1, 2):
        shared = np.sum((nuclei.labels == number) & (truth == number))
        assert shared / np.sum((nuclei.labels == number) | (truth == number)) > 0.75


def test_a_long_nucleus_with_two_peaks_is_one_where_the_way_leads_on() -> None:
    truth = np.zeros((64, 64), np.int32)
    truth[28:36, 10:54] = 1
    maps = say(truth, 0.5)
    maps[0, 16, 7] = 5  # a second peak at its end, from where the way to the centre is long
    assert len(decode_nuclei(maps, 0.5, threshold=0.5)) == 1


def test_equal_neighbouring_peaks_are_one_nucleus() -> None:
    maps = say(discs([(40, 40)], 8), 0.5)
    maps[0, 18:22, 18:22] = 30.0
    assert len(decode_nuclei(maps, 0.5, threshold=0.5)) == 1


def test_classes_are_shares_over_the_nucleus() -> None:
    nuclei = decode_nuclei(say(discs([(20, 20), (60, 60)], 7), 0.5, n_classes=3), 0.5, threshold=0.5)
    assert nuclei.class_shares.argmax(axis=1).tolist() == [1, 2]
    assert nuclei.class_shares.sum(axis=1) == pytest.approx(1)


def test_nothing_is_found_where_nothing_is_said() -> None:
    nuclei = decode_nuclei(np.full((6, 32, 48), -9.0, np.float32), 0.5, threshold=0.3)
    assert len(nuclei) == 0
    assert nuclei.labels.shape == (64, 96)
    assert nuclei.class_shares.shape == (0, 2)


def test_specks_are_no_nuclei() -> None:
    assert len(decode_nuclei(say(discs([(40, 40)], 1.5), 0.5), 0.5, threshold=0.5)) == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12, unique=True))
def test_nuclei_apart_from_one_another_are_found_each_once(cells: list[tuple[int, int]]) -> None:
    centres = [(14 + 20.0 * row, 14 + 20.0 * col) for row, col in cells]
    truth = discs(centres, 7, shape=(208, 208))
    nuclei = decode_nuclei(say(truth, 0.5), 0.5, threshold=0.5)
    found = sorted(map(tuple, np.rint(nuclei.centre_from(0, 0) / 20 - 0.7).astype(int).tolist()))
    assert found == sorted(cells)
    assert np.array_equal(np.bincount(nuclei.labels.ravel())[1:], nuclei.area_px)
    assert np.array_equal(np.unique(nuclei.labels), np.arange(len(cells) + 1))
