"""A rubric as data: its inputs, its cut-offs with where each comes from, and its grades as combinations of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Extended", "Finding", "Grade", "Input", "Operator", "Profile", "Reference"]

Operator = Literal[">", ">=", "<", "<="]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Sentence = Annotated[str, Field(min_length=1, max_length=2000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_strip_whitespace=True)


class Reference(_Part):
    """Where cut-offs come from.

    Parameters
    ----------
    key : str
        What a finding calls it.
    citation : str
        Authors or journal, and where in it.
    address : str
        Where it can be read.
    is_verified : bool
        Whether it was read; False is printed as "unverified".
    """

    key: Name
    citation: Sentence
    address: str = ""
    is_verified: bool

    def __str__(self) -> str:
        """Cite, with the address and whether it was read."""
        parts = [self.citation, self.address, "" if self.is_verified else "unverified"]
        return ", ".join(part for part in parts if part)


class Input(_Part):
    """One measure that the rubric needs.

    Parameters
    ----------
    name : str
        What findings call it.
    column : str
        Column of the sections table, or key of the mapping, that holds it.
    unit : str
        Its unit, as it is printed behind a value; empty for a ratio.
    meaning : str
        What it is.
    given_by : {"histo", "reader"}
        Whether histo measures it, or a person must read it from the slide.
    next_step : str
        How to come by it when it is missing.
    zero_where_none_of : str
        A column that counts something: where that is 0, a missing value of this input counts as 0. A flat mucosa has no
        villus to measure, and so no ratio of villus to crypt.
    lowest, highest : float, optional
        What it can be at least and at most; other values are refused.
    is_whole : bool
        Whether only whole numbers are values of it, as of a code that a person reads.
    """

    name: Name
    column: Name
    unit: str = ""
    meaning: Sentence
    given_by: Literal["histo", "reader"] = "histo"
    next_step: Sentence
    zero_where_none_of: Name | None = None
    lowest: float | None = 0.0
    highest: float | None = None
    is_whole: bool = False


class Finding(_Part):
    """One comparison of an input with a cut-off.

    Parameters
    ----------
    name : str
        What grades call it.
    says : str
        What it says when the cut-off is crossed, in a few words.
    input : str
        The input that is compared.
    operator : {">", ">=", "<", "<="}
        How: input, operator, cut-off.
    threshold : float, optional
        The cut-off as a number in the input's unit.
    control_sd : float, optional
        Or: the mean of the study's controls plus this many of their standard deviations; negative goes below.
    control_fold : float, optional
        Or: the mean of the study's controls times this.
    control_share : float, optional
        Or: what this share of further control animals would stay below, of a density per mm²
        (`histo.measure.infiltrate.prediction_limit`).
    source : {"published", "ours"}
        Whether a source states the cut-off, or it is ours.
    where : str
        Key of the reference that states it.
    why : str
        What the source says instead when the cut-off is ours.
    """

    name: Name
    says: Sentence
    input: Name
    operator: Operator
    threshold: float | None = None
    control_sd: float | None = None
    control_fold: Annotated[float, Field(gt=0)] | None = None
    control_share: Annotated[float, Field(gt=0.5, lt=1)] | None = None
    source: Literal["published", "ours"]
    where: Name | None = None
    why: str = ""

    @property
    def needs_controls(self) -> bool:
        """Whether the cut-off is relative to the study's controls."""
        return self.threshold is None

    @property
    def limit(self) -> str:
        """The cut-off in words: ``30``, ``control mean + 2 SD``, ``0.7 x control mean``, ..."""
        if self.threshold is not None:
            return f"{self.threshold:g}"
        if self.control_fold is not None:
            return f"{self.control_fold:g} x control mean"
        if self.control_share is not None:
            return f"{100 * self.control_share:g} % prediction limit of controls"
        sds = self.control_sd or 0.0
        return f"control mean {'-' if sds < 0 else '+'} {abs(sds):g} SD"

    @model_validator(mode="after")
    def _check_limit(self) -> Finding:
        limits = (self.threshold, self.control_sd, self.control_fold, self.control_share)
        if sum(limit is not None for limit in limits) != 1:
            raise ValueError("needs exactly one of threshold, control_sd, control_fold and control_share")
        if self.source == "published" and self.where is None:
            raise ValueError("a published cut-off needs where: the key of a source")
        if self.source == "ours" and not self.why:
            raise ValueError("a cut-off of ours needs why: what the source says instead")
        return self


class Grade(_Part):
    """One grade: which findings it needs and which it excludes.

    Parameters
    ----------
    grade : str
        As it is written: ``3a``.
    scale : str
        Which of the rubric's scales it is a grade of; empty where there is one scale.
    rank : int, optional
        Its place in the order of severity. None stands outside the order.
    meaning : str
        What it is, in words.
    all_of, none_of : list of str
        Findings that must be crossed, and that must not be. What stands in neither does not matter.
    """

    grade: Annotated[str, Field(min_length=1, max_length=40)]
    scale: str = ""
    rank: int | None = None
    meaning: Sentence
    all_of: tuple[Name, ...] = ()
    none_of: tuple[Name, ...] = ()

    def fits(self, crossed: Iterable[str]) -> bool:
        """Tell whether these findings, and no others, make this grade."""
        return not self.wants(crossed) and not set(self.none_of) & set(crossed)

    def wants(self, crossed: Iterable[str]) -> list[str]:
        """List the findings that it needs and that are not there."""
        return [name for name in self.all_of if name not in set(crossed)]


