"""From maps of a junction network to its curves, corners and cells, and what they measure."""

from __future__ import annotations

from histo.measure.junction.measure import JunctionMeasures, measure_network
from histo.measure.junction.network import Junction, JunctionNetwork
from histo.measure.junction.settings import MeasureSettings, TraceSettings
from histo.measure.junction.trace import trace_network

__all__ = [
    "Junction",
    "JunctionMeasures",
    "JunctionNetwork",
    "MeasureSettings",
    "TraceSettings",
    "measure_network",
    "trace_network",
]
