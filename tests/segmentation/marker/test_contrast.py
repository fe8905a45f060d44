from __future__ import annotations

import numpy as np
import pytest

from histo.errors import InvalidArgument
from histo.segmentation.marker import estimate_foci_noise, measure_contrast, measure_foci


def field(mpp: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Nine nuclei of 3 µm radius on an even tissue; the first is twice as bright, the second has three foci."""
    size = round(60 / mpp)
    rows, cols = (np.mgrid[:size, :size] + 0.5) * mpp
    nuclei = np.zeros((size, size), np.int32)
    marker = np.full((size, size), 100.0)
    for label in range(1, 10):
        row, col = 10 + 20 * ((label - 1) // 3), 10 + 20 * ((label - 1) % 3)
        inside = np.hypot(rows - row, cols - col) <= 3
        nuclei[inside] = label
        if label == 1:
            marker[inside] = 200
        if label == 2:
            for shift in (-1.5, 0, 1.5):
                marker += 80 * np.exp(-((rows - row - shift) ** 2 + (cols - col) ** 2) / (2 * 0.3**2))
    return nuclei, marker + np.random.default_rng(seed).normal(0, 2, marker.shape)


@pytest.mark.parametrize("mpp", [0.25, 0.5])
def test_only_the_bright_nucleus_stands_out(mpp):
    nuclei, marker = field(mpp)
    contrast = measure_contrast(nuclei, {"edu": marker}, mpp)["edu_contrast"].to_numpy()
    assert contrast[0] == pytest.approx(1.9, abs=0.06)
    assert contrast[1:] == pytest.approx(np.ones(8), abs=0.06)


def test_contrast_does_not_know_the_exposure():
    nuclei, marker = field(0.5)
    once, thrice = (measure_contrast(nuclei, {"a": image}, 0.5)["a_contrast"] for image in (marker, 3 * marker))
    assert thrice.to_numpy() == pytest.approx(once.to_numpy(), rel=1e-4)


def test_contrast_of_a_tile_with_its_margin_is_that_of_the_slide():
    rng = np.random.default_rng(1)
    marker = rng.gamma(2, 50, (200, 200))
    nuclei = np.zeros((200, 200), np.int32)
    nuclei[96:104, 96:104] = 1
    whole = measure_contrast(nuclei, {"a": marker}, 1.0)["a_contrast"].item()
    margin = np.s_[96 - 30 : 104 + 30, 96 - 30 : 104 + 30]
    tile = measure_contrast(nuclei[margin], {"a": marker[margin]}, 1.0)["a_contrast"].item()
    assert tile == pytest.approx(whole, rel=1e-5)
    assert measure_contrast(nuclei[90:110, 90:110], {"a": marker[90:110, 90:110]}, 1.0)["a_contrast"].item() != tile


def test_contrast_in_the_dark_is_missing():
    nuclei, _ = field(0.5)
    assert measure_contrast(nuclei, {"a": np.zeros(nuclei.shape)}, 0.5)["a_contrast"].isna().all()


@pytest.mark.parametrize("mpp", [0.15, 0.25])
def test_foci_are_found_where_the_mean_shows_little(mpp):
    nuclei, marker = field(mpp)
    foci = measure_foci(nuclei, {"ph3": marker}, mpp)["ph3_foci"].to_numpy()
    contrast = measure_contrast(nuclei, {"ph3": marker}, mpp)["ph3_contrast"].to_numpy()
    assert contrast[1] < 1.1
    assert foci[1] > 4 * foci[2:].max()


def test_a_nucleus_bright_throughout_scores_as_well_by_its_edge():
    nuclei, marker = field(0.25)
    foci = measure_foci(nuclei, {"ph3": marker}, 0.25)["ph3_foci"].to_numpy()
    assert foci[0] > 4 * foci[2:].max()


def test_foci_of_a_tile_are_those_of_the_slide_when_the_noise_is_given():
    nuclei, marker = field(0.25)
    noise = {"a": estimate_foci_noise(nuclei, marker, 0.25)}
    whole = measure_foci(nuclei, {"a": marker}, 0.25, noise=noise).set_index("label")
    tile = measure_foci(nuclei[:160, :160], {"a": marker[:160, :160]}, 0.25, noise=noise).set_index("label")
    assert tile.loc[[1, 2, 4, 5], "a_foci"].to_numpy() == pytest.approx(whole.loc[[1, 2, 4, 5], "a_foci"].to_numpy())


def test_pixels_too_large_for_foci_are_refused():
    with pytest.raises(InvalidArgument, match="not seen in pixels"):
        measure_foci(np.ones((9, 9), np.int32), {"a": np.ones((9, 9))}, 0.8)


def test_a_neighbourhood_without_size_is_refused():
    with pytest.raises(InvalidArgument, match="has a size"):
        measure_contrast(np.ones((9, 9), np.int32), {"a": np.ones((9, 9))}, 0.8, neighbourhood_um=0)
