"""What is true of a drawn monolayer, read off its curves: tables of junctions, gaps, cells and of the field."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from histo.phantom.junction.border import Borders
from histo.phantom.junction.gap import Gaps
from histo.phantom.junction.light import SIGMA_PER_WIDTH, Bands
from histo.phantom.junction.mosaic import Mosaic
from histo.phantom.junction.plane import Frame

__all__ = ["Facts", "tabulate_cells", "tabulate_field", "tabulate_gaps", "tabulate_junctions"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Facts:
    """A drawn monolayer as curves.

    Parameters
    ----------
    frame : Frame
    mosaic : Mosaic
    borders : Borders
    gaps : Gaps
    bands : Bands
    blur_um : float
        Standard deviation of the optical blur.
    cell_ids : (m,) int array
        Number of each of the mosaic's cells in the tables and labels, 0 for those out of the window.
    """

    frame: Frame
    mosaic: Mosaic
    borders: Borders
    gaps: Gaps
    bands: Bands
    blur_um: float
    cell_ids: Ints

    @cached_property
    def is_inside(self) -> NDArray[np.bool_]:
        """Which points of the borders lie in the window."""
        return self.frame.contains(self.borders.points)

    def shown_um(self, lengths: Floats) -> Floats:
        """Add up a length per segment over each border, as far as the segments' middles lie in the window."""
        shown = np.where(self._is_segment_inside, lengths, 0.0)
        return _by_owner(self.borders.owner[self.borders.segments], shown, len(self.borders.first) - 1)

    @cached_property
    def _is_segment_inside(self) -> NDArray[np.bool_]:
        begin = self.borders.segments
        return self.frame.contains(0.5 * (self.borders.points[begin] + self.borders.points[begin + 1]))

    @cached_property
    def segment_um(self) -> Floats:
        """Length of each segment."""
        begin = self.borders.segments
        return self.borders.arc_um[begin + 1] - self.borders.arc_um[begin]

    @property
    def stained_segment_um(self) -> Floats:
        """Stained length of each segment."""
        begin, stained = self.borders.segments, self.gaps.stained_um(self.borders)
        return np.asarray(stained[begin + 1] - stained[begin])


def tabulate_junctions(facts: Facts) -> pd.DataFrame:
    """Tell of every junction of which a part shows; lengths, gaps and light are those of the whole junction."""
    borders, gaps, bands = facts.borders, facts.gaps, facts.bands
    n = len(borders.first) - 1
    lengths, chords = borders.lengths_um, borders.chords_um
    gone = np.bincount(gaps.side, gaps.end_um - gaps.start_um, n)
    light = np.bincount(borders.owner[borders.segments], bands.amounts, n)
    inside = np.bincount(borders.owner, facts.is_inside, n)
    starts = facts.frame.to_pixels(facts.mosaic.starts)
    ends = facts.frame.to_pixels(facts.mosaic.ends)
    table = pd.DataFrame({
        "cell_a": facts.cell_ids[facts.mosaic.cells[:, 0]],
        "cell_b": facts.cell_ids[facts.mosaic.cells[:, 1]],
        "length_um": lengths,
        "chord_um": chords,
        "straightness": chords / lengths,
        "tortuosity": lengths / chords,
        "width_um": np.hypot(bands.width_um, facts.blur_um / SIGMA_PER_WIDTH),
        "band_um": bands.width_um,
        "strength": bands.strength,
        "integrated_intensity": light,
        "continuity": 1 - gone / lengths,
        "n_gaps": np.bincount(gaps.side, minlength=n),
        "gap_length_um": gone,
        "gap_spacing_um": _gap_spacings(gaps, n),
        "shown_um": facts.shown_um(facts.segment_um),
        "start_row": starts[:, 0], "start_col": starts[:, 1], "end_row": ends[:, 0], "end_col": ends[:, 1],
        "is_whole": inside == np.diff(borders.first),
    })  # fmt: skip
    table.insert(0, "junction_id", _junction_ids(inside))
    return table[inside > 0].reset_index(drop=True)


def tabulate_gaps(facts: Facts) -> pd.DataFrame:
    """Tell of every gap of the junctions in the table: where along its junction it begins and how long it is."""
    gaps, borders = facts.gaps, facts.borders
    inside = np.bincount(borders.owner, facts.is_inside, len(borders.first) - 1)
    middles = facts.frame.to_pixels(borders.at(gaps.side, 0.5 * (gaps.start_um + gaps.end_um)))
    table = pd.DataFrame({
        "junction_id": _junction_ids(inside)[gaps.side],
        "start_um": gaps.start_um,
        "length_um": gaps.end_um - gaps.start_um,
        "row": middles[:, 0],
        "col": middles[:, 1],
    })  # fmt: skip
    return table[table.junction_id > 0].reset_index(drop=True)


