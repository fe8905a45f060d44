from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from histo import Compartment, LabelMap
from histo.measure import measure_crypts
from histo.measure.tube import tube_width

Draw = Callable[..., Any]


@pytest.fixture
def crowded(draw: Draw) -> Any:
    """Crypts 36 µm wide and 50 µm apart, as in the mouse."""
    return draw(length_um=500.0, spacing_um=50.0, villus_width_um=40.0, villus_height_um=120.0, crypt_width_um=36.0)


def _disk(radius: float) -> np.ndarray:
    reach = np.arange(-int(radius), int(radius) + 1)
    return (np.hypot(reach[:, None], reach) <= radius).astype(np.uint8)


def _changed(labels: LabelMap, operation: int, radius_um: float) -> LabelMap:
    """Let crypts grow into the stroma between them, as in a predicted map."""
    array = labels.array.copy()
    crypt = (array == Compartment.CRYPT).astype(np.uint8)
    crypt = cv2.morphologyEx(crypt, operation, _disk(radius_um / labels.mpp))
    array[(crypt > 0) & (array == Compartment.LAMINA_PROPRIA)] = Compartment.CRYPT
    return LabelMap(array, mpp=labels.mpp)


@pytest.mark.parametrize(("mpp", "radius_um"), [(1.0, 4.0), (1.0, 6.0), (1.0, 8.0), (2.0, 8.0)])
def test_crypts_whose_gaps_were_closed_are_parted(crowded: Any, mpp: float, radius_um: float) -> None:
    crypts = measure_crypts(_changed(crowded.labels(mpp), cv2.MORPH_CLOSE, radius_um))
    accepted = crypts[crypts["is_accepted"]]
    assert len(crypts) == crowded.n_villi - 1
    assert len(accepted) >= len(crypts) - 1
    assert np.median(np.abs(accepted["crypt_depth_um"] / crowded.crypt_depth_um - 1)) < 0.02
    assert np.diff(accepted["position_um"]).max() < 120.0


def test_crypts_that_grew_until_they_touch_are_parted(crowded: Any) -> None:
    crypts = measure_crypts(_changed(crowded.labels(1.0), cv2.MORPH_DILATE, 7.0))
    assert crypts["is_accepted"].sum() == crowded.n_villi - 1
    assert crypts["crypt_depth_um"].to_numpy() == pytest.approx(crowded.crypt_depth_um + 7.0, rel=0.03)


def test_doubt_between_two_crypts_parts_them(crowded: Any) -> None:
    drawn = crowded.labels(1.0)
    array = drawn.array.copy()
    crypt = array == Compartment.CRYPT
    rows = np.flatnonzero(crypt.any(axis=1))
    array[rows[0] : rows[-1]][array[rows[0] : rows[-1]] == Compartment.LAMINA_PROPRIA] = Compartment.CRYPT
    confidence = np.where(crypt | (array != Compartment.CRYPT), 250, 150).astype(np.uint8)
    merged = measure_crypts(LabelMap(array, mpp=1.0))
    parted = measure_crypts(LabelMap(array, mpp=1.0, confidence=confidence))
    assert merged["is_accepted"].sum() < crowded.n_villi - 3
    assert parted["is_accepted"].sum() >= crowded.n_villi - 1
    assert parted.loc[parted["is_accepted"], "crypt_depth_um"].median() == pytest.approx(100.0, rel=0.03)


@pytest.mark.parametrize("pixel_um", [1.0, 2.0])
@pytest.mark.parametrize("n_pieces", [0, 8])
def test_narrow_pieces_do_not_narrow_the_usual_width(n_pieces: int, pixel_um: float) -> None:
    presence = np.zeros((240, 800), dtype=np.float32)
    for left in (20, 80, 140):
        presence[40:160, left : left + 36] = 1
    for left in range(220, 220 + 50 * n_pieces, 50):
        presence[60:140, left : left + 18] = 1
    step = int(pixel_um)
    presence = np.ascontiguousarray(presence[::step, ::step])
    depth_um = np.broadcast_to(np.arange(len(presence), dtype=np.float32)[:, None] * pixel_um, presence.shape)
    assert tube_width(presence, depth_um, pixel_um) == pytest.approx(36.0, abs=pixel_um)


def _zone(paint: Callable[[np.ndarray, np.ndarray, np.ndarray], None]) -> LabelMap:
    array = np.zeros((400, 700), dtype=np.uint8)
    array[100:300] = Compartment.LAMINA_PROPRIA
    array[300:350] = Compartment.SUBMUCOSA
    row, col = np.indices(array.shape).astype(float)
    paint(array, row, col)
    for left in (40, 110, 560, 630):
        array[100:260, left : left + 36] = Compartment.CRYPT
    return LabelMap(array, mpp=1.0)


def test_one_bent_crypt_stays_one() -> None:
    def paint(array: np.ndarray, row: np.ndarray, col: np.ndarray) -> None:
        middle = 330 + 40 * np.sin((row - 100) / 60)
        array[(np.abs(col - middle) < 18) & (row >= 100) & (row < 270)] = Compartment.CRYPT

    crypts = measure_crypts(_zone(paint))
    assert len(crypts) == 5
    assert crypts["is_accepted"].all()
    assert crypts["crypt_depth_um"].max() > 175


def test_one_crypt_with_a_wide_lumen_stays_one() -> None:
    def paint(array: np.ndarray, row: np.ndarray, col: np.ndarray) -> None:
        array[100:240, 320:358] = Compartment.CRYPT
        array[115:225, 334:344] = Compartment.BACKGROUND

    assert len(measure_crypts(_zone(paint))) == 5


def test_a_sheet_of_crypt_without_any_tube_is_not_accepted() -> None:
    def paint(array: np.ndarray, row: np.ndarray, col: np.ndarray) -> None:
        array[np.hypot(row - 200, col - 350) < 80] = Compartment.CRYPT

    crypts = measure_crypts(_zone(paint))
    assert crypts["is_accepted"].sum() == 4
