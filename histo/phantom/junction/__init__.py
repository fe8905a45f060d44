"""Drawn junctions of exactly known course, gaps and strength: monolayers seen from above, and sections of gut."""

from histo.phantom.junction.barrier_section import DrawnBarrier, draw_barrier_section
from histo.phantom.junction.barrier_spec import BarrierSpec, ProteinSpec
from histo.phantom.junction.monolayer import DrawnJunctions, draw_monolayer
from histo.phantom.junction.monolayer_spec import (
    BorderSpec,
    CameraSpec,
    GroundSpec,
    JunctionStainSpec,
    MonolayerSpec,
    MosaicSpec,
)
from histo.phantom.junction.variety import random_monolayer

__all__ = [
    "BarrierSpec",
    "BorderSpec",
    "CameraSpec",
    "DrawnBarrier",
    "DrawnJunctions",
    "GroundSpec",
    "JunctionStainSpec",
    "MonolayerSpec",
    "MosaicSpec",
    "ProteinSpec",
    "draw_barrier_section",
    "draw_monolayer",
    "random_monolayer",
]
