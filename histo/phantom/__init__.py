"""Drawn mucosa of exactly known geometry, for training, tests, benchmarks and the demo."""

from histo.phantom.cell_spec import CellSpec, InflammatoryDensity
from histo.phantom.cohort import Arm, CohortSpec, draw_cohort
from histo.phantom.section import DrawnSection, DrawnTruth, draw_section, draw_truth
from histo.phantom.slide import write_slide
from histo.phantom.spec import (
    Appearance,
    ArtefactSpec,
    CryptSpec,
    SectionSpec,
    VillusSpec,
    WallSpec,
)
from histo.phantom.variety import random_spec

__all__ = [
    "Appearance",
    "Arm",
    "ArtefactSpec",
    "CellSpec",
    "CohortSpec",
    "CryptSpec",
    "DrawnSection",
    "DrawnTruth",
    "InflammatoryDensity",
    "SectionSpec",
    "VillusSpec",
    "WallSpec",
    "draw_cohort",
    "draw_section",
    "draw_truth",
    "random_spec",
    "write_slide",
]
