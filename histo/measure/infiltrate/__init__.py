"""Cells and label map together: densities, ratios, follicles, clustering, extent of an infiltrate."""

from __future__ import annotations

from histo.measure.infiltrate.extent import ControlLimits, prediction_limit
from histo.measure.infiltrate.measure import InfiltrateMeasures, measure_infiltrate

__all__ = ["ControlLimits", "InfiltrateMeasures", "measure_infiltrate", "prediction_limit"]
