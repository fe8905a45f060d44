"""The part of the page on markers: from where on a cell is positive, who says so, and how many are in each group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import pandas as pd

from histo.report.cell_view import by_arm, reference_of, write_mean
from histo.report.wording import plural
from histo.study import ENDPOINTS, Endpoint, StudyTables
from histo.study.level.aggregate import animals_table, groups_table
from histo.study.level.measure import find_measure

__all__ = ["MarkerView", "PositivityRow", "ThresholdRow", "marker_view"]

_PERCENT, _PER_MM2 = "_percent_positive", "_per_mm2"
_SOURCES = {
    "controls": "negative controls",
    "study": "the study's cells (Otsu)",
    "scored": "cells scored by hand",
    "given": "given by the user",
    "": "none",
}


@dataclass(frozen=True)
class ThresholdRow:
    """One marker of one staining run.

    Parameters
    ----------
    marker, run : str
        Which, in which stain and batch.
    measure : str
        The column of the cells that is compared.
    value : str
        Positive above it; empty where there is none.
    source : str
        Where it comes from.
    rests_on : str
        Cells and slides.
    origin : str
        All that is known of it, or why there is none.
    """

    marker: str
    run: str
    measure: str
    value: str
    source: str
    rests_on: str
    origin: str


@dataclass(frozen=True)
class PositivityRow:
    """One group at one timepoint in one segment.

    Parameters
    ----------
    segment, arm : str
        Where and which.
    n_animals : int
        Animals with a value.
    means : list of str
        Of each column, the mean over animals with its interval.
    """

    segment: str
    arm: str
    n_animals: int
    means: list[str]


@dataclass(frozen=True)
class MarkerView:
    """Thresholds, and what they say of the groups.

    Parameters
    ----------
    thresholds : list of ThresholdRow
        By run and marker.
    columns : list of str
        What is shown of each group.
    rows : list of PositivityRow
        By segment and group; empty where no one said which slide is of which animal.
    n_controls : int
        Sections stained without the antibody: they set thresholds and count in no group.
    """

    thresholds: list[ThresholdRow]
    columns: list[str]
    rows: list[PositivityRow]
    n_controls: int


def marker_view(study: StudyTables, tables: Mapping[str, pd.DataFrame]) -> MarkerView | None:
    """Gather thresholds and positivity by group.

    Parameters
    ----------
    study : StudyTables
        Its sections carry ``<marker>_percent_positive`` and densities of positive cells and phenotypes.
    tables : mapping of str to DataFrame
        ``thresholds`` and ``positivity`` of the run.

    Returns
    -------
    MarkerView or None
        None where no marker was measured.
    """
    thresholds, positivity = tables.get("thresholds"), tables.get("positivity")
    if thresholds is None or positivity is None or thresholds.empty:
        return None
    columns = [column for column in map(str, study.sections.columns) if _is_shown(column, study.sections)]
    controls = positivity[positivity["is_negative_control"]]
    return MarkerView(
        thresholds=[_threshold(row) for row in thresholds.to_dict("records")],
        columns=[_heading(column) for column in columns],
        rows=_rows(study, columns),
        n_controls=len(controls[["slide", "section"]].drop_duplicates()),
    )


def _threshold(row: Mapping[object, object]) -> ThresholdRow:
    weak = float(str(row["weak"]))
    n_cells, n_slides = int(str(row["n_cells"])), int(str(row["n_slides"]))
    return ThresholdRow(
        marker=str(row["marker"]),
        run=" ".join(filter(None, (str(row["stain"]), str(row["batch"])))),
        measure=f"{row['marker']}_{row['measure']}, in the {row['site']}",
        value=f"{weak:.4g}" if isfinite(weak) else "",
        source=_SOURCES.get(str(row["method"]), str(row["method"])),
        rests_on=f"{plural(n_cells, 'cell')} of {plural(n_slides, 'slide')}" if n_cells else "",
        origin=str(row["origin"]),
    )


def _is_shown(column: str, sections: pd.DataFrame) -> bool:
    """Choose what speaks of markers and phenotypes in whole sections; cell classes have a table of their own."""
    values = sections[column]
    found = None if column in ENDPOINTS else find_measure(column)
    if found is None or not (pd.api.types.is_numeric_dtype(values) and values.notna().any()):
        return False
    table, _, _, where = found
    return table.name in {"positivity", "densities"} and not where


def _heading(column: str) -> str:
    for end, words in ((_PERCENT, "positive, %"), ("_h_score", "H-score"), ("_positive_per_mm2", "positive per mm²")):
        if column.endswith(end):
            return f"{column.removesuffix(end).replace('_', ' ')} {words}"
    return f"{column.removesuffix(_PER_MM2).replace('_', ' ')} per mm²"


def _rows(study: StudyTables, columns: list[str]) -> list[PositivityRow]:
    if not (columns and study.has_animals):
        return []
    groups = groups_table(animals_table(study.sections, columns, study.plan), study.plan.level)
    rows = []
    for segment, arm, own in by_arm(groups, reference_of(study)):
        by_name = {row["endpoint"]: row for row in own.to_dict("records")}
        means = [
            write_mean(by_name[name], Endpoint(name, name, "", 0 if name.endswith(_PER_MM2) else 1)) for name in columns
        ]
        n_animals = int(own["n_animals"].max())
        if n_animals:
            rows.append(PositivityRow(segment, arm, n_animals, means))
    return rows
