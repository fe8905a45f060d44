"""histo in napari: open slides and results in true micrometres."""

from __future__ import annotations

from napari_histo._reader import get_reader
from napari_histo.layers import label_layers, slide_layers
from napari_histo.lazy_level import LazyLevel

__all__ = ["LazyLevel", "get_reader", "label_layers", "slide_layers"]
