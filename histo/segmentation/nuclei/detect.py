"""From a slide to its cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.io import Slide
from histo.nn import NucleiModel, NucleiTile, Window, nuclei_grid, predict_nuclei
from histo.schema import CELLS, check_table, empty_table
from histo.segmentation.marker import (
    contrast_reach_px,
    correct_bleed_through,
    measure_contrast,
    measure_foci,
    measure_markers,
)
from histo.segmentation.nuclei.options import CellOptions, CellStain, check_measures, choose_model
from histo.segmentation.nuclei.outline import outlines_as_wkb
from histo.segmentation.nuclei.place import compartments_at
from histo.segmentation.nuclei.view import Marker, View, look_at
from histo.segmentation.window import SlideWindow, as_slide, window_of
from histo.types import CellClass, LabelMap

__all__ = ["detect_cells", "stream_cells"]


def detect_cells(
    slide: Slide | NDArray[np.generic],
    *,
    mpp: float | None = None,
    stain: CellStain = "he",
    markers: Mapping[str, Marker] | None = None,
    labels: LabelMap | None = None,
    section: SlideWindow | None = None,
    outlines: bool = False,
    options: CellOptions | None = None,
) -> pd.DataFrame:
    """Find the cells of a slide by their nuclei.

    The slide is read in tiles, so that it is never in memory as a picture. Each nucleus is reported once, by the tile
    that holds its peak; whatever the tiles are, the cells are the same.

    Parameters
    ----------
    slide : Slide or (rows, cols) or (rows, cols, channels) array
        RGB for H&E and DAB, one channel or more for fluorescence.
    mpp : float, optional
        µm per pixel of an array. A slide has its own.
    stain : {"he", "dab", "fluorescence"}, optional
        How it is stained.
    markers : mapping of str to str or (rows, cols) array, optional
        Measured in each cell: a channel of the slide by its name, or a picture on the slide's pixels. On a DAB slide
        the density of DAB is always measured.
    labels : LabelMap, optional
        Says in which compartment each cell lies.
    section : SlideWindow, optional
        The part of the slide to look at. Without it, all of the slide.
    outlines : bool, optional
        Add a column `outline`: polygons in level-0 pixels (x, y) as well-known binary.
    options : CellOptions, optional
        Model, device, channel of the nuclei, sites and ring of markers.

    Returns
    -------
    DataFrame
        Columns of `histo.schema.CELLS`, by row and column; `cell_class` is ``other`` where the model knows no classes,
        and `probability` that there is a nucleus, of that class. With markers, those of
        `histo.segmentation.marker.measure_markers` too, and what the options ask for besides.

    Raises
    ------
    MissingPixelSize, ConflictingPixelSize
        If the slide's µm/px is not known.
    UnknownModel, CorruptModel
        If the model is not installed, or damaged.
    InvalidArgument
        If the stain is unknown, or slide, markers or section do not fit.
    """
    parts = list(
        stream_cells(
            slide,
            mpp=mpp,
            stain=stain,
            markers=markers,
            labels=labels,
            section=section,
            outlines=outlines,
            options=options,
        )
    )
    cells = pd.concat(parts, ignore_index=True)
    return cells.sort_values(["row", "col"], ignore_index=True)


def stream_cells(
    slide: Slide | NDArray[np.generic],
    *,
    mpp: float | None = None,
    stain: CellStain = "he",
    markers: Mapping[str, Marker] | None = None,
    labels: LabelMap | None = None,
    section: SlideWindow | None = None,
    outlines: bool = False,
    options: CellOptions | None = None,
) -> Iterator[pd.DataFrame]:
    """Find the cells of a slide, a part at a time: for slides whose cells are to be written and not kept.

    Parameters
    ----------
    slide, mpp, stain, markers, labels, section, outlines, options
        As in `detect_cells`.

    Yields
    ------
    DataFrame
        Cells of one tile; the first part is empty and shows the columns.

    Raises
    ------
    MissingPixelSize, ConflictingPixelSize, UnknownModel, CorruptModel, InvalidArgument
        As `detect_cells` does.
    """
    chosen = options or CellOptions()
    opened = as_slide(slide, mpp, "histo.detect_cells")
    slide_mpp = opened.mpp
    model = choose_model(stain, chosen)
    view = look_at(opened, model, stain, markers or {}, chosen)
    check_measures(view.names, chosen)
    scale = model.spec.mpp / slide_mpp
    finder = _CellFinder(model, view, scale, labels, outlines, chosen)
    window = view.canvas.whole if section is None else window_of(section, view.canvas, scale)
    yield finder.no_cells()
    n_tiles = sum(1 for _ in nuclei_grid(model, view.canvas, device=chosen.device).cover(window))
    n_done = 0
    for tile in predict_nuclei(model, view.canvas, window, device=chosen.device):
        if tile.is_own.any():
            yield finder.cells_of(tile)
        n_done += 1
        if chosen.progress is not None:
            chosen.progress(n_done, n_tiles)
    if chosen.progress is not None and n_done < n_tiles:
        chosen.progress(n_tiles, n_tiles)


@dataclass(frozen=True, eq=False)
class _CellFinder:
    """Turns what was found around a tile into rows."""

    model: NucleiModel
    view: View
    scale: float
    labels: LabelMap | None
    is_outlined: bool
    options: CellOptions

    def no_cells(self) -> pd.DataFrame:
        cells = empty_table(CELLS.columns)
        if self.view.names:
            blank = np.zeros((2, 2))
            measured = self._measure(np.zeros((2, 2), np.int32), dict.fromkeys(self.view.names, blank))
            cells = pd.concat([cells, measured], axis=1)
        if self.is_outlined:
            cells["outline"] = _as_binary([])
        return cells

    def cells_of(self, tile: NucleiTile) -> pd.DataFrame:
        nuclei, own = tile.nuclei, np.flatnonzero(tile.is_own)
        at = self._to_slide(tile.centre)
        name, share = self._classes(nuclei.class_shares[own])
        cells = pd.DataFrame(
            {
                "row": at[:, 0],
                "col": at[:, 1],
                "area_um2": nuclei.area_px[own] * self.model.spec.mpp**2,
                "cell_class": name,
                "probability": nuclei.probability[own] * share,
                "compartment": "" if self.labels is None else compartments_at(at, self.labels),
            }
        )
        cells = check_table(cells, CELLS.columns)
        if self.view.names:
            cells = pd.concat([cells, self._markers_of(tile, own)], axis=1)
        if self.is_outlined:
            corner = np.array([tile.region.row, tile.region.col])
            drawn = outlines_as_wkb(nuclei.labels, own + 1, lambda points: self._to_slide(points + corner))
            cells["outline"] = _as_binary(drawn)
        return cells

    def _markers_of(self, tile: NucleiTile, own: NDArray[np.int64]) -> pd.DataFrame:
        nuclei = tile.nuclei
        # What lies in nuclei of which the window does not hold the centre is no ring of anything either.
        numbered = np.where(nuclei.inside & (nuclei.labels == 0), np.int32(len(nuclei) + 1), nuclei.labels)
        wide = self._widened(tile.region)
        around = np.zeros((wide.height, wide.width), np.int32)
        around[tile.region.slices(wide)] = numbered
        measured = self._measure(around, self.view.read_markers(wide))
        return measured[np.isin(np.unique(numbered[numbered > 0]), own + 1)].reset_index(drop=True)

    def _widened(self, region: Window) -> Window:
        """Add what a contrast looks at beyond the rim, within the slide."""
        if "contrast" not in self.options.measures:
            return region
        reach, canvas = contrast_reach_px(self.model.spec.mpp), self.view.canvas
        row, col = max(region.row - reach, 0), max(region.col - reach, 0)
        bottom = max(region.bottom, min(region.bottom + reach, canvas.height))
        right = max(region.right, min(region.right + reach, canvas.width))
        return Window(row, col, bottom - row, right - col)

    def _measure(self, numbered: NDArray[np.int32], pictures: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
        options, mpp = self.options, self.model.spec.mpp
        own = pictures if options.bleed_through is None else correct_bleed_through(pictures, options.bleed_through)
        measured = [measure_markers(numbered, own, mpp, ring_um=options.ring_um, sites=options.sites)]
        if "contrast" in options.measures:
            measured.append(measure_contrast(numbered, own, mpp))
        if "foci" in options.measures:
            measured.append(measure_foci(numbered, own, mpp, noise=options.foci_noise))
        of_all = pd.concat([table.drop(columns="label") for table in measured], axis=1)
        return of_all.drop(columns="is_cut_at_border")

    def _classes(self, shares: NDArray[np.float64]) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
        classes = self.model.spec.classes
        if not classes:
            return np.full(len(shares), str(CellClass.OTHER)), np.ones(len(shares))
        best = shares.argmax(axis=1)
        return np.array(classes)[best], shares[np.arange(len(shares)), best]

    def _to_slide(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((points + 0.5) * self.scale - 0.5, np.float64)


def _as_binary(values: list[bytes]) -> pd.Series[bytes]:
    return pd.Series(pd.array(values, dtype="binary[pyarrow]"))
