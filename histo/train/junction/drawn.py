"""Drawn fields to learn from: monolayers of every kind from above, and gut cut across with its apical line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from histo.junction_maps import JunctionStain
from histo.nn.nuclei_canvas import measure_brightness
from histo.phantom.junction import (
    BarrierSpec,
    DrawnBarrier,
    DrawnJunctions,
    draw_barrier_section,
    draw_monolayer,
    random_monolayer,
)
from histo.stain import dab_density
from histo.train.drawn import DRAWN
from histo.train.junction.field import JunctionField, store_junction_field
from histo.train.junction.settings import DrawnFields
from histo.train.junction.truth import JunctionTruth, truth_of_lines
from histo.types import Compartment

__all__ = ["Drawing", "truth_of_monolayer", "truth_of_section"]

_BROWN, _CUT = "-dab", "-section"

# Farther than this from anything stained nobody could say where a junction runs.
_GUESSED_UM = 3.0
_BESIDE_UM = 1.0
# In a section the membranes between cells reach the apical line; whether they count as junctions is a matter of words.
_APICAL_UM = 0.8
# The line lies on the edge itself: its course is then that of the edge.
_DEPTH_UM = 0.05


@dataclass(frozen=True)
class Drawing:
    """A field that follows from a seed, whether it is drawn already or not.

    Parameters
    ----------
    seed : int
        Decides everything.
    is_section : bool
        A gut section with its apical line, or a monolayer from above.
    settings : DrawnFields
        Size, µm per pixel, share of DAB.
    folder : Path
        Where drawn fields are kept.
    digest : str
        Of the code that draws: fields are kept apart by it.
    """

    seed: int
    is_section: bool
    settings: DrawnFields
    folder: Path
    digest: str

    @property
    def place(self) -> Path:
        """Its folder."""
        chosen = self.settings
        size = f"{chosen.section_mpp:g}-{chosen.wall_um:g}" if self.is_section else f"{chosen.mpp:g}-{chosen.side_um:g}"
        kind = f"{DRAWN}{_CUT}" if self.is_section else DRAWN
        return self.folder / f"{kind}-{self.digest}-{size}-{chosen.dab:g}" / str(self.seed)

    def draw(self) -> Path:
        """Draw the field with its junctions and gaps, if it is missing, and say where it lies."""
        if not self.place.is_dir():
            store_junction_field(self.place, self._section() if self.is_section else self._monolayer())
        return self.place

    def _monolayer(self) -> JunctionField:
        rng, mpp, side = np.random.default_rng(self.seed), self.settings.mpp, self.settings.side_um
        stain = self._stain(rng)
        spec = random_monolayer(rng, height_um=side, width_um=side)
        drawn = draw_monolayer(spec, mpp=mpp, seed=self.seed, stain=stain)
        origin = DRAWN if stain == "fluorescence" else f"{DRAWN}{_BROWN}"
        return JunctionField(origin, f"{origin}-{self.seed}", mpp, _grey(drawn.image), truth_of_monolayer(drawn))

    def _section(self) -> JunctionField:
        rng, mpp, origin = np.random.default_rng(self.seed), self.settings.section_mpp, f"{DRAWN}{_CUT}"
        stain = self._stain(rng)
        drawn = draw_barrier_section(_random_section(rng, self.settings.wall_um), mpp=mpp, seed=self.seed, stain=stain)
        return JunctionField(origin, f"{origin}-{self.seed}", mpp, _grey(drawn.image), truth_of_section(drawn))

    def _stain(self, rng: np.random.Generator) -> JunctionStain:
        return "dab" if rng.random() < self.settings.dab else "fluorescence"


def _random_section(rng: np.random.Generator, wall_um: float) -> BarrierSpec:
    spec = (BarrierSpec.zo1, BarrierSpec.occludin)[rng.integers(2)]()
    protein = replace(
        spec.protein,
        depth_um=_DEPTH_UM,
        lateral=rng.uniform(0, 0.6),
        cytoplasm=rng.uniform(0.02, 0.2),
        stroma=rng.uniform(0.01, 0.15),
        background=rng.uniform(0.02, 0.15),
        texture=rng.uniform(0.05, 0.4),
    )
    line = replace(
        spec.line,
        band_um=rng.uniform(0.4, 1.2),
        beads=rng.uniform(0.05, 0.4),
        gap_fraction=rng.uniform(0, 0.35),
        gap_um=rng.uniform(2, 8),
    )
    camera = replace(spec.camera, blur_um=rng.uniform(0.15, 0.5), photons=float(np.exp(rng.uniform(3, 7))))
    section = replace(spec.section, wall=replace(spec.section.wall, length_um=wall_um))
    return replace(spec, protein=protein, line=line, camera=camera, section=section)


def truth_of_monolayer(drawn: DrawnJunctions) -> JunctionTruth:
    """Take what is true of a drawn field; a junction that is far from anything stained is doubted."""
    lines, stained = drawn.centrelines, drawn.present & drawn.centrelines
    doubted = np.zeros(lines.shape, bool)
    if stained.any():
        lost = lines & (ndimage.distance_transform_edt(~stained, sampling=drawn.mpp) > _GUESSED_UM)
        if lost.any():
            doubted = ndimage.distance_transform_edt(~lost, sampling=drawn.mpp) <= _BESIDE_UM
    return truth_of_lines(lines, drawn.mpp, stained=stained, gaps=lines & ~stained, is_doubted=doubted)


def truth_of_section(drawn: DrawnBarrier) -> JunctionTruth:
    """Take what is true of a drawn section: its apical line; of membranes between cells nothing is said."""
    lines = np.zeros(drawn.image.shape[:2], np.uint8)
    for edge in drawn.edges:
        cv2.polylines(lines, [np.rint(edge[:, ::-1]).astype(np.int32)], isClosed=False, color=1)
    is_line = lines > 0
    gaps = np.zeros_like(lines)
    for row, col, length_um in drawn.gaps[["row", "col", "gap_um"]].to_numpy(np.float64):
        middle = round(float(col)), round(float(row))
        cv2.circle(gaps, middle, round(float(length_um) / 2 / drawn.mpp), color=1, thickness=-1)
    is_gap = is_line & (gaps > 0)
    epithelium = drawn.labels.mask(Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT)
    is_deep = ndimage.distance_transform_edt(~is_line, sampling=drawn.mpp) > _APICAL_UM
    near = ndimage.binary_dilation(epithelium, iterations=round(_BESIDE_UM / drawn.mpp))
    return truth_of_lines(is_line, drawn.mpp, stained=is_line & ~is_gap, gaps=is_gap, is_known=~(near & is_deep))


def _grey(image: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    signal = image if image.ndim == 2 else dab_density(np.asarray(image, np.uint8)).dab
    return measure_brightness(signal).as_grey(signal)
