"""Drawn junctions of exactly known course, gaps and strength: monolayers seen from above."""

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
    "BorderSpec",
    "CameraSpec",
    "DrawnJunctions",
    "GroundSpec",
    "JunctionStainSpec",
    "MonolayerSpec",
    "MosaicSpec",
    "draw_monolayer",
    "random_monolayer",
]
