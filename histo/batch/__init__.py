"""A folder of slides: planned, scored, resumed; nothing lost and nothing silent.

Planning needs no network: what does is loaded when it is first used, so that ``histo info`` answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from histo.batch.planning import IgnoredFile, Plan, PlannedSlide, plan
from histo.batch.settings import Settings

if TYPE_CHECKING:
    from histo.batch.engine import Progress, run
    from histo.batch.job import Failure, Outcome
    from histo.batch.summary import RunSummary

__all__ = [
    "Failure",
    "IgnoredFile",
    "Outcome",
    "Plan",
    "PlannedSlide",
    "Progress",
    "RunSummary",
    "Settings",
    "plan",
    "run",
]

_HOMES = {
    "Failure": "histo.batch.job",
    "Outcome": "histo.batch.job",
    "Progress": "histo.batch.engine",
    "RunSummary": "histo.batch.summary",
    "run": "histo.batch.engine",
}


def __getattr__(name: str) -> object:
    """Load a public name from its file on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'histo.batch' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
