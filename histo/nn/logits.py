"""What a network says of each pixel before that becomes a probability: for calibration, where labels are not enough."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from histo.nn.canvas import Canvas
from histo.nn.device import autocast, choose_device
from histo.nn.model import Model
from histo.nn.picture import as_input, is_glass
from histo.nn.tiling import TileGrid, Window

__all__ = ["predict_logits"]


def predict_logits(
    model: Model, image: NDArray[np.uint8], *, device: str | None = None
) -> Iterator[tuple[Window, NDArray[np.float32]]]:
    """Predict the logits of an image tile by tile, as `predict_labels` sees it.

    Parameters
    ----------
    model : Model
        From `load_model`.
    image : (rows, cols, 3) array of uint8
        RGB at the model's µm per pixel.
    device : str, optional
        As `choose_device` takes it.

    Yields
    ------
    window : Window
        Part of the image; tiles of empty glass, of which the network is not asked, are left out.
    logits : (n_classes, height, width) array of float32
        Of that part.
    """
    place = choose_device(device)
    network = model.network.to(place).eval()
    rows, cols = image.shape[:2]
    canvas = Canvas(rows, cols, lambda row, col, height, width: image[row : row + height, col : col + width])
    for tile in TileGrid(model.spec.tile, model.spec.halo).cover(canvas.whole):
        picture = canvas.see(tile.seen)
        if is_glass(picture):
            continue
        with torch.inference_mode(), autocast(place):
            seen = as_input(torch.from_numpy(np.ascontiguousarray(picture[None])).to(place), model.spec.normalisation)
            logits = network(seen)[0].float().cpu().numpy()
        yield tile.kept, logits[:, *tile.kept.slices(tile.seen)]
