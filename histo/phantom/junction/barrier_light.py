"""Where the protein is on a drawn section: curves, membranes and areas, before and after the lens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import ndtri

from histo.phantom.anatomy import Tube
from histo.phantom.feature import paint
from histo.phantom.junction.barrier_edge import LuminalEdges
from histo.phantom.junction.barrier_spec import BarrierSpec
from histo.phantom.junction.gap import Gaps, leave_gaps
from histo.phantom.junction.light import SIGMA_PER_WIDTH, stain_bands
from histo.phantom.junction.plane import Frame, Stream, chance, normal, waves
from histo.phantom.junction.raster import blurred, splat
from histo.phantom.section import Anatomy
from histo.types import Compartment

__all__ = ["Axis", "Protein", "ProteinAreas", "lay_protein"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Image = NDArray[np.float32]
_COARSE_UM = 2.0
_THREAD_STEP_UM = 0.25
_SWING_UM = 0.5


@dataclass(frozen=True, eq=False)
class Axis:
    """Place between crypt base (0) and villus tip (1), by the nearest whole villus or crypt of the same region.

    Parameters
    ----------
    junction : float
        Where the villus-crypt junction lies: mean crypt depth over that and mean villus height.
    trees : dict of int to (cKDTree, array)
        Points of the centrelines of each region, and their places on the axis.
    """

    junction: float
    trees: dict[int, tuple[cKDTree, Floats]]

    @classmethod
    def of(cls, anatomy: Anatomy) -> Axis:
        """Lay the axis through the centrelines that are seen whole."""
        villi = [villus for villus in anatomy.villi if villus.is_whole]
        crypts = [crypt for crypt in anatomy.crypts if crypt.is_whole]
        height = float(np.mean([villus.length_um for villus in villi])) if villi else 0.0
        depth = float(np.mean([crypt.length_um for crypt in crypts])) if crypts else 0.0
        junction = depth / max(depth + height, 1e-9)
        trees = {}
        for region, tubes, begin, end in (
            (Compartment.VILLUS_EPITHELIUM, villi, junction, 1.0),
            (Compartment.CRYPT, crypts, junction, 0.0),
        ):
            if tubes:
                points = np.concatenate([tube.centreline for tube in tubes])
                share = np.concatenate([np.linspace(begin, end, len(tube.centreline)) for tube in tubes])
                trees[int(region)] = (cKDTree(points), share)
        return cls(junction, trees)

    def at(self, points_um: Floats, region: int) -> Floats:
        """Find places on the axis; the middle where a region has no whole tube."""
        if region not in self.trees:
            return np.full(len(points_um), 0.5)
        tree, share = self.trees[region]
        return np.asarray(share[tree.query(points_um)[1]])

    def spread(self, frame: Frame, region: int) -> Image:
        """Give every pixel its place on the axis, read off a grid of 2 µm."""
        factor = _COARSE_UM / frame.mpp
        rows, cols = (int(np.ceil(size / factor)) + 2 for size in frame.shape)
        nodes = (np.indices((rows, cols)).reshape(2, -1).T - 0.5) * _COARSE_UM
        coarse = self.at(nodes.astype(np.float64), region).reshape(rows, cols).astype(np.float32)
        # Node k lies at (k - 0.5) coarse pixels, pixel i at i + 0.5 fine ones.
        matrix = np.array([[1 / factor, 0, 0.5 / factor + 0.5], [0, 1 / factor, 0.5 / factor + 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        found = cv2.warpAffine(coarse, matrix, frame.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Protein:
    """The protein of a section as curves, whatever the pixel size.

    Parameters
    ----------
    spec : BarrierSpec
    edges : LuminalEdges
    gaps : Gaps
        Of the apical line.
    axis : Axis
    line, line_light : (n, 2) array, (n,) array
        Middles of the apical line's segments, and their light: strength times µm².
    line_region : (n,) int array
        Region of each segment.
    walls, wall_light : (m, 2) array, (m,) array
        Points on the lateral membranes, and their light.
    seed : int
    """

    spec: BarrierSpec
    edges: LuminalEdges
    gaps: Gaps
    axis: Axis
    line: Floats
    line_light: Floats
    line_region: Ints
    walls: Floats
    wall_light: Floats
    seed: int

    @property
    def line_sigma_um(self) -> float:
        """Standard deviation of the apical line across."""
        return float(self.spec.line.band_um * SIGMA_PER_WIDTH)

    @property
    def wall_sigma_um(self) -> float:
        """Standard deviation of a lateral membrane across."""
        return float(self.spec.protein.lateral_um * SIGMA_PER_WIDTH)

    def rise(self, axis: NDArray[np.floating]) -> NDArray[np.floating]:
        """Strength by the place on the axis, 1 in its middle."""
        return 1 + self.spec.protein.gradient * (axis - 0.5)


def lay_protein(spec: BarrierSpec, anatomy: Anatomy, edges: LuminalEdges, seed: int) -> Protein:
    """Lay the apical line along the edges, and lateral membranes from them to the epithelium's base."""
    keys = np.arange(len(edges.region), dtype=np.int64) + 1
    axis = Axis.of(anatomy)
    curves = edges.curves
    gaps = leave_gaps(spec.line, curves, keys, seed)
    bands = stain_bands(spec.line, curves, gaps, keys, seed)
    begin = curves.segments
    middles = edges.at_depth(spec.protein.depth_um)
    middles = 0.5 * (middles[begin] + middles[begin + 1])
    region = edges.region[curves.owner[begin]]
    strength = np.where(region == Compartment.CRYPT, spec.protein.apical_in_crypts, spec.protein.apical)
    walls, wall_step = _lateral(spec, edges, keys, seed)
    across = np.sqrt(2 * np.pi) * spec.protein.lateral_um * SIGMA_PER_WIDTH
    protein = Protein(
        spec=spec,
        edges=edges,
        gaps=gaps,
        axis=axis,
        line=middles,
        line_light=bands.amounts * strength,
        line_region=region,
        walls=walls,
        wall_light=np.full(len(walls), spec.protein.lateral * across * wall_step),
        seed=seed,
    )
    for code in axis.trees:
        chosen = region == code
        protein.line_light[chosen] *= protein.rise(axis.at(middles[chosen], code))
    return protein


