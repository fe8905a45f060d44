"""Which cells are positive of a marker, how strongly, and how many they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.measure.marker_pool import check_columns
from histo.measure.threshold import Threshold, Thresholds

__all__ = [
    "apply_thresholds",
    "count_positivity",
    "h_score",
    "percent_positive",
    "rate_positivity",
    "score_positivity",
]

_COUNTS = ("n_cells", "n_unmeasured", "n_positive", "n_weak", "n_moderate", "n_strong")
_LEVELS = ("weak", "moderate", "strong")
_RATES = ("percent_positive", "percent_weak", "percent_moderate", "percent_strong", "h_score")


def apply_thresholds(cells: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Say of every cell whether it is positive of each marker, and how strongly.

    Parameters
    ----------
    cells : DataFrame
        With the column of each threshold.
    thresholds : Thresholds

    Returns
    -------
    DataFrame
        A copy with ``<marker>_is_positive`` (bool) and ``<marker>_class`` (0, 1, 2 or 3: negative, 1+, 2+, 3+) of each
        marker. A cell without a value is negative here, and left out of percentages by `score_positivity`.

    Raises
    ------
    InvalidTable
        If a column is missing.
    """
    check_columns(cells, [threshold.column for threshold in thresholds])
    columns: dict[str, NDArray[np.generic]] = {}
    for threshold in thresholds:
        values = cells[threshold.column].to_numpy(dtype=float)
        classes = sum((values > cut).astype(np.int64) for cut in (threshold.weak, threshold.moderate, threshold.strong))
        columns[f"{threshold.marker}_is_positive"] = values > threshold.weak
        columns[f"{threshold.marker}_class"] = np.asarray(classes, dtype=np.int64)
    return cells.assign(**columns)


def percent_positive(is_positive: NDArray[np.bool_]) -> float:
    """Count positive cells per hundred.

    Parameters
    ----------
    is_positive : (n,) array of bool
        One a cell.

    Returns
    -------
    float
        0 to 100; NaN without cells.

    Examples
    --------
    >>> percent_positive(np.array([True, False, False, False]))
    25.0
    """
    return 100.0 * float(np.mean(is_positive)) if len(is_positive) else float("nan")


def h_score(classes: NDArray[np.integer]) -> float:
    """Weigh the percentages of weakly, moderately and strongly stained cells by 1, 2 and 3.

    Parameters
    ----------
    classes : (n,) array of int
        0, 1, 2 or 3 of each cell.

    Returns
    -------
    float
        0 to 300; NaN without cells.

    Raises
    ------
    InvalidArgument
        If there is another class.

    Notes
    -----
    McCarty KS et al. Estrogen receptor analyses: correlation of biochemical and immunohistochemical methods using
    monoclonal antireceptor antibodies. Arch Pathol Lab Med 1985; 109: 716-721. There a person judges the classes by
    eye; here they are cuts of a measured intensity, so the two may not be compared.

    Examples
    --------
    >>> h_score(np.array([0, 1, 2, 3]))
    150.0
    """
    values = np.asarray(classes)
    if not np.isin(values, range(4)).all():
        raise InvalidArgument("intensity classes", expected="0, 1, 2 or 3", got=f"{np.unique(values)[:6].tolist()}")
    return 100.0 * float(values.mean()) if len(values) else float("nan")


def score_positivity(cells: pd.DataFrame, threshold: Threshold, *, by: Sequence[str] = ("slide",)) -> pd.DataFrame:
    """Tabulate percent positive and H-score of one marker.

    Parameters
    ----------
    cells : DataFrame
        From `apply_thresholds` with this threshold.
    threshold : Threshold
        What the marker was judged by.
    by : sequence of str
        Columns that say which cells belong together: ``slide``, ``section``, ``animal``, ``compartment``; none for all
        cells in one row. Cells are repeats: test animals, not cells.

    Returns
    -------
    DataFrame
        A row a group: the columns `by`; ``marker``; ``n_cells`` that were measured; ``n_unmeasured``, left out;
        ``n_positive``; ``percent_positive``; ``percent_weak``, ``percent_moderate``, ``percent_strong``; ``h_score``.

    Raises
    ------
    InvalidTable
        If a column is missing.

    Notes
    -----
    ``h_score`` is 100 times the mean class, which is the sum of the weighted percentages.
    """
    found = rate_positivity(count_positivity(cells, threshold, by=by))
    found.insert(len(by), "marker", threshold.marker)
    return found[[*by, "marker", *_COUNTS[:3], *_RATES]]


def count_positivity(cells: pd.DataFrame, threshold: Threshold, *, by: Sequence[str]) -> pd.DataFrame:
    """Count the cells of each class of one marker; the counts of parts of a table add up to those of the whole.

    Parameters
    ----------
    cells : DataFrame
        From `apply_thresholds` with this threshold.
    threshold : Threshold
        What the marker was judged by.
    by : sequence of str
        Columns that say which cells belong together; none for all cells in one row.

    Returns
    -------
    DataFrame
        A row a group, by the columns `by`: ``n_cells`` that were measured; ``n_unmeasured``, left out of all others;
        ``n_positive``; ``n_weak``, ``n_moderate``, ``n_strong`` of them.

    Raises
    ------
    InvalidTable
        If a column is missing.
    """
    name = threshold.marker
    check_columns(cells, [*by, threshold.column, f"{name}_is_positive", f"{name}_class"])
    measured = cells[threshold.column].notna().to_numpy()
    is_positive = cells[f"{name}_is_positive"].to_numpy(dtype=bool)
    classes = cells[f"{name}_class"].to_numpy(dtype=np.int64)
    flags = (measured, ~measured, measured & is_positive, *(measured & (classes == level) for level in (1, 2, 3)))
    counts = pd.DataFrame(dict(zip(_COUNTS, (flag.astype(np.int64) for flag in flags), strict=True)))
    if not by:
        return counts.sum().to_frame().T
    keys = [cells[column].reset_index(drop=True) for column in by]
    return counts.groupby(keys, sort=True, dropna=False).sum().reset_index()


def rate_positivity(counts: pd.DataFrame) -> pd.DataFrame:
    """Turn counts of classes into percentages and the H-score.

    Parameters
    ----------
    counts : DataFrame
        With the columns of `count_positivity`, added up over whatever belongs together.

    Returns
    -------
    DataFrame
        A copy with ``percent_positive``, ``percent_weak``, ``percent_moderate``, ``percent_strong`` and ``h_score``;
        not a number where no cell was measured.
    """
    n_cells = counts["n_cells"].where(counts["n_cells"] > 0)
    percents = {f"percent_{name}": 100.0 * counts[f"n_{name}"] / n_cells for name in ("positive", *_LEVELS)}
    weighed = sum(level * percents[f"percent_{name}"] for level, name in enumerate(_LEVELS, start=1))
    return counts.assign(**percents, h_score=weighed)
