"""Drawn mucosa of exactly known geometry, for training, tests, benchmarks and the demo."""

from histo.phantom.section import DrawnSection, draw_section
from histo.phantom.spec import (
    Appearance,
    ArtefactSpec,
    CellSpec,
    CryptSpec,
    SectionSpec,
    VillusSpec,
    WallSpec,
)
from histo.phantom.variety import random_spec

__all__ = [
    "Appearance",
    "ArtefactSpec",
    "CellSpec",
    "CryptSpec",
    "DrawnSection",
    "SectionSpec",
    "VillusSpec",
    "WallSpec",
    "draw_section",
    "random_spec",
]