def tabulate_cells(facts: Facts) -> pd.DataFrame:
    """Tell of every cell of which a part shows; sizes are those of the whole cell."""
    borders, mosaic = facts.borders, facts.mosaic
    shown = np.flatnonzero(facts.cell_ids > 0)
    area, first_moment = _areas(borders, mosaic)
    perimeter = _of_both(mosaic, borders.lengths_um)
    gone = _by_owner(facts.gaps.side, facts.gaps.end_um - facts.gaps.start_um, len(borders.first) - 1)
    bare = _of_both(mosaic, gone)
    hull, is_cut = _hulls(facts, shown)
    centroid = facts.frame.to_pixels(first_moment[shown] / area[shown, None])
    area, perimeter = area[shown], perimeter[shown]
    return pd.DataFrame({
        "cell_id": facts.cell_ids[shown],
        "row": centroid[:, 0],
        "col": centroid[:, 1],
        "area_um2": area,
        "perimeter_um": perimeter,
        "roughness": perimeter**2 / (4 * np.pi * area),
        "solidity": area / hull,
        "n_neighbours": _neighbours(mosaic)[shown],
        "coverage": 1 - bare[shown] / perimeter,
        "touches_border": is_cut,
    })  # fmt: skip


def tabulate_field(facts: Facts, junctions: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Tell of the window: what lies in it, by length.

    A junction or cell counts for means and densities where its middle lies in the window (the middle of its chord, its
    centre of mass), and then with the values of the whole: long and large ones are no less likely to.
    """
    length = float(facts.shown_um(facts.segment_um).sum())
    stained = float(facts.shown_um(facts.stained_segment_um).sum())
    middles = 0.5 * (junctions[["start_row", "start_col"]].to_numpy() + junctions[["end_row", "end_col"]].to_numpy())
    is_own = facts.frame.shows(middles)
    n_own = int(np.count_nonzero(facts.frame.shows(cells[["row", "col"]].to_numpy())))
    area_mm2 = facts.frame.area_um2 / 1e6
    return pd.DataFrame({
        "area_mm2": [area_mm2],
        "network_length_mm_per_mm2": [length / 1000 / area_mm2],
        "gap_fraction": [1 - stained / length if length else 0.0],
        "mean_straightness": [junctions.straightness[is_own].mean()],
        "n_junctions": [int(junctions.is_whole.sum())],
        "n_cells": [int((~cells.touches_border).sum())],
        "n_cells_cut": [int(cells.touches_border.sum())],
        "cells_per_mm2": [n_own / area_mm2],
    })  # fmt: skip


def _junction_ids(inside: NDArray[np.number]) -> Ints:
    """Give the sides of which a part shows numbers from 1, the others 0."""
    shows = inside > 0
    return np.where(shows, np.cumsum(shows), 0)


def _gap_spacings(gaps: Gaps, n: int) -> Floats:
    """Measure from the first gap's middle to the last's, over the number of steps between; missing below two gaps."""
    middle = 0.5 * (gaps.start_um + gaps.end_um)
    first, last = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(first, gaps.side, middle)
    np.maximum.at(last, gaps.side, middle)
    steps = np.bincount(gaps.side, minlength=n) - 1
    return np.where(steps > 0, (last - first) / np.maximum(steps, 1), np.nan)


def _by_owner(owner: Ints, values: Floats, n: int) -> Floats:
    """Add up values by whose they are."""
    return np.asarray(np.bincount(owner, values, n), dtype=float)


def _of_both(mosaic: Mosaic, by_side: Floats) -> Floats:
    """Add up a quantity of the sides over the cells on either hand."""
    n = len(mosaic.centres)
    return _by_owner(mosaic.cells[:, 0], by_side, n) + _by_owner(mosaic.cells[:, 1], by_side, n)


def _areas(borders: Borders, mosaic: Mosaic) -> tuple[Floats, Floats]:
    """Find areas and first moments of all cells by Green's theorem, border by border."""
    begin = borders.segments
    one, two = borders.points[begin], borders.points[begin + 1]
    cross = 0.5 * (one[:, 1] * two[:, 0] - one[:, 0] * two[:, 1])
    n, sides = len(mosaic.centres), len(borders.first) - 1
    owner = borders.owner[begin]
    parts = [cross, *((cross * (one[:, axis] + two[:, axis]) / 3) for axis in range(2))]
    sums = []
    for part in parts:
        by_side = _by_owner(owner, part, sides)
        # The left cell has the border on its right hand: it is walked the other way round.
        sums.append(_by_owner(mosaic.cells[:, 1], by_side, n) - _by_owner(mosaic.cells[:, 0], by_side, n))
    return sums[0], np.stack(sums[1:], axis=1)


def _hulls(facts: Facts, shown: Ints) -> tuple[Floats, NDArray[np.bool_]]:
    """Find the area of each shown cell's convex hull, and whether the window cuts the cell."""
    borders, mosaic = facts.borders, facts.mosaic
    number = np.full(len(mosaic.centres), -1)
    number[shown] = np.arange(len(shown))
    owners = number[mosaic.cells[borders.owner]]
    cell = np.concatenate([owners[:, 0], owners[:, 1]])
    point = np.tile(np.arange(len(borders.owner)), 2)[cell >= 0]
    cell = cell[cell >= 0]
    order = np.argsort(cell, kind="stable")
    cell, point = cell[order], point[order]
    outlines = shapely.linestrings(borders.points[point], indices=cell)
    is_cut = np.bincount(cell, ~facts.is_inside[point], len(shown)) > 0
    return np.asarray(shapely.area(shapely.convex_hull(outlines))), is_cut


def _neighbours(mosaic: Mosaic) -> Ints:
    """Count the different cells that each cell shares a border with."""
    pairs = np.unique(np.sort(mosaic.cells, axis=1), axis=0)
    return np.bincount(pairs.ravel(), minlength=len(mosaic.centres))
