"""From stained fields to junction maps: where junctions run, and where they are stained."""

from __future__ import annotations

from histo.segmentation.junction.find import find_junctions
from histo.segmentation.junction.ridge import RidgeSettings, ridge_junctions
from histo.segmentation.junction.signal import junction_signal, read_junction_signal

__all__ = ["RidgeSettings", "find_junctions", "junction_signal", "read_junction_signal", "ridge_junctions"]
