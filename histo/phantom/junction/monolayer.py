"""A drawn monolayer: picture, curves and the truth of every junction and cell on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.junction_maps import JunctionStain
from histo.phantom.junction.border import Borders, draw_borders
from histo.phantom.junction.camera import draw_nuclei, expose_brown, expose_counts
from histo.phantom.junction.gap import leave_gaps
from histo.phantom.junction.light import Light, shine, stain_bands
from histo.phantom.junction.monolayer_spec import MonolayerSpec
from histo.phantom.junction.mosaic import Mosaic, lay_mosaic
from histo.phantom.junction.plane import Frame, Stream, normal
from histo.phantom.junction.raster import draw_lines, label_cells
from histo.phantom.junction.truth import (
    Facts,
    tabulate_cells,
    tabulate_field,
    tabulate_gaps,
    tabulate_junctions,
)
from histo.types import PixelSize

__all__ = ["DrawnJunctions", "draw_monolayer"]


@dataclass(frozen=True, eq=False)
class DrawnJunctions:
    """What was drawn, and what is true of it.

    Parameters
    ----------
    image : (rows, cols) uint16 array or (rows, cols, 3) uint8 array
        Fluorescence, or haematoxylin and DAB.
    mpp : float
        µm per pixel.
    centrelines : (rows, cols) bool array
        The junctions' true curves, one pixel wide, gaps included.
    present : (rows, cols) bool array
        The same curves where they are stained.
    cell_labels : (rows, cols) int32 array
        The cell that each pixel's centre lies in, as numbered in `cells`.
    signal : (rows, cols) float32 array
        Light of the junctions alone, unevenly lit as asked for, without noise and ground; the mean band's middle is 1
        before optical blur.
    junctions, cells, field, gaps : DataFrame
        Truth of the curves, with the names of the schema's tables of junctions; ``band_um`` is a junction's width
        before optical blur, ``strength`` its signal on the middle, ``shown_um`` its length within the window. A
        junction or cell that the window cuts has the values of the whole. The field's length and gap fraction are
        those within the window; its means and densities are of what has its middle in the window.
    curves : list of (n, 2) array
        The course of each junction of the table, (row, column) in pixels whose centres are whole numbers.
    spec : MonolayerSpec
        What was asked for.
    """

    image: NDArray[np.uint8] | NDArray[np.uint16]
    mpp: float
    centrelines: NDArray[np.bool_]
    present: NDArray[np.bool_]
    cell_labels: NDArray[np.int32]
    signal: NDArray[np.float32]
    junctions: pd.DataFrame
    cells: pd.DataFrame
    field: pd.DataFrame
    gaps: pd.DataFrame
    curves: list[NDArray[np.float64]]
    spec: MonolayerSpec


def draw_monolayer(
    spec: MonolayerSpec, *, mpp: float = 0.2, seed: int = 0, stain: JunctionStain = "fluorescence"
) -> DrawnJunctions:
    """Draw a window of an epithelium seen from above, stained for a junction protein.

    The same `spec` and `seed` give the same tissue at any pixel size, in any stain and in any window: `top_um`,
    `left_um`, `height_um` and `width_um` of the spec only say which part is seen. Noise alone is drawn anew.

    Parameters
    ----------
    spec : MonolayerSpec
        Proportions and looks.
    mpp : float
        µm per pixel.
    seed : int
        Which of the tissues of this kind.
    stain : {"fluorescence", "dab"}
        Fluorescence (uint16), or DAB with haematoxylin (RGB uint8).

    Returns
    -------
    DrawnJunctions

    Raises
    ------
    InvalidArgument
        If the stain is unknown.
    MissingPixelSize
        If `mpp` is not a positive number.

    Examples
    --------
    >>> from dataclasses import replace
    >>> spec = replace(MonolayerSpec.control(), height_um=40.0, width_um=60.0)
    >>> drawn = draw_monolayer(spec, mpp=0.2)
    >>> drawn.image.shape
    (200, 300)
    >>> bool((drawn.present <= drawn.centrelines).all())
    True
    """
    if stain not in ("fluorescence", "dab"):
        raise InvalidArgument("unknown stain of junctions", expected="fluorescence or dab", got=repr(stain))
    PixelSize(mpp)
    shape = (max(1, round(spec.height_um / mpp)), max(1, round(spec.width_um / mpp)))
    frame = Frame(spec.top_um, spec.left_um, shape, mpp)
    mosaic = lay_mosaic(spec.mosaic, frame, seed)
    borders = draw_borders(spec.border, mosaic, seed)
    gaps = leave_gaps(spec.stain, borders, mosaic.keys, seed)
    bands = stain_bands(spec.stain, borders, gaps, mosaic.keys, seed)
    places = label_cells(borders, mosaic.cells, frame)
    ids = _number_cells(mosaic, borders, places, frame)
    glow = spec.ground.cytoplasm * np.exp(spec.ground.cytoplasm_cv * normal(seed, Stream.BRIGHTNESS, mosaic.cell_keys))
    light = shine(spec, frame, seed, borders, mosaic.keys, bands, glow.astype(np.float32)[places])
    image = _expose(spec, light, mosaic, frame, seed, stain)
    facts = Facts(frame, mosaic, borders, gaps, bands, spec.camera.blur_um, ids)
    lines = draw_lines(borders, frame)
    junctions, cells = tabulate_junctions(facts), tabulate_cells(facts)
    return DrawnJunctions(
        image=image,
        mpp=mpp,
        centrelines=lines,
        present=draw_lines(borders, frame, gaps) & lines,
        cell_labels=ids.astype(np.int32)[places],
        signal=light.junctions,
        junctions=junctions,
        cells=cells,
        field=tabulate_field(facts, junctions, cells),
        gaps=tabulate_gaps(facts),
        curves=_curves(borders, facts),
        spec=spec,
    )


def _expose(
    spec: MonolayerSpec, light: Light, mosaic: Mosaic, frame: Frame, seed: int, stain: JunctionStain
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    rng = np.random.default_rng([seed, *frame.shape])
    both = light.junctions + light.other
    if stain == "fluorescence":
        return expose_counts(both, spec.camera, rng)
    shows = mosaic.is_whole
    nuclei = draw_nuclei(mosaic.centres[shows], mosaic.cell_keys[shows], 0.45 * spec.mosaic.cell_um, frame, seed)
    return expose_brown(both, nuclei, replace(spec.look, blur_um=0.0), frame.mpp, rng)


def _number_cells(mosaic: Mosaic, borders: Borders, places: NDArray[np.int32], frame: Frame) -> NDArray[np.int64]:
    """Give the cells that reach into the window numbers from 1, whatever the pixel size."""
    shows = np.zeros(len(mosaic.centres), bool)
    shows[mosaic.cells[borders.owner[frame.contains(borders.points)]]] = True
    shows[places[0, 0]] = True  # a window within one cell
    return np.where(shows, np.cumsum(shows), 0)


def _curves(borders: Borders, facts: Facts) -> list[NDArray[np.float64]]:
    inside = np.bincount(borders.owner, facts.is_inside, len(borders.first) - 1)
    pieces = np.split(facts.frame.to_pixels(borders.points), borders.first[1:-1])
    return [piece for piece, n in zip(pieces, inside, strict=True) if n]
