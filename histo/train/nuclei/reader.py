"""Read the sets of nuclei: centres in JSON, or label images."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from histo.errors import InvalidAnnotation
from histo.train.nuclei.settings import Reader
from histo.train.nuclei.truth import NucleiTruth, as_bits, truth_of_outlines

__all__ = ["list_pictures", "parse_centres", "read_picture", "read_truth"]

_PICTURES = (".jpg", ".png", ".tif", ".tiff")
_LABELS = ".labels.tif"
_DETECTION = "detection"
# A centre of a class this close to one of the list of all centres is the same nucleus, in pixels.
_SAME_PX = 2.0


def list_pictures(folder: Path, reader: Reader) -> dict[str, Path]:
    """List the pictures of a set.

    Parameters
    ----------
    folder : Path
        Of the set.
    reader : {"centres", "outlines", "masks"}
        How it is written.

    Returns
    -------
    dict of str to Path
        By name without extension, in order.

    Raises
    ------
    InvalidAnnotation
        If there is none.
    """
    place = folder / "images" if reader == "masks" else folder
    found = {
        path.name.removesuffix(path.suffix): path
        for path in sorted(place.glob("*"))
        if path.suffix in _PICTURES and not path.name.endswith(_LABELS)
    }
    if not found:
        raise InvalidAnnotation(
            "there are no pictures in this set",
            file=place,
            expected=f"files that end in {', '.join(_PICTURES)}",
            next_step="HISTO_DATA names the folder that sets lie in.",
        )
    return found


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as RGB; grey becomes three times the same.

    Raises
    ------
    InvalidAnnotation
        If it does not read.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise InvalidAnnotation("the picture does not read", file=path, expected="JPEG, PNG or TIFF of 8 bits")
    return np.ascontiguousarray(np.asarray(image, np.uint8)[..., ::-1])


def read_truth(path: Path, reader: Reader, classes: Mapping[str, tuple[str, ...]]) -> NucleiTruth:
    """Read what is known of a picture.

    Parameters
    ----------
    path : Path
        Of the picture.
    reader : {"centres", "outlines", "masks"}
        How its set is written.
    classes : mapping of str to tuple of str
        What the set's names may be.

    Returns
    -------
    NucleiTruth

    Raises
    ------
    InvalidAnnotation
        If the file is absent or is not what the set should hold.
    """
    name = path.name.removesuffix(path.suffix)
    try:
        if reader == "centres":
            return parse_centres(json.loads(path.with_name(f"{name}.json").read_text(encoding="utf-8")), classes)
        labels = _find_mask(path, name) if reader == "masks" else path.with_name(f"{name}{_LABELS}")
        return truth_of_outlines(_check_labels(tifffile.imread(labels)))
    except (OSError, ValueError, tifffile.TiffFileError) as error:
        raise InvalidAnnotation("the truth of a picture does not read", file=path, got=str(error)) from error


def parse_centres(entries: object, classes: Mapping[str, tuple[str, ...]]) -> NucleiTruth:
    """Take centres from lists of ``[x, y]``: one of all nuclei (``detection``), and one for each class.

    Parameters
    ----------
    entries : object
        As `json.loads` gives it.
    classes : mapping of str to tuple of str
        What each list's nuclei may be; a list that is not named here says nothing of the class.

    Returns
    -------
    NucleiTruth
        The nuclei that have a class, then those of ``detection`` that lie nowhere near one of them.

    Raises
    ------
    ValueError
        If it is not such lists.

    Examples
    --------
    >>> truth = parse_centres({"detection": [[9, 5], [1, 2]], "fibroblast": [[9, 5]]}, {"fibroblast": ("stromal",)})
    >>> truth.centre.tolist(), truth.kind_bits.tolist()
    ([[4.0, 8.0], [1.0, 0.0]], [8, 0])
    """
    if not isinstance(entries, dict):
        raise ValueError(f"expected lists of centres by name, got {type(entries).__name__}")  # noqa: TRY004
    centres: list[NDArray[np.float64]] = [np.zeros((0, 2))]
    bits: list[NDArray[np.uint8]] = [np.zeros(0, np.uint8)]
    for name in (*(name for name in entries if name != _DETECTION), _DETECTION):
        points = _as_points(name, entries.get(name, []))
        known = np.concatenate(centres)
        if name == _DETECTION and len(known) and len(points):
            away = np.hypot(*(points[:, None] - known[None]).transpose(2, 0, 1)).min(axis=1)
            points = points[away > _SAME_PX]
        centres.append(points)
        bits.append(np.full(len(points), as_bits(classes.get(name, ())), np.uint8))
    return NucleiTruth(np.concatenate(centres), np.concatenate(bits))


def _find_mask(path: Path, name: str) -> Path:
    """Find the mask of a picture: the extension need not be the same."""
    masks = path.parents[1] / "masks"
    named = (masks / f"{name}{suffix}" for suffix in (".tif", ".tiff"))
    return next((mask for mask in named if mask.is_file()), masks / path.name)


def _as_points(name: str, points: object) -> NDArray[np.float64]:
    """Turn (x, y), counted from 1 as MATLAB does, into rows and columns."""
    if not isinstance(points, list) or not all(_is_point(point) for point in points):
        raise ValueError(f"{name}: expected a list of [x, y]")
    return np.asarray(points, np.float64).reshape(-1, 2)[:, ::-1] - 1.0


def _is_point(point: object) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(value, int | float) and math.isfinite(value) for value in point)
    )


def _check_labels(labels: NDArray[np.generic]) -> NDArray[np.integer]:
    if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer) or labels.size == 0:
        raise ValueError(f"expected a label image, got {labels.dtype} of shape {labels.shape}")
    return labels.astype(np.int64)
