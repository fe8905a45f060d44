"""The design table: which slide is of which animal, group, timepoint and segment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from histo.errors import DesignProblem, InvalidDesign
from histo.io.design.check import cells_of, find_problems
from histo.io.design.columns import COLUMNS, as_day, as_number, as_slide
from histo.io.design.sheet import read_sheet
from histo.schema import IDENTITY

__all__ = ["Design", "read_design"]


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
        known. Of the others, those in the file: stain (he, dab or fluorescence), mpp, control and negative_control
        (bool), clinical_score, weight (numbers, NaN where empty); columns that histo does not know are kept, as numbers
        where all their cells are.
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
        """Groups as they first appear, those of controls first."""
        controls = self.controls
        return (*controls, *(group for group in dict.fromkeys(self.table["group"]) if group not in controls))

    @property
    def controls(self) -> tuple[str, ...]:
        """Groups with a row that the column ``control`` marks, as they first appear."""
        if "control" not in self.table:
            return ()
        return tuple(dict.fromkeys(self.table["group"][self.table["control"]]))

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
        name = as_slide(slide)
        of_slide = self.table[self.table["slide"] == name]
        for wanted in (section, ""):
            found = of_slide[of_slide["section"] == wanted]
            if len(found):
                return found.iloc[0]
        problem = (
            self._without_row(name)
            if of_slide.empty
            else DesignProblem(
                None,
                "section",
                f"a row for section {section!r} of slide {name!r}, or one without a section",
                f"rows for {', '.join(map(repr, of_slide['section']))}",
            )
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
            Slides without a row, then rows without a slide; empty when each has its other.
        """
        present = dict.fromkeys(as_slide(name) for name in slide_names)
        listed = set(self.table["slide"])
        problems = [self._without_row(name) for name in present if name not in listed]
        problems += [
            DesignProblem(int(row), "slide", "one of the slides that are there", f"{name!r}{_nearest(name, present)}")
            for row, name in zip(self.table.index, self.table["slide"], strict=True)
            if name not in present
        ]
        return problems

    def _without_row(self, name: str) -> DesignProblem:
        return DesignProblem(None, "slide", f"a row for slide {name!r}", f"none{_nearest(name, self.table['slide'])}")


def read_design(path: str | os.PathLike[str]) -> Design:
    """Read a design table and check it whole.

    Parameters
    ----------
    path : path-like
        CSV or TSV in UTF-8 (divided by comma, semicolon or tab), Excel workbook (its first sheet) or Parquet. The first
        row names the columns: slide, animal and group are needed; section, timepoint, segment, stain, marker, mpp,
        control, negative_control, batch, sex, cage, clinical_score and weight are known; others are kept.

    Returns
    -------
    Design

    Raises
    ------
    InvalidDesign
        If anything is wrong; ``.problems`` has every problem with row, column, what was expected and what was found.
    """
    path = Path(path)
    sheet = read_sheet(path)
    problems = find_problems(sheet)
    if problems:
        raise InvalidDesign.from_problems(problems, path, "Correct these cells and run again; nothing was scored.")
    return Design(path, _typed(cells_of(sheet)))


def _typed(cells: pd.DataFrame) -> pd.DataFrame:
    """Give every column its type, and what has several spellings one of them."""
    first = [column.name for column in IDENTITY]
    cells = cells.reindex(columns=[*first, *(name for name in cells.columns if name not in first)], fill_value="")
    typed = {name: _read_known(cells[name]) if name in COLUMNS else _read_other(cells[name]) for name in cells.columns}
    # A day has many spellings; a timepoint that is a name stays as it is.
    typed["timepoint"] = cells["timepoint"].map(lambda text: text if (day := as_day(text)) is None else f"{day:g}")
    return pd.DataFrame(typed, index=cells.index)


def _read_known(texts: pd.Series[str]) -> pd.Series[Any]:
    column = COLUMNS[str(texts.name)]
    return pd.Series([column.read(text) if text else column.empty for text in texts], texts.index, dtype=column.kind)


def _read_other(texts: pd.Series[str]) -> pd.Series[Any]:
    """Read a column of one's own as numbers when all its filled cells are."""
    numbers = [as_number(text) for text in texts]
    is_number = any(texts) and all(number is not None for number, text in zip(numbers, texts, strict=True) if text)
    return pd.Series(numbers, texts.index, dtype="float64") if is_number else texts


def _nearest(name: str, names: Iterable[str]) -> str:
    found = get_close_matches(name, list(names), n=1)
    return f"; the nearest is {found[0]!r}" if found else ""
