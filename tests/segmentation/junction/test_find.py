from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from histo.errors import InvalidArgument, MissingPixelSize, UnknownModel
from histo.nn import JunctionModel, TileGrid
from histo.segmentation.junction import find_junctions, junction_signal, ridge_junctions
from histo.stain import HAEMATOXYLIN_DAB, combine

DrawCross = Callable[..., np.ndarray]


@pytest.fixture
def field() -> np.ndarray:
    """80 x 110 px of coarse noise: an untrained network answers something else everywhere."""
    rng = np.random.default_rng(3)
    return rng.integers(100, 4000, size=(16, 22), dtype=np.uint16).repeat(5, axis=0).repeat(5, axis=1)


def test_any_grid_of_tiles_gives_the_very_same_maps(untrained: JunctionModel, field: np.ndarray) -> None:
    whole = find_junctions(field, mpp=0.2, model=untrained, device="cpu")
    assert np.ptp(whole.centreline) > 0.2
    assert np.ptp(whole.present) > 0.2
    for tile, halo in ((256, 112), (288, 128)):
        cut = find_junctions(field, mpp=0.2, model=untrained, grid=TileGrid(tile, halo), device="cpu")
        np.testing.assert_allclose(cut.centreline, whole.centreline, atol=1e-5)
        np.testing.assert_allclose(cut.present, whole.present, atol=1e-5)


def test_tiles_whose_rim_is_too_narrow_are_refused(untrained: JunctionModel, field: np.ndarray) -> None:
    with pytest.raises(InvalidArgument, match="too narrow"):
        find_junctions(field, mpp=0.2, model=untrained, grid=TileGrid(256, 96))


@pytest.mark.parametrize("mpp", [0.1, 0.13, 0.2, 0.45])
def test_maps_lie_on_the_grid_of_the_image(untrained: JunctionModel, field: np.ndarray, mpp: float) -> None:
    maps = find_junctions(field, mpp=mpp, model=untrained, device="cpu")
    assert maps.shape == field.shape
    assert (maps.mpp, maps.seen_by) == (mpp, "junctions-toy")


def test_an_image_twice_as_fine_gives_the_same_maps_in_between(untrained: JunctionModel, field: np.ndarray) -> None:
    coarse = find_junctions(field, mpp=0.2, model=untrained, device="cpu").centreline
    fine = find_junctions(field.repeat(2, axis=0).repeat(2, axis=1), mpp=0.1, model=untrained, device="cpu").centreline
    between = coarse[:-1] + 0.25 * (coarse[1:] - coarse[:-1])
    between = between[:, :-1] + 0.25 * (between[:, 1:] - between[:, :-1])
    np.testing.assert_allclose(fine[1:-1:2, 1:-1:2], between, atol=1e-5)


def test_dab_shows_the_same_lines_as_fluorescence(draw_cross: DrawCross) -> None:
    lines = draw_cross(0.2) + np.random.default_rng(0).normal(10, 2, (80, 80))
    brown = combine(np.stack([0.1 + 0 * lines, lines / 100], axis=-1), HAEMATOXYLIN_DAB)
    seen = find_junctions(brown, mpp=0.2, stain="dab", model="ridge")
    wanted = ridge_junctions(lines, 0.2)
    assert np.mean((seen.centreline > 0.5) == (wanted.centreline > 0.5)) > 0.97


def test_without_a_model_the_ridge_filter_is_taken_and_says_so(
    field: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("histo.nn.zoo.models_folders", lambda: [tmp_path])
    with caplog.at_level(logging.WARNING):
        maps = find_junctions(field, mpp=0.2)
    assert maps.seen_by == "ridge filter"
    assert "junctions-v1 is not installed" in caplog.text
    with pytest.raises(UnknownModel):
        find_junctions(field, mpp=0.2, model="junctions-v1")


def test_the_channel_of_a_junction_protein_is_found_by_number(field: np.ndarray) -> None:
    both = np.stack([field, field[::-1]], axis=-1)
    maps = find_junctions(both, mpp=0.2, model="ridge", channel=1)
    np.testing.assert_array_equal(maps.centreline, ridge_junctions(field[::-1], 0.2).centreline)
    with pytest.raises(InvalidArgument, match="is not clear"):
        find_junctions(both, mpp=0.2, model="ridge")


def test_a_field_without_a_size_of_its_pixels_is_refused(field: np.ndarray) -> None:
    with pytest.raises(MissingPixelSize):
        find_junctions(field, model="ridge")


INVALID_SIGNALS = [
    (np.zeros((4, 4, 3), np.uint8), "fluorescence", "one fluorescence channel"),
    (np.zeros((4, 4), np.uint8), "dab", "RGB"),
    (np.zeros((4, 4, 3)), "dab", "uint8"),
    (np.array([["a"]]), "fluorescence", "of numbers"),
    (np.full((2, 2), np.inf), "fluorescence", "infinite"),
    (np.zeros((4, 4)), "he", "one of fluorescence, dab"),
]


@pytest.mark.parametrize(("image", "stain", "message"), INVALID_SIGNALS)
def test_an_image_that_is_not_what_its_stain_says_is_refused(image: np.ndarray, stain: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        junction_signal(image, stain)
