"""From the rows of a section to its scores: the section's summary, and rubrics as versioned profiles."""

from __future__ import annotations

from histo.score.baseline import Baseline, ControlValue, control_baselines
from histo.score.comparison import Comparison
from histo.score.library import list_profiles, load_profile
from histo.score.profile import Finding, Grade, Input, Profile, Reference
from histo.score.scoring import SectionScore, score_section
from histo.score.section import summarise_section
from histo.score.table import score_table

__all__ = [
    "Baseline",
    "Comparison",
    "ControlValue",
    "Finding",
    "Grade",
    "Input",
    "Profile",
    "Reference",
    "SectionScore",
    "control_baselines",
    "list_profiles",
    "load_profile",
    "score_section",
    "score_table",
    "summarise_section",
]
