"""The named questions of the field: each one analysis, its rows and a sentence that claims no more than they do."""

from __future__ import annotations

from histo.study.question.barrier import COMPOSITE, barrier_measures, barrier_table
from histo.study.question.barrier_part import BARRIER, BarrierDefinition, BarrierPart, Measure
from histo.study.question.equivalence import equivalence_table
from histo.study.question.onset import onset_table
from histo.study.question.progression import progression_table
from histo.study.question.segment import segment_table
from histo.study.question.signs import CLINICAL_SCORE, clinical_scores
from histo.study.question.whole_gut import WHOLE_GUT, with_whole_gut

__all__ = [
    "BARRIER",
    "CLINICAL_SCORE",
    "COMPOSITE",
    "WHOLE_GUT",
    "BarrierDefinition",
    "BarrierPart",
    "Measure",
    "barrier_measures",
    "barrier_table",
    "clinical_scores",
    "equivalence_table",
    "onset_table",
    "progression_table",
    "segment_table",
    "with_whole_gut",
]
