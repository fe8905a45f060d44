"""All measurements of one section, sharing the work that they have in common."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.measure.crypt import tabulate_crypts
from histo.measure.grid import to_slide
from histo.measure.layers import tabulate_layers
from histo.measure.surface import luminal_length_um
from histo.measure.tissue import SectionTissue
from histo.measure.unit import measure_units
from histo.measure.villus import tabulate_villi
from histo.measure.villus_crypt_junction import JunctionCurve, trace_junction
from histo.types import LabelMap

__all__ = ["SectionMeasures", "measure_section"]


@dataclass(frozen=True, eq=False)
class SectionMeasures:
    """The tables of one section, columns as in the schema, without the identity.

    Parameters
    ----------
    villi, crypts, units, layers : DataFrame
    wall_length_um : float
        Length of the mucosa-submucosa border.
    villus_lines, crypt_lines : (n, points, 2) array
        Centrelines in the order of the rows, from the foot of a villus to its tip and from the base of a crypt to its
        mouth; (row, column) in level-0 pixels of the slide, whole numbers at pixel centres.
    junction : JunctionCurve
        The villus-crypt junction along the wall.
    luminal_length_um : float
        Length of the mucosa's border with the lumen.
    """

    villi: pd.DataFrame
    crypts: pd.DataFrame
    units: pd.DataFrame
    layers: pd.DataFrame
    wall_length_um: float
    villus_lines: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2, 2)))
    crypt_lines: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2, 2)))
    junction: JunctionCurve = field(default_factory=JunctionCurve.nowhere)
    luminal_length_um: float = float("nan")


def measure_section(labels: LabelMap) -> SectionMeasures:
    """Measure villi, crypts, paired units and layers of one section.

    Parameters
    ----------
    labels : LabelMap
        Compartments of one section; drawn by hand or predicted.

    Returns
    -------
    SectionMeasures

    Examples
    --------
    >>> import numpy as np
    >>> from histo.types import Compartment, LabelMap
    >>> measures = measure_section(LabelMap(np.full((50, 50), Compartment.SUBMUCOSA), mpp=1.0))
    >>> len(measures.villi), len(measures.layers)
    (0, 0)
    """
    tissue = SectionTissue.from_labels(labels)
    villi, villus_lines = tabulate_villi(tissue)
    crypts, crypt_lines = tabulate_crypts(tissue)
    layers, lines, crossings = tabulate_layers(tissue)
    return SectionMeasures(
        villi,
        crypts,
        measure_units(villi, crypts),
        layers,
        tissue.wall.length_um,
        to_slide(labels, villus_lines.points_um),
        to_slide(labels, crypt_lines.points_um[:, ::-1]),
        trace_junction(labels, lines, crossings, [piece.is_closed for piece in tissue.wall.pieces]),
        luminal_length_um(tissue.coarse),
    )
