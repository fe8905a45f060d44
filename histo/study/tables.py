"""A study as tables: contrasts, answers to its questions and tables for other programs, from its sections."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Self

import pandas as pd

from histo.errors import InvalidArgument, UnitOfAnalysisError
from histo.io.design import confounding
from histo.study.as_published import as_published_table
from histo.study.contrast import contrasts_table
from histo.study.overall import overall_table
from histo.study.protocol import Protocol, follow, load_protocol
from histo.study.question import (
    BARRIER,
    BarrierDefinition,
    barrier_measures,
    barrier_table,
    clinical_scores,
    equivalence_table,
    onset_table,
    progression_table,
    segment_table,
)
from histo.study.sample import StudySample
from histo.study.tidy import prism_table, tidy_table

__all__ = ["QUESTIONS", "StudyTables"]

QUESTIONS = ("onset", "progression", "barrier", "segment")
"""The named questions, in the order in which they are answered."""


class StudyTables(StudySample):
    """The sections of a study, and what follows from them about animals and groups.

    Takes what `histo.study.sample.StudySample` takes.

    Attributes
    ----------
    protocol : Protocol or None
        The protocol that it follows.
    remarks : tuple of str
        What that protocol asks for and the study lacks, and what it left out.
    """

    protocol: Protocol | None = None
    remarks: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Which comparisons cannot be told from one of batches, cages or sexes: `histo.io.design.confounding`."""
        return confounding(self.sections)

    def following(self, protocol: str | os.PathLike[str] | Protocol) -> Self:
        """Return the study as a protocol wants it: its arms, segments, endpoints, decisions and questions, no others.

        Parameters
        ----------
        protocol : str, path-like or Protocol
            A name of `histo.study.list_protocols`, the path of a TOML file, or a protocol.

        Raises
        ------
        UnknownProtocol, InvalidProtocol
            If it is no protocol, or has problems; all of them are in the message.
        InvalidArgument
            If the study lacks the arms that it compares, or has none of its endpoints.
        """
        chosen = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
        followed = follow(chosen, self.sections)
        study = type(self)(followed.sections, plan=followed.plan, units=self._given_units)
        study.folder, study.protocol, study.remarks = self.folder, chosen, followed.remarks
        return study

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
        return contrasts_table(self._animals_of([endpoint]), (endpoint,), against, self.plan, self._covariates)

    def overall(self, reference: str | None = None) -> pd.DataFrame:
        """Test all arms of each segment at once, by the test that the design asks for; the animal is the unit.

        Parameters
        ----------
        reference : str, optional
            As in `compare`.

        Returns
        -------
        DataFrame
            The ``overall`` table: which test, why, and its answer.

        Raises
        ------
        InvalidArgument
            If it cannot be told what to compare against.
        """
        against = self.reference(reference or "")
        return overall_table(self._animals, self.plan.endpoints, against, self.plan, self._covariates)

    def onset(self, presymptomatic: tuple[str, ...] = ()) -> pd.DataFrame:
        """Ask which endpoints differ before the clinical signs, and which is the first that is shown to.

        Parameters
        ----------
        presymptomatic : tuple of str, optional
            Timepoints before the signs. Default: the protocol's; else those at which no animal had a clinical score
            above 0; else the earliest.

        Returns
        -------
        DataFrame
            The ``questions`` table, as `histo.study.question.onset_table` describes it.
        """
        declared = presymptomatic or (self.protocol.presymptomatic if self.protocol else ())
        return onset_table(
            self._animals,
            clinical_scores(self.sections),
            self._covariates,
            self.reference(),
            self.plan,
            presymptomatic=declared,
        )

    def progression(self) -> pd.DataFrame:
        """Ask whether the endpoints follow the timepoints, and the clinical score of the same animal.

        Returns
        -------
        DataFrame
            The ``questions`` table, as `histo.study.question.progression_table` describes it.
        """
        return progression_table(self._animals, clinical_scores(self.sections), self.reference(), self.plan)

    def barrier(self, definition: BarrierDefinition = BARRIER) -> pd.DataFrame:
        """Compare a composite of structure, junctions, infiltrate and permeability, and name what it lacks.

        Returns
        -------
        DataFrame
            The ``questions`` table, as `histo.study.question.barrier_table` describes it.
        """
        measures = barrier_measures(self._numeric_columns(), definition)
        return barrier_table(self._animals_of(measures), self._covariates, self.reference(), self.plan, definition)

    def segments(self) -> pd.DataFrame:
        """Ask in which part of the gut each endpoint changes more than in the rest of the same animals.

        Returns
        -------
        DataFrame
            The ``questions`` table, as `histo.study.question.segment_table` describes it.
        """
        return segment_table(self._animals, self._covariates, self.reference(), self.plan)

    def questions(self, names: Sequence[str] = ()) -> pd.DataFrame:
        """Answer several questions, one below the other.

        Parameters
        ----------
        names : sequence of str, optional
            Of `QUESTIONS`. Default: the protocol's, else all.

        Returns
        -------
        DataFrame
            The ``questions`` table.

        Raises
        ------
        InvalidArgument
            If there is no such question.
        """
        wanted = list(names) or self._asked()
        answers = {
            "onset": self.onset,
            "progression": self.progression,
            "barrier": self.barrier,
            "segment": self.segments,
        }
        unknown = [name for name in wanted if name not in answers]
        if unknown:
            raise InvalidArgument(
                "there is no such question", expected=f"of {', '.join(QUESTIONS)}", got=", ".join(map(repr, unknown))
            )
        return pd.concat([answers[name]() for name in wanted], ignore_index=True)

    def equivalence(self, endpoint: str | None = None, margin: float | None = None) -> pd.DataFrame:
        """Test whether differences of a size that matters can be ruled out.

        Parameters
        ----------
        endpoint : str, optional
            One endpoint. Default: those of the protocol that have a margin.
        margin : float, optional
            The smallest difference that would matter, in the endpoint's unit, fixed beforehand. Default: that of the
            protocol.

        Returns
        -------
        DataFrame
            The ``questions`` table, as `histo.study.question.equivalence_table` describes it.

        Raises
        ------
        InvalidArgument
            If there is no margin, or it is not a positive number.
        """
        known = self.protocol.margins if self.protocol else {}
        wanted = {endpoint: margin or known.get(endpoint)} if endpoint is not None else dict(known)
        margins = {name: size for name, size in wanted.items() if size is not None}
        if not margins:
            raise InvalidArgument(
                "equivalence needs a margin: the smallest difference that would matter",
                got=f"none for {endpoint or 'any endpoint'}",
                next_step="Fix it before looking at the numbers: equivalence('crypt_depth_um', margin=10).",
            )
        for name in margins:
            self._require_endpoint(name)
        return equivalence_table(self._animals_of(list(margins)), margins, self.reference(), self.plan)

    def as_published(self, endpoint: str | None = None, reference: str | None = None) -> pd.DataFrame:
        """Show the wrong p-value that takes sections for animals beside the right one, and how often it is wrong.

        Parameters
        ----------
        endpoint, reference : str, optional
            As in `compare`.

        Returns
        -------
        DataFrame
            The ``as_published`` table: no other way gives a p-value on sections.
        """
        contrasts = self.compare(endpoint, reference)
        names = list(dict.fromkeys(contrasts["endpoint"]))
        sections = [self.usable_sections(name).assign(endpoint=name) for name in names]
        return as_published_table(pd.concat(sections), contrasts, self.plan)

    def tidy(self) -> pd.DataFrame:
        """Return the animals as one long table for R: a row an animal, timepoint, segment and endpoint.

        Returns
        -------
        DataFrame
            As `histo.study.tidy.tidy_table` describes it.
        """
        return tidy_table(self._animals, self.sections)

    def prism(self, endpoint: str) -> pd.DataFrame:
        """Return one endpoint as GraphPad Prism's grouped table: segments are rows, arms columns, animals replicates.

        Returns
        -------
        DataFrame
            As `histo.study.tidy.prism_table` describes it.
        """
        self._require_endpoint(endpoint)
        return prism_table(self._animals_of([endpoint]), endpoint, self.reference().group)

    def _asked(self) -> list[str]:
        """List the questions of the protocol, or all where it asks none."""
        asked = [str(entry.name) for entry in self.protocol.questions] if self.protocol else []
        return asked or list(QUESTIONS)
