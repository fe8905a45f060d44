"""The luminal edge of the epithelium: its border with the lumen, and with nothing else.

Villous epithelium ends at labelled background. A crypt's label holds its lumen, so there the edge lies beside the
crypt's centreline, or around background that was labelled inside the crypt. Borders with lamina propria, with what is
excluded and with the end of the map are no edge; nor are the mouths of crypts whose lumen is not labelled.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from skimage.measure import find_contours

from histo.measure.grid import sample
from histo.measure.raster import blurred, components, grown
from histo.measure.section import SectionMeasures
from histo.types import Compartment, Exclusion, LabelMap

__all__ = ["STEP_UM", "Borders", "CryptAxis", "LuminalEdge", "find_borders"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEP_UM = 0.5
_SOFT_UM = 0.75
_SMOOTH_UM = 1.5
_LOOK_INSIDE_UM = 3.0
_MIN_EDGE_UM = 15.0
# Smaller holes in villous epithelium are goblet cells and torn pixels; in crypts they are lumen.
_MIN_LUMEN_UM2 = 3000.0
_MIN_CRYPT_LUMEN_UM2 = 15.0
# Where the crypt ends blindly, its epithelium is as thick as at its sides.
_BLIND_END = 0.45
# Half of a crypt's width on either side of its lumen, in usual widths; and how much of the centreline must have it.
_HALF_WIDTH = (0.25, 0.75)
_MIN_SINGLE = 0.8


@dataclass(frozen=True, eq=False)
class LuminalEdge:
    """A stretch of luminal edge.

    Parameters
    ----------
    points_um : (n, 2) array
        Every half µm, from the outer corner of the map.
    inward : (n, 2) array
        Unit vectors into the epithelium.
    region : Compartment
        VILLUS_EPITHELIUM or CRYPT.
    offset_um : float
        How far inward of the points the edge is taken to lie: 0, or half of a crypt's lumen beside its centreline.
    """

    points_um: Floats
    inward: Floats
    region: Compartment
    offset_um: float = 0.0

    @property
    def length_um(self) -> float:
        """Length of the stretch."""
        return float(np.linalg.norm(np.diff(self.points_um, axis=0), axis=1).sum())


@dataclass(frozen=True, eq=False)
class CryptAxis:
    """The centreline of an accepted crypt, µm from the corner of the map, and the crypt's width."""

    points_um: Floats
    width_um: float

    @property
    def lumen_um(self) -> Floats:
        """Points of it along which there is a lumen: not where the crypt ends blindly."""
        return self.points_um[round(_BLIND_END * self.width_um / STEP_UM) :]


@dataclass(frozen=True, eq=False)
class Borders:
    """What of the epithelium borders on what.

    Parameters
    ----------
    edges : tuple of LuminalEdge
    crypt_axes : tuple of CryptAxis
        Of the crypts whose lumen is not labelled: it lies on their centreline.
    villus, crypt, lumen : (rows, cols) float32 array
        Shares of villous epithelium, crypt and lumen on the pixels of the map, softened by 0.75 µm or a pixel.
    """

    edges: tuple[LuminalEdge, ...]
    crypt_axes: tuple[CryptAxis, ...]
    villus: NDArray[np.float32]
    crypt: NDArray[np.float32]
    lumen: NDArray[np.float32]


def find_borders(labels: LabelMap, measures: SectionMeasures, *, crypt_lumen_um: float) -> Borders:
    """Follow the luminal edge of villous and crypt epithelium.

    Parameters
    ----------
    labels : LabelMap
    measures : SectionMeasures
        Of the same map, for the centrelines of crypts.
    crypt_lumen_um : float
        Width of a crypt's lumen where it is not labelled.

    Returns
    -------
    Borders
    """
    sigma = max(_SOFT_UM / labels.mpp, 1.0)
    open_lumen, crypt_lumen = _lumens(labels)
    villus = blurred(labels.mask(Compartment.VILLUS_EPITHELIUM), sigma)
    crypt = blurred(labels.mask(Compartment.CRYPT), sigma)
    epithelium = villus + crypt
    lumen = blurred(open_lumen | crypt_lumen, sigma)
    axes = _crypt_axes(labels, measures, crypt, lumen)
    edges = [
        part
        for run in _runs(epithelium, lumen, labels.mpp)
        for part in _by_region(run, _inward(run, epithelium, labels.mpp), labels)
    ]
    edges = [edge for edge in edges if edge.length_um >= _MIN_EDGE_UM]
    sides = [side for axis in axes for side in _sides(axis, crypt_lumen_um / 2)]
    labelled = [edge for edge in edges if edge.region == Compartment.CRYPT]
    # A label map draws the lumen of crypts or counts it as crypt. If it counts it, what borders on it is their mouths.
    if sum(edge.length_um for edge in labelled) > sum(side.length_um for side in sides):
        axes, sides = (), []
    elif axes:
        edges = [edge for edge in edges if edge.region != Compartment.CRYPT]
    return Borders((*edges, *sides), axes, villus, crypt, lumen)


