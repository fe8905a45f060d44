"""The design table: which slide is of which animal, group, timepoint and segment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from histo.errors import DesignProblem, InvalidDesign
from histo.io.design.agreement import filled
from histo.io.design.animal import animals_of, scores_after_the_end
from histo.io.design.balance import confounding
from histo.io.design.catalogue import known_column
from histo.io.design.cell import as_day, as_number, as_slide
from histo.io.design.check import find_problems
from histo.io.design.course import with_outcomes
from histo.io.design.file import read_sheet
from histo.io.design.reading import Reading, read_cells
from histo.schema import IDENTITY

__all__ = ["Design", "read_design"]

_MOST_PAIRS = 100_000


@dataclass(frozen=True, eq=False)
class Design:
    """A design table without problems.

    Parameters
    ----------
    path : Path
        The file it was read from.
    table : DataFrame
        One row a slide, or a slide's section; the index is the row's number in the spreadsheet. Columns slide (without
        extension), section, animal, group, timepoint and segment are there always, as texts, empty where nothing is
        known. Of the others, those in the file, as `histo.io.design.known_column` defines them: texts, bool, or
        numbers with NaN where nothing is known. What one row says of a slide, an animal, an animal at a timepoint or a
        group holds for its other rows. Where there are columns of single days, so are clinical_peak,
        clinical_cumulative and clinical_onset_day, or weight_loss_percent. Columns that histo does not know are kept,
        as numbers where all their cells are.
    """

    path: Path
    table: pd.DataFrame

    @property
    def timepoints(self) -> tuple[str, ...]:
        """Timepoints in order: days by number, names as they first appear."""
        found = [text for text in dict.fromkeys(self.table["timepoint"]) if text]
        days = {text: as_day(text) for text in found}
        return tuple(sorted(found, key=lambda text: days[text] or 0.0))

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups as they first appear, the control first."""
        controls = self.controls
        return (*controls, *(group for group in dict.fromkeys(self.table["group"]) if group not in controls))

    @property
    def controls(self) -> tuple[str, ...]:
        """The group that the column ``control`` marks; empty if none is."""
        if "control" not in self.table:
            return ()
        return tuple(dict.fromkeys(self.table["group"][self.table["control"]]))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is no error but weakens the study: batches, cages or sexes that stand for groups, scores too late."""
        return (*confounding(self.table), *scores_after_the_end(self.table))

    def animals(self) -> pd.DataFrame:
        """Give what is known of the animals.

        Returns
        -------
        DataFrame
            One row an animal and timepoint, in the order of `groups`, then of `timepoints`, then as the animals first
            appear: animal, group, timepoint, sex, cage, batch (several joined by ``"; "``), clinical_score,
            clinical_peak, clinical_cumulative, clinical_onset_day, weight_g, weight_loss_percent, na_f, fitc_bsa and
            fitc_dextran, empty or NaN where nothing is known; then the daily columns of the file.
        """
        return animals_of(self.table, self.groups, self.timepoints)

    def places_of(self, slide: str) -> dict[str, int]:
        """Find the places in `table` (for ``iloc``) of a slide's rows, by section; empty if it has none.

        Parameters
        ----------
        slide : str
            Name or path of the slide, with or without extension.
        """
        return self._places.get(as_slide(slide), {})

    def row_for(self, slide: str, section: str = "s1") -> pd.Series[Any]:
        """Find the row of a section: its own, or else the one for its whole slide.

        Parameters
        ----------
        slide : str
            Name or path of the slide, with or without extension.
        section : str
            The section's name.

        Returns
        -------
        Series
            The row of `table`; its name is the number in the spreadsheet.

        Raises
        ------
        InvalidDesign
            If there is none.
        """
        name, rows = as_slide(slide), self.places_of(slide)
        place = rows.get(section, rows.get(""))
        if place is not None:
            return self.table.iloc[place]
        problem = (
            DesignProblem(
                None,
                "section",
                f"a row for section {section!r} of slide {name!r}, or one without a section",
                f"rows for {', '.join(map(repr, rows))}",
            )
            if rows
            else _without_row(name, self._places)
        )
        raise InvalidDesign.from_problems((problem,), self.path, "Add the row, or leave the slide out.")

    def check_against(self, slide_names: Iterable[str]) -> list[DesignProblem]:
        """Compare with the slides that are there.

        Parameters
        ----------
        slide_names : iterable of str
            Names or paths of slides, with or without extension.

        Returns
        -------
        list of DesignProblem
            Slides without a row, then rows without a slide, each with the nearest name among the others; empty when
            each has its other.
        """
        present = dict.fromkeys(as_slide(name) for name in slide_names)
        lonely = [name for name in present if name not in self._places]
        absent = [name for name in self._places if name not in present]
        # Of a design of other slides no name is near, and looking for one would take minutes.
        is_quick = len(lonely) * len(absent) <= _MOST_PAIRS
        problems = [_without_row(name, absent if is_quick else ()) for name in lonely]
        for row, name in zip(self.table.index, self.table["slide"], strict=True):
            if name not in present:
                got = f"{name!r}, without a file{_nearest(name, lonely if is_quick else ())}"
                problems.append(DesignProblem(int(row), "slide", "one of the slides that are there", got))
        return problems

    @cached_property
    def _places(self) -> dict[str, dict[str, int]]:
        rows: dict[str, dict[str, int]] = {}
        for place, (slide, section) in enumerate(zip(self.table["slide"], self.table["section"], strict=True)):
            rows.setdefault(slide, {})[section] = place
        return rows


def read_design(path: str | os.PathLike[str]) -> Design:
    """Read a design table and check it whole.

    Parameters
    ----------
    path : path-like
        CSV or TSV in UTF-8 (divided by comma, semicolon or tab), Excel workbook (its first visible sheet) or Parquet.
        The first row names the columns: slide, animal and group are needed; the page *Design table* has those
        that histo knows; others are kept.

    Returns
    -------
    Design

    Raises
    ------
    InvalidDesign
        If anything is wrong; ``.problems`` has every problem with row, column, what was expected and what was found.
    """
    path = Path(path)
    reading = read_cells(read_sheet(path))
    problems = find_problems(reading)
    if problems:
        raise InvalidDesign.from_problems(problems, path, "Correct these cells and run again; nothing was scored.")
    return Design(path, _typed(reading))


def _typed(reading: Reading) -> pd.DataFrame:
    """Give every column its type, the identity columns first."""
    values = with_outcomes(filled(reading))
    first = [column.name for column in IDENTITY]
    names = dict.fromkeys([*first, *reading.cells.columns, *values.columns])
    typed = {name: _typed_column(reading, values, name) for name in names}
    return pd.DataFrame(typed, index=reading.cells.index)


def _typed_column(reading: Reading, values: pd.DataFrame, name: str) -> pd.Series[Any]:
    column = known_column(name)
    if column is None:
        return _read_other(reading.cells[name])
    if name not in values:
        return pd.Series("", index=values.index, dtype="str")
    if column.kind == "float64":
        return values[name].astype("float64")
    return values[name].fillna("" if column.kind == "str" else False).astype(column.kind)


def _read_other(texts: pd.Series[str]) -> pd.Series[Any]:
    """Read a column of one's own as numbers when all its filled cells are."""
    numbers = [as_number(text) for text in texts]
    is_number = any(texts) and all(number is not None for number, text in zip(numbers, texts, strict=True) if text)
    return pd.Series(numbers, texts.index, dtype="float64") if is_number else texts


def _without_row(name: str, candidates: Iterable[str]) -> DesignProblem:
    return DesignProblem(
        None, "slide", f"a row for slide {name!r}", f"none, so it is of no animal{_nearest(name, candidates)}"
    )


def _nearest(name: str, names: Iterable[str]) -> str:
    found = get_close_matches(name, list(names), n=1)
    return f"; the nearest is {found[0]!r}" if found else ""
