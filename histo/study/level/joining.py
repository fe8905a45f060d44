"""Lay the measures that other tables have of a section beside its own, so that a study can ask about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from histo.study.level.measure import MEASURE_TABLES, MeasureTable, column_name

__all__ = ["MEASURE_NAMES", "join_measures"]

MEASURE_NAMES = tuple(table.name for table in MEASURE_TABLES)
"""Tables of a results folder with measures of sections."""

_KEY = ["slide", "section"]
_SEER = "seen_by"


def join_measures(sections: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Add to the sections what other tables of the run say of them.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table.
    tables : mapping of str to DataFrame
        Of a results folder, by name: ``infiltrate``, ``cell_ratios``, ``densities``, ``positivity``,
        ``junction_fields``, ``staining``, ``staining_regions``, ``scores``; those that are not there have no measures.

    Returns
    -------
    DataFrame
        A copy with a column a measure, marker and part of the section, such as
        ``cd4_crypt_percent_positive``; `histo.study.endpoint_named` describes each. Columns that the sections have
        already stay as they are. Several fields of one section count as one: their mean. Negative controls, stained
        without the antibody, have no value. A marker that was stained in two ways, or whose junctions two programs have
        seen, has columns for each.
    """
    keys = pd.MultiIndex.from_frame(sections[_KEY])
    stains = sections.set_index(_KEY)["stain"] if "stain" in sections.columns else None
    columns = {}
    for source in MEASURE_TABLES:
        if source.name in tables and len(tables[source.name]):
            rows = _of_study(tables[source.name], sections, source)
            for (where, what), own in _parts(rows, source, stains):
                for name, values in _measures(own, source, what, "" if where in source.whole else where):
                    if name not in sections.columns and name not in columns and values.notna().any():
                        columns[name] = values.reindex(keys).to_numpy()
    return pd.concat([sections, pd.DataFrame(columns, index=sections.index)], axis=1)


def _of_study(rows: pd.DataFrame, sections: pd.DataFrame, source: MeasureTable) -> pd.DataFrame:
    """Leave the negative controls out, and give each ratio a column of its own."""
    if "is_negative_control" in rows.columns:
        rows = rows[~rows["is_negative_control"]]
    if "flags" in sections.columns:
        is_control = sections["flags"].fillna("").str.split().map(lambda flags: "negative_control" in flags)
        rows = rows[~rows["slide"].isin(sections.loc[is_control.astype(bool), "slide"])]
    if source.name == "cell_ratios":
        known = {measure.column for measure in source.measures}
        for name in sorted(known & set(rows["ratio"])):
            is_own = rows["ratio"] == name
            n_below = rows["n_denominator"].where(is_own)
            rows = rows.assign(**{name: rows["value"].where(is_own), f"{name}_n": n_below})
    return rows.reset_index(drop=True)


def _parts(
    rows: pd.DataFrame, source: MeasureTable, stains: pd.Series[str] | None
) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Go through the parts of sections and the markers; what cannot be compared is told apart."""
    where = rows[source.where] if source.where else pd.Series("", index=rows.index)
    what = rows[source.what].str.replace("+", "_positive") if source.what else pd.Series("", index=rows.index)
    apart = [rows[_SEER]] if _SEER in rows.columns else []
    if stains is not None and source.what and source.name != "scores":
        apart.append(pd.Series(stains.reindex(pd.MultiIndex.from_frame(rows[_KEY])).to_numpy(), index=rows.index))
    for by in apart:
        is_twofold = by.groupby(what).transform("nunique") > 1
        what = what.where(~is_twofold, what + "_" + by.astype("str"))
    for (part, marker), own in rows.groupby([where, what], sort=False):
        yield (str(part), str(marker)), own


def _measures(
    rows: pd.DataFrame, source: MeasureTable, what: str, where: str
) -> Iterator[tuple[str, pd.Series[float]]]:
    grouped = rows.groupby(_KEY)
    measures = [measure for measure in source.measures if measure.column in rows.columns]
    for measure in measures:
        yield column_name(what, where, measure.name), grouped[measure.column].mean()
    for counted in dict.fromkeys(measure.repeats for measure in measures if measure.repeats):
        yield column_name(what, where, counted), grouped[counted].sum(min_count=1)
