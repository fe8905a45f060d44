from __future__ import annotations

import cv2
import numpy as np
import pytest

from histo.measure.staining.membrane import find_membranes, inner_part, membrane_ratios


def lines(membrane: float, cytoplasm: float, noise: float, every_px: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Lines 1.25 µm wide on pixels of 0.25 µm, and where they lie."""
    image = np.full((240, 240), cytoplasm, np.float32)
    middle = np.zeros(image.shape, bool)
    for col in range(20, 240, every_px):
        image[:, col - 2 : col + 3] = membrane
        middle[:, col] = True
    return (image + np.random.default_rng(0).normal(0, noise, image.shape)).astype(np.float32), middle


def ratio(image: np.ndarray, mpp: float = 0.25, membranes: np.ndarray | None = None) -> float:
    where = inner_part(np.ones(image.shape, bool), mpp)
    return membrane_ratios(image, mpp, {"all": where}, membrane_um=1.0, membranes=membranes)["all"]


def test_ratio_is_that_drawn() -> None:
    image, middle = lines(100.0, 20.0, 2.0)
    # A line found a pixel aside takes in some cytoplasm.
    assert ratio(image) == pytest.approx(5.0, rel=0.2)
    assert ratio(image, membranes=middle) == pytest.approx(5.0, rel=0.05)


def test_noise_has_no_membranes_brighter_than_what_lies_between() -> None:
    noise = np.random.default_rng(0).normal(50, 10, (400, 400)).astype(np.float32)
    found = ratio(noise)
    assert np.isnan(found) or found == pytest.approx(1.0, abs=0.03)
    # Ridges of the same picture would be brighter, which the chessboard is for.
    where = inner_part(np.ones(noise.shape, bool), 0.25)
    chosen = find_membranes(noise, 0.25, where)
    if chosen.any():
        assert noise[chosen].mean() > 1.03 * 50


def test_pixels_that_are_too_coarse_for_membranes_are_not_tried() -> None:
    image, middle = lines(100.0, 20.0, 2.0)
    assert np.isnan(ratio(image, mpp=0.6))
    assert np.isfinite(ratio(image, mpp=0.6, membranes=middle))


def test_spots_are_no_membranes() -> None:
    image = np.full((200, 200), 20.0, np.float32)
    for row in range(20, 200, 40):
        for col in range(20, 200, 40):
            cv2.circle(image, (col, row), 3, 200.0, -1)
    where = inner_part(np.ones(image.shape, bool), 0.25)
    assert not find_membranes(
        image + np.random.default_rng(0).normal(0, 1, image.shape).astype(np.float32), 0.25, where
    ).any()


def test_no_epithelium_has_no_ratio() -> None:
    image, _ = lines(100.0, 20.0, 2.0)
    assert np.isnan(membrane_ratios(image, 0.25, {"all": np.zeros(image.shape, bool)}, membrane_um=1.0)["all"])
