"""What a study sampled: sections in; animals, groups, their scatter and what it asks of the next study out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Self

import pandas as pd

from histo.errors import InvalidArgument
from histo.io.design import Design, read_design
from histo.io.results import read_table
from histo.study.admission import admit_sections
from histo.study.assignment import assign_animals
from histo.study.level.aggregate import animals_table, groups_table
from histo.study.level.arm import Arm, find_reference
from histo.study.level.endpoint import ENDPOINTS, endpoint_named
from histo.study.level.goal import PowerGoal
from histo.study.level.joining import MEASURE_NAMES, join_measures
from histo.study.level.planning import power
from histo.study.level.section import usable_sections
from histo.study.level.unit import UNIT_TABLES, restate_sections
from histo.study.level.variance import variance_components
from histo.study.plan import AnalysisPlan
from histo.study.strata import covariates_of_animals

__all__ = ["StudySample"]

_NO_ENDPOINTS = {"row", "col", "height", "width"}


class StudySample:
    """The sections of a study and the levels above and below them.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table. Animal, group and timepoint may be empty: then there is nothing to compare. A further
        column ``control`` marks the control group's rows; further numeric columns may be endpoints of the plan.
    plan : AnalysisPlan, optional
        What was decided beforehand.
    units : mapping of str to DataFrame, optional
        The tables of villi, crypts and units, to tell their scatter from that of sections. Default: those of the
        results folder that the study was read from.

    Attributes
    ----------
    folder : Path or None
        The results folder that it was read from.

    Raises
    ------
    InvalidTable
        If the table lacks columns.
    InvalidDesign
        If a section stands there twice, or an animal is in two groups at one timepoint; all such are in the message.
    InvalidArgument
        If an endpoint of the plan is no numeric column of the table.
    """

    def __init__(
        self,
        sections: pd.DataFrame,
        *,
        plan: AnalysisPlan | None = None,
        units: Mapping[str, pd.DataFrame] | None = None,
    ) -> None:
        self.plan = plan or AnalysisPlan()
        self.folder: Path | None = None
        self.sections = admit_sections(sections)
        self._given_units = units
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

        What its other tables say of a section (positivity, densities, junctions, staining, scores) is laid beside the
        sections' own measures, as `histo.study.level.join_measures` describes.

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
        sections = join_measures(read_table(folder, "sections"), _tables(folder, MEASURE_NAMES))
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
        return usable_sections(self._restated, endpoint_named(endpoint), self.plan)

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

    def variance_components(self, endpoint: str | None = None) -> pd.DataFrame:
        """Estimate how much animals, sections and units scatter.

        Parameters
        ----------
        endpoint : str, optional
            One endpoint. Default: the plan's.

        Returns
        -------
        DataFrame
            The ``variance_components`` table, as `histo.study.variance_components` describes it.
        """
        return variance_components(self._restated, self._chosen(endpoint), self.plan, units=self._units)

    def power(self, endpoint: str | None = None, goal: PowerGoal | None = None) -> pd.DataFrame:
        """Tell what the study's layout finds, and how many animals and sections a difference needs.

        Parameters
        ----------
        endpoint : str, optional
            One endpoint. Default: the plan's.
        goal : PowerGoal, optional
            The difference to be found, and with which chance. Default: the smallest that is found with 80 %.

        Returns
        -------
        DataFrame
            The ``power`` table, as `histo.study.power` describes it.
        """
        return power(self._restated, self._chosen(endpoint), self.plan, goal=goal, units=self._units)

    @cached_property
    def _animals(self) -> pd.DataFrame:
        return animals_table(self._restated, self.endpoints, self.plan)

    @cached_property
    def _restated(self) -> pd.DataFrame:
        """The sections with values made of their units as the plan says."""
        if self.plan.section_estimator == "mean":
            return self.sections
        return restate_sections(self.sections, self._units, self.endpoints, self.plan)

    @cached_property
    def _units(self) -> Mapping[str, pd.DataFrame]:
        if self._given_units is not None or self.folder is None:
            return self._given_units or {}
        return _tables(self.folder, UNIT_TABLES)

    @cached_property
    def _covariates(self) -> pd.DataFrame:
        return covariates_of_animals(self.sections, self.plan.covariates)

    def _animals_of(self, endpoints: list[str]) -> pd.DataFrame:
        """Make the ``animals`` table of endpoints that need not be of the plan."""
        return animals_table(self._restated, endpoints, self.plan)

    def _chosen(self, endpoint: str | None) -> list[str]:
        if endpoint is None:
            return list(self.plan.endpoints)
        self._require_endpoint(endpoint)
        return [endpoint]

    def _numeric_columns(self) -> list[str]:
        return [str(name) for name in self.sections.select_dtypes("number").columns if name not in _NO_ENDPOINTS]

    def _require_endpoint(self, name: str) -> None:
        numeric = self._numeric_columns()
        if name not in numeric:
            raise InvalidArgument(
                "this is not an endpoint of the sections table",
                expected=f"one of {', '.join(sorted(numeric, key=_place))}",
                got=repr(name),
            )


def _tables(folder: str | os.PathLike[str], names: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Read those of the tables that the folder has."""
    return {name: read_table(folder, name) for name in names if (Path(folder) / f"{name}.parquet").is_file()}


def _place(column: str) -> int:
    """Put the endpoints first, in their order."""
    return list(ENDPOINTS).index(column) if column in ENDPOINTS else len(ENDPOINTS)