def _lateral(spec: BarrierSpec, edges: LuminalEdges, keys: Ints, seed: int) -> tuple[Floats, float]:
    """Draw membranes from the luminal edge inward, one cell apart, each slightly bent."""
    curves, cell_um = edges.curves, spec.protein.cell_um
    count = np.maximum(np.floor(curves.lengths_um / cell_um).astype(np.int64), 1)
    side = np.repeat(np.arange(len(count)), count)
    turn = np.arange(len(side)) - np.repeat(np.cumsum(count) - count, count)
    arc = (turn + 0.5 + 0.5 * (chance(seed, Stream.MEMBRANE, keys[side], turn) - 0.5)) * (curves.lengths_um / count)[
        side
    ]
    foot = curves.at(side, arc)
    # Over one cell the direction is that of the edge; less, and folds of the edge would cross membranes.
    step = float(curves.arc_um.max(initial=0.0)) + 1.0
    axis = curves.owner * step + curves.arc_um
    inward = np.stack([np.interp(side * step + arc, axis, edges.inward[:, part]) for part in range(2)], axis=1)
    inward /= np.maximum(np.hypot(*inward.T), 1e-9)[:, None]
    is_crypt = edges.region[side] == Compartment.CRYPT
    section = spec.section
    thickness = np.where(
        is_crypt, 0.6 * (section.crypts.width_um - section.crypts.lumen_um), section.villi.epithelium_um
    )
    down = np.arange(0.5 * _THREAD_STEP_UM, float(thickness.max(initial=0.0)), _THREAD_STEP_UM)
    bend = (
        _SWING_UM
        * normal(seed, Stream.MEMBRANE + 1, keys[side], turn)[:, None]
        * np.sin(down / 4 + 6 * (turn % 7)[:, None])
    )
    aside = np.stack([-inward[:, 1], inward[:, 0]], axis=1)
    points = foot[:, None] + down[None, :, None] * inward[:, None] + bend[..., None] * aside[:, None]
    return points[down[None, :] < thickness[:, None]], _THREAD_STEP_UM


