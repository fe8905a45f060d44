from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from histo.measure.grid import sample, sample_each


@pytest.mark.parametrize("shape", [(40, 60), (1, 1), (3, 33_000)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_reading_between_pixels_is_linear_and_goes_on_outside(shape: tuple[int, int], dtype: type) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, shape).astype(dtype)
    points_um = rng.uniform(-5.0, 1.1, (50, 30, 2)) * -np.array(shape) * 2.0 / 4.0
    expected = ndimage.map_coordinates(
        image, np.moveaxis(points_um / 2.0 - 0.5, -1, 0), output=np.float64, order=1, mode="nearest"
    )
    # Shares come in whole numbers; positions are held to about a ten-thousandth of a pixel.
    allowed = 0.55 if dtype is np.uint8 else 0.1
    np.testing.assert_allclose(sample(image, points_um, 2.0), expected, atol=allowed)


def test_reading_the_nearest_pixel_takes_the_one_that_holds_the_point() -> None:
    image = np.arange(12, dtype=np.int32).reshape(3, 4)
    points_um = np.array([[0.1, 0.1], [3.9, 1.9], [4.1, 7.9], [-50.0, 99.0]])
    assert sample(image, points_um, 2.0, order=0).tolist() == [0.0, 4.0, 11.0, 3.0]


def test_several_images_are_read_at_the_same_places() -> None:
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (9, 9), dtype=np.uint8) for _ in range(3)]
    points_um = rng.uniform(0.0, 9.0, (7, 2))
    for image, read in zip(images, sample_each(images, points_um, 1.0), strict=True):
        np.testing.assert_array_equal(read, sample(image, points_um, 1.0))


def test_reading_nowhere_gives_nothing() -> None:
    assert sample(np.zeros((4, 4), dtype=np.uint8), np.zeros((0, 2)), 1.0).shape == (0,)
