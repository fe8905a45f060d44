"""OME-Zarr images, NGFF 0.4 (Zarr 2) and 0.5 (Zarr 3)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from histo.errors import HistoError, UnreadableSlide, UnsupportedSlide
from histo.io.slides.contents import GREY, RGB, SlideContents
from histo.io.slides.foreign import FOREIGN_ERRORS, foreign_code, one_line
from histo.io.slides.level import TiledLevel
from histo.io.slides.limits import check_block_bytes, check_slide_size
from histo.io.slides.ome import LENGTH_UNITS_UM
from histo.io.slides.pixel_size import PixelSizeFinding
from histo.io.slides.tile_cache import TileCache

__all__ = ["open_ome_zarr"]

# Colours in which bioformats2raw and others mark the three channels of an RGB picture.
_RGB_COLOURS = ("FF0000", "00FF00", "0000FF")


def open_ome_zarr(path: Path) -> SlideContents:
    """Open an OME-Zarr image (https://ngff.openmicroscopy.org, versions 0.4 and 0.5).

    Parameters
    ----------
    path : Path
        The folder.

    Returns
    -------
    SlideContents

    Raises
    ------
    UnreadableSlide
        If metadata or arrays are damaged or missing.
    UnsupportedSlide
        If it is a plate, or holds several focal planes or times.
    """
    with foreign_code(path, "reading the OME-Zarr metadata"):
        group, image = _image_group(path)
        multiscale = image["multiscales"][0]
        axes = [axis if isinstance(axis, str) else str(axis["name"]) for axis in multiscale["axes"]]
        arrays = [group[dataset["path"]] for dataset in multiscale["datasets"]]
        for array in arrays:
            _check_array(array, axes, path)
        dtype = np.dtype(arrays[0].dtype).newbyteorder("=")
        n_channels = arrays[0].shape[axes.index("c")] if "c" in axes else 1
        channels = _channels(image.get("omero") or {}, n_channels, dtype)
        cache = TileCache()
        sources = tuple(_level(array, axes, number, cache, path) for number, array in enumerate(arrays))
        findings, notes = _findings(multiscale, axes)
    return SlideContents(
        format="OME-Zarr",
        sources=sources,
        channels=channels,
        dtype=dtype,
        is_brightfield=None if channels == RGB else False,
        findings=findings,
        notes=notes,
    )


def _image_group(path: Path) -> tuple[Any, Mapping[str, Any]]:
    """Find the group with the multiscales: the root, or group 0 of what bioformats2raw writes."""
    root = zarr.open(path, mode="r")
    for group in (root, root["0"] if isinstance(root, zarr.Group) and "0" in root else None):
        if not isinstance(group, zarr.Group):
            continue
        attributes = dict(group.attrs)
        ome = attributes.get("ome")
        described: Mapping[str, Any] = ome if isinstance(ome, Mapping) else attributes
        if "plate" in described:
            raise UnsupportedSlide("this OME-Zarr is a plate", file=path, next_step="Give the path of one image in it.")
        if described.get("multiscales"):
            return group, described
    raise UnreadableSlide(
        "this Zarr has no image metadata",
        file=path,
        expected="multiscales, as OME-Zarr 0.4 or 0.5 has them",
        next_step="Write it with an OME-Zarr writer, or save it as OME-TIFF.",
    )


def _check_array(array: Any, axes: list[str], path: Path) -> None:
    if not isinstance(array, zarr.Array) or array.ndim != len(axes) or not {"y", "x"} <= set(axes):
        raise UnreadableSlide("axes and array do not agree", file=path, got=f"axes {axes}, {array!r}")
    for axis, size in zip(axes, array.shape, strict=True):
        if axis not in "cyx" and size > 1:
            raise UnsupportedSlide(
                f"the image holds {size} planes along axis {axis!r}",
                file=path,
                expected="one picture, with its channels",
                next_step="Save each of them as an image of its own.",
            )
    if np.dtype(array.dtype).kind not in "uif":
        raise UnsupportedSlide("pixels of this type are not read", file=path, got=str(array.dtype))
    shape = dict(zip(axes, array.shape, strict=True))
    check_slide_size(shape["y"], shape["x"], path)
    check_block_bytes(math.prod(array.chunks) * np.dtype(array.dtype).itemsize, "a chunk", path)


def _level(array: Any, axes: list[str], number: int, cache: TileCache, path: Path) -> TiledLevel:
    shape = dict(zip(axes, array.shape, strict=True))
    chunks = dict(zip(axes, array.chunks, strict=True))
    tile_shape = int(chunks["y"]), int(chunks["x"])
    kept = [axis for axis in axes if axis in "cyx"]

    def decode(tile_row: int, tile_col: int) -> NDArray[Any]:
        window = {
            "y": slice(tile_row * tile_shape[0], (tile_row + 1) * tile_shape[0]),
            "x": slice(tile_col * tile_shape[1], (tile_col + 1) * tile_shape[1]),
            "c": slice(None),
        }
        try:
            pixels = np.asarray(array[tuple(window.get(axis, 0) for axis in axes)])
        except HistoError:
            raise
        except FOREIGN_ERRORS as error:
            raise UnreadableSlide(
                f"a damaged tile: level {number}, tile row {tile_row}, tile column {tile_col}",
                file=path,
                got=f"{type(error).__name__}: {one_line(error)}",
                next_step="Copy the folder again; the rest of it may still be sound.",
            ) from error
        if "c" not in kept:
            pixels = pixels[..., None]
            return np.ascontiguousarray(pixels.transpose([kept.index("y"), kept.index("x"), 2]))
        return np.ascontiguousarray(pixels.transpose([kept.index(axis) for axis in "yxc"]))

    dtype = np.dtype(array.dtype).newbyteorder("=")
    return TiledLevel((int(shape["y"]), int(shape["x"])), tile_shape, int(shape.get("c", 1)), dtype, decode, cache)


def _channels(omero: Mapping[str, Any], count: int, dtype: np.dtype[Any]) -> tuple[str, ...]:
    """Name the channels; three of uint8 in red, green and blue, or without a word on them, are a colour picture."""
    described = omero.get("channels") or []
    colours = tuple(str(channel.get("color", "")).upper().lstrip("#") for channel in described)
    if count == 3 and dtype == np.uint8 and colours in ((), _RGB_COLOURS):
        return RGB
    names = tuple(str(channel.get("label") or f"channel {number}") for number, channel in enumerate(described))
    if len(names) == count:
        return names
    return GREY if count == 1 else tuple(f"channel {number}" for number in range(count))


def _findings(multiscale: Mapping[str, Any], axes: list[str]) -> tuple[tuple[PixelSizeFinding, ...], tuple[str, ...]]:
    """Multiply the scales of the first dataset and of the whole, along y and x, with the unit of the axes."""
    scale = dict.fromkeys(axes, 1.0)
    transforms = [
        *multiscale["datasets"][0].get("coordinateTransformations", ()),
        *multiscale.get("coordinateTransformations", ()),
    ]
    steps = [transform["scale"] for transform in transforms if transform.get("type") == "scale"]
    for step in steps:
        for axis, factor in zip(axes, step, strict=True):
            scale[axis] *= float(factor)
    units = {axis["name"]: str(axis.get("unit", "")) for axis in multiscale["axes"] if not isinstance(axis, str)}
    unit_um = [LENGTH_UNITS_UM.get(units.get(axis, "")) for axis in "yx"]
    if not steps or unit_um[0] is None or unit_um[1] is None:
        return (), (f"OME-Zarr scale: {'absent' if not steps else 'without a unit of length'}",)
    return (PixelSizeFinding(scale["y"] * unit_um[0], scale["x"] * unit_um[1], "OME-Zarr scale"),), ()
