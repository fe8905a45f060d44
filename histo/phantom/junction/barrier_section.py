"""A drawn gut section stained for a barrier protein: picture, label map and truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.junction_maps import JunctionStain
from histo.phantom.feature import hide_under_folds
from histo.phantom.junction.barrier_edge import follow_edges
from histo.phantom.junction.barrier_light import ProteinAreas, lay_protein
from histo.phantom.junction.barrier_spec import BarrierSpec
from histo.phantom.junction.barrier_truth import tabulate_edge_gaps, tabulate_regions, tabulate_tissue
from histo.phantom.junction.camera import expose_counts
from histo.phantom.section import Anatomy, draw_anatomy
from histo.phantom.stains import Scene, counterstain, develop
from histo.types import Compartment, LabelMap

__all__ = ["DrawnBarrier", "draw_barrier_section"]

_TRUTH_MPP = 0.5


@dataclass(frozen=True, eq=False)
class DrawnBarrier:
    """What was drawn, and what is true of it.

    Parameters
    ----------
    image : (rows, cols) uint16 array or (rows, cols, 3) uint8 array
        Fluorescence, or haematoxylin and DAB.
    labels : LabelMap
        The true compartments, of the same pixels.
    signal : (rows, cols) float32 array
        The protein as the lens blurs it, without the glass' background and without noise.
    regions : DataFrame
        Truth of the epithelium as a whole, of villi and of crypts, with the names of the schema's table
        ``staining_regions``. Read off the protein before the lens, on a grid of 0.5 µm, so that it is the same for any
        pixel size and stain; all drawn epithelium counts, also that which cannot be measured.
    tissue : DataFrame
        One row: all tissue together, with the share that is stained in grains.
    gaps : DataFrame
        Every gap of the apical line, as in the schema's ``staining_gaps``.
    edges : list of (n, 2) array
        The luminal edge, (row, column) in pixels whose centres are whole numbers.
    spec : BarrierSpec
        What was asked for.
    """

    image: NDArray[np.uint8] | NDArray[np.uint16]
    labels: LabelMap
    signal: NDArray[np.float32]
    regions: pd.DataFrame
    tissue: pd.DataFrame
    gaps: pd.DataFrame
    edges: list[NDArray[np.float64]]
    spec: BarrierSpec

    @property
    def mpp(self) -> float:
        """µm per pixel."""
        return self.labels.mpp

    def positive_area_percent(self, above: float) -> float:
        """Share of the tissue whose signal, as the lens blurs it and without noise, is above a value, percent."""
        is_tissue = self.labels.array != Compartment.BACKGROUND
        return 100.0 * float((self.signal[is_tissue] > above).mean())


def draw_barrier_section(
    spec: BarrierSpec, *, mpp: float = 0.5, seed: int = 0, stain: JunctionStain = "fluorescence"
) -> DrawnBarrier:
    """Draw a section of gut of known geometry, stained for a protein of the barrier of known place and strength.

    The same `spec` and `seed` give the anatomy of `histo.phantom.draw_section`, at any pixel size and in any stain the
    same protein.

    Parameters
    ----------
    spec : BarrierSpec
        Geometry, protein and camera.
    mpp : float
        µm per pixel.
    seed : int
        Which of the sections of this kind.
    stain : {"fluorescence", "dab"}
        Fluorescence (uint16), or DAB with haematoxylin (RGB uint8).

    Returns
    -------
    DrawnBarrier

    Raises
    ------
    InvalidArgument
        If the stain is unknown.
    MissingPixelSize
        If `mpp` is not a positive number.
    """
    if stain not in ("fluorescence", "dab"):
        raise InvalidArgument("unknown stain of barrier proteins", expected="fluorescence or dab", got=repr(stain))
    anatomy = draw_anatomy(spec.section, mpp, seed)
    edges = follow_edges(spec.section, anatomy.wall, anatomy.villi, anatomy.crypts)
    protein = lay_protein(spec, anatomy, edges, seed)
    areas = ProteinAreas(protein, anatomy)
    fine = areas if mpp == _TRUTH_MPP else ProteinAreas(protein, draw_anatomy(spec.section, _TRUTH_MPP, seed))
    signal = areas.image(spec.camera.blur_um)
    rng = np.random.default_rng([seed, 7])
    seen = hide_under_folds(anatomy.labels, anatomy.features.folds, anatomy.canvas)
    gaps = tabulate_edge_gaps(fine)
    for name in ("row", "col"):
        gaps[name] = gaps.pop(f"{name}_um") / mpp - 0.5
    return DrawnBarrier(
        image=_counts(spec, signal, rng) if stain == "fluorescence" else _colours(spec, signal, anatomy, rng),
        labels=LabelMap(seen, mpp=mpp),
        signal=signal,
        regions=tabulate_regions(fine),
        tissue=tabulate_tissue(fine),
        gaps=gaps,
        edges=np.split(anatomy.canvas.to_pixels(edges.curves.points), edges.curves.first[1:-1]),
        spec=spec,
    )


def _counts(spec: BarrierSpec, signal: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint16]:
    return expose_counts(signal + np.float32(spec.protein.background), spec.camera, rng)


def _colours(
    spec: BarrierSpec, signal: NDArray[np.float32], anatomy: Anatomy, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Lay brown over a pale counterstain; the protein has gone through the lens already."""
    cells = anatomy.place_cells(spec.section)
    scene = Scene(
        spec.section, anatomy.canvas, anatomy.fields, anatomy.labels, anatomy.villi, anatomy.crypts, cells,
        anatomy.features,
    )  # fmt: skip
    blue, _ = counterstain(scene, rng)
    brown = signal + np.float32(spec.protein.background)
    look = replace(spec.section.appearance, blur_um=0.0)
    return develop(((0.6 * blue).astype(np.float32), brown), look, look.dab, anatomy.canvas.mpp, rng)
