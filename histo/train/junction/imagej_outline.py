"""Read outlines that ImageJ wrote: a ZIP of ``.roi`` files, one a cell."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from histo.errors import InvalidAnnotation

__all__ = ["fill_outlines", "parse_roi", "read_outlines"]

_MAGIC = b"Iout"
_HEADER = 64
_SUB_PIXEL = 128
# Of ImageJ's types of ROI those that are closed outlines of points: polygon, freehand and traced.
_CLOSED = (0, 7, 8)


def read_outlines(path: Path) -> list[NDArray[np.float64]]:
    """Read the outlines of a ZIP.

    Parameters
    ----------
    path : Path
        Of ``.roi`` files.

    Returns
    -------
    list of (n, 2) array
        Corners as rows and columns; whole numbers are pixel centres.

    Raises
    ------
    InvalidAnnotation
        If it does not read, or holds something else than closed outlines.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".roi")]
            outlines = [parse_roi(archive.read(name)) for name in names]
    except (OSError, ValueError, zipfile.BadZipFile, struct.error) as error:
        raise InvalidAnnotation("the outlines of cells do not read", file=path, got=str(error)) from error
    if not outlines:
        raise InvalidAnnotation("there are no outlines in this file", file=path, expected="files that end in .roi")
    return outlines


def parse_roi(content: bytes) -> NDArray[np.float64]:
    """Take the corners from the bytes of a ``.roi`` file, as ImageJ's own decoder lays them out.

    Parameters
    ----------
    content : bytes
        A header of 64 bytes, big-endian, then all columns and all rows of the corners.

    Returns
    -------
    (n, 2) array
        Rows and columns; whole numbers are pixel centres, where ImageJ counts from a pixel's corner.

    Raises
    ------
    ValueError
        If it is no closed outline.
    """
    if content[:4] != _MAGIC or len(content) < _HEADER:
        raise ValueError("not an ImageJ ROI")
    kind = content[6]
    if kind not in _CLOSED:
        raise ValueError(f"a ROI of type {kind}, which is no closed outline of points")
    top, left = struct.unpack(">hh", content[8:12])
    (n_corners,) = struct.unpack(">H", content[16:18])
    (options,) = struct.unpack(">H", content[50:52])
    n_bytes = 4 * n_corners
    if len(content) < _HEADER + n_bytes * (3 if options & _SUB_PIXEL else 1):
        raise ValueError(f"{n_corners} corners do not fit into {len(content)} bytes")
    if options & _SUB_PIXEL:
        cols, rows = np.frombuffer(content, ">f4", 2 * n_corners, _HEADER + n_bytes).reshape(2, -1)
        return np.stack([rows, cols], axis=1).astype(np.float64) - 0.5
    cols, rows = np.frombuffer(content, ">i2", 2 * n_corners, _HEADER).reshape(2, -1)
    return np.stack([rows + float(top), cols + float(left)], axis=1) - 0.5


def fill_outlines(outlines: list[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.int32]:
    """Give the pixels inside of outlines the numbers of these.

    Parameters
    ----------
    outlines : list of (n, 2) array
        From `read_outlines`.
    shape : (int, int)
        Rows and columns of the picture.

    Returns
    -------
    (rows, cols) array of int32
        0 outside of all, else 1 + the place in the list.

    Examples
    --------
    >>> square = np.array([[0.5, 0.5], [0.5, 2.5], [2.5, 2.5], [2.5, 0.5]])
    >>> fill_outlines([square], (4, 4))[1].tolist()
    [0, 1, 1, 0]
    """
    cells = np.zeros(shape, np.int32)
    for number, corners in enumerate(outlines, start=1):
        inside = polygon(corners[:, 0], corners[:, 1], shape)  # type: ignore[no-untyped-call]
        cells[inside] = number
    return cells
