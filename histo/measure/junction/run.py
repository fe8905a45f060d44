"""Stained stretches of a junction and the gaps between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.measure.junction.network import Junction

__all__ = ["Runs", "find_runs"]

Floats = NDArray[np.float64]

_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Runs:
    """A junction as stretches that are stained and gaps, in turn.

    Parameters
    ----------
    edges_um : (n + 1,) array
        Where they begin and end along the junction, from 0 to its length.
    is_stained : (n,) array of bool
        Which of them are stained; neighbours differ.
    is_ring : bool
        Whether the last goes on as the first.
    """

    edges_um: Floats
    is_stained: NDArray[np.bool_]
    is_ring: bool = False

    @property
    def gap_lengths_um(self) -> Floats:
        """Length of each gap; one that runs over the end of a ring is one gap."""
        lengths = np.diff(self.edges_um)[~self.is_stained]
        if self._gap_is_split:
            return np.concatenate([[lengths[0] + lengths[-1]], lengths[1:-1]])
        return lengths

    @property
    def continuity(self) -> float:
        """Share of the length that is stained."""
        length = self.edges_um[-1]
        return float(1 - self.gap_lengths_um.sum() / length) if length > 0 else np.nan

    @property
    def gap_spacing_um(self) -> float:
        """Mean distance along the junction from the middle of a gap to that of the next; NaN below two gaps."""
        middles = 0.5 * (self.edges_um[1:] + self.edges_um[:-1])[~self.is_stained]
        if len(middles) - self._gap_is_split < 2:
            return np.nan
        if self.is_ring:
            return float(self.edges_um[-1] / (len(middles) - self._gap_is_split))
        return float(np.diff(middles).mean())

    @property
    def _gap_is_split(self) -> bool:
        return self.is_ring and len(self.is_stained) > 1 and not (self.is_stained[0] or self.is_stained[-1])


def find_runs(junction: Junction, mpp: float, least_run_um: float) -> Runs:
    """Tell stained stretches from gaps.

    Parameters
    ----------
    junction : Junction
        Its `present` is 0.5 where a gap begins; that place is found between points.
    mpp : float
        µm per pixel.
    least_run_um : float
        Shorter gaps are closed; then shorter stained stretches are dropped, unless they are the whole junction.

    Returns
    -------
    Runs
    """
    position = junction.positions * mpp
    above = junction.present - _HALF
    is_stained = above >= 0
    changes = np.flatnonzero(is_stained[1:] != is_stained[:-1])
    part = above[changes] / (above[changes] - above[changes + 1])
    edges = position[changes] + part * (position[changes + 1] - position[changes])
    runs = Runs(np.concatenate([[0.0], edges, position[-1:]]), _alternating(bool(is_stained[0]), len(edges) + 1))
    for kind in (False, True):
        runs = _without_short(runs, kind, least_run_um)
    return Runs(runs.edges_um, runs.is_stained, junction.is_ring)


def _without_short(runs: Runs, kind: bool, least: float) -> Runs:
    """Turn runs of a kind that are too short into the other."""
    is_short = (np.diff(runs.edges_um) < least) & (runs.is_stained == kind)
    if len(runs.is_stained) == 1 or not is_short.any():
        return runs
    state = np.where(is_short, not kind, runs.is_stained)
    is_kept = np.concatenate([[True], state[1:] != state[:-1]])
    edges = np.concatenate([runs.edges_um[:-1][is_kept], runs.edges_um[-1:]])
    return Runs(edges, state[is_kept])


def _alternating(first: bool, n: int) -> NDArray[np.bool_]:
    return np.asarray((np.arange(n) % 2 == 0) == first, dtype=np.bool_)
