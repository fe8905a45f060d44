"""Where on a slide there is tissue, which pieces of gut it makes, and what to distrust in it."""

from __future__ import annotations

from histo.tissue.artefact import find_folds, find_ink
from histo.tissue.exclusion import Excluded
from histo.tissue.field import FieldOfView, find_field
from histo.tissue.focus import FocusQuality, focus_score, mark_blur, measure_focus
from histo.tissue.mask import find_tissue
from histo.tissue.sections import Section, Survey, find_sections, survey_slide

__all__ = [
    "Excluded",
    "FieldOfView",
    "FocusQuality",
    "Section",
    "Survey",
    "find_field",
    "find_folds",
    "find_ink",
    "find_sections",
    "find_tissue",
    "focus_score",
    "mark_blur",
    "measure_focus",
    "survey_slide",
]
