"""A study as tables: sections in; animals, groups and contrasts out."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Self

import pandas as pd

from histo.errors import InvalidArgument, InvalidDesign, UnitOfAnalysisError
from histo.io.design import Design, read_design
from histo.io.results import read_table
from histo.schema import IDENTITY, check_table, table_schema
from histo.study.assignment import assign_animals
from histo.study.contrast import contrasts_table
from histo.study.level.aggregate import animals_table, groups_table
from histo.study.level.arm import Arm, find_reference
from histo.study.level.endpoint import ENDPOINTS, endpoint_named
from histo.study.level.section import usable_sections
from histo.study.plan import AnalysisPlan
from histo.study.strata import covariates_of_animals

__all__ = ["StudyTables"]

_SECTION_NAMES = [column.name for column in IDENTITY]


class StudyTables:
    """The sections of a study, and what follows from them about animals and groups.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table. Animal, group and timepoint may be empty: then there is nothing to compare. A further
        column ``control`` marks the control group's rows; further numeric columns may be endpoints of the plan.
    plan : AnalysisPlan, optional
        What was decided beforehand.

    Raises
    ------
    InvalidTable
        If the table lacks columns.
    InvalidDesign
        If a section stands there twice, or an animal is in two groups at one timepoint; all such are in the message.
    InvalidArgument
        If an endpoint of the plan is no numeric column of the table.
    """

    def __init__(self, sections: pd.DataFrame, *, plan: AnalysisPlan | None = None) -> None:
        self.plan = plan or AnalysisPlan()
        self.folder: Path | None = None
        self.sections = _checked(sections)
        for name in self.plan.endpoints:
            self._require_endpoint(name)

    @classmethod
    def from_results(
        cls,
        folder: str | os.PathLike[str],
        design: str | os.PathLike[str] | Design | None = None,
        *,
        plan: AnalysisPlan | None = None,
    ) -> Self:
        """Read a study from a results folder.

        Parameters
        ----------
        folder : path-like
            What ``histo score`` wrote.
        design : path-like or Design, optional
            A design table whose animals, groups, timepoints and segments replace those in the results: use it when the
            design was mended after scoring.
        plan : AnalysisPlan, optional
            What was decided beforehand.

        Raises
        ------
        CorruptResults
            If there is no ``sections`` table in the folder, or it does not read.
        InvalidDesign
            If the design has problems.
        """
        sections = read_table(folder, "sections")
        if design is not None:
            sections = assign_animals(sections, design if isinstance(design, Design) else read_design(design))
        study = cls(sections, plan=plan)
        study.folder = Path(folder)
        return study

    @property
    def endpoints(self) -> list[str]:
        """The plan's endpoints, then the others that are described: those with a value in any section."""
        described = [
            name
            for name in ENDPOINTS
            if name not in self.plan.endpoints and name in self.sections.columns and self.sections[name].notna().any()
        ]
        return [*self.plan.endpoints, *described]

    @property
    def has_animals(self) -> bool:
        """Whether any section is known to be of an animal."""
        return bool((self.sections["animal"] != "").any())

    @property
    def n_unassigned_sections(self) -> int:
        """Sections of which no one said which animal they are; they count nowhere but in the sections table."""
        return int((self.sections["animal"] == "").sum())

    def usable_sections(self, endpoint: str) -> pd.DataFrame:
        """Return the sections that count for an endpoint, with its value in the column ``value``.

        Returns
        -------
        DataFrame
            Identity and value of the sections that are of a known animal and have enough accepted villi or crypts.
        """
        self._require_endpoint(endpoint)
        return usable_sections(self.sections, endpoint_named(endpoint), self.plan)

    def animals(self) -> pd.DataFrame:
        """Return the ``animals`` table: one row an animal, timepoint, segment and endpoint.

        Returns
        -------
        DataFrame
            A copy; empty without a design.
        """
        return self._animals.copy()

    def groups(self) -> pd.DataFrame:
        """Return the ``groups`` table: mean and interval over animals, per timepoint, segment and endpoint."""
        return groups_table(self._animals, self.plan.level)

    def reference(self, wanted: str = "") -> Arm:
        """Tell which group the others are compared against.

        Raises
        ------
        InvalidArgument
            If it cannot be told; the message says how to name it.
        """
        return find_reference(self.sections, wanted or self.plan.reference)

    def compare(
        self, endpoint: str | None = None, reference: str | None = None, *, unit: str = "animal"
    ) -> pd.DataFrame:
        """Compare every group and timepoint with the reference, within each segment; the animal is the unit.

        Parameters
        ----------
        endpoint : str, optional
            One endpoint. An endpoint of the plan has the same adjusted p-value as in the whole table, because it stays
            in its declared family; another one is a family of its own. Default: the plan's endpoints.
        reference : str, optional
            Group, or group and timepoint as ``"EAE @ 7"``. Default: the plan's, else read off the design: the group
            marked in the column control, or named control, ctrl, naive, sham, wt or healthy. A reference group that was
            sampled at the same timepoint is compared at that timepoint.
        unit : str, optional
            Unit of analysis. Anything but ``"animal"`` is refused.

        Returns
        -------
        DataFrame
            The ``contrasts`` table.

        Raises
        ------
        UnitOfAnalysisError
            If a p-value on sections, villi or other repeats is asked for.
        InvalidArgument
            If the endpoint is no numeric column or it cannot be told what to compare against.
        """
        if unit != "animal":
            raise UnitOfAnalysisError(
                "only animals can be compared: sections and villi of one animal are repeats, not independent samples",
                expected="unit='animal'",
                got=f"unit={unit!r}",
                next_step="At 5 animals x 8 sections a test on sections finds a difference that is not there in 28 to "
                "42 % of studies instead of 5 %. Use sections to see scatter, animals to test.",
            )
        against = self.reference(reference or "")
        if endpoint is None or endpoint in self.plan.endpoints:
            table = contrasts_table(self._animals, self.plan.endpoints, against, self.plan, self._covariates)
            return table if endpoint is None else table[table["endpoint"] == endpoint].reset_index(drop=True)
        self._require_endpoint(endpoint)
        animals = animals_table(self.sections, [endpoint], self.plan)
        return contrasts_table(animals, (endpoint,), against, self.plan, self._covariates)

    @cached_property
    def _covariates(self) -> pd.DataFrame:
        return covariates_of_animals(self.sections, self.plan.covariates)

    @cached_property
    def _animals(self) -> pd.DataFrame:
        return animals_table(self.sections, self.endpoints, self.plan)

    def _require_endpoint(self, name: str) -> None:
        numeric = [
            column for column in self.sections.select_dtypes("number").columns if column not in {"row", "col", "height"}
        ]
        if name not in numeric:
            raise InvalidArgument(
                "this is not an endpoint of the sections table",
                expected=f"one of {', '.join(sorted(numeric, key=_place))}",
                got=repr(name),
            )


