from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from histo.errors import InvalidArgument, MissingPixelSize
from histo.segmentation.junction import RidgeSettings, ridge_junctions

DrawCross = Callable[..., np.ndarray]


def noisy(image: np.ndarray, sigma: float = 4.0) -> np.ndarray:
    return image + np.random.default_rng(0).normal(0, sigma, image.shape)


@pytest.mark.parametrize("mpp", [0.1, 0.2])
def test_a_line_is_seen_along_its_middle_and_nowhere_else(draw_cross: DrawCross, mpp: float) -> None:
    maps = ridge_junctions(noisy(draw_cross(mpp)), mpp)
    size = maps.shape[0]
    at_um = np.abs((np.arange(size) + 0.5) * mpp - 8)
    near = np.minimum(at_um[:, None], at_um[None, :])
    assert np.mean(maps.centreline[near <= mpp] > 0.5) > 0.99
    assert np.mean(maps.centreline[near > 1.5] > 0.5) < 0.01
    assert maps.seen_by == "ridge filter"


@pytest.mark.parametrize("mpp", [0.1, 0.2])
def test_a_gap_is_as_long_as_it_was_drawn(draw_cross: DrawCross, mpp: float) -> None:
    maps = ridge_junctions(noisy(draw_cross(mpp, gap_um=2.0)), mpp)
    on_line = maps.present[maps.shape[0] // 2]
    assert np.sum(on_line < 0.5) * mpp == pytest.approx(2.0, abs=0.45)


def test_uneven_background_and_another_scale_of_brightness_change_nothing_that_matters(draw_cross: DrawCross) -> None:
    image = noisy(draw_cross(0.2))
    slope = np.linspace(0, 150, image.shape[1])[None, :]
    plain, lit = ridge_junctions(image, 0.2), ridge_junctions(40 * (image + slope) + 1000, 0.2)
    assert np.mean((plain.centreline > 0.5) == (lit.centreline > 0.5)) > 0.995
    crest = np.s_[39:41]
    assert np.mean((plain.present > 0.5)[crest] == (lit.present > 0.5)[crest]) > 0.98


def test_a_faint_line_far_from_a_bright_one_is_seen() -> None:
    image = np.zeros((100, 500), np.float32)
    image[48:52, :150] = 1000
    image[48:52, 350:] = 60
    maps = ridge_junctions(noisy(image), 0.2)
    assert np.mean(maps.centreline[49:51, 360:490].max(axis=0) > 0.5) > 0.98
    assert np.mean(maps.present[49:51, 360:490].max(axis=0) > 0.5) > 0.98


def test_noise_alone_has_few_junctions_and_a_flat_field_none() -> None:
    noise = np.random.default_rng(1).normal(100, 10, (300, 300))
    assert np.mean(ridge_junctions(noise, 0.2).centreline > 0.5) < 0.01
    flat = ridge_junctions(np.full((40, 60), 7.0), 0.2)
    assert not flat.centreline.any()
    assert not flat.present.any()


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        (np.zeros((4, 4, 3)), "two-dimensional"),
        (np.zeros((0, 4)), "filled"),
        (np.full((4, 4), np.nan), "no numbers"),
    ],
)
def test_what_is_no_signal_is_refused(signal: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        ridge_junctions(signal, 0.2)


def test_settings_and_pixels_without_a_size_are_refused() -> None:
    with pytest.raises(MissingPixelSize):
        ridge_junctions(np.zeros((4, 4)), 0.0)
    with pytest.raises(InvalidArgument, match="positive"):
        RidgeSettings(scales_um=())
    with pytest.raises(InvalidArgument, match="positive"):
        RidgeSettings(background_um=0)
