"""Signal that falls from field to field in the order of imaging, as of stain that bleaches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, theilslopes

from histo.errors import InvalidArgument, InvalidTable

__all__ = ["find_drift"]

_FEWEST = 6
_MAX_CHANCE = 0.01


def find_drift(
    table: pd.DataFrame, *, order: str, column: str = "mean_signal", by: Sequence[str] = ("batch",), limit: float = 0.2
) -> pd.DataFrame:
    """Find signal that rises or falls with the order in which fields were imaged.

    Parameters
    ----------
    table : DataFrame
        Rows of the ``staining`` table with the columns `order`, `column` and `by`.
    order : str
        Column of numbers: place in the order of imaging, or minutes since its begin.
    column : str
        What to look at.
    by : sequence of str
        Columns that say which fields were imaged in one go; none for all.
    limit : float
        Change over the whole go, over the median, from where it counts.

    Returns
    -------
    DataFrame
        A row a go: the columns `by`, ``n_fields``, ``change`` from its first to its last field over the median signal
        (median of the slopes between all pairs: Sen PK, J Am Stat Assoc 1968; 63: 1379-1389), ``p`` of no trend
        (Kendall's tau) and ``is_drifting``: a change beyond the limit that chance makes less than once in a hundred
        times. Missing of fewer than six fields.

    Raises
    ------
    InvalidTable
        If columns are missing.
    InvalidArgument
        If the limit is not positive.

    Notes
    -----
    It cannot tell bleaching from groups imaged one after the other: mix the groups in the order of imaging.

    Examples
    --------
    >>> table = pd.DataFrame({"minute": range(8), "mean_signal": [100, 95, 91, 84, 80, 77, 70, 66]})
    >>> find_drift(table, order="minute", by=())[["n_fields", "is_drifting"]].values.tolist()
    [[8, True]]
    """
    missing = [name for name in (*by, order, column) if name not in table.columns]
    if missing:
        raise InvalidTable("columns are missing", expected=", ".join(missing), got=", ".join(map(str, table.columns)))
    if not limit > 0:
        raise InvalidArgument("the limit of a drift is positive", got=repr(limit))
    parts = [*table.groupby(list(by), sort=False, dropna=False)] if by else [((), table)]
    rows = [{**dict(zip(by, key, strict=True)), **_drift(own, order, column, limit)} for key, own in parts]
    return pd.DataFrame(rows, columns=[*by, "n_fields", "change", "p", "is_drifting"])


def _drift(fields: pd.DataFrame, order: str, column: str, limit: float) -> dict[str, float | bool]:
    known = fields[[order, column]].dropna().astype(float)
    place, signal = known[order].to_numpy(), known[column].to_numpy()
    usual = float(np.median(signal)) if len(signal) else 0.0
    if len(known) < _FEWEST or usual <= 0 or np.ptp(place) == 0:
        return {"n_fields": len(known), "change": float("nan"), "p": float("nan"), "is_drifting": False}
    change = float(theilslopes(signal, place)[0]) * float(np.ptp(place)) / usual
    p = float(kendalltau(place, signal).pvalue)
    return {
        "n_fields": len(known),
        "change": change,
        "p": p,
        "is_drifting": bool(abs(change) > limit and p < _MAX_CHANCE),
    }
