"""What napari asks when a file is dropped on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from histo.io.slides import SLIDE_SUFFIXES
from napari_histo.layers import LayerData, label_layers, slide_layers

__all__ = ["get_reader"]

_Paths = str | Sequence[str]


def get_reader(path: _Paths) -> Callable[[_Paths], list[LayerData]] | None:
    """Say whether histo opens these files.

    Parameters
    ----------
    path : str or list of str
        Files or OME-Zarr folders.

    Returns
    -------
    callable or None
        A function from the same paths to napari layers; None when one of them has not the name of a slide.
    """
    paths = _as_list(path)
    if paths and all(_has_slide_name(item) for item in paths):
        return read_layers
    return None


def read_layers(path: _Paths) -> list[LayerData]:
    """Open slides and label maps, each by what it is.

    Parameters
    ----------
    path : str or list of str
        Files or OME-Zarr folders.

    Returns
    -------
    list of (data, options, layer type)
        In the order of the paths.
    """
    return [layer for item in _as_list(path) for layer in (label_layers if _is_label_map(item) else slide_layers)(item)]


def _as_list(path: _Paths) -> list[Path]:
    return [Path(path)] if isinstance(path, str) else [Path(item) for item in path]


def _has_slide_name(path: Path) -> bool:
    if path.is_dir() and not path.name.lower().endswith(".zarr"):
        return False
    return path.name.lower().endswith(SLIDE_SUFFIXES)


def _is_label_map(path: Path) -> bool:
    """Look for the attributes that histo writes; everything else in a Zarr folder is a slide's matter."""
    try:
        document = json.loads((path / "zarr.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    attributes = document.get("attributes", {}) if isinstance(document, dict) else {}
    return "histo" in attributes and "image-label" in attributes.get("ome", {})
