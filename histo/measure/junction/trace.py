"""From the maps of a junction network to its curves, corners and cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from histo.junction_maps import JunctionMaps
from histo.measure.junction.border import find_borders
from histo.measure.junction.corner import LooseCurve, contract, tie_corners
from histo.measure.junction.curve import fit_crest
from histo.measure.junction.network import Junction, JunctionNetwork
from histo.measure.junction.partition import part_cells
from histo.measure.junction.settings import TraceSettings
from histo.measure.raster import blurred

__all__ = ["trace_network"]

Floats = NDArray[np.float64]

# The map may be a line one pixel wide: it is blurred so that its crest can be found between pixels.
_BLUR = 0.5
_LEAST_WAVE = 3.5
# A map that is lower than this shows no junction.
_NO_JUNCTION = 0.02


def trace_network(maps: JunctionMaps, *, settings: TraceSettings | None = None) -> JunctionNetwork:
    """Trace the junctions of a field.

    Cells are parted along the centreline map, junctions that are broken are bridged where enough of them is seen, and
    each border of two cells becomes a curve along the crest of the map, finer than its pixels.

    Parameters
    ----------
    maps : JunctionMaps
        Where junctions run and where they are stained, from a network, a ridge filter or a hand.
    settings : TraceSettings, optional
        How much must be seen, and what is too small.

    Returns
    -------
    JunctionNetwork

    Examples
    --------
    >>> cross = np.zeros((41, 41))
    >>> cross[20] = cross[:, 20] = 1
    >>> network = trace_network(JunctionMaps(cross, cross, mpp=0.2))
    >>> network.n_cells, len(network.junctions), len(network.corners)
    (4, 4, 1)
    """
    settings = settings or TraceSettings()
    labels = part_cells(maps.centreline, maps.mpp, settings)
    crest = ndimage.spline_filter(blurred(maps.centreline, _BLUR), order=3, output=np.float32, mode="nearest")
    wave = max(_LEAST_WAVE, settings.smoothing_um / maps.mpp)
    curves = [
        LooseCurve(
            fit_crest(border.middles, crest, wave, is_ring=border.is_ring and border.ends[0] < 0),
            border.cells,
            border.ends,
        )
        for border in find_borders(labels)
    ]
    tied, corners = tie_corners(contract(curves, max(2.0, settings.least_junction_um / maps.mpp)), maps.shape)
    stained = _stained(maps)
    junctions = [Junction(curve.points, _read(stained, curve.points), curve.cells, curve.ends) for curve in tied]
    return JunctionNetwork(tuple(sorted(junctions, key=_reading_order)), corners, labels, maps.mpp, maps.seen_by)


def _stained(maps: JunctionMaps) -> NDArray[np.float32]:
    """Average what is stained over the nearest pixels of junctions; nothing is stained where no junction is seen."""
    weight = blurred(maps.centreline, _BLUR)
    stained: NDArray[np.float32] = blurred(maps.present * maps.centreline, _BLUR) / (weight + np.float32(_NO_JUNCTION))
    return stained


def _read(image: NDArray[np.float32], points: Floats) -> Floats:
    return np.asarray(ndimage.map_coordinates(image, points.T, order=1, mode="nearest"), dtype=np.float64)


def _reading_order(junction: Junction) -> tuple[float, float]:
    row, col = junction.points.mean(axis=0)
    return float(row), float(col)