@dataclass(frozen=True, eq=False)
class ProteinAreas:
    """The protein of a section on one grid of pixels.

    Parameters
    ----------
    protein : Protein
    anatomy : Anatomy
        Drawn at the grid's pixel size.
    """

    protein: Protein
    anatomy: Anatomy

    @property
    def frame(self) -> Frame:
        """The grid."""
        canvas = self.anatomy.canvas
        return Frame(0.0, 0.0, canvas.shape, canvas.mpp)

    @cached_property
    def epithelium(self) -> Image:
        """Share of epithelium in each pixel, without the crypts' lumina."""
        lumina = paint([crypt.core for crypt in self._with_lumen(self.anatomy.crypts)], self.anatomy.canvas)
        labels = self.anatomy.labels
        is_crypt = labels == Compartment.CRYPT
        share = (labels == Compartment.VILLUS_EPITHELIUM) + is_crypt * (1 - lumina)
        return np.asarray(share, dtype=np.float32)

    @cached_property
    def rise(self) -> Image:
        """Strength by the place on the axis."""
        labels, axis = self.anatomy.labels, self.protein.axis
        villus, crypt = (
            axis.spread(self.frame, int(region)) for region in (Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT)
        )
        place = np.where(labels == Compartment.CRYPT, crypt, villus)
        return np.asarray(self.protein.rise(place), dtype=np.float32)

    @cached_property
    def is_patch(self) -> NDArray[np.bool_]:
        """Where the cytoplasm is stained in grains."""
        protein = self.protein.spec.protein
        if not (protein.patches > 0 and protein.patch_share > 0):
            return np.zeros(self.frame.shape, bool)
        surface = waves(self.frame, protein.patch_um, self.protein.seed, Stream.GRAIN, n=64)
        return np.asarray((surface > ndtri(1 - protein.patch_share)) & (self.epithelium > 0.5))

    @cached_property
    def plain(self) -> Image:
        """Cytoplasm, grains and stroma."""
        spec, labels = self.protein.spec.protein, self.anatomy.labels
        uneven = 1 + spec.texture * np.clip(waves(self.frame, 4.0, self.protein.seed, Stream.CYTOPLASM), -3, 3)
        inner = np.maximum(spec.cytoplasm * uneven, 0) + spec.patches * self.is_patch
        is_stroma = ~np.isin(labels, (Compartment.BACKGROUND, Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT))
        outer = spec.stroma * np.maximum(uneven, 0) * is_stroma
        return np.asarray(inner * self.rise * self.epithelium + outer, dtype=np.float32)

    @cached_property
    def lateral(self) -> Image:
        """Lateral membranes as lines without width."""
        drawn = splat(self.protein.walls, self.protein.wall_light, self.frame)
        return drawn * self.rise * self.epithelium

    def image(self, blur_um: float) -> Image:
        """Draw everything but the background of the glass, as the lens blurs it."""
        mpp = self.frame.mpp
        line = splat(self.protein.line, self.protein.line_light, self.frame)
        return np.asarray(
            blurred(line, float(np.hypot(self.protein.line_sigma_um, blur_um)), mpp)
            + blurred(self.lateral, float(np.hypot(self.protein.wall_sigma_um, blur_um)), mpp)
            + cv2.GaussianBlur(self.plain, (0, 0), max(blur_um / mpp, 0.3)),
            dtype=np.float32,
        )

    @staticmethod
    def _with_lumen(crypts: list[Tube]) -> list[Tube]:
        return [crypt for crypt in crypts if len(crypt.core) > 3]
