from __future__ import annotations

import numpy as np
import pytest

from histo.errors import InvalidArgument, MissingPixelSize
from histo.stain import estimate_background, subtract_background

METHODS = ["rolling_ball", "top_hat", "percentile"]


def draw_nuclei(mpp: float, side_um: float = 400.0):
    """Nuclei of 8 µm and 1000 grey values on a background that rises from 200 to 400 across the field."""
    side = round(side_um / mpp)
    rows, cols = (np.indices((side, side)) + 0.5) * mpp
    background = 200.0 + 200.0 * cols / side_um
    nuclei = (rows % 40.0 - 20.0) ** 2 + (cols % 40.0 - 20.0) ** 2 < 4.0**2
    return background + 1000.0 * nuclei, background, nuclei


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mpp", [0.5, 1.0])
def test_a_slope_is_taken_off_and_nuclei_keep_their_brightness(method, mpp) -> None:
    image, _, nuclei = draw_nuclei(mpp)

    signal = subtract_background(image, mpp, radius_um=20.0, method=method)

    inner = np.s_[30:-30, 30:-30]
    assert np.median(signal[inner][nuclei[inner]]) == pytest.approx(1000.0, rel=0.05)
    assert np.median(signal[inner][~nuclei[inner]]) < 30.0


@pytest.mark.parametrize("method", METHODS)
def test_the_background_in_micrometres_does_not_depend_on_the_pixel_size(method) -> None:
    fine, _, _ = draw_nuclei(0.5)
    coarse, _, _ = draw_nuclei(1.0)

    of_fine = estimate_background(fine, 0.5, method=method)
    of_coarse = estimate_background(coarse, 1.0, method=method)

    np.testing.assert_allclose(of_fine[::2, ::2][20:-20, 20:-20], of_coarse[20:-20, 20:-20], atol=40)


@pytest.mark.parametrize("method", METHODS)
def test_a_flat_image_has_no_signal(method) -> None:
    assert subtract_background(np.full((40, 50), 300, np.uint16), 1.0, method=method).max() < 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_the_result_scales_with_the_exposure(method) -> None:
    image, _, _ = draw_nuclei(1.0)

    np.testing.assert_allclose(
        subtract_background(4 * image, 1.0, method=method), 4 * subtract_background(image, 1.0, method=method), atol=1.0
    )


@pytest.mark.parametrize(
    ("image", "options", "error", "message"),
    [
        (np.zeros((4, 4, 3)), {"mpp": 1.0}, InvalidArgument, "one channel"),
        (np.zeros((4, 4)), {"mpp": 1.0, "radius_um": 0.0}, InvalidArgument, "radius"),
        (np.zeros((4, 4)), {"mpp": 1.0, "method": "median"}, InvalidArgument, "rolling_ball, top_hat, percentile"),
        (np.zeros((4, 4)), {"mpp": 0.0}, MissingPixelSize, "positive"),
    ],
)
def test_what_cannot_be_done_is_refused(image, options, error, message) -> None:
    with pytest.raises(error, match=message):
        estimate_background(image, **options)
