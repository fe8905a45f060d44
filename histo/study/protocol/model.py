"""A protocol as data: arms, segments, endpoints, decisions of the analysis, questions, and where each comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from histo.io.design.cell import as_day
from histo.study.level.endpoint import ENDPOINTS, endpoint_named
from histo.study.plan import AnalysisPlan, Correction, SectionEstimator, SectionWeights

__all__ = ["Analysis", "Chosen", "Protocol", "ProtocolArm", "ProtocolEndpoint", "ProtocolQuestion", "Source"]

Source = Literal["paper", "histo", "lab"]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Sentence = Annotated[str, Field(min_length=1, max_length=2000)]
Segment = Literal["duodenum", "jejunum", "ileum"]
Question = Literal["onset", "progression", "barrier", "segment"]

_SAID_BY: dict[Source, str] = {
    "paper": "stated by the paper",
    "histo": "not stated by the paper; histo's default",
    "lab": "decided by the lab",
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_strip_whitespace=True)


class Chosen(_Part):
    """Who decided something: the paper, histo because the paper does not say, or the lab."""

    source: Source
    note: str = ""

    @property
    def origin(self) -> str:
        """Say where it comes from."""
        return f"{_SAID_BY[self.source]}{f'; {self.note}' if self.note else ''}"


class ProtocolArm(Chosen):
    """One group of animals at one timepoint.

    Parameters
    ----------
    name : str
        What the protocol calls it: ``EAE day 7``.
    group : str
        The group.
    timepoint : str, optional
        Its timepoint; empty takes whatever the design says.
    also : tuple of str, optional
        What else a design may call it: ``EAE7``, or with a timepoint ``MOG @ 7``. Letters may be of any case.
    is_reference : bool, optional
        Whether the others are compared with it.
    is_before_signs : bool, optional
        Whether it lies before the clinical signs.
    """

    name: Sentence
    group: Annotated[str, Field(min_length=1, max_length=60)]
    timepoint: str = ""
    also: tuple[str, ...] = ()
    is_reference: bool = False
    is_before_signs: bool = False

    def fits(self, group: str, timepoint: str) -> bool:
        """Tell whether a design's group and timepoint are this arm."""
        own = f"{self.group} @ {self.timepoint}" if self.timepoint else self.group
        return any(_is_same(name, group, timepoint) for name in (own, *self.also))


class ProtocolEndpoint(Chosen):
    """One measure.

    Parameters
    ----------
    name : str
        What the protocol calls it: ``villus length``.
    column : str
        Column of the sections table.
    unit : str
        Its unit; ``ratio`` of one that is divided by the mean of the controls.
    definition : str
        How it is measured.
    normalisation : {"none", "ratio_to_control"}
        ``ratio_to_control`` divides by the mean over the reference's animals, in the same segment.
    margin : float, optional
        Differences up to this, in the endpoint's unit, do not matter: equivalence is tested against it.
    """

    name: Sentence
    column: Name
    unit: str = ""
    definition: Sentence
    normalisation: Literal["none", "ratio_to_control"] = "none"
    margin: Annotated[float, Field(gt=0)] | None = None

    @property
    def endpoint(self) -> str:
        """Column that the study compares: the measure's own, or that of the ratio."""
        return self.column if self.normalisation == "none" else f"{self.column}_ratio_to_control"

    @model_validator(mode="after")
    def _check_unit(self) -> ProtocolEndpoint:
        wanted = "ratio" if self.normalisation == "ratio_to_control" else endpoint_named(self.column).unit
        is_known = self.column in ENDPOINTS or self.normalisation == "ratio_to_control"
        if self.unit != wanted and (is_known or wanted):
            raise ValueError(f"unit: {self.column} is in {wanted or 'no unit'}, not in {self.unit or 'no unit'}")
        return self