class Extended(_Part):
    """The profile that another one takes over, and states only what differs from."""

    id: Name
    version: str

    def __str__(self) -> str:
        return f"{self.id} version {self.version}"


class Profile(_Part):
    """A rubric.

    Parameters
    ----------
    id, version : str
        Its name, and the version of what it says: any change of a cut-off is a new version.
    title, label : str
        What it is, and what its grades are called in print: ``Marsh-Oberhuber``.
    species : str
        The species that it was made for; ``any`` where the source does not tie it to one.
    label_elsewhere : str
        What its grades are called in another species: ``Marsh-like``.
    licence, notes : str
        On what terms it is restated here; and what a reader must know.
    extends : Extended, optional
        The profile that it was made from.
    sources, inputs, findings, grades : tuples
        See `Reference`, `Input`, `Finding` and `Grade`.
    """

    id: Name
    version: Annotated[str, Field(min_length=1, max_length=20)]
    title: Sentence
    label: Sentence
    species: Annotated[str, Field(pattern=r"^[a-z]+$")]
    label_elsewhere: Sentence
    licence: Sentence
    notes: str = ""
    extends: Extended | None = None
    sources: tuple[Reference, ...]
    inputs: tuple[Input, ...]
    findings: tuple[Finding, ...]
    grades: tuple[Grade, ...]

    @property
    def scales(self) -> list[str]:
        """The scales in their order; one empty name where there is only one."""
        return list(dict.fromkeys(grade.scale for grade in self.grades))

    @property
    def needs_controls(self) -> bool:
        """Whether any cut-off is relative to the study's controls."""
        return any(finding.needs_controls for finding in self.findings)

    def input_named(self, name: str) -> Input:
        """Look up an input."""
        return next(entry for entry in self.inputs if entry.name == name)

    def finding_named(self, name: str) -> Finding:
        """Look up a finding."""
        return next(entry for entry in self.findings if entry.name == name)

    def origin(self, finding: Finding) -> str:
        """Say where a cut-off comes from: ``published: ...`` or ``ours: ...``."""
        if finding.source == "ours":
            return f"ours: {finding.why}"
        return f"published: {next(entry for entry in self.sources if entry.key == finding.where)}"

    @model_validator(mode="after")
    def _check_whole(self) -> Profile:
        few = {"source": (self.sources, 1), "finding": (self.findings, 1), "grade": (self.grades, 2)}
        problems = [
            f"needs at least {least} {kind}{'s' if least > 1 else ''}"
            for kind, (parts, least) in few.items()
            if len(parts) < least
        ]
        problems += [*self._names_twice(), *self._names_unknown(), *self._names_unused()]
        if not problems:
            problems = self._overlaps()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _names_twice(self) -> list[str]:
        lists: dict[str, Sequence[object]] = {
            "source": [entry.key for entry in self.sources],
            "input": [entry.name for entry in self.inputs],
            "finding": [entry.name for entry in self.findings],
            "grade": [f"{entry.scale} {entry.grade}".strip() for entry in self.grades],
        }
        return [
            f"{kind} {name!r} stands there twice"
            for kind, names in lists.items()
            for name in dict.fromkeys(names)
            if names.count(name) > 1
        ]

    def _names_unknown(self) -> list[str]:
        keys = {entry.key for entry in self.sources}
        inputs = {entry.name for entry in self.inputs}
        findings = {entry.name for entry in self.findings}
        problems = [
            f"finding {entry.name!r} compares {entry.input!r}, which is no input"
            for entry in self.findings
            if entry.input not in inputs
        ]
        problems += [
            f"finding {entry.name!r} cites {entry.where!r}, which is no source"
            for entry in self.findings
            if entry.where is not None and entry.where not in keys
        ]
        return problems + [
            f"grade {entry.grade!r} names {name!r}, which is no finding"
            for entry in self.grades
            for name in (*entry.all_of, *entry.none_of)
            if name not in findings
        ]

    def _names_unused(self) -> list[str]:
        """Find inputs and findings that nothing uses: slips of the pen, which would be asked for in vain."""
        compared = {entry.input for entry in self.findings}
        graded = {name for entry in self.grades for name in (*entry.all_of, *entry.none_of)}
        problems = [f"no finding compares input {entry.name!r}" for entry in self.inputs if entry.name not in compared]
        return problems + [f"no grade uses finding {e.name!r}" for e in self.findings if e.name not in graded]

    def _overlaps(self) -> list[str]:
        """Find two grades of one scale that can both fit, so that the order of a file would decide."""
        return [
            f"grades {first.grade!r} and {second.grade!r} can both fit"
            for first, second in combinations(self.grades, 2)
            if first.scale == second.scale
            and not set(first.all_of) & set(second.none_of)
            and not set(second.all_of) & set(first.none_of)
        ]
