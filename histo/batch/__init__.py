"""A folder of slides: planned, scored, resumed; nothing lost and nothing silent."""

from __future__ import annotations

from histo.batch.engine import Progress, run
from histo.batch.job import Failure, Outcome
from histo.batch.planning import IgnoredFile, Plan, PlannedSlide, plan
from histo.batch.settings import Settings
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
