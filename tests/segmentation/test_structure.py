from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import histo
from histo.errors import InvalidArgument, MissingPixelSize, UnknownModel
from histo.io import slide_from_array
from histo.nn import Model, read_model
from histo.segmentation import segment


@dataclass(frozen=True)
class Piece:
    row: int
    col: int
    height: int
    width: int


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, write_untrained: Callable[..., Path]) -> Model:
    """A small network of random weights."""
    return read_model(write_untrained(tmp_path_factory.mktemp("models") / "toy", mpp=2.0, tile=256, seed=4))


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    coarse = np.random.default_rng(6).integers(0, 255, size=(30, 40, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((20, 20, 1), np.uint8))


def test_an_array_is_labelled_at_the_models_pixel_size(model: Model, picture: np.ndarray) -> None:
    labels = segment(picture, mpp=1.0, model=model, device="cpu")
    assert labels.shape == (300, 400)
    assert (labels.mpp, labels.slide_mpp, labels.origin) == (2.0, 1.0, (0.0, 0.0))
    assert labels.confidence is not None
    assert labels.confidence.shape == labels.shape


def test_twice_the_pixel_size_gives_twice_the_labels(model: Model, picture: np.ndarray) -> None:
    assert segment(picture, mpp=2.0, model=model, device="cpu").shape == (600, 800)


def test_a_slide_and_its_array_are_labelled_alike(model: Model, picture: np.ndarray) -> None:
    one = segment(slide_from_array(picture, mpp=1.0), model=model, device="cpu")
    other = segment(picture, mpp=1.0, model=model, device="cpu")
    assert np.array_equal(one.array, other.array)


def test_a_section_is_where_it_is_on_the_slide(model: Model, picture: np.ndarray) -> None:
    whole = segment(picture, mpp=1.0, model=model, device="cpu")
    part = segment(picture, mpp=1.0, model=model, section=Piece(101, 250, 300, 333), device="cpu")
    assert part.origin == (100.0, 250.0)
    assert part.shape == (151, 167)
    assert np.array_equal(part.array, whole.array[50:201, 125:292])
    assert np.array_equal(part.confidence, whole.confidence[50:201, 125:292])
    # The centre of its first pixel covers slide pixels 100 and 101.
    assert part.to_slide(np.zeros(2)).tolist() == [100.5, 250.5]


def test_a_section_that_hangs_over_the_edge_is_cut(model: Model, picture: np.ndarray) -> None:
    part = segment(picture, mpp=1.0, model=model, section=Piece(-50, 700, 1000, 1000), device="cpu")
    assert part.origin == (0.0, 700.0)
    assert part.shape == (300, 50)


def test_a_section_beside_the_slide_is_refused(model: Model, picture: np.ndarray) -> None:
    with pytest.raises(InvalidArgument, match="outside of the slide"):
        segment(picture, mpp=1.0, model=model, section=Piece(700, 0, 100, 100), device="cpu")


def test_an_array_without_a_pixel_size_is_refused(model: Model, picture: np.ndarray) -> None:
    with pytest.raises(MissingPixelSize, match=r"mpp=0\.5"):
        segment(picture, model=model)


def test_a_slide_is_not_silently_given_another_pixel_size(model: Model, picture: np.ndarray) -> None:
    with pytest.raises(InvalidArgument, match="when opening"):
        segment(slide_from_array(picture, mpp=1.0), mpp=0.5, model=model)


def test_a_fluorescence_picture_is_refused(model: Model) -> None:
    with pytest.raises(InvalidArgument, match="brightfield RGB only"):
        segment(np.zeros((100, 100), np.uint16), mpp=1.0, model=model)


def test_an_unknown_model_is_named(picture: np.ndarray) -> None:
    with pytest.raises(UnknownModel, match="structure-v0"):
        segment(picture, mpp=1.0, model="structure-v0")


def test_much_too_coarse_a_picture_is_warned_about(
    model: Model, picture: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    segment(picture[:40, :40], mpp=10.0, model=model, device="cpu")
    assert "expect little" in caplog.text


def test_the_public_name_is_this_function() -> None:
    assert histo.segment is segment
