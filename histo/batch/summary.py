"""What came of a batch, for the person or the program that started it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from histo.batch.job import Failure

__all__ = ["RunSummary"]


@dataclass(frozen=True)
class RunSummary:
    """The end of a batch.

    Parameters
    ----------
    results : Path
        The results folder.
    n_in, n_scored, n_failed : int
        Slides planned, scored and failed; the first is the sum of the others.
    n_done_before : int
        Of the scored ones, those that an earlier run had finished.
    n_sections : int
        Sections on the scored slides.
    failures : tuple of Failure
        One for each failed slide, in order of name.
    notes : tuple of str
        What else the user should know.
    report : Path, optional
        The report page.
    seconds : float
        How long it took.
    """

    results: Path
    n_in: int
    n_scored: int
    n_failed: int
    n_done_before: int
    n_sections: int
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]
    report: Path | None
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 if every slide was scored, 1 if some failed."""
        return 1 if self.n_failed else 0

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        report = None if self.report is None else str(self.report)
        return {**asdict(self), "results": str(self.results), "report": report}
