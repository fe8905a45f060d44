"""From which intensity on a cell counts as positive, and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any

import pandas as pd

from histo.errors import InvalidArgument, InvalidTable

__all__ = ["Threshold", "Thresholds"]

_METHODS = {
    "controls": "percentile of the cells of negative-control slides",
    "study": "Otsu's threshold over the cells of the study, each slide of the same weight",
    "scored": "best F1 on cells scored by hand",
    "given": "given by the user",
}


@dataclass(frozen=True)
class Threshold:
    """From where on a marker is positive, and what that rests on.

    Parameters
    ----------
    marker : str
        The marker.
    weak, moderate, strong : float
        A cell is positive (1+) above `weak`, 2+ above `moderate` and 3+ above `strong`.
    measure : str
        What is compared: ``intensity``, ``contrast``, ``foci``, ...: the column ``<marker>_<measure>``.
    method : str
        ``controls``, ``study``, ``scored`` or ``given``.
    detail : str
        What a reader must know besides: the percentile, the scale, the F1 reached.
    n_cells, n_slides : int
        What it rests on.
    separation : float or None
        Distance between the two groups that Otsu's threshold makes, in standard deviations (Ashman's D), or None.
    variance_share : float or None
        Share of the variance that lies between those groups, 0 to 1; None otherwise.
    agreement : float or None
        F1 of positive cells on the scored cells that it was chosen on, so an upper bound; None otherwise.

    Raises
    ------
    InvalidArgument
        If the cuts are not positive, finite and ascending, or the method is unknown.

    Examples
    --------
    >>> Threshold("cd3", 0.2, 0.4, 0.6).origin
    'cd3_intensity above 0.2: given by the user'
    """

    marker: str
    weak: float
    moderate: float
    strong: float
    measure: str = "intensity"
    method: str = "given"
    detail: str = ""
    n_cells: int = 0
    n_slides: int = 0
    separation: float | None = None
    variance_share: float | None = None
    agreement: float | None = None

    def __post_init__(self) -> None:
        cuts = (self.weak, self.moderate, self.strong)
        if not all(isfinite(cut) for cut in cuts) or not 0 < self.weak < self.moderate < self.strong:
            raise InvalidArgument(
                f"the cuts of {self.marker} are positive and ascend",
                expected="0 < weak < moderate < strong",
                got=f"{cuts}",
            )
        if self.method not in _METHODS:
            raise InvalidArgument("unknown method", expected=", ".join(_METHODS), got=repr(self.method))

    @property
    def column(self) -> str:
        """The column of the cells table that it is compared with."""
        return f"{self.marker}_{self.measure}"

    @property
    def origin(self) -> str:
        """Where it comes from, in one line for people."""
        parts = [f"{self.column} above {self.weak:.4g}: {_METHODS[self.method]}"]
        parts += [self.detail] if self.detail else []
        if self.n_cells:
            parts.append(f"{self.n_cells} cells of {self.n_slides} slides")
        if self.separation is not None:
            parts.append(f"groups {self.separation:.1f} standard deviations apart")
        if self.agreement is not None:
            parts.append(f"F1 {self.agreement:.2f} on them")
        return ", ".join(parts)


@dataclass(frozen=True)
class Thresholds:
    """One threshold a marker: what a study's positivity rests on, in one table.

    Parameters
    ----------
    each : tuple of Threshold
        In any order, one a marker.

    Raises
    ------
    InvalidArgument
        If a marker has two.

    Examples
    --------
    >>> thresholds = Thresholds((Threshold("cd3", 0.2, 0.4, 0.6),))
    >>> thresholds["cd3"].weak
    0.2
    >>> Thresholds.from_table(thresholds.as_table()) == thresholds
    True
    """

    each: tuple[Threshold, ...]

    def __post_init__(self) -> None:
        names = [threshold.marker for threshold in self.each]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InvalidArgument("a marker has one threshold", got=f"two of {', '.join(twice)}")

    def __getitem__(self, marker: str) -> Threshold:
        """Look up a marker's threshold; `InvalidArgument` lists those there are."""
        for threshold in self.each:
            if threshold.marker == marker:
                return threshold
        known = ", ".join(threshold.marker for threshold in self.each) or "none"
        raise InvalidArgument("no threshold of this marker", expected=known, got=repr(marker))

    def __iter__(self) -> Iterator[Threshold]:
        return iter(self.each)

    def __len__(self) -> int:
        return len(self.each)

    def joined(self, others: Iterable[Threshold]) -> Thresholds:
        """Add the thresholds of other markers, as when one marker has a control and another has none."""
        return Thresholds((*self.each, *others))

    def as_table(self) -> pd.DataFrame:
        """Write a row a marker, with all that `Threshold` knows and its `origin` in words."""
        rows = [{**asdict(threshold), "origin": threshold.origin} for threshold in self.each]
        return pd.DataFrame(rows, columns=[*(field.name for field in fields(Threshold)), "origin"])

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Thresholds:
        """Read what `as_table` wrote, so that a later batch is judged as the first one was.

        Raises
        ------
        InvalidTable
            If a column is missing.
        """
        names = [field.name for field in fields(Threshold)]
        missing = [name for name in names if name not in table.columns]
        if missing:
            raise InvalidTable("columns of thresholds are missing", expected=", ".join(missing))
        return cls(tuple(_of_row(row) for row in table[names].to_dict("records")))


def _of_row(row: Mapping[object, Any]) -> Threshold:
    separation, variance_share, agreement = (
        None if pd.isna(row[name]) else float(row[name]) for name in ("separation", "variance_share", "agreement")
    )
    return Threshold(
        marker=str(row["marker"]),
        weak=float(row["weak"]),
        moderate=float(row["moderate"]),
        strong=float(row["strong"]),
        measure=str(row["measure"]),
        method=str(row["method"]),
        detail="" if pd.isna(row["detail"]) else str(row["detail"]),
        n_cells=int(row["n_cells"]),
        n_slides=int(row["n_slides"]),
        separation=separation,
        variance_share=variance_share,
        agreement=agreement,
    )
