"""Every error that histo raises on purpose.

Each says what is wrong, in which file, what was expected, what was found and what to do next, and each is also the
builtin that a caller who has never heard of histo would catch. ``reason`` is the code that stands in the ``failures``
table.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import ClassVar

__all__ = [
    "ConflictingPixelSize",
    "CorruptModel",
    "CorruptResults",
    "DesignProblem",
    "HistoError",
    "InvalidAnnotation",
    "InvalidArgument",
    "InvalidDesign",
    "InvalidLabelMap",
    "InvalidProfile",
    "InvalidProtocol",
    "InvalidRecipe",
    "InvalidRule",
    "InvalidTable",
    "MissingExtra",
    "MissingPixelSize",
    "NoThreshold",
    "NoTissue",
    "ResultsInUse",
    "ResultsNotWritten",
    "SlideNotFound",
    "SlideTooLarge",
    "TrainingStopped",
    "UnitOfAnalysisError",
    "UnknownModel",
    "UnknownProfile",
    "UnknownProtocol",
    "UnreadableSlide",
    "UnsupportedSlide",
    "UnusableStaining",
    "WrongStain",
]


class HistoError(Exception):
    """Base of all errors of this package.

    Parameters
    ----------
    what : str
        One sentence: what is wrong.
    file : path-like, optional
        The file that it is wrong in.
    expected, got : str, optional
        What would have been right, and what was there.
    next_step : str, optional
        What the user can do about it.
    """

    reason: ClassVar[str] = "error"

    def __init__(
        self,
        what: str,
        *,
        file: str | PathLike[str] | None = None,
        expected: str | None = None,
        got: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.file = None if file is None else str(file)
        self.expected = expected
        self.got = got
        self.next_step = next_step

    def __str__(self) -> str:
        """Put the parts into one message, leaving out those that were not given."""
        head = self.what if self.file is None else f"{self.file}: {self.what}"
        parts = [head]
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.got is not None:
            parts.append(f"got {self.got}")
        message = "; ".join(parts)
        if self.next_step is None:
            return message
        return f"{message}\n{self.next_step}" if "\n" in message else f"{message}. {self.next_step}"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by value, so that an error raised in a worker process arrives whole."""
        parts = (type(self), self.what, self.file, self.expected, self.got, self.next_step)
        return _rebuild, parts, self.__dict__


def _rebuild(
    kind: type[HistoError],
    what: str,
    file: str | None,
    expected: str | None,
    got: str | None,
    next_step: str | None,
) -> HistoError:
    return kind(what, file=file, expected=expected, got=got, next_step=next_step)


class InvalidArgument(HistoError, ValueError):
    """A call was made with a value that it cannot use."""

    reason = "invalid_argument"


class MissingPixelSize(HistoError, ValueError):
    """No µm/px was found or given: nothing is measured without one."""

    reason = "missing_pixel_size"


class ConflictingPixelSize(HistoError, ValueError):
    """Two sources of µm/px disagree."""

    reason = "conflicting_pixel_size"


class SlideNotFound(HistoError, FileNotFoundError):
    """There is no slide at this path."""

    reason = "slide_not_found"


class UnreadableSlide(HistoError, OSError):
    """The file is damaged, empty, forbidden or not what its name says."""

    reason = "unreadable_slide"


class UnsupportedSlide(HistoError, ValueError):
    """The file is sound but of a kind that histo does not read."""

    reason = "unsupported_slide"


class SlideTooLarge(HistoError, ValueError):
    """The file announces dimensions that no slide has, or would fill the memory when decoded."""

    reason = "slide_too_large"


class MissingExtra(HistoError, ImportError):
    """An optional dependency is needed and not installed."""

    reason = "missing_extra"


class NoTissue(HistoError, ValueError):
    """No piece of gut was found on the slide."""

    reason = "no_tissue"


class NoThreshold(HistoError, ValueError):
    """The cells do not say where a marker becomes positive; the message says why."""

    reason = "no_threshold"


