"""Tight junctions from a picture to tables: seen, traced and measured."""

from __future__ import annotations

from histo.barrier.junctions import measure_junctions

__all__ = ["measure_junctions"]
