"""Label maps on disk: OME-Zarr image-labels that napari and QuPath's relatives open, and that read back exactly."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from histo.errors import CorruptResults, InvalidLabelMap, MissingPixelSize
from histo.io.atomic import write_atomically
from histo.io.pyramid import Halve, halve_by_majority, halve_by_mean, levels
from histo.types import Compartment, Exclusion, LabelMap

__all__ = ["read_label_map", "write_label_map"]

_CHUNK = 512
# A whole slide of 100,000 x 100,000 pixels; more is a damaged file, and would fill the memory.
_LARGEST_AREA_PX = 10_000_000_000
_NEXT_STEP = "Delete the folder and run `histo score` again: it does only what is missing."


def write_label_map(path: str | os.PathLike[str], labels: LabelMap) -> Path:
    """Write a label map as an OME-Zarr image-label (NGFF 0.5), all of it or nothing.

    The labels are a pyramid of arrays ``0``, ``1``, ..., each half of the one before by majority. The confidence, where
    there is one, is an image of its own in the subgroup ``confidence``, halved by mean; what was excluded is an
    image-label in the subgroup ``excluded``. Names and colours of the compartments stand in the metadata. Positions are
    µm from the centre of the slide's first level-0 pixel, so a viewer lays the map over the slide. The attribute
    ``histo`` keeps the numbers of the `LabelMap` itself and the sha256 of its arrays. The same map, the same bytes.

    Parameters
    ----------
    path : path-like
        The folder to write, by custom ``*.ome.zarr``. One that stands there is replaced.
    labels : LabelMap
        What to write.

    Returns
    -------
    Path
        The folder.

    References
    ----------
    OME-NGFF 0.5, https://ngff.openmicroscopy.org/0.5/
    """
    path = Path(path)
    name = path.name.removesuffix(".zarr").removesuffix(".ome")
    with write_atomically(path) as unfinished:
        root = zarr.create_group(unfinished, zarr_format=3)
        n_levels = _write_levels(root, labels.array, halve_by_majority)
        root.attrs.update(
            {
                "ome": {
                    "version": "0.5",
                    "multiscales": [_multiscale(name, labels, n_levels, "majority")],
                    "image-label": {**_names_of(Compartment), "colors": _colours()},
                },
                "histo": _exact_numbers(labels),
            }
        )
        if labels.confidence is not None:
            group = root.create_group("confidence")
            n_levels = _write_levels(group, labels.confidence, halve_by_mean)
            multiscale = _multiscale(f"{name} confidence", labels, n_levels, "mean")
            group.attrs.update({"ome": {"version": "0.5", "multiscales": [multiscale]}})
        if labels.excluded is not None:
            group = root.create_group("excluded")
            n_levels = _write_levels(group, labels.excluded, halve_by_majority)
            multiscale = _multiscale(f"{name} excluded", labels, n_levels, "majority")
            group.attrs.update(
                {"ome": {"version": "0.5", "multiscales": [multiscale], "image-label": _names_of(Exclusion)}}
            )
    return path


def read_label_map(path: str | os.PathLike[str]) -> LabelMap:
    """Read back what `write_label_map` wrote, exactly.

    Parameters
    ----------
    path : path-like
        The OME-Zarr folder.

    Returns
    -------
    LabelMap
        With the same array, pixel sizes, origin, confidence and exclusions.

    Raises
    ------
    CorruptResults
        If there is nothing, the folder was not written by histo, lacks a part, or its pixels are not those that were
        written.
    """
    path = Path(path)
    if not path.is_dir():
        raise CorruptResults(
            "there is no label map here",
            file=path,
            expected="an OME-Zarr folder",
            got="a file" if path.exists() else "nothing",
            next_step="Check the path, or run `histo score` to make it.",
        )
    try:
        return _read(path)
    except CorruptResults:
        raise
    except (InvalidLabelMap, MissingPixelSize) as error:
        raise _corrupt(path, error.what, got=error.got) from error
    # zarr's codecs report damage as any of these, depending on where it is.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise _corrupt(path, "the label map does not read", got=f"{type(error).__name__}: {error}") from error


def _read(path: Path) -> LabelMap:
    root = zarr.open_group(path, mode="r", zarr_format=3)
    numbers = root.attrs.get("histo")
    if not isinstance(numbers, dict) or not {"mpp", "slide_mpp", "origin", "sha256"} <= numbers.keys():
        raise CorruptResults(
            "this OME-Zarr is not a label map that histo wrote",
            file=path,
            expected="the attribute histo with mpp, slide_mpp, origin and sha256",
            got=f"attributes {sorted(root.attrs)}",
            next_step="Read foreign images with histo.open_slide and make a histo.LabelMap of them.",
        )
    array = _read_array(path, "0", root, numbers["sha256"])
    layers = {
        name: _read_array(path, f"{name}/0", root, numbers[f"{name}_sha256"])
        for name in ("confidence", "excluded")
        if numbers.get(f"{name}_sha256") is not None
    }
    row, col = numbers["origin"]
    return LabelMap(
        array,
        mpp=float(numbers["mpp"]),
        slide_mpp=float(numbers["slide_mpp"]),
        origin=(float(row), float(col)),
        **layers,
    )


def _read_array(path: Path, name: str, root: zarr.Group, sha256: str) -> NDArray[np.uint8]:
    if name not in root:
        raise _corrupt(path, "a part of the label map is missing", expected=f"the array {name}")
    node = root[name]
    if not isinstance(node, zarr.Array) or node.dtype != np.uint8 or node.ndim != 2:
        raise _corrupt(path, f"{name} is not a label map's array", expected="a uint8 array (rows, cols)", got=str(node))
    if node.shape[0] * node.shape[1] > _LARGEST_AREA_PX:
        raise _corrupt(
            path, f"the array {name} is too large", expected=f"<= {_LARGEST_AREA_PX} pixels", got=str(node.shape)
        )
    array: NDArray[np.uint8] = np.ascontiguousarray(node[:])
    # A lost chunk file reads as background without a word; only the sum over all pixels tells.
    if _sha256(array) != sha256:
        raise _corrupt(path, f"the pixels of {name} are not those that were written", expected=f"sha256 {sha256}")
    return array


def _write_levels(group: zarr.Group, array: NDArray[np.uint8], halve: Halve) -> int:
    n_levels = 0
    for level, pixels in enumerate(levels(array, halve, _CHUNK)):
        stored = group.create_array(
            str(level),
            shape=pixels.shape,
            dtype=pixels.dtype,
            chunks=(_CHUNK, _CHUNK),
            compressors=ZstdCodec(level=5),
            fill_value=0,
            dimension_names=("y", "x"),
        )
        stored[:] = pixels
        n_levels = level + 1
    return n_levels


def _multiscale(name: str, labels: LabelMap, n_levels: int, method: str) -> dict[str, Any]:
    return {
        "name": name,
        "axes": [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "yx"],
        "datasets": [_dataset(labels, level) for level in range(n_levels)],
        "type": method,
    }


def _dataset(labels: LabelMap, level: int) -> dict[str, Any]:
    # The centre of this level's first pixel, counted in pixels of the map, then in µm on the slide.
    centre = np.full(2, (2**level - 1) / 2)
    translation = labels.to_slide(centre) * labels.slide_mpp
    return {
        "path": str(level),
        "coordinateTransformations": [
            {"type": "scale", "scale": [labels.mpp * 2**level] * 2},
            {"type": "translation", "translation": translation.tolist()},
        ],
    }


def _names_of(kind: type[Compartment] | type[Exclusion]) -> dict[str, Any]:
    return {"version": "0.5", "properties": [{"label-value": int(member), "name": member.label} for member in kind]}


def _colours() -> list[dict[str, Any]]:
    return [
        {"label-value": int(member), "rgba": [*member.rgb, 0 if member is Compartment.BACKGROUND else 255]}
        for member in Compartment
    ]


def _exact_numbers(labels: LabelMap) -> dict[str, Any]:
    numbers: dict[str, Any] = {
        "mpp": float(labels.mpp),
        "slide_mpp": float(labels.slide_mpp),
        "origin": [float(value) for value in labels.origin],
        "sha256": _sha256(labels.array),
    }
    for name, layer in (("confidence", labels.confidence), ("excluded", labels.excluded)):
        if layer is not None:
            numbers[f"{name}_sha256"] = _sha256(layer)
    return numbers


def _sha256(array: NDArray[np.uint8]) -> str:
    """Hash the pixels row by row, with the shape: the same for any memory layout."""
    digest = hashlib.sha256(repr(array.shape).encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _corrupt(path: Path, what: str, *, expected: str | None = None, got: str | None = None) -> CorruptResults:
    return CorruptResults(what, file=path, expected=expected, got=got, next_step=_NEXT_STEP)
