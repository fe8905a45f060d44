"""Measure a traced network along its signal: junctions, cells and the field."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.measure.junction.cell_table import tabulate_cells
from histo.measure.junction.field import tabulate_field, tabulate_regions
from histo.measure.junction.junction_table import tabulate_junctions
from histo.measure.junction.network import JunctionNetwork
from histo.measure.junction.region import Whereabouts, find_whereabouts
from histo.measure.junction.settings import MeasureSettings
from histo.types import LabelMap

__all__ = ["JunctionMeasures", "measure_network"]


@dataclass(frozen=True, eq=False)
class JunctionMeasures:
    """What was measured on one field, columns as in the schema, without the identity.

    Parameters
    ----------
    junctions : DataFrame
        One row a junction: `histo.schema.JUNCTIONS`.
    cells : DataFrame
        One row a cell: `histo.schema.JUNCTION_CELLS`.
    field : DataFrame
        One row; with a label map, one for villous and one for crypt epithelium: `histo.schema.JUNCTION_FIELDS`.
    network : JunctionNetwork
        The curves, in the order of `junctions`.
    """

    junctions: pd.DataFrame
    cells: pd.DataFrame
    field: pd.DataFrame
    network: JunctionNetwork


def measure_network(
    network: JunctionNetwork,
    signal: NDArray[np.generic],
    *,
    labels: LabelMap | None = None,
    settings: MeasureSettings | None = None,
) -> JunctionMeasures:
    """Measure the junctions and cells of a field.

    Parameters
    ----------
    network : JunctionNetwork
        From `trace_network`.
    signal : (rows, cols) array
        Higher where more of the stain is, on the network's pixels: the fluorescence, or the density of the stain.
    labels : LabelMap, optional
        Compartments of the same field, from the same outer corner, at any pixel size. Only junctions and cells that lie
        for the most part in villous or crypt epithelium are then measured, and `field` has a row for each of the two.
    settings : MeasureSettings, optional
        How far from a junction is read, and what is too short for a gap.

    Returns
    -------
    JunctionMeasures

    Raises
    ------
    InvalidArgument
        If the signal is not of the network's shape, or not finite, or the label map is not of the same field.

    Examples
    --------
    >>> from histo.junction_maps import JunctionMaps
    >>> from histo.measure.junction.trace import trace_network
    >>> seen = np.zeros((100, 100))
    >>> seen[50] = 1
    >>> stained = seen.copy()
    >>> stained[50, 40:60] = 0
    >>> measures = measure_network(trace_network(JunctionMaps(seen, stained, mpp=0.2)), stained)
    >>> measures.junctions[["length_um", "continuity", "n_gaps"]].round(2).to_numpy().tolist()
    [[20.0, 0.8, 1.0]]
    """
    settings = settings or MeasureSettings()
    single = np.asarray(signal)
    if single.shape != network.shape:
        raise InvalidArgument(
            "the signal does not lie on the network's pixels", expected=str(network.shape), got=str(single.shape)
        )
    single = single.astype(np.float32, copy=False)
    if not np.isfinite(single).all():
        raise InvalidArgument("the signal holds numbers only", expected="finite values", got="NaN or infinite")
    places = None if labels is None else find_whereabouts(network, labels)
    junctions = tabulate_junctions(network, single, settings, places)
    cells = tabulate_cells(network, junctions, places)
    if places is None:
        field = tabulate_field(network, single, (junctions, cells), settings)
        return JunctionMeasures(junctions, cells, field, network)
    field = tabulate_regions(network, (junctions, cells), places.areas_mm2, settings)
    kept = replace(network, junctions=tuple(compress(network.junctions, places.is_epithelial)))
    return JunctionMeasures(_within(places, junctions), _within(places, cells), field, kept)


def _within(places: Whereabouts, table: pd.DataFrame) -> pd.DataFrame:
    return table[table["compartment"].isin(list(places.areas_mm2))].reset_index(drop=True)
