"""Read the sets of junctions: masks of what is stained, or outlines of the cells between which junctions run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from histo.errors import InvalidAnnotation
from histo.io import open_slide
from histo.train.junction.imagej_outline import fill_outlines, read_outlines
from histo.train.junction.settings import JunctionReader
from histo.train.junction.truth import JunctionTruth, thin, truth_of_lines

__all__ = ["list_junction_pictures", "read_junction_picture", "truth_of_cells", "truth_of_mask"]

_PICTURES: dict[JunctionReader, str] = {"masks": ".czi", "cells": ".tif"}
_TRUTHS: dict[JunctionReader, str] = {"masks": ".seg.tif", "cells": "_ROIs.zip"}

# A mask by machine leaves out what is blurred: away from it, what is half as bright as it is around there is doubted.
_NEAR_UM = 0.6
_DOUBT_SHARE = 0.5
_SMOOTH_UM = 0.3
_AROUND_UM = 5.0
# Cells are parted by lines one pixel wide: what is farther from all of them belongs to none.
_LINE_PX = 2.5


@dataclass(frozen=True, eq=False)
class JunctionPicture:
    """A picture as its set has it.

    Parameters
    ----------
    signal : (rows, cols) array of float32
        Counts.
    truth : JunctionTruth
        On the same grid.
    """

    signal: NDArray[np.float32]
    truth: JunctionTruth


def list_junction_pictures(folder: Path, reader: JunctionReader) -> dict[str, Path]:
    """List the pictures of a set.

    Parameters
    ----------
    folder : Path
        Of the set.
    reader : {"masks", "cells"}
        How it is written.

    Returns
    -------
    dict of str to Path
        By name without extension, in order: those that have a truth beside them.

    Raises
    ------
    InvalidAnnotation
        If there is none.
    """
    ending, truth = _PICTURES[reader], _TRUTHS[reader]
    named = ((path.name.removesuffix(ending), path) for path in sorted(folder.glob(f"*{ending}")))
    found = {name: path for name, path in named if (folder / f"{name}{truth}").is_file()}
    if not found:
        raise InvalidAnnotation(
            "there are no pictures in this set",
            file=folder,
            expected=f"files such as a{ending} with a{truth}",
            next_step="HISTO_DATA names the folder that sets lie in.",
        )
    return found


def read_junction_picture(path: Path, reader: JunctionReader, mpp: float) -> JunctionPicture:
    """Read a picture and what is known of it.

    Parameters
    ----------
    path : Path
        Of the picture, from `list_junction_pictures`.
    reader : {"masks", "cells"}
        How its set is written.
    mpp : float
        µm per pixel.

    Returns
    -------
    JunctionPicture

    Raises
    ------
    InvalidAnnotation
        If the truth does not read, or is not of the picture's size.
    UnreadableSlide
        If the picture does not read.
    """
    truth_path = path.with_name(f"{path.name.removesuffix(_PICTURES[reader])}{_TRUTHS[reader]}")
    with open_slide(path, mpp=mpp) as slide:
        signal = slide.read(0, 0, *slide.shape)[..., 0].astype(np.float32)
    rows, cols = signal.shape
    if reader == "cells":
        return JunctionPicture(signal, truth_of_cells(fill_outlines(read_outlines(truth_path), (rows, cols)), mpp))
    try:
        mask = tifffile.imread(truth_path) > 0
    except (OSError, ValueError, tifffile.TiffFileError) as error:
        raise InvalidAnnotation("the mask of a picture does not read", file=truth_path, got=str(error)) from error
    if mask.shape != signal.shape:
        raise InvalidAnnotation(
            "a mask is as large as its picture", file=truth_path, expected=str(signal.shape), got=str(mask.shape)
        )
    return JunctionPicture(signal, truth_of_mask(mask, signal, mpp))


def truth_of_mask(mask: NDArray[np.bool_], signal: NDArray[np.float32], mpp: float) -> JunctionTruth:
    """Take the junctions of a mask of what is stained; of what it leaves out nobody said whether it is a gap.

    Parameters
    ----------
    mask : (rows, cols) array of bool
        Stained junctions, a few pixels wide.
    signal : (rows, cols) array of float32
        Of the same picture: where the mask is silent but the signal is not, the mask is doubted.
    mpp : float
        µm per pixel.

    Returns
    -------
    JunctionTruth
    """
    smooth = np.asarray(cv2.GaussianBlur(signal, (0, 0), max(_SMOOTH_UM / mpp, 0.8)), np.float32)
    background = _mean_where(smooth, ~mask, _AROUND_UM / mpp)
    usual = _mean_where(smooth - background, mask, _AROUND_UM / mpp)
    away = ndimage.distance_transform_edt(~mask, sampling=mpp) > _NEAR_UM
    is_bright = smooth - background > _DOUBT_SHARE * usual
    doubted = ndimage.distance_transform_edt(~(away & is_bright), sampling=mpp) <= _NEAR_UM
    lines = thin(mask)
    return truth_of_lines(lines, mpp, stained=lines, is_doubted=doubted & away)


def truth_of_cells(cells: NDArray[np.int32], mpp: float) -> JunctionTruth:
    """Take the lines between numbered cells, and around those beside which nothing is numbered.

    Parameters
    ----------
    cells : (rows, cols) array of int32
        0 on lines one pixel wide, and where no cell was outlined.
    mpp : float
        µm per pixel.

    Returns
    -------
    JunctionTruth
        Known in cells and on the lines around them; nobody said where they are stained.
    """
    is_cell = cells > 0
    is_near = ndimage.distance_transform_edt(~is_cell) <= _LINE_PX
    around = ~is_cell & (ndimage.binary_dilation(is_cell, np.ones((3, 3))))
    # The picture's edge is no junction, though an outline ends there.
    around[[0, -1]] = False
    around[:, [0, -1]] = False
    return truth_of_lines(thin(around), mpp, is_known=is_cell | is_near)


def _mean_where(values: NDArray[np.float32], where: NDArray[np.bool_], spread_px: float) -> NDArray[np.float32]:
    weight = where.astype(np.float32)
    total, amount = (cv2.GaussianBlur(part, (0, 0), spread_px) for part in (values * weight, weight))
    return np.asarray(total / np.maximum(amount, 1e-6), np.float32)