def _place(column: str) -> int:
    """Put the endpoints first, in their order."""
    return list(ENDPOINTS).index(column) if column in ENDPOINTS else len(ENDPOINTS)


def _checked(sections: pd.DataFrame) -> pd.DataFrame:
    table = check_table(sections, table_schema("sections").columns)
    table[_SECTION_NAMES] = table[_SECTION_NAMES].fillna("").apply(lambda column: column.str.strip())
    problems = [*_repeated_sections(table), *_animals_in_two_groups(table)]
    if problems:
        raise InvalidDesign(
            "the sections cannot be given to animals: " + "; ".join(problems),
            next_step="Mend the design table and pass it again; nothing has to be scored anew.",
        )
    return table


def _repeated_sections(table: pd.DataFrame) -> list[str]:
    repeated = table[table.duplicated(["slide", "section"])].drop_duplicates(["slide", "section"])
    return [f"{row.slide}/{row.section} stands there more than once" for row in repeated.itertuples()]


def _animals_in_two_groups(table: pd.DataFrame) -> list[str]:
    known = table[table["animal"] != ""]
    n_groups = known.groupby("animal")["group"].unique()
    return [
        f"animal {animal} is in {' and '.join(sorted(groups))}"
        for animal, groups in n_groups.items()
        if len(groups) > 1
    ]
