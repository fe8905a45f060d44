"""What a worker is asked to do with one slide, and what it answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from histo.batch.planning import PlannedSlide
from histo.batch.record import Fingerprint
from histo.errors import HistoError

__all__ = ["Failure", "Job", "Outcome", "describe_failure"]


@dataclass(frozen=True)
class Job:
    """One slide to score.

    Parameters
    ----------
    slide : PlannedSlide
        The slide.
    results : Path
        The results folder.
    fingerprint : Fingerprint
        What it is to be scored with.
    device : str, optional
        Where the network runs.
    """

    slide: PlannedSlide
    results: Path
    fingerprint: Fingerprint
    device: str | None = None

    def to_json(self) -> str:
        """Write it on one line."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, line: str) -> Job:
        """Read what `to_json` wrote."""
        entries = json.loads(line)
        slide = PlannedSlide(**{**entries["slide"], "path": Path(entries["slide"]["path"])})
        return cls(slide, Path(entries["results"]), Fingerprint(**entries["fingerprint"]), entries["device"])


@dataclass(frozen=True)
class Failure:
    """Why a slide was not scored: a row of the ``failures`` table."""

    slide: str
    path: str
    reason: str
    message: str
    next_step: str


@dataclass(frozen=True)
class Outcome:
    """What became of one slide.

    Parameters
    ----------
    slide : str
        Its name.
    sections : tuple of str
        The sections that were scored.
    failure : Failure, optional
        Why it could not be scored.
    seconds : float
        How long it took.
    was_done : bool
        Whether its results were there already.
    remarks : tuple of str
        Warnings that were logged on the way.
    traceback : str
        Of an error that nobody foresaw; empty otherwise.
    stops_the_batch : bool
        Whether the next slide would fail of the same, as on a full disk.
    """

    slide: str
    sections: tuple[str, ...] = ()
    failure: Failure | None = None
    seconds: float = 0.0
    was_done: bool = False
    remarks: tuple[str, ...] = ()
    traceback: str = ""
    stops_the_batch: bool = False

    def to_json(self) -> str:
        """Write it on one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Outcome:
        """Read what `to_json` wrote."""
        entries = json.loads(line)
        entries["failure"] = None if entries["failure"] is None else Failure(**entries["failure"])
        entries["sections"], entries["remarks"] = tuple(entries["sections"]), tuple(entries["remarks"])
        return cls(**entries)


def describe_failure(slide: PlannedSlide, error: HistoError) -> Failure:
    """Turn an error of ours into a row of the ``failures`` table."""
    parts = [error.what]
    if error.expected is not None:
        parts.append(f"expected {error.expected}")
    if error.got is not None:
        parts.append(f"got {error.got}")
    return Failure(slide.name, str(slide.path), error.reason, "; ".join(parts), error.next_step or "")
