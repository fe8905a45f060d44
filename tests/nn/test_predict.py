from __future__ import annotations

import numpy as np
import pytest
import torch

from histo.errors import InvalidArgument, MissingPixelSize
from histo.io import slide_from_array
from histo.nn import Model, Window, canvas_of, predict_labels, predict_tiles, predict_window
from histo.types import Compartment


@pytest.fixture(scope="module")
def whole(model: Model, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return predict_labels(model, picture, mpp=1.0, device="cpu")


def test_labels_are_compartments_as_large_as_the_picture(whole: tuple[np.ndarray, np.ndarray]) -> None:
    labels, confidence = whole
    assert labels.shape == confidence.shape == (300, 400)
    assert len(np.unique(labels)) > 2
    assert labels.max() <= max(Compartment)
    assert labels.dtype == confidence.dtype == np.uint8
    assert confidence.min() >= 25  # the most probable of ten has a tenth at least


def test_labels_are_at_the_models_pixel_size(model: Model, picture: np.ndarray) -> None:
    labels, _ = predict_labels(model, picture, mpp=0.5, device="cpu")
    assert labels.shape == (150, 200)


@pytest.mark.parametrize("n_at_once", [1, 3, 16])
def test_any_number_of_threads_gives_the_same_bytes(
    n_at_once: int, model: Model, picture: np.ndarray, whole: tuple[np.ndarray, np.ndarray]
) -> None:
    canvas = canvas_of(slide_from_array(picture, mpp=1.0), 1.0)
    for part in predict_tiles(model, canvas, canvas.whole, device="cpu", n_at_once=n_at_once):
        place = part.window.slices(canvas.whole)
        assert np.array_equal(part.labels, whole[0][place])
        assert np.array_equal(part.confidence, whole[1][place])


@pytest.mark.parametrize("n_threads", [1, 2, 4])
def test_torchs_own_threads_change_nothing_and_are_left_alone(
    n_threads: int, model: Model, picture: np.ndarray, whole: tuple[np.ndarray, np.ndarray]
) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(n_threads)
        labels, confidence = predict_labels(model, picture, mpp=1.0, device="cpu")
        assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(labels, whole[0])
    assert np.array_equal(confidence, whole[1])


@pytest.mark.parametrize("window", [Window(0, 0, 40, 400), Window(63, 65, 130, 200), Window(299, 399, 1, 1)])
def test_a_window_alone_has_the_same_bytes_as_in_the_whole(
    window: Window, model: Model, picture: np.ndarray, whole: tuple[np.ndarray, np.ndarray]
) -> None:
    canvas = canvas_of(slide_from_array(picture, mpp=1.0), 1.0)
    part = predict_window(model, canvas, window, device="cpu")
    place = window.slices(canvas.whole)
    assert np.array_equal(part.labels, whole[0][place])
    assert np.array_equal(part.confidence, whole[1][place])


def test_a_temperature_moves_no_label_and_makes_the_network_less_sure(
    model: Model, picture: np.ndarray, whole: tuple[np.ndarray, np.ndarray]
) -> None:
    hot = Model(model.spec.model_copy(update={"temperature": 3.0}), model.network)
    labels, confidence = predict_labels(hot, picture, mpp=1.0, device="cpu")
    assert np.array_equal(labels, whole[0])
    assert (confidence <= whole[1]).all()
    assert confidence.mean() < 0.9 * whole[1].mean()


def test_logits_are_those_behind_the_labels(
    model: Model, picture: np.ndarray, whole: tuple[np.ndarray, np.ndarray]
) -> None:
    canvas = canvas_of(slide_from_array(picture, mpp=1.0), 1.0)
    compartments = np.array(model.spec.compartments, np.uint8)
    for part in predict_tiles(model, canvas, canvas.whole, device="cpu", keeps_logits=True):
        assert part.logits is not None
        assert np.array_equal(compartments[part.logits.argmax(axis=0)], whole[0][part.window.slices(canvas.whole)])


def test_tiles_that_nobody_wants_are_left_out_and_change_no_other(
    model: Model, picture: np.ndarray, whole: tuple[np.ndarray, np.ndarray]
) -> None:
    canvas = canvas_of(slide_from_array(picture, mpp=1.0), 1.0)
    parts = list(predict_tiles(model, canvas, canvas.whole, device="cpu", is_wanted=lambda window: window.row >= 128))
    assert {part.window.row for part in parts} == {128, 192, 256}
    for part in parts:
        assert part.logits is None
        assert np.array_equal(part.labels, whole[0][part.window.slices(canvas.whole)])


def test_empty_glass_is_background_without_asking_the_network(model: Model) -> None:
    labels, confidence = predict_labels(model, np.full((200, 200, 3), 240, np.uint8), mpp=1.0, device="cpu")
    assert (labels == Compartment.BACKGROUND).all()
    assert (confidence == 255).all()


def test_progress_counts_the_tiles(model: Model, picture: np.ndarray) -> None:
    seen: list[tuple[int, int]] = []
    predict_labels(model, picture, mpp=1.0, device="cpu", progress=lambda *done: seen.append(done))
    assert seen == [(n_done, 35) for n_done in range(1, 36)]


def test_the_picture_goes_on_mirrored_beyond_its_edge() -> None:
    pixels = np.repeat(np.arange(12, dtype=np.uint8).reshape(3, 4, 1) * 20, 3, axis=2)
    seen = canvas_of(slide_from_array(pixels + 100, mpp=1.0), 1.0).see(Window(-1, -2, 5, 8))[..., 0]
    assert seen[1].tolist() == [140, 120, 100, 120, 140, 160, 140, 120]
    assert np.array_equal(seen[0], seen[2])


@pytest.mark.parametrize(
    ("image", "mpp", "error", "message"),
    [
        (np.full((50, 50), 200, np.uint8), 1.0, InvalidArgument, "brightfield RGB only"),
        (np.full((50, 50, 4), 200, np.uint8), 1.0, InvalidArgument, "got 4 channel"),
        (np.full((50, 50, 3), 200, np.uint16), 1.0, InvalidArgument, "of uint16"),
        (np.zeros((50, 50, 3), np.uint8), 1.0, InvalidArgument, "transmitted light"),
        (np.full((50, 50, 3), 200, np.uint8), 0.0, MissingPixelSize, "positive number"),
    ],
)
def test_what_is_no_brightfield_picture_is_refused(
    image: np.ndarray, mpp: float, error: type[Exception], message: str, model: Model
) -> None:
    with pytest.raises(error, match=message):
        predict_labels(model, image, mpp=mpp, device="cpu")


def test_a_device_that_is_not_there_is_answered_with_those_that_are(model: Model, picture: np.ndarray) -> None:
    with pytest.raises(InvalidArgument, match=r"one of cpu.*'abacus'"):
        predict_labels(model, picture, mpp=1.0, device="abacus")
