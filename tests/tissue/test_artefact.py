from __future__ import annotations

import cv2
import numpy as np
import pytest

from histo.stain import HAEMATOXYLIN_DAB, HAEMATOXYLIN_EOSIN, combine
from histo.tissue import find_folds, find_ink
from histo.tissue.artefact import find_bubbles


@pytest.mark.parametrize("mpp", [4.0, 8.0])
@pytest.mark.parametrize(
    "ink",
    [(25, 25, 28), (30, 60, 190), (20, 120, 60), (200, 20, 25), (255, 240, 20)],
    ids=["black", "blue", "green", "red", "yellow"],
)
def test_a_stroke_of_ink_is_found_with_its_area(ink, mpp: float) -> None:
    image = np.full((round(4000 / mpp), round(6000 / mpp), 3), 240, np.uint8)
    cv2.rectangle(image, (round(1000 / mpp), round(1000 / mpp)), (round(3000 / mpp), round(1200 / mpp)), ink, -1)

    found = find_ink(image, mpp)

    assert np.count_nonzero(found) * (mpp / 1000.0) ** 2 == pytest.approx(0.4, rel=0.08)


@pytest.mark.parametrize("vectors", [HAEMATOXYLIN_EOSIN, HAEMATOXYLIN_DAB], ids=["he", "dab"])
def test_no_mixture_of_stains_is_taken_for_ink(vectors) -> None:
    first, second = np.meshgrid(np.linspace(0, 1.2, 120), np.linspace(0, 1.2, 120))
    image = combine(np.stack([first, second], -1), vectors)

    assert not find_ink(np.tile(image, (3, 3, 1)), 8.0).any()


def test_a_speck_is_not_ink() -> None:
    image = np.full((300, 300, 3), 240, np.uint8)
    image[100:105, 100:105] = (20, 20, 20)

    assert not find_ink(image, 8.0).any()


@pytest.mark.parametrize("mpp", [4.0, 8.0])
def test_a_bubble_is_found_and_neither_a_round_gland_nor_dirt(mpp: float) -> None:
    image = np.full((round(3000 / mpp), round(4000 / mpp), 3), (242, 240, 243), np.uint8)

    def ring(row_um: int, col_um: int, colour: tuple[int, int, int], width_um: int) -> None:
        at = (round(col_um / mpp), round(row_um / mpp))
        cv2.circle(image, at, round(400 / mpp), colour, round(width_um / mpp) if width_um > 0 else -1)

    ring(1000, 1000, (110, 110, 112), 40)
    ring(1000, 2500, (150, 70, 140), 40)
    ring(2200, 1000, (90, 90, 90), -1)

    found = find_bubbles(image, np.array([242.0, 240.0, 243.0]), mpp)

    assert np.count_nonzero(found) * (mpp / 1000) ** 2 == pytest.approx(np.pi * 0.42**2, rel=0.06)
    assert found[round(1000 / mpp), round(1000 / mpp)]


@pytest.mark.parametrize("mpp", [4.0, 8.0])
def test_a_fold_is_a_long_dense_ridge_and_a_follicle_is_none(mpp: float) -> None:
    image = np.full((round(3000 / mpp), round(3000 / mpp), 3), (210, 150, 190), np.uint8)
    tissue = np.ones(image.shape[:2], dtype=bool)
    once = image[0, 0] / 255.0
    doubled = np.rint(255 * once**2.6).astype(int).tolist()
    cv2.line(
        image, (round(500 / mpp), round(500 / mpp)), (round(2500 / mpp), round(700 / mpp)), doubled, round(80 / mpp)
    )
    cv2.circle(image, (round(1500 / mpp), round(2000 / mpp)), round(300 / mpp), doubled, -1)

    folds = find_folds(image, tissue, mpp)

    assert folds[round(600 / mpp), round(1500 / mpp)]
    assert not folds[round(1500 / mpp) :].any()


def test_the_dense_crypts_of_a_mucosa_are_no_fold() -> None:
    image = np.full((400, 800, 3), (225, 185, 210), np.uint8)
    image[150:200] = (150, 70, 150)

    assert not find_folds(image, np.ones(image.shape[:2], dtype=bool), 4.0).any()


def test_without_tissue_there_is_no_fold() -> None:
    assert not find_folds(np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), bool), 8.0).any()
