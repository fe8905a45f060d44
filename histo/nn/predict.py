"""Predict the compartments of an image, tile by tile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from histo.io import slide_from_array
from histo.nn.canvas import Canvas, canvas_of
from histo.nn.device import autocast, choose_device, tiles_at_once
from histo.nn.model import Model
from histo.nn.picture import as_input, is_glass
from histo.nn.threads import map_on_threads
from histo.nn.tiling import Tile, TileGrid, Window
from histo.types import Compartment, PixelSize

__all__ = ["Prediction", "Progress", "predict_labels", "predict_tiles", "predict_window"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Compartments of one window.

    Parameters
    ----------
    window : Window
        In pixels of the canvas.
    labels : (height, width) array of uint8
        Values of `Compartment`.
    confidence : (height, width) array of uint8
        Probability of the label, 0 to 255.
    logits : (n_classes, height, width) array of float32, optional
        What the network said before that became a probability, if it was asked for; None in a tile of empty glass, of
        which the network is not asked.
    """

    window: Window
    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    logits: NDArray[np.float32] | None = None


def predict_labels(
    model: Model,
    image: NDArray[np.uint8],
    mpp: float,
    *,
    device: str | None = None,
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Predict the compartments of an image that is in memory.

    Parameters
    ----------
    model : Model
        From `load_model`.
    image : (rows, cols, 3) array of uint8
        RGB.
    mpp : float
        µm per pixel of the image.
    device : str, optional
        As `choose_device` takes it.
    progress : callable, optional
        Called with the number of tiles done, and of all.

    Returns
    -------
    labels : (rows, cols) array of uint8
        Values of `Compartment`, at **the model's** µm per pixel.
    confidence : (rows, cols) array of uint8
        Probability of the label, 0 to 255.

    Raises
    ------
    InvalidArgument
        If the image is not RGB of uint8, or there is no such device.
    MissingPixelSize
        If `mpp` is not a positive number.
    """
    slide = slide_from_array(image, mpp=PixelSize(mpp).mpp)
    canvas = canvas_of(slide, model.spec.mpp)
    predicted = predict_window(model, canvas, canvas.whole, device=device, progress=progress)
    return predicted.labels, predicted.confidence


def predict_window(
    model: Model, canvas: Canvas, window: Window, *, device: str | None = None, progress: Progress | None = None
) -> Prediction:
    """Predict a window of a canvas; only the labels are ever in memory whole, never the image.

    Parameters
    ----------
    model : Model
        From `load_model`.
    canvas : Canvas
        The slide at the model's µm per pixel.
    window : Window
        Inside the canvas.
    device : str, optional
        As `choose_device` takes it.
    progress : callable, optional
        Called with the number of tiles done, and of all.

    Returns
    -------
    Prediction
        On one device, the same bytes as in any other window.
    """
    labels = np.zeros((window.height, window.width), np.uint8)
    confidence = np.zeros_like(labels)
    n_tiles = sum(1 for _ in TileGrid(model.spec.tile, model.spec.halo).cover(window))
    for n_done, part in enumerate(predict_tiles(model, canvas, window, device=device), start=1):
        place = part.window.slices(window)
        labels[place] = part.labels
        confidence[place] = part.confidence
        if progress is not None:
            progress(n_done, n_tiles)
    return Prediction(window, labels, confidence)


def predict_tiles(
    model: Model,
    canvas: Canvas,
    window: Window,
    *,
    device: str | None = None,
    n_at_once: int | None = None,
    is_wanted: Callable[[Window], bool] | None = None,
    keeps_logits: bool = False,
) -> Iterator[Prediction]:
    """Predict a window tile by tile, in constant memory.

    Parameters
    ----------
    model : Model
        From `load_model`.
    canvas : Canvas
        The slide at the model's µm per pixel.
    window : Window
        Inside the canvas.
    device : str, optional
        As `choose_device` takes it.
    n_at_once : int, optional
        Tiles in work at once: threads on the CPU, where it changes nothing but the time; the batch elsewhere. Without
        it, what suits the device.
    is_wanted : callable, optional
        Says of a tile's inner part whether to predict it. Without it, all are.
    keeps_logits : bool, optional
        Yield them too.

    Yields
    ------
    Prediction
        Of the inner part of each tile that is wanted, row by row; all together cover the window once.
    """
    place = choose_device(device)
    predictor = _Predictor(model, model.network.to(place).eval(), place, canvas, keeps_logits)
    grid = TileGrid(model.spec.tile, model.spec.halo).cover(window)
    tiles = (tile for tile in grid if is_wanted is None or is_wanted(tile.kept))
    n_at_once = n_at_once or tiles_at_once(place)
    if place.type == "cpu":
        yield from map_on_threads(predictor.predict_one, tiles, n_at_once, n_waiting=2 * n_at_once)
    else:
        yield from _in_batches(predictor, tiles, n_at_once)


@dataclass(frozen=True, eq=False)
class _Predictor:
    model: Model
    network: torch.nn.Module
    device: torch.device
    canvas: Canvas
    keeps_logits: bool

    def look(self, tiles: list[Tile]) -> list[NDArray[np.uint8]]:
        return [self.canvas.see(tile.seen) for tile in tiles]

    def predict_one(self, tile: Tile) -> Prediction:
        return self.predict([tile], self.look([tile]))[0]

    def predict(self, tiles: list[Tile], pictures: list[NDArray[np.uint8]]) -> list[Prediction]:
        filled = [index for index, picture in enumerate(pictures) if not is_glass(picture)]
        predictions = [_empty(tile.kept) for tile in tiles]
        if filled:
            shown = self._forward(np.stack([pictures[index] for index in filled]))
            for index, labels, confidence, logits in zip(filled, *shown, strict=True):
                kept = tiles[index].kept
                inner = kept.slices(tiles[index].seen)
                own = logits[:, *inner].copy() if self.keeps_logits else None
                predictions[index] = Prediction(kept, labels[inner], confidence[inner], own)
        return predictions

    @torch.inference_mode()
    def _forward(
        self, pictures: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Iterable[NDArray[np.float32]]]:
        images = as_input(torch.from_numpy(pictures).to(self.device), self.model.spec.normalisation)
        with autocast(self.device):
            logits = self.network(images).float()
        probability, channel = (logits / self.model.spec.temperature).softmax(dim=1).max(dim=1)
        compartments = np.array(self.model.spec.compartments, np.uint8)
        confidence = (probability * 255).round().to(torch.uint8)
        # On a GPU, logits are forty times what labels are: they are brought over only if somebody wants them.
        kept = logits.cpu() if self.keeps_logits else torch.empty(len(pictures), 0)
        return compartments[channel.cpu().numpy()], confidence.cpu().numpy(), kept.numpy()


def _empty(window: Window) -> Prediction:
    shape = window.height, window.width
    return Prediction(window, np.full(shape, Compartment.BACKGROUND, np.uint8), np.full(shape, 255, np.uint8))


def _in_batches(predictor: _Predictor, tiles: Iterable[Tile], n_tiles: int) -> Iterator[Prediction]:
    """Predict several tiles in one pass, and read the next ones meanwhile."""
    groups = iter(tiles)
    with ThreadPoolExecutor(max_workers=1) as reader:
        group = list(islice(groups, n_tiles))
        pictures = reader.submit(predictor.look, group)
        while group:
            following = list(islice(groups, n_tiles))
            ahead = reader.submit(predictor.look, following)
            yield from predictor.predict(group, pictures.result())
            group, pictures = following, ahead
