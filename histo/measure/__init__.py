"""From label map and µm/px to rows: villi, crypts, paired units, layers of the wall, cells where they lie."""

from __future__ import annotations

from histo.measure.crypt import measure_crypts
from histo.measure.infiltrate import ControlLimits, InfiltrateMeasures, measure_infiltrate
from histo.measure.layer_gap import find_gaps
from histo.measure.layers import measure_layers
from histo.measure.section import SectionMeasures, measure_section
from histo.measure.unit import measure_units
from histo.measure.villus import measure_villi
from histo.measure.villus_crypt_junction import JunctionCurve

__all__ = [
    "ControlLimits",
    "InfiltrateMeasures",
    "JunctionCurve",
    "SectionMeasures",
    "find_gaps",
    "measure_crypts",
    "measure_infiltrate",
    "measure_layers",
    "measure_section",
    "measure_units",
    "measure_villi",
]
