from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from histo.tissue.panel import find_overlaid

Picture = NDArray[np.uint8]


def tissue(rows: int = 400, cols: int = 600, seed: int = 0) -> Picture:
    """Mottled pink, of grains of some five pixels."""
    grain = np.random.default_rng(seed).normal(0, 22, (rows // 5, cols // 5, 1))
    mottle = cv2.resize(grain, (cols, rows), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(np.array([200, 125, 175]) + mottle, 0, 255).astype(np.uint8)


def write(image: Picture, text: str, top: int, left: int, *, scale: float = 0.7) -> None:
    cv2.putText(image, text, (left, top), cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 2)


def box(image: Picture, top: int, left: int, bottom: int, right: int, paper=(255, 255, 255)) -> NDArray[np.bool_]:
    image[top:bottom, left:right] = paper
    cv2.rectangle(image, (left, top), (right - 1, bottom - 1), (0, 0, 0), 1)
    write(image, "Villus", top + 28, left + 10)
    truth = np.zeros(image.shape[:2], bool)
    truth[top:bottom, left:right] = True
    return truth


def overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


@pytest.mark.parametrize("paper", [(255, 255, 255), (255, 255, 0)], ids=["white", "yellow"])
@pytest.mark.parametrize(("top", "left"), [(150, 200), (0, 0), (360, 480)], ids=["inside", "corner", "far corner"])
def test_a_caption_is_found_to_the_pixel(paper, top: int, left: int) -> None:
    image = tissue()
    truth = box(image, top, left, top + 40, left + 120, paper)

    assert overlap(find_overlaid(image).panels, truth) > 0.95


def test_a_caption_is_found_after_jpeg() -> None:
    image = tissue()
    truth = box(image, 150, 200, 190, 330)
    image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1], cv2.IMREAD_COLOR)

    assert overlap(find_overlaid(image).panels, truth) > 0.9


def test_an_inset_in_a_corner_is_found_and_a_piece_of_tissue_inside_the_picture_is_not() -> None:
    image = np.full((400, 600, 3), (236, 232, 240), np.uint8)
    image[280:, 440:] = tissue(120, 160, seed=1)
    image[100:200, 100:300] = (190, 110, 160)

    panels = find_overlaid(image).panels

    assert panels[290:, 450:].mean() > 0.95
    assert not panels[:270].any()


def test_the_white_margin_with_lettering_beside_a_picture_is_a_panel() -> None:
    image = np.hstack([tissue(), np.full((400, 300, 3), 255, np.uint8)])
    write(image, "Mucosa", 60, 640, scale=1.0)

    panels = find_overlaid(image).panels

    assert panels[:, 605:].mean() > 0.97
    assert not panels[:, :595].any()


def test_a_block_arrow_is_found_with_its_head() -> None:
    image = tissue()
    outline = np.array([[200, 190], [280, 190], [280, 182], [300, 202], [280, 222], [280, 214], [200, 214]])
    cv2.fillPoly(image, [outline], (255, 255, 255))
    cv2.polylines(image, [outline], True, (0, 0, 0), 1)

    arrows = find_overlaid(image).arrows

    assert arrows[202, 205:298].all()
    assert arrows.mean() < 0.04


@pytest.mark.parametrize("glass", [(243, 242, 240), (255, 255, 255)])
def test_straight_tissue_on_even_glass_hides_nothing(glass) -> None:
    image = np.full((400, 600, 3), glass, np.uint8)
    image[100:180, 50:550] = image[240:320, 50:550] = (205, 120, 175)

    overlaid = find_overlaid(image)

    assert not overlaid.panels.any()
    assert not overlaid.arrows.any()


def test_bare_tissue_hides_nothing() -> None:
    assert not find_overlaid(tissue(seed=4)).panels.any()
