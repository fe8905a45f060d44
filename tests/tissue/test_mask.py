from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from histo.errors import InvalidArgument, MissingPixelSize
from histo.tissue import find_tissue

TISSUE = np.array([205, 120, 175])


def draw_patch(
    glass=(243, 242, 240), mpp: float = 8.0, density: float = 1.0, size: float = 1.0
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A patch of 2 x 3 mm on a slide of 6 x 8 mm, times `size`, as strongly stained as `density` says, with noise."""
    unit = 1000 * size / mpp
    truth = np.zeros((round(6 * unit), round(8 * unit)), dtype=bool)
    truth[round(2 * unit) : round(4 * unit), round(2.5 * unit) : round(5.5 * unit)] = True
    light = np.asarray(glass, dtype=float)
    transmitted = (TISSUE / 255.0) ** density
    image = np.where(truth[..., None], light * transmitted, light)
    noisy = image + np.random.default_rng(0).normal(0, 2, image.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), truth


def overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return 2.0 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth))


@pytest.mark.parametrize(
    "glass",
    [(255, 255, 255), (243, 242, 240), (225, 214, 170), (200, 205, 215), (240, 200, 190)],
    ids=["white", "neutral", "tan", "bluish", "pink"],
)
def test_tissue_is_found_on_glass_of_any_tint(glass) -> None:
    image, truth = draw_patch(glass)

    assert overlap(find_tissue(image, 8.0), truth) > 0.97


@pytest.mark.parametrize("density", [0.35, 0.6, 1.0, 2.0])
def test_pale_and_dark_tissue_is_found(density: float) -> None:
    image, truth = draw_patch(density=density)

    assert overlap(find_tissue(image, 8.0), truth) > 0.96


@pytest.mark.parametrize(("mpp", "size"), [(2.0, 0.5), (4.0, 0.5), (8.0, 1.0), (16.0, 1.0)])
def test_the_area_in_mm2_does_not_depend_on_the_pixel_size(mpp: float, size: float) -> None:
    image, _ = draw_patch(mpp=mpp, size=size)

    area_mm2 = np.count_nonzero(find_tissue(image, mpp)) * (mpp / 1000.0) ** 2

    assert area_mm2 == pytest.approx(6.0 * size**2, rel=0.04)


def test_the_black_around_an_eyepiece_is_no_tissue() -> None:
    image, truth = draw_patch()
    rows, cols = np.indices(truth.shape)
    disc = np.hypot(rows - truth.shape[0] / 2, cols - truth.shape[1] / 2) < 0.49 * truth.shape[0]
    image[~disc] = (12, 8, 10)

    found = find_tissue(image, 8.0)

    assert not found[~disc].any()
    assert overlap(found, truth & disc) > 0.96


def test_two_eyepiece_fields_of_different_light_are_judged_apart() -> None:
    pink, truth = draw_patch((240, 200, 190))
    white, _ = draw_patch((250, 250, 252))
    rows, cols = np.indices(truth.shape)
    disc = np.hypot(rows - truth.shape[0] / 2, cols - truth.shape[1] / 2) < 0.49 * truth.shape[0]
    pink[~disc] = white[~disc] = 5

    found = find_tissue(np.hstack([pink, white]), 8.0)

    assert overlap(found, np.hstack([truth, truth])) > 0.96


def test_a_pasted_caption_is_no_tissue_and_not_the_glass() -> None:
    image, truth = draw_patch((225, 214, 170))
    panel = np.full((image.shape[0], 400, 3), 255, np.uint8)
    cv2.putText(panel, "Mucosa", (30, 200), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (0, 0, 0), 5)

    found = find_tissue(np.hstack([image, panel]), 8.0)

    assert not found[:, truth.shape[1] + 2 :].any()
    assert overlap(found[:, : truth.shape[1]], truth) > 0.97


@pytest.mark.parametrize(
    "ink", [(25, 25, 28), (30, 60, 190), (20, 120, 60), (200, 20, 25)], ids=["black", "blue", "green", "red"]
)
def test_a_pen_stroke_is_no_tissue(ink) -> None:
    image, truth = draw_patch()
    cv2.line(image, (100, 60), (900, 160), ink, 25)

    found = find_tissue(image, 8.0)

    assert not found[:190].any()
    assert overlap(found, truth) > 0.97


def test_an_empty_slide_has_no_tissue() -> None:
    noise = np.random.default_rng(0).normal(240, 2, (300, 300, 3))

    assert not find_tissue(np.clip(noise, 0, 255).astype(np.uint8), 8.0).any()


@pytest.mark.parametrize("scale", [1.0, 16.0])
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_fluorescent_tissue_is_found_in_any_number_of_channels(scale: float, channels: int) -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros((300, 400), dtype=bool)
    truth[80:220, 100:300] = True
    image = 10.0 + rng.normal(0, 1.0, truth.shape) + 100.0 * (truth & (rng.random(truth.shape) < 0.2))
    image = (scale * np.clip(image, 0, None)).astype(np.uint16)
    if channels:
        image = np.repeat(image[..., None], channels, axis=2)

    assert overlap(find_tissue(image, 8.0), truth) > 0.9


@pytest.mark.parametrize(
    ("image", "options", "error", "message"),
    [
        (np.zeros(5), {"mpp": 8.0}, InvalidArgument, "2 or 3 axes"),
        (np.zeros((0, 5)), {"mpp": 8.0}, InvalidArgument, "2 or 3 axes"),
        (np.zeros((5, 5), np.uint8), {"mpp": 8.0, "is_brightfield": True}, InvalidArgument, "RGB"),
        (np.zeros((5, 5, 3), np.uint16), {"mpp": 8.0, "is_brightfield": True}, InvalidArgument, "uint16"),
        (np.zeros((5, 5, 3), np.uint8), {"mpp": float("nan")}, MissingPixelSize, "positive"),
    ],
)
def test_what_is_no_overview_is_refused(image, options, error, message) -> None:
    with pytest.raises(error, match=message):
        find_tissue(image, **options)
