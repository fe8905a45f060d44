"""Measure small-intestine sections: villi, crypts, wall layers, per animal and timepoint.

Names are loaded when they are first used, so that ``import histo`` is quick and brings neither torch nor Qt.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from histo.barrier import measure_junctions
    from histo.io import Slide, open_slide
    from histo.measure import measure_crypts, measure_infiltrate, measure_layers, measure_units, measure_villi
    from histo.measure.staining import measure_staining
    from histo.report import Study
    from histo.score import score_section
    from histo.segmentation import segment
    from histo.segmentation.nuclei import detect_cells
    from histo.types import CellClass, Compartment, Exclusion, LabelMap, PixelSize, SectionId

__version__ = "0.1.0"

__all__ = [
    "CellClass",
    "Compartment",
    "Exclusion",
    "LabelMap",
    "PixelSize",
    "SectionId",
    "Slide",
    "Study",
    "detect_cells",
    "measure_crypts",
    "measure_infiltrate",
    "measure_junctions",
    "measure_layers",
    "measure_staining",
    "measure_units",
    "measure_villi",
    "open_slide",
    "score_section",
    "segment",
]

_HOMES = {
    "CellClass": "histo.types",
    "Compartment": "histo.types",
    "Exclusion": "histo.types",
    "LabelMap": "histo.types",
    "PixelSize": "histo.types",
    "SectionId": "histo.types",
    "Slide": "histo.io",
    "Study": "histo.report",
    "detect_cells": "histo.segmentation.nuclei",
    "measure_crypts": "histo.measure",
    "measure_infiltrate": "histo.measure",
    "measure_junctions": "histo.barrier",
    "measure_layers": "histo.measure",
    "measure_staining": "histo.measure.staining",
    "measure_units": "histo.measure",
    "measure_villi": "histo.measure",
    "open_slide": "histo.io",
    "score_section": "histo.score",
    "segment": "histo.segmentation",
}


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'histo' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
