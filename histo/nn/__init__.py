"""Networks: their shape, their files, and predicting an image tile by tile."""

from __future__ import annotations

from histo.nn.canvas import Canvas, canvas_of
from histo.nn.device import choose_device
from histo.nn.model import Model, read_model, write_model
from histo.nn.predict import Prediction, predict_labels, predict_tiles, predict_window
from histo.nn.spec import ModelSpec, Normalisation
from histo.nn.tiling import Tile, TileGrid, Window
from histo.nn.zoo import find_model, list_models, load_model, models_folders

__all__ = [
    "Canvas",
    "Model",
    "ModelSpec",
    "Normalisation",
    "Prediction",
    "Tile",
    "TileGrid",
    "Window",
    "canvas_of",
    "choose_device",
    "find_model",
    "list_models",
    "load_model",
    "models_folders",
    "predict_labels",
    "predict_tiles",
    "predict_window",
    "read_model",
    "write_model",
]
