"""Where along the crypt-villus axis a place lies: 0 at crypt bases, 1 at villus tips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from histo.measure.section import SectionMeasures
from histo.types import Compartment, LabelMap

__all__ = ["CryptVillusAxis"]

Floats = NDArray[np.float64]

_STEP_UM = 2.0
# A place belongs to a villus or crypt no farther from its centreline than its width, and a little: valleys too.
_REACH_UM = 10.0


@dataclass(frozen=True, eq=False)
class _Lines:
    """Points of centrelines, the share of the way at each, and how far each reaches."""

    tree: cKDTree
    share: Floats
    reach_um: Floats


@dataclass(frozen=True, eq=False)
class CryptVillusAxis:
    """The centrelines of accepted crypts and villi as one axis.

    Parameters
    ----------
    junction : float
        Where the villus-crypt junction lies on the axis: mean crypt depth over that and mean villus height; 0 without
        crypts, 1 without villi, not a number without either.
    """

    junction: float
    _lines: dict[Compartment, _Lines]

    @classmethod
    def of(cls, labels: LabelMap, measures: SectionMeasures) -> CryptVillusAxis:
        """Lay the axis through a measured section."""
        villi, crypts = measures.villi, measures.crypts
        height = _mean_of_accepted(villi, "villus_height_um")
        depth = _mean_of_accepted(crypts, "crypt_depth_um")
        lines = {
            Compartment.VILLUS_EPITHELIUM: _lines(labels, measures.villus_lines, villi, "villus_width_um"),
            Compartment.CRYPT: _lines(labels, measures.crypt_lines, crypts, "crypt_width_um"),
        }
        junction = depth / (depth + height) if depth + height > 0 else float("nan")
        return cls(junction, {region: found for region, found in lines.items() if found is not None})

    def span(self, region: Compartment) -> tuple[float, float]:
        """Begin and end of a region's part of the axis."""
        return (0.0, self.junction) if region == Compartment.CRYPT else (self.junction, 1.0)

    def positions(self, points_um: Floats, region: Compartment) -> Floats:
        """Position on the axis of points of one region; not a number where no accepted villus or crypt is near."""
        found = np.full(len(points_um), np.nan)
        lines = self._lines.get(region)
        if lines is None or not len(points_um):
            return found
        away, nearest = lines.tree.query(points_um)
        near = away <= lines.reach_um[nearest]
        begin, end = self.span(region)
        found[near] = begin + (end - begin) * lines.share[nearest[near]]
        return found


def _mean_of_accepted(table: pd.DataFrame, column: str) -> float:
    values = table.loc[table["is_accepted"], column].to_numpy(dtype=float)
    return float(np.nanmean(values)) if len(values) else 0.0


def _lines(labels: LabelMap, lines: Floats, table: pd.DataFrame, width: str) -> _Lines | None:
    points, shares, reaches = [], [], []
    for index in np.flatnonzero(table["is_accepted"].to_numpy(dtype=bool)):
        line = (labels.from_slide(lines[index]) + 0.5) * labels.mpp
        arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        at = np.linspace(0.0, arc[-1], max(2, round(arc[-1] / _STEP_UM) + 1))
        points.append(np.stack([np.interp(at, arc, line[:, axis]) for axis in (0, 1)], axis=1))
        shares.append(at / arc[-1])
        reaches.append(np.full(len(at), float(table[width].iloc[index]) + _REACH_UM))
    if not points:
        return None
    return _Lines(cKDTree(np.concatenate(points)), np.concatenate(shares), np.concatenate(reaches))