class UnusableStaining(HistoError, ValueError):
    """A stained picture is saturated, out of focus or unevenly lit beyond what may be measured."""

    reason = "unusable_staining"


class InvalidLabelMap(HistoError, ValueError):
    """An array is not a label map: wrong type, shape or values."""

    reason = "invalid_label_map"


@dataclass(frozen=True)
class DesignProblem:
    """One thing that is wrong in a design table.

    Parameters
    ----------
    row : int or None
        Row number as a spreadsheet shows it: the header is row 1. None when it concerns the whole table.
    column : str or None
        Name of the column. None when it concerns the whole file.
    expected, got : str
        What would have been right, and what was there.
    """

    row: int | None
    column: str | None
    expected: str
    got: str

    def __str__(self) -> str:
        """Say where, what was expected and what was found, in one line."""
        where = [f"row {self.row}"] if self.row is not None else []
        where += [f"column {self.column!r}"] if self.column is not None else []
        return f"{', '.join(where) or 'table'}: expected {self.expected}; got {self.got}"


class InvalidDesign(HistoError, ValueError):
    """The design table has problems; all of them are in the message.

    Attributes
    ----------
    problems : tuple of DesignProblem
        The same, one by one.
    """

    reason = "invalid_design"
    problems: tuple[DesignProblem, ...] = ()

    @classmethod
    def from_problems(
        cls, problems: tuple[DesignProblem, ...], file: str | PathLike[str], next_step: str
    ) -> InvalidDesign:
        """Put all problems of one table into one error."""
        number = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  {problem}" for problem in problems)
        error = cls(f"the design table has {number}:{lines}", file=file, next_step=next_step)
        error.problems = problems
        return error


class InvalidTable(HistoError, ValueError):
    """A result table lacks columns or holds impossible values."""

    reason = "invalid_table"


class InvalidAnnotation(HistoError, ValueError):
    """A GeoJSON file is not one that QuPath or histo writes."""

    reason = "invalid_annotation"


class InvalidProfile(HistoError, ValueError):
    """A profile of a score has problems; all of them are in the message."""

    reason = "invalid_profile"


class InvalidProtocol(HistoError, ValueError):
    """A protocol of a study has problems; all of them are in the message."""

    reason = "invalid_protocol"


class InvalidRecipe(HistoError, ValueError):
    """A training recipe has problems; all of them are in the message."""

    reason = "invalid_recipe"


class InvalidRule(HistoError, ValueError):
    """A rule of a phenotype cannot be read, or names a marker that the cells lack."""

    reason = "invalid_rule"


class TrainingStopped(HistoError, RuntimeError):
    """A training was asked to stop and kept a checkpoint."""

    reason = "training_stopped"


class UnknownModel(HistoError, LookupError):
    """There is no model of this name; the message lists those there are."""

    reason = "unknown_model"


class UnknownProfile(HistoError, LookupError):
    """There is no profile of a score of this name; the message lists those there are."""

    reason = "unknown_profile"


class UnknownProtocol(HistoError, LookupError):
    """There is no protocol of this name; the message lists those there are."""

    reason = "unknown_protocol"


class CorruptModel(HistoError, ValueError):
    """A model's files do not agree with one another or with the sha256 on record."""

    reason = "corrupt_model"


class CorruptResults(HistoError, ValueError):
    """A results folder lacks a file or holds one that does not read."""

    reason = "corrupt_results"


class ResultsInUse(HistoError, OSError):
    """Another process writes into this results folder."""

    reason = "results_in_use"


class ResultsNotWritten(HistoError, OSError):
    """The results folder takes nothing more: full, read-only or gone."""

    reason = "results_not_written"


class WrongStain(HistoError, ValueError):
    """The slide is stained in a way that the model was not made for."""

    reason = "wrong_stain"


class UnitOfAnalysisError(HistoError, ValueError):
    """A statistic was asked for on repeats instead of animals."""

    reason = "unit_of_analysis"
