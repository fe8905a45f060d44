"""The animals of a design table: one row an animal and timepoint."""

from __future__ import annotations

from typing import Any

import pandas as pd

from histo.io.design.catalogue import COLUMNS, COURSES, day_of
from histo.io.design.cell import as_day

__all__ = ["animals_of", "scores_after_the_end"]

_COLUMNS = (
    *("sex", "cage", "batch", "clinical_score", "clinical_peak", "clinical_cumulative", "clinical_onset_day"),
    *("weight_g", "weight_loss_percent", "na_f", "fitc_bsa", "fitc_dextran"),
)


def animals_of(table: pd.DataFrame, groups: tuple[str, ...], timepoints: tuple[str, ...]) -> pd.DataFrame:
    """Gather the rows of each animal at each timepoint into one.

    Parameters
    ----------
    table : DataFrame
        A design's table.
    groups, timepoints : tuple of str
        In the order in which they are to stand.

    Returns
    -------
    DataFrame
        As `Design.animals` says.
    """
    daily = [name for base in COURSES for name in _days_of(table, base)]
    visits = table.drop_duplicates(["animal", "timepoint"])
    order = pd.DataFrame(
        {"group": visits["group"].map(groups.index), "timepoint": visits["timepoint"].map(("", *timepoints).index)}
    )
    visits = visits.loc[order.sort_values(["group", "timepoint"], kind="stable").index]
    batches = _joined(table, "batch")
    columns: dict[str, pd.Series[Any]] = {name: visits[name] for name in ("animal", "group", "timepoint")}
    for name in (*_COLUMNS, *daily):
        if name not in table:
            is_text = COLUMNS[name].kind == "str"
            columns[name] = pd.Series(
                "" if is_text else float("nan"), visits.index, dtype="str" if is_text else "float64"
            )
        elif name == "batch":
            keys = zip(visits["animal"], visits["timepoint"], strict=True)
            columns[name] = pd.Series([batches[key] for key in keys], visits.index, dtype="str")
        else:
            columns[name] = visits[name]
    return pd.DataFrame(columns).reset_index(drop=True)


def scores_after_the_end(table: pd.DataFrame) -> tuple[str, ...]:
    """Say which animals were scored or weighed after the last day on which their gut was taken.

    Parameters
    ----------
    table : DataFrame
        A design's table.

    Returns
    -------
    tuple of str
        One sentence, or none.
    """
    days = pd.Series([as_day(text) for text in table["timepoint"]], table.index, dtype="float64")
    ends = days.groupby(table["animal"]).transform("max")
    last = pd.Series(-1.0, table.index)
    for base in COURSES:
        for name, day in _days_of(table, base).items():
            last = last.mask(table[name].notna() & (last < day), day)
    late = pd.DataFrame({"animal": table["animal"], "last": last, "end": ends})[last > ends].drop_duplicates("animal")
    if late.empty:
        return ()
    named = ", ".join(f"{row.animal} (day {row.last:g}, timepoint {row.end:g})" for row in late.itertuples())
    return (f"clinical scores or weights stand after the timepoint of {named}: are days counted from elsewhere?",)


def _days_of(table: pd.DataFrame, base: str) -> dict[str, int]:
    """Find the columns of a daily course, in the order of their days."""
    days = {str(name): day for name in table.columns if (day := day_of(str(name), base)) is not None}
    return dict(sorted(days.items(), key=lambda item: item[1]))


def _joined(table: pd.DataFrame, name: str) -> dict[tuple[str, str], str]:
    if name not in table:
        return {}
    filled = table[table[name] != ""]
    joined = {key: "; ".join(dict.fromkeys(rows[name])) for key, rows in filled.groupby(["animal", "timepoint"])}
    return {key: joined.get(key, "") for key in zip(table["animal"], table["timepoint"], strict=True)}
