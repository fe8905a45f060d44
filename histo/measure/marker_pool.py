"""The cells of several slides, as one pool from which a marker's threshold is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidTable
from histo.measure.threshold import Threshold

__all__ = ["MarkerPool", "check_columns"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MarkerPool:
    """One measure of one marker over the cells of several slides, each slide of the same weight.

    Parameters
    ----------
    marker, measure : str
        Which.
    signal : (n,) array
        Of the cells that were measured.
    weights : (n,) array
        One over the number of cells of the cell's slide.
    slide : (n,) array of int
        Number of the cell's slide.
    called : (n,) array of bool
        What a person called the cells; all False where nobody was asked.
    """

    marker: str
    measure: str
    signal: Floats
    weights: Floats
    slide: NDArray[np.intp]
    called: NDArray[np.bool_]

    @classmethod
    def of(cls, cells: pd.DataFrame, marker: str, measure: str, *, also: str | None = None) -> MarkerPool:
        """Collect the cells with a value; `also` names the column of a person's calls."""
        column = f"{marker}_{measure}"
        check_columns(cells, ["slide", column, *([also] if also else [])])
        if also and not cells[also].isin([True, False]).all():
            raise InvalidTable(f"column {also}: a cell was called positive or not", expected="True or False")
        values = cells[column].to_numpy(dtype=float)
        measured = np.isfinite(values)
        _, place, n_cells = np.unique(
            cells["slide"].to_numpy(dtype=str)[measured], return_inverse=True, return_counts=True
        )
        called = cells[also].to_numpy(dtype=bool)[measured] if also else np.zeros(int(measured.sum()), dtype=bool)
        return cls(marker, measure, values[measured], 1.0 / n_cells[place], place, called)

    @property
    def n_slides(self) -> int:
        """Slides with a measured cell."""
        return int(self.slide.max()) + 1 if len(self.slide) else 0

    def share_by_slide(self, is_high: NDArray[np.bool_]) -> float:
        """Share of the variance of a yes or no that is explained by knowing the slide; 0 to 1."""
        high = np.bincount(self.slide, weights=is_high) / np.bincount(self.slide)
        mean = float(high.mean())
        return float(high.var() / (mean * (1 - mean))) if 0 < mean < 1 else 0.0

    def best_f1(self) -> tuple[float, float]:
        """Find the cut at which positive cells agree best with those called, and the F1 there."""
        order = np.argsort(-self.signal, kind="stable")
        falling, is_called = self.signal[order], self.called[order]
        scores = 2 * np.cumsum(is_called) / (np.arange(1, len(order) + 1) + is_called.sum())
        # Cells of one value are on one side of any cut.
        ends = np.flatnonzero(np.append(np.diff(falling) < 0, True))
        best = int(ends[scores[ends].argmax()])
        is_last = best + 1 == len(order)
        cut = np.nextafter(falling[best], -np.inf) if is_last else (falling[best] + falling[best + 1]) / 2
        return float(cut), float(scores[best])

    def percentile(self, percentile: float) -> float:
        """Lowest value that this percentage of the weight does not exceed."""
        order = np.argsort(self.signal, kind="stable")
        mass = np.cumsum(self.weights[order])
        place = int(np.searchsorted(mass, percentile / 100 * mass[-1]))
        return float(self.signal[order][min(place, len(order) - 1)])

    def threshold(self, cut: float, steps: tuple[float, float], *, method: str, detail: str) -> Threshold:
        """Make a threshold that rests on this pool."""
        return Threshold(
            marker=self.marker,
            weak=cut,
            moderate=steps[0] * cut,
            strong=steps[1] * cut,
            measure=self.measure,
            method=method,
            detail=detail,
            n_cells=len(self.signal),
            n_slides=self.n_slides,
        )


def check_columns(cells: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse a table of cells without these columns."""
    missing = sorted(set(names) - set(cells.columns))
    if missing:
        raise InvalidTable("columns of cells are missing", expected=", ".join(missing), got=", ".join(cells.columns))
