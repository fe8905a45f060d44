"""The envelope of the mucosa: a taut line over the tips of the villi."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from histo.measure.grid import CRYPT_ZONE, VILLUS, WALL, TissueGrid, sample
from histo.measure.perpendicular import Perpendiculars, first_past_own_wall, reach_um
from histo.measure.profile import crossing_after, read_profiles
from histo.measure.raster import components, grown
from histo.measure.wall import Wall

__all__ = ["mucosa_height", "taut"]

Floats = NDArray[np.float64]

_SPAN_UM = 450.0
_LIKE = 0.6
_MIN_GROUND_UM2 = 4000.0
_BATCH = 1024


def mucosa_height(
    grids: tuple[TissueGrid, TissueGrid], wall: Wall, away: NDArray[np.float32], lines: Perpendiculars
) -> Floats:
    """Height of the taut line over the villi above the start of each perpendicular.

    Along each perpendicular the farthest tissue of the mucosa is found; a line is drawn taut over these, that bridges
    up to 450 µm. So a valley between two villi does not make the mucosa thin, but a stretch without villi does. Islands
    of villus do not count.

    Parameters
    ----------
    grids : (TissueGrid, TissueGrid)
        Shares in pixels of about 2 µm and 4 µm.
    wall : Wall
    away : (rows, cols) float32 array
        Signed distance from each coarse pixel to the wall's course, µm.
    lines : Perpendiculars
        Of that wall.

    Returns
    -------
    (n,) array
        µm; not a number where the mucosa runs out of the map.
    """
    fine, coarse = grids
    is_standing = _standing(coarse)
    way_um = np.arange(0.0, reach_um(coarse, away, (*VILLUS, *CRYPT_ZONE)), fine.pixel_um)
    height = np.concatenate([
        _farthest(grids, is_standing, away, lines.only(slice(i, i + _BATCH)), way_um)
        for i in range(0, len(lines), _BATCH)
    ])  # fmt: skip
    # Over the wall's course: bumps of the border must not draw the line up and down.
    height -= lines.relief_um
    for number, piece in enumerate(wall.pieces):
        own = lines.piece == number
        n = int(own.sum())
        height[own] = taut(height[own], max(1, round(_SPAN_UM * n / piece.length_um)), is_closed=piece.is_closed)
    return height + lines.relief_um


def taut(height: Floats, span: int, *, is_closed: bool) -> Floats:
    """Draw a line taut over heights: the highest chord between two places at most `span` steps apart.

    A chord joins tips, not a tip and the ground beside it: neither end is less than 0.6 times as high as the other. An
    open line is mirrored at its ends, a closed one goes around. A place is not a number where a missing height may
    hide a chord above it, half a span to either side.

    Examples
    --------
    >>> taut(np.array([4.0, 1.0, 6.0, 1.0, 1.0, 1.0]), 2, is_closed=False)
    array([4., 5., 6., 1., 1., 1.])
    """
    span = min(span, max(len(height) - 1, 0))
    padded = np.pad(height, span, mode="wrap" if is_closed else "reflect")
    known = np.where(np.isnan(padded), -np.inf, padded)
    n = len(height)
    line = known[span : span + n].copy()
    for before in range(1, span):
        left = known[span - before : span - before + n]
        right = sliding_window_view(known[span + 1 : 2 * span - before + n], n)
        after = np.arange(1, span - before + 1)[:, None]
        chord = (after * left + before * right) / (before + after)
        chord[np.minimum(left, right) < _LIKE * np.maximum(left, right)] = -np.inf
        np.maximum(line, chord.max(axis=0), out=line)
    hidden = np.convolve(np.isnan(padded), np.ones(2 * (span // 2) + 1), mode="same")[span : span + n] > 0.5
    return np.where(hidden, np.nan, line)


def _standing(coarse: TissueGrid) -> NDArray[np.bool_]:
    """Mucosa that hangs together with the crypt zone."""
    labelled, _ = components(coarse.mask(*VILLUS, *CRYPT_ZONE))
    ground = np.bincount(labelled[coarse.mask(*CRYPT_ZONE)], minlength=int(labelled.max()) + 1)
    is_standing = ground * coarse.pixel_um**2 >= _MIN_GROUND_UM2
    is_standing[0] = False
    standing: NDArray[np.bool_] = grown(is_standing[labelled])
    return standing


def _farthest(
    grids: tuple[TissueGrid, TissueGrid],
    is_standing: NDArray[np.bool_],
    away: NDArray[np.float32],
    lines: Perpendiculars,
    way_um: Floats,
) -> Floats:
    """How far standing mucosa goes into the lumen: not beyond wall, nor where another place of the wall is nearer."""
    fine, coarse = grids
    points_um = lines.points_um(-way_um)
    mucosa, wall = read_profiles(fine, ((*VILLUS, *CRYPT_ZONE), WALL), points_um)
    # On the border itself both may be half.
    is_wall = (wall >= 0.5) & (wall > mucosa)
    meets_wall = is_wall & (np.maximum.accumulate(np.nan_to_num(mucosa), axis=1) >= 0.5)
    is_own = ~np.maximum.accumulate(meets_wall, axis=1)
    is_own &= way_um[None] < first_past_own_wall(away, coarse.pixel_um, lines, -way_um)[:, None]
    is_mucosa = (mucosa >= 0.5) & is_own & (sample(is_standing, points_um, coarse.pixel_um, order=0) > 0)
    last = len(way_um) - 1 - is_mucosa[:, ::-1].argmax(axis=1)
    runs_out = np.isnan(np.take_along_axis(mucosa, np.minimum(last + 1, len(way_um) - 1)[:, None], axis=1)[:, 0])
    height = crossing_after(mucosa, last) * fine.pixel_um
    return np.where(is_mucosa.any(axis=1), np.where(runs_out, np.nan, height), 0.0)
