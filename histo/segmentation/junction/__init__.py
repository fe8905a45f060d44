"""From stained fields to junction maps: where junctions run, and where they are stained."""

from __future__ import annotations

from histo.segmentation.junction.find import DEFAULT_MODEL, WITHOUT_MODEL, find_junctions
from histo.segmentation.junction.ridge import RidgeSettings, ridge_junctions
from histo.segmentation.junction.signal import check_field_size, junction_signal, read_junction_signal

__all__ = [
    "DEFAULT_MODEL",
    "WITHOUT_MODEL",
    "RidgeSettings",
    "check_field_size",
    "find_junctions",
    "junction_signal",
    "read_junction_signal",
    "ridge_junctions",
]