class Analysis(_Part):
    """The decisions of the analysis, each with who made it.

    Parameters
    ----------
    unit : {"animal"}
        Unit of analysis.
    test : {"permutation"}
        Permutation of animals, Welch's t.
    correction, corrects_comparisons, covariates, level
        As in `histo.study.AnalysisPlan`.
    minimum_repeats, minimum_sections, section_weights, section_estimator
        As in `histo.study.AnalysisPlan`.
    source_of : dict of str to Chosen
        Who decided each of these.
    """

    unit: Literal["animal"]
    test: Literal["permutation"]
    correction: Correction
    corrects_comparisons: bool
    covariates: tuple[Name, ...]
    level: Annotated[float, Field(gt=0, lt=1)]
    minimum_repeats: Annotated[int, Field(ge=0)]
    minimum_sections: Annotated[int, Field(ge=1)]
    section_weights: SectionWeights
    section_estimator: SectionEstimator
    source_of: dict[str, Chosen]

    @property
    def decisions(self) -> dict[str, object]:
        """The decisions by name, without who made them."""
        return self.model_dump(exclude={"source_of"})

    @model_validator(mode="after")
    def _check_sources(self) -> Analysis:
        decisions = list(self.decisions)
        problems = [f"source_of lacks {name}" for name in decisions if name not in self.source_of]
        problems += [
            f"source_of names {name}, which is no decision" for name in self.source_of if name not in decisions
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class ProtocolQuestion(Chosen):
    """A named question of `histo.study.question` that belongs to the protocol."""

    name: Question


class Protocol(_Part):
    """What a study fixes before anyone looks at the numbers.

    Parameters
    ----------
    id, version : str
        Its name, and the version of what it says.
    title : str
        What it is.
    citation, address : str
        The paper that it follows, and where it can be read; empty for a lab's own.
    notes : str
        What a reader must know.
    segments : tuple of str
        Parts of the gut.
    arms, endpoints, questions : tuples
        See `ProtocolArm`, `ProtocolEndpoint` and `ProtocolQuestion`.
    analysis : Analysis
        Its decisions.
    """

    id: Name
    version: Annotated[str, Field(min_length=1, max_length=20)]
    title: Sentence
    citation: str = ""
    address: str = ""
    notes: str = ""
    segments: tuple[Segment, ...]
    arms: tuple[ProtocolArm, ...]
    endpoints: tuple[ProtocolEndpoint, ...]
    analysis: Analysis
    questions: tuple[ProtocolQuestion, ...] = ()

    @property
    def reference(self) -> ProtocolArm:
        """The arm that the others are compared with."""
        return next(arm for arm in self.arms if arm.is_reference)

    @property
    def presymptomatic(self) -> tuple[str, ...]:
        """The timepoints that it says lie before the clinical signs."""
        return tuple(dict.fromkeys(arm.timepoint for arm in self.arms if arm.is_before_signs))

    @property
    def margins(self) -> dict[str, float]:
        """Margins of equivalence of the endpoints that have one, by the column that is compared."""
        return {entry.endpoint: entry.margin for entry in self.endpoints if entry.margin is not None}

    def plan(self, endpoints: Sequence[str]) -> AnalysisPlan:
        """Make the plan of an analysis that has these of its endpoints."""
        reference = self.reference
        decided = self.analysis.model_dump(exclude={"source_of", "unit", "test"})
        name = f"{reference.group} @ {reference.timepoint}" if reference.timepoint else reference.group
        return AnalysisPlan(endpoints=tuple(endpoints), reference=name, **decided)

    @field_validator("segments")
    @classmethod
    def _check_segments(cls, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        problems = [*_too_few(segments, 1, "segment"), *_doubles(segments, "segment")]
        if problems:
            raise ValueError("; ".join(problems))
        return segments

    @field_validator("arms")
    @classmethod
    def _check_arms(cls, arms: tuple[ProtocolArm, ...]) -> tuple[ProtocolArm, ...]:
        references = [arm.name for arm in arms if arm.is_reference]
        problems = _too_few(arms, 2, "arms")
        if len(references) != 1:
            problems.append(f"one arm is the reference, got {', '.join(references) or 'none'}")
        problems += [f"the reference {arm.name} cannot be before signs" for arm in arms if _is_healthy_early(arm)]
        problems += [f"{arm.name} is before signs and needs a timepoint" for arm in arms if _is_timeless_early(arm)]
        problems += _doubles([arm.name for arm in arms], "arm")
        problems += _doubles([f"{arm.group} @ {arm.timepoint}" for arm in arms], "group and timepoint")
        if problems:
            raise ValueError("; ".join(problems))
        return arms

    @field_validator("endpoints")
    @classmethod
    def _check_endpoints(cls, endpoints: tuple[ProtocolEndpoint, ...]) -> tuple[ProtocolEndpoint, ...]:
        problems = _too_few(endpoints, 1, "endpoint")
        problems += _doubles([entry.name for entry in endpoints], "endpoint")
        problems += _doubles([entry.endpoint for entry in endpoints], "column")
        if problems:
            raise ValueError("; ".join(problems))
        return endpoints

    @field_validator("questions")
    @classmethod
    def _check_questions(
        cls, questions: tuple[ProtocolQuestion, ...], info: ValidationInfo
    ) -> tuple[ProtocolQuestion, ...]:
        """Hold the questions to the arms and segments, as far as those are right."""
        names = [entry.name for entry in questions]
        problems = _doubles(names, "question")
        arms, segments = info.data.get("arms"), info.data.get("segments")
        if "onset" in names and arms is not None and not any(arm.is_before_signs for arm in arms):
            problems.append("onset needs an arm with is_before_signs")
        if "progression" in names and arms is not None and sum(not arm.is_reference for arm in arms) < 2:
            problems.append("progression needs two arms beside the reference")
        if "segment" in names and segments is not None and len(segments) < 2:
            problems.append("segment needs two segments")
        if problems:
            raise ValueError("; ".join(problems))
        return questions


def _is_same(name: str, group: str, timepoint: str) -> bool:
    """Whether ``group`` or ``group @ timepoint`` means a design's group and timepoint, days in any spelling."""
    wanted_group, _, wanted_time = (part.strip().casefold() for part in name.partition("@"))
    if wanted_group != group.strip().casefold():
        return False
    day = as_day(wanted_time)
    if day is not None:
        return as_day(timepoint) == day
    return not wanted_time or wanted_time == timepoint.strip().casefold()


def _is_healthy_early(arm: ProtocolArm) -> bool:
    return arm.is_reference and arm.is_before_signs


def _is_timeless_early(arm: ProtocolArm) -> bool:
    return arm.is_before_signs and not arm.timepoint


def _too_few(entries: Sequence[object], least: int, kind: str) -> list[str]:
    return [f"needs {least} {kind} or more"] if len(entries) < least else []


def _doubles(names: Sequence[str], kind: str) -> list[str]:
    return [f"{kind} {name!r} stands there twice" for name in dict.fromkeys(names) if list(names).count(name) > 1]
