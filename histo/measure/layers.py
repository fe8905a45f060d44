"""Thickness of mucosa, crypt zone, submucosa and muscularis along the wall."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from histo.measure.crossing import Crossings, find_crossings
from histo.measure.envelope import mucosa_height
from histo.measure.grid import to_slide
from histo.measure.perpendicular import Perpendiculars, stand_on, way_to_wall
from histo.measure.tissue import SectionTissue
from histo.measure.wall import Wall
from histo.schema import LAYERS, check_table, empty_table
from histo.types import LabelMap

__all__ = ["measure_layers", "tabulate_layers"]

Floats = NDArray[np.float64]

_MIN_LAYER_UM = 3.0
_SETTLE_UM = 30.0


def measure_layers(labels: LabelMap) -> pd.DataFrame:
    """Measure the layers of the wall every 10 µm along the mucosa-submucosa border.

    Each layer is measured perpendicular to its luminal border, as with a line tool, between the pixels. A layer that is
    missing at a place, or that runs out of the map, has no number there; nor has the submucosa inside a fold, where
    the perpendicular runs into the other limb.

    Where a border runs nearly along the rows or columns of pixels, the map knows it to half a pixel only, and shows it
    as stairs. Within half a pixel, and never by more, a thickness is taken to be what its neighbours along some 30 µm
    of wall have on average.

    Parameters
    ----------
    labels : LabelMap
        Compartments of one section; drawn by hand or predicted.

    Returns
    -------
    DataFrame
        Columns of the layers table without the identity; one row every 10 µm.
    """
    return tabulate_layers(SectionTissue.from_labels(labels))[0]


def tabulate_layers(tissue: SectionTissue) -> tuple[pd.DataFrame, Perpendiculars, Crossings]:
    """Measure layers on prepared grids; the lines that they were measured along come in the order of the rows."""
    lines = stand_on(tissue.wall)
    if len(lines) == 0:
        nothing = np.zeros(0)
        return empty_table(LAYERS.columns), lines, Crossings(*(nothing,) * 4, nothing.astype(bool))
    grids, away = (tissue.fine, tissue.coarse), way_to_wall(tissue.coarse, lines)
    found = find_crossings(grids, tissue.wall, away, lines)
    mucosa = mucosa_height(grids, tissue.wall, away, lines) + found.border_um
    zone, submucosa, muscularis = (
        _settled(_present(layer), tissue.wall, lines, tissue.labels.mpp)
        for layer in (found.crypt_zone_um, found.submucosa_um, found.muscularis_um)
    )
    start_px = to_slide(tissue.labels, lines.start_um)
    table = pd.DataFrame(
        {
            "position_um": lines.position_um,
            "row": start_px[:, 0],
            "col": start_px[:, 1],
            "mucosa_um": _present(mucosa),
            "crypt_zone_um": zone,
            "submucosa_um": submucosa,
            "muscularis_um": muscularis,
        }
    )
    return check_table(table, LAYERS.columns), lines, found


def _present(thickness: Floats) -> Floats:
    return np.where(thickness >= _MIN_LAYER_UM, thickness, np.nan)


def _settled(thickness: Floats, wall: Wall, lines: Perpendiculars, pixel_um: float) -> Floats:
    """Move each thickness towards the mean beside it along its piece of wall, by half a pixel at the most."""
    mean = np.full(len(lines), np.nan)
    is_known = np.isfinite(thickness)
    for number, piece in enumerate(wall.pieces):
        own = lines.piece == number
        sigma = _SETTLE_UM * np.count_nonzero(own) / piece.length_um
        mode = "wrap" if piece.is_closed else "nearest"
        weight = gaussian_filter1d(is_known[own].astype(np.float64), sigma, mode=mode)
        total = gaussian_filter1d(np.where(is_known[own], thickness[own], 0.0), sigma, mode=mode)
        mean[own] = total / np.maximum(weight, 1e-9)
    settled: Floats = np.clip(mean, thickness - pixel_um / 2, thickness + pixel_um / 2)
    return settled
