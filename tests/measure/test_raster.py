from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from histo.measure.raster import blurred, components, distance_to


@pytest.mark.parametrize("sigma", [1.0, 5.0, 12.5, 30.0])
def test_a_wide_blur_is_as_smooth_as_an_exact_one(sigma: float) -> None:
    image = np.asarray(ndimage.distance_transform_edt(np.random.default_rng(0).random((203, 311)) > 0.001))
    exact = ndimage.gaussian_filter(image, sigma, mode="mirror")
    middle = np.s_[40:-40, 40:-40]
    difference = np.abs(blurred(image, sigma) - exact)[middle]
    assert difference.max() < 0.02 * np.ptp(exact[middle])
    assert blurred(image, sigma).shape == image.shape


def test_a_mask_without_a_pixel_is_far_from_everywhere() -> None:
    assert (distance_to(np.zeros((4, 6), dtype=bool)) == 10).all()


def test_pieces_are_joined_over_corners_and_counted() -> None:
    mask = np.array([[1, 0, 0, 0], [0, 1, 0, 1]], dtype=bool)
    labelled, areas = components(mask)
    assert labelled[0, 0] == labelled[1, 1] != labelled[1, 3]
    assert sorted(areas.tolist()) == [1, 2, 5]