def _lumens(labels: LabelMap) -> tuple[Mask, Mask]:
    """Labelled background that is the gut's lumen, and that which is a crypt's; not what is excluded."""
    empty = labels.mask(Compartment.BACKGROUND)
    if labels.excluded is not None:
        empty &= np.isin(labels.excluded, (Exclusion.NOTHING, Exclusion.GLASS))
    labelled, areas = components(empty)
    areas_um2 = areas * labels.mpp**2
    at_end = np.zeros(len(areas), dtype=bool)
    for side in (labelled[0], labelled[-1], labelled[:, 0], labelled[:, -1]):
        at_end[side] = True
    is_open = (areas_um2 >= _MIN_LUMEN_UM2) | at_end
    is_open[0] = False
    around = np.where(grown(empty) & ~empty, labels.array, np.uint8(0))
    owner = cv2.dilate(labelled.astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int64)
    n_crypt = np.bincount(owner[around == Compartment.CRYPT], minlength=len(areas))
    n_all = np.bincount(owner[around > 0], minlength=len(areas))
    is_crypt = ~is_open & (areas_um2 >= _MIN_CRYPT_LUMEN_UM2) & (n_crypt > 0.8 * n_all)
    is_crypt[0] = False
    return is_open[labelled], is_crypt[labelled]


def _runs(epithelium: NDArray[np.float32], lumen: NDArray[np.float32], mpp: float) -> list[Floats]:
    """Curves where epithelium and lumen meet and nothing else is near, smoothed, a point every half µm."""
    allowed = epithelium + lumen > 0.75
    if not (allowed & (lumen > 0.25) & (epithelium > 0.25)).any():
        return []
    contours = find_contours(epithelium - lumen, 0.0, mask=allowed)  # type: ignore[no-untyped-call]
    return [_evenly((contour + 0.5) * mpp) for contour in contours if len(contour) >= 4]


def _evenly(points: Floats) -> Floats:
    is_closed = np.allclose(points[0], points[-1])
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.linspace(0.0, arc[-1], max(4, round(arc[-1] / STEP_UM) + 1))
    even = np.stack([np.interp(at, arc, points[:, axis]) for axis in (0, 1)], axis=1)
    sigma = _SMOOTH_UM / STEP_UM
    if is_closed:
        ring = gaussian_filter1d(even[:-1], sigma, axis=0, mode="wrap")
        return np.concatenate([ring, ring[:1]])
    # Mirrored through its end point, or an open curve would shrink.
    reach = min(round(3 * sigma), len(even) - 1)
    before, after = 2 * even[0] - even[reach:0:-1], 2 * even[-1] - even[-2 : -reach - 2 : -1]
    smooth: Floats = gaussian_filter1d(np.concatenate([before, even, after]), sigma, axis=0)[reach : reach + len(even)]
    return smooth


def _inward(points: Floats, epithelium: NDArray[np.float32], mpp: float) -> Floats:
    normal = _normals(points)
    there, back = (sample(epithelium, points + sign * mpp * normal, mpp) for sign in (1.0, -1.0))
    return normal if float(np.median(there - back)) > 0 else -normal


def _normals(points: Floats) -> Floats:
    way = np.gradient(points, axis=0)
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    return np.stack([-way[:, 1], way[:, 0]], axis=1)


def _by_region(points: Floats, inward: Floats, labels: LabelMap) -> list[LuminalEdge]:
    """Cut a curve where villus and crypt meet."""
    inside = sample(labels.array, points + _LOOK_INSIDE_UM * inward, labels.mpp, order=0)
    region = np.where(inside == Compartment.CRYPT, Compartment.CRYPT, Compartment.VILLUS_EPITHELIUM)
    pieces = np.split(np.arange(len(points)), np.flatnonzero(np.diff(region)) + 1)
    return [
        LuminalEdge(points[piece], inward[piece], Compartment(int(region[piece[0]])))
        for piece in pieces
        if len(piece) > 2
    ]


def _crypt_axes(
    labels: LabelMap, measures: SectionMeasures, crypt: NDArray[np.float32], lumen: NDArray[np.float32]
) -> tuple[CryptAxis, ...]:
    """Centrelines of accepted crypts without a labelled lumen, from where the lumen begins above the blind end."""
    axes = []
    widths = measures.crypts["crypt_width_um"].to_numpy(dtype=float)
    usual = float(np.nanmedian(widths)) if len(widths) else 0.0
    for index in np.flatnonzero(measures.crypts["is_accepted"].to_numpy(dtype=bool)):
        line = _evenly((labels.from_slide(measures.crypt_lines[index]) + 0.5) * labels.mpp)
        is_labelled = float(np.mean(sample(lumen, line, labels.mpp) > 0.5)) > 0.3
        if not is_labelled and _is_single(line, crypt, usual, labels.mpp):
            axes.append(CryptAxis(line, float(widths[index])))
    return tuple(axes)


def _is_single(line: Floats, crypt: NDArray[np.float32], usual_width_um: float, mpp: float) -> bool:
    """Whether a centreline lies in the middle of one crypt: two that overlap are one shape, with two lumina aside."""
    reach = np.arange(0.0, usual_width_um, STEP_UM)
    normal = _normals(line)
    half_widths = []
    for sign in (1.0, -1.0):
        places = line[:, None, :] + sign * reach[None, :, None] * normal[:, None, :]
        has_left = sample(crypt, places, mpp) < 0.5
        half_widths.append(np.where(has_left.any(axis=1), reach[has_left.argmax(axis=1)], np.inf))
    low, high = (share * usual_width_um for share in _HALF_WIDTH)
    is_middle = np.logical_and.reduce([(half >= low) & (half <= high) for half in half_widths])
    return bool(is_middle.mean() >= _MIN_SINGLE)


def _sides(axis: CryptAxis, offset_um: float) -> list[LuminalEdge]:
    points = axis.lumen_um
    if len(points) < 4:
        return []
    normal = _normals(points)
    return [LuminalEdge(points, sign * normal, Compartment.CRYPT, offset_um) for sign in (1.0, -1.0)]
