"""Networks: their shape, their files, and predicting an image tile by tile."""

from __future__ import annotations

from histo.junction_maps import JunctionStain
from histo.nn.canvas import Canvas, canvas_of
from histo.nn.device import choose_device
from histo.nn.junction_canvas import junction_canvas, junction_channel
from histo.nn.junction_field import see_junctions
from histo.nn.junction_model import JunctionModel, load_junction_model, read_junction_model
from histo.nn.junction_predict import JunctionTile, junction_grid, predict_junctions
from histo.nn.junction_spec import JunctionSpec
from histo.nn.model import Model, read_model, write_model
from histo.nn.nuclei_canvas import nuclei_canvas
from histo.nn.nuclei_model import NucleiModel, load_nuclei_model, read_nuclei_model
from histo.nn.nuclei_predict import NucleiTile, nuclei_grid, predict_nuclei
from histo.nn.nuclei_spec import NucleiSpec
from histo.nn.predict import Prediction, predict_labels, predict_tiles, predict_window
from histo.nn.spec import ModelSpec, Normalisation
from histo.nn.tiling import Tile, TileGrid, Window
from histo.nn.zoo import find_model, list_models, load_model, models_folders

__all__ = [
    "Canvas",
    "JunctionModel",
    "JunctionSpec",
    "JunctionStain",
    "JunctionTile",
    "Model",
    "ModelSpec",
    "Normalisation",
    "NucleiModel",
    "NucleiSpec",
    "NucleiTile",
    "Prediction",
    "Tile",
    "TileGrid",
    "Window",
    "canvas_of",
    "choose_device",
    "find_model",
    "junction_canvas",
    "junction_channel",
    "junction_grid",
    "list_models",
    "load_junction_model",
    "load_model",
    "load_nuclei_model",
    "models_folders",
    "nuclei_canvas",
    "nuclei_grid",
    "predict_junctions",
    "predict_labels",
    "predict_nuclei",
    "predict_tiles",
    "predict_window",
    "read_junction_model",
    "read_model",
    "read_nuclei_model",
    "see_junctions",
    "write_model",
]
