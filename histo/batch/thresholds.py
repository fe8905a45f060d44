"""From where on a marker is positive: chosen once a staining run, when all of its slides are scored."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from histo.batch.cell_file import CELL_FILE_NAME, read_cell_column
from histo.batch.record import slide_folder
from histo.batch.staining import StainedSlide
from histo.errors import InvalidArgument, InvalidTable, NoThreshold
from histo.io.design import StainedMarker
from histo.measure import Threshold, Thresholds, thresholds_from_controls, thresholds_from_study
from histo.schema import check_table, empty_table, table_schema

__all__ = ["StudyThresholds", "choose_thresholds", "read_thresholds"]

# Half a million cells tell a percentile to a thousandth of a standard deviation; with more, memory would grow with the
# study and the threshold would not change.
_MOST_CELLS = 500_000
_FEWEST_OF_SLIDE = 2000

# A control's threshold this many times below the one that parts the cells says that something else is stained, or that
# neighbours shine in.
_FAR = 2.0
_FAR_BELOW = "far below"

Run = tuple[str, str]
GivenThresholds = Mapping[str, Thresholds]


@dataclass(frozen=True, eq=False)
class StudyThresholds:
    """The thresholds of a study.

    Parameters
    ----------
    by_run : mapping of (str, str) to Thresholds
        By stain and batch: those that could be set.
    table : DataFrame
        The ``thresholds`` table: those that could not be set have a row too, which says why.
    """

    by_run: Mapping[Run, Thresholds]
    table: pd.DataFrame

    @property
    def notes(self) -> tuple[str, ...]:
        """Why markers have no threshold, and which are to be looked at, one sentence each."""
        rows = self.table.to_dict("records")
        return (
            *(f"no cell is judged by {_name(row)}: {row['origin']}" for row in rows if not row["method"]),
            *(f"{_name(row)}: {row['origin']}; look at the cells" for row in rows if _is_far_below(row)),
        )


def choose_thresholds(results: Path, slides: Iterable[StainedSlide], given: GivenThresholds) -> StudyThresholds:
    """Choose the threshold of each marker in each staining run.

    A threshold that was given goes first. Else negative-control slides of the run set it, and where it has none, Otsu's
    method over all of its slides; never one field or slide. On a run without a usable threshold no cell is judged.

    Parameters
    ----------
    results : Path
        The results folder, with the cells of each slide.
    slides : iterable of StainedSlide
        The slides that were scored, in the order of their names.
    given : dict of str to Thresholds
        By stain, those of some markers, as `read_thresholds` gives them.

    Returns
    -------
    StudyThresholds

    Raises
    ------
    CorruptResults
        If the cells of a slide do not read.
    """
    runs: dict[Run, list[StainedSlide]] = {}
    for slide in slides:
        runs.setdefault(slide.run, []).append(slide)
    by_run: dict[Run, Thresholds] = {}
    rows: list[dict[str, object]] = []
    for run in sorted(runs):
        chosen: list[Threshold] = []
        for marker in _markers_of(runs[run]):
            try:
                chosen.append(_choose(results, runs[run], marker.name, given))
                rows.append(_row(run, marker, chosen[-1]))
            except NoThreshold as problem:
                rows.append(_row_without(run, marker, str(problem)))
        by_run[run] = Thresholds(tuple(chosen))
    columns = table_schema("thresholds").columns
    return StudyThresholds(by_run, check_table(pd.DataFrame(rows), columns) if rows else empty_table(columns))


def read_thresholds(path: Path) -> GivenThresholds:
    """Read the thresholds of an earlier run, or written by hand.

    Parameters
    ----------
    path : Path
        ``thresholds.csv`` or ``thresholds.parquet`` of a results folder. Rows without a threshold are passed over.

    Returns
    -------
    dict of str to Thresholds
        By stain; under the empty name those of a table that names no stains. All are of method ``given``, and their
        `detail` names the file and what they were.

    Raises
    ------
    InvalidArgument
        If the file cannot be read, lacks columns, or gives a marker two thresholds.
    """
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        table = table[table["weak"].notna()]
        stains = table["stain"].fillna("") if "stain" in table else pd.Series("", index=table.index)
        by_stain = {str(stain): Thresholds.from_table(rows) for stain, rows in table.groupby(stains)}
    except (OSError, ValueError, KeyError, InvalidTable) as error:
        raise InvalidArgument(
            "the thresholds cannot be read",
            file=path,
            expected="thresholds.csv or thresholds.parquet of a results folder, one row a stain and marker",
            got=str(error),
        ) from error
    return {stain: Thresholds(tuple(_as_given(each, path) for each in found)) for stain, found in by_stain.items()}


def _as_given(threshold: Threshold, path: Path) -> Threshold:
    return replace(threshold, method="given", detail=f"{path.name}: {threshold.method} {threshold.detail}".strip())


def _choose(results: Path, slides: list[StainedSlide], marker: str, given: GivenThresholds) -> Threshold:
    stained = [slide for slide in slides if marker in slide.panel.names]
    stain = stained[0].stain
    for known in (given.get(stain), given.get("")):
        if known is not None and marker in {each.marker for each in known}:
            return known[marker]
    controls = [slide for slide in stained if slide.is_negative_control]
    others = [slide for slide in stained if not slide.is_negative_control]
    scale: Literal["log", "linear"] = "log" if stain == "fluorescence" else "linear"

    def of_study() -> Threshold:
        return _pooled(results, others, marker, lambda cells: thresholds_from_study(cells, [marker], scale=scale))

    if not controls:
        return of_study()
    chosen = _pooled(results, controls, marker, lambda cells: thresholds_from_controls(cells, [marker]))
    try:
        cut = of_study().weak
        where = f"{_FAR_BELOW} " if cut > _FAR * chosen.weak else "beside "
        beside = f"{where}Otsu's threshold of the other slides, {cut:.4g}"
    except NoThreshold:
        beside = "Otsu's method finds no two groups on the other slides"
    return replace(chosen, detail=f"{chosen.detail} ({beside})")


def _pooled(
    results: Path, slides: list[StainedSlide], marker: str, choose: Callable[[pd.DataFrame], Thresholds]
) -> Threshold:
    """Choose on the cells of these slides, each represented by so few of them that memory does not grow."""
    if not slides:
        raise NoThreshold("there are no slides but negative controls")
    most = max(_FEWEST_OF_SLIDE, _MOST_CELLS // len(slides))
    parts, n_cells, n_slides = [], 0, 0
    for slide in slides:
        values = read_cell_column(slide_folder(results, slide.name) / CELL_FILE_NAME, f"{marker}_intensity")
        values = np.sort(values[np.isfinite(values)])
        n_cells, n_slides = n_cells + len(values), n_slides + bool(len(values))
        if len(values) > most:
            # Evenly spaced in order of intensity: each stands for as many others, and chance has no part in it.
            values = values[((np.arange(most) + 0.5) * (len(values) / most)).astype(np.int64)]
        parts.append(pd.DataFrame({"slide": slide.name, f"{marker}_intensity": values}))
    return replace(choose(pd.concat(parts, ignore_index=True))[marker], n_cells=n_cells, n_slides=n_slides)


def _markers_of(slides: list[StainedSlide]) -> list[StainedMarker]:
    """List the markers of a run; the design has made sure that each is looked for in one place."""
    by_name: dict[str, StainedMarker] = {}
    for slide in slides:
        for marker in slide.panel.markers:
            by_name.setdefault(marker.name, marker)
    return list(by_name.values())


def _row(run: Run, marker: StainedMarker, threshold: Threshold) -> dict[str, object]:
    facts = asdict(threshold) | {"origin": threshold.origin}
    return {"stain": run[0], "batch": run[1], "marker": marker.name, "site": marker.site} | facts


def _row_without(run: Run, marker: StainedMarker, why: str) -> dict[str, object]:
    nothing = dict.fromkeys(("weak", "moderate", "strong", "separation", "variance_share", "agreement"))
    known = {"stain": run[0], "batch": run[1], "marker": marker.name, "site": marker.site, "measure": "intensity"}
    return {**known, **nothing, "method": "", "detail": "", "n_cells": 0, "n_slides": 0, "origin": why}


def _name(row: Mapping[Hashable, object]) -> str:
    return f"{row['marker']} ({' '.join(filter(None, (str(row['stain']), str(row['batch']))))})"


def _is_far_below(row: Mapping[Hashable, object]) -> bool:
    return row["method"] == "controls" and _FAR_BELOW in str(row["detail"])
