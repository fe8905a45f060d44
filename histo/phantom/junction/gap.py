"""Where a border is stained: stretches and gaps of known length along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.phantom.junction.border import Borders
from histo.phantom.junction.monolayer_spec import JunctionStainSpec
from histo.phantom.junction.plane import Stream, chance

__all__ = ["Gaps", "leave_gaps"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_SHORTEST_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class Gaps:
    """Unstained stretches, in the order of the borders and along each.

    Parameters
    ----------
    side : (n,) int array
        The border.
    start_um, end_um : (n,) array
        Lengths along it.
    """

    side: Ints
    start_um: Floats
    end_um: Floats

    def stained_um(self, borders: Borders) -> Floats:
        """Length that is stained from a border's start to each of its points."""
        step = float(borders.arc_um.max()) + 1.0
        edges = np.stack([self.start_um, self.end_um], axis=1) + self.side[:, None] * step
        gone = np.cumsum(np.concatenate([[0.0], self.end_um - self.start_um]))
        # The unstained length up to each edge, on one axis that all borders lie on one after the other.
        knots = np.concatenate([[-1.0], edges.ravel()])
        values = np.concatenate([[0.0], np.repeat(gone, 2)[1:-1]])
        missed = np.interp(borders.owner * step + borders.arc_um, knots, values)
        before = missed[borders.first[:-1]]
        return np.asarray(borders.arc_um - (missed - before[borders.owner]))


def leave_gaps(spec: JunctionStainSpec, borders: Borders, keys: Ints, seed: int) -> Gaps:
    """Alternate stained stretches and gaps along every border, so that the mean share of gaps is as asked.

    Gaps shorter than 0.3 times the mean are not left.
    """
    lengths = borders.lengths_um
    bare = np.flatnonzero(chance(seed, Stream.GAP, keys) < spec.unstained)
    if spec.gap_fraction <= 0:
        return Gaps(bare, np.zeros(len(bare)), lengths[bare])
    starts, ends = _renewals(spec, lengths, keys, seed)
    starts, ends = np.maximum(starts, 0.0), np.minimum(ends, lengths[:, None])
    starts[bare], ends[bare] = 0.0, 0.0
    starts[bare, 0], ends[bare, 0] = 0.0, lengths[bare]
    is_gap = ends - starts >= np.minimum(_SHORTEST_SHARE * spec.gap_um, lengths[:, None])
    side = np.nonzero(is_gap)[0]
    return Gaps(side, starts[is_gap], ends[is_gap])


def _renewals(spec: JunctionStainSpec, lengths: Floats, keys: Ints, seed: int) -> tuple[Floats, Floats]:
    stretch_um = spec.gap_um * (1 - spec.gap_fraction) / spec.gap_fraction
    cycle = spec.gap_um + stretch_um
    # The first cycles lie before the start, so that a border begins anywhere in one.
    n = int(np.ceil(2.5 * float(lengths.max(initial=0.0)) / cycle)) + 8
    key, turn = np.broadcast_arrays(keys[:, None], np.arange(n))
    gap = spec.gap_um * (0.4 - 0.6 * np.log(chance(seed, Stream.GAP + 1, key, turn)))
    stretch = stretch_um * (0.15 - 0.85 * np.log(chance(seed, Stream.GAP + 2, key, turn)))
    ends = np.cumsum(gap + stretch, axis=1) - (cycle * (2 + chance(seed, Stream.GAP + 3, keys)))[:, None]
    return ends - gap, ends
