from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from histo.tissue.lettering import find_controls, find_strokes

Picture = NDArray[np.uint8]


def tissue(rows: int = 500, cols: int = 700, seed: int = 0) -> Picture:
    """Pink stroma with purple nuclei."""
    rng = np.random.default_rng(seed)
    image = np.full((rows, cols, 3), (225, 160, 200), np.uint8)
    for row, col in zip(rng.integers(0, rows, 900), rng.integers(0, cols, 900), strict=True):
        cv2.circle(image, (int(col), int(row)), 4, (85, 45, 120), -1)
    return image


def nothing(image: Picture) -> NDArray[np.bool_]:
    return np.zeros(image.shape[:2], bool)


def test_nuclei_are_no_letters() -> None:
    strokes = find_strokes(tissue(), nothing(tissue()), nothing(tissue()))

    assert not strokes.text.any()
    assert not strokes.pointers.any()


def test_lettering_on_tissue_is_found() -> None:
    image, before = tissue(), tissue()
    cv2.putText(image, "SubMuc", (200, 250), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (5, 5, 5), 3)
    written = (image != before).any(axis=2)

    strokes = find_strokes(image, nothing(image), nothing(image))

    assert strokes.text[written].mean() > 0.85
    assert strokes.text.mean() < 0.02


def test_an_arrow_is_a_pointer() -> None:
    image, before = tissue(), tissue()
    cv2.arrowedLine(image, (100, 100), (260, 220), (0, 0, 0), 3)
    drawn = (image != before).any(axis=2)

    strokes = find_strokes(image, nothing(image), nothing(image))

    assert strokes.pointers[drawn].mean() > 0.95
    assert not strokes.text.any()


def test_the_blurred_pointer_of_an_eyepiece_comes_in_from_the_rim() -> None:
    image = tissue()
    rows, cols = np.indices(image.shape[:2])
    surround = np.hypot(rows - 250, cols - 350) > 240
    shadow = np.zeros(image.shape[:2], np.float32)
    cv2.line(shadow, (350, 260), (350, 500), 1.0, 9)
    image = (image * (1 - 0.75 * cv2.GaussianBlur(shadow, (0, 0), 3.0)[..., None])).astype(np.uint8)
    image[surround] = 5

    with_rim = find_strokes(image, surround, nothing(image)).pointers
    without = find_strokes(image, nothing(image), nothing(image)).pointers

    assert with_rim[300:480, 350].mean() > 0.9
    assert with_rim.mean() < 0.03
    assert not without[300:480, 350].any()


@pytest.mark.parametrize("grey", [70, 200])
def test_buttons_in_a_corner_are_found_and_a_round_crypt_elsewhere_is_not(grey: int) -> None:
    image = np.full((500, 700, 3), (245, 244, 225) if grey < 100 else (120, 60, 110), np.uint8)
    for row in (30, 60):
        cv2.circle(image, (30, row), 12, (grey, grey, grey), -1)
    cv2.circle(image, (350, 250), 14, (120, 50, 110) if grey < 100 else (245, 240, 245), -1)

    controls = find_controls(image)

    assert controls[30, 30]
    assert controls[60, 30]
    assert not controls[100:].any()
