"""Villi and crypts as tubes around centrelines, placed on the wall.

A tube is a polygon (its outer border), a smaller one (its core or lumen) and the centreline that its truth is read off.
All points are (row, column) in µm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry import Point, Polygon

from histo.phantom.curve import STEP_UM
from histo.phantom.spec import SectionSpec, smooth_noise
from histo.phantom.wall import Wall

__all__ = ["Tube", "place_crypts", "place_villi"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tube:
    """A villus or a crypt.

    Parameters
    ----------
    outline, core : (n, 2) array
        Outer border; villus core or crypt lumen (empty where the tube is too thin for one).
    centreline : (m, 2) array
        From the foot (villus) or mouth (crypt) at the villus-crypt junction to the tip or base.
    length_um, width_um : float
        Length of the centreline, width at its middle.
    position_um : float
        Arc length of the foot or mouth along the mucosa-submucosa border.
    is_whole : bool
        Whether its axis lies in the plane from end to end: False for islands and crypts cut across.
    is_hidden : bool
        Whether a neighbour hides so much of it that it cannot be measured.
    """

    outline: Floats
    core: Floats
    centreline: Floats
    length_um: float
    width_um: float
    position_um: float
    is_whole: bool = True
    is_hidden: bool = False


def place_villi(spec: SectionSpec, wall: Wall, rng: np.random.Generator) -> list[Tube]:
    """Stand villi on the junction, foot by foot; the later lies over the earlier."""
    villi = spec.villi
    positions, pitch = _spaced(wall, villi.pitch_um, rng)
    tubes: list[Tube] = []
    for position in positions:
        if rng.random() < villi.missing:
            continue
        height = villi.height_um * max(0.3, 1 + villi.height_cv * rng.normal())
        width = villi.width_um * float(np.clip(1 + 0.1 * rng.normal(), 0.7, 1.3))
        lean, bend = np.deg2rad([villi.lean_deg, villi.bend_deg]) * rng.normal(size=2)
        lifted = height * rng.uniform(0.3, 0.7) if rng.random() < villi.detached else 0.0
        waves = villi.waviness * smooth_noise(rng, max(8, round(height / STEP_UM)) + 1, 16, closed=False)
        tubes.append(_villus(spec, wall, position, _Pose(height, width, pitch, lean, bend, lifted, waves)))
    return _with_hidden(tubes, _hides_villus)


def place_crypts(spec: SectionSpec, wall: Wall, rng: np.random.Generator) -> list[Tube]:
    """Sink crypts from the junction towards the border; some are cut across."""
    crypts = spec.crypts
    tubes = []
    for position in _spaced(wall, crypts.pitch_um, rng)[0]:
        zone = float(wall.border.at(np.array(position), wall.crypt_zone_um))
        width = crypts.width_um * float(np.clip(1 + 0.1 * rng.normal(), 0.7, 1.3))
        if rng.random() < crypts.oblique:
            tubes.extend(_cross_sections(wall, position, zone, width, crypts.lumen_um, rng))
            continue
        gap = max(2.0, zone - zone * crypts.depth_um / (crypts.depth_um + crypts.base_gap_um) * (
            1 + crypts.depth_cv * rng.normal()
        ))  # fmt: skip
        tilt = np.deg2rad(crypts.tilt_deg) * float(np.clip(rng.normal(), -2, 2))
        tubes.append(_crypt(wall, position, min(gap, 0.6 * zone), width, tilt, crypts.lumen_um))
    return _with_hidden(tubes, _blurs_crypt)


@dataclass(frozen=True, eq=False)
class _Pose:
    """One villus' own shape."""

    height_um: float
    width_um: float
    pitch_um: float
    lean: float
    bend: float
    lifted_um: float
    waves: Floats


def _spaced(wall: Wall, pitch_um: float, rng: np.random.Generator) -> tuple[Floats, float]:
    """Feet at about `pitch_um` along the junction, evenly around a closed wall, half a pitch from open ends.

    Returns
    -------
    positions : (n,) array
        Arc lengths along the border.
    pitch : float
        The distance between feet along the junction that came out.
    """
    border = wall.border
    junction = border.points + border.normals * wall.crypt_zone_um[:, None]
    if border.is_closed:
        junction = np.concatenate([junction, junction[:1]])
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(junction, axis=0).T))])
    n = max(1, round(arc[-1] / pitch_um))
    jitter = np.clip(rng.normal(0, 0.05, n), -0.1, 0.1)
    places = (np.arange(n) + 0.5 + jitter) * arc[-1] / n
    return np.interp(places, arc, np.arange(len(arc)) * STEP_UM), float(arc[-1] / n)


def _villus(spec: SectionSpec, wall: Wall, position: float, pose: _Pose) -> Tube:
    epithelium = spec.villi.epithelium_um
    place = np.array(position)
    normal = wall.border.at(place, wall.border.normals)
    foot = wall.border.at(place, wall.border.points) + normal * wall.border.at(place, wall.crypt_zone_um)
    n = max(8, round(pose.height_um / STEP_UM))
    share = np.linspace(0, 1, n + 1)
    heading = np.arctan2(normal[0], normal[1]) + pose.lean + pose.bend * (share[:-1] + 0.5 / n)
    steps = (pose.height_um / n) * np.stack([np.sin(heading), np.cos(heading)], axis=1)
    line = foot + np.concatenate([[[0.0, 0.0]], np.cumsum(steps, axis=0)])
    arc = share * pose.height_um
    # The foot flares towards its neighbours, so that the valleys between villi are narrow; it reaches below the
    # junction and is cut there when the map is drawn.
    width = pose.width_um * (1 - spec.villi.taper * np.clip((share - 0.5) * 2, 0, 1))
    width = width * (1 + np.clip(pose.waves, -0.25, 0.25))
    flare = max(0.0, 0.9 * pose.pitch_um - pose.width_um)
    width = width + flare * np.exp(-arc / (0.55 * spec.villi.width_um))
    below = foot - np.outer(np.linspace(0.3 * spec.villi.pitch_um, STEP_UM, 20), normal)
    path = np.concatenate([below, line])
    widths = np.concatenate([np.full(20, width[0]), width])
    lengths = np.concatenate([-np.linspace(0.3 * spec.villi.pitch_um, STEP_UM, 20), arc])
    if pose.lifted_um:
        keep = lengths >= pose.lifted_um
        path, widths, lengths = path[keep], widths[keep], lengths[keep]
    outline = _around(path, lengths, widths, pose.height_um, starts_round=bool(pose.lifted_um))
    core = _around(
        path, lengths, widths - 2 * epithelium, pose.height_um - epithelium,
        starts_round=bool(pose.lifted_um), start=pose.lifted_um + epithelium if pose.lifted_um else None,
    )  # fmt: skip
    return Tube(outline, core, line, pose.height_um, float(width[n // 2]), position, is_whole=not pose.lifted_um)


def _crypt(wall: Wall, position: float, gap: float, width: float, tilt: float, lumen_um: float) -> Tube:
    """Run from the mouth at the junction to `gap` above the border, tilted against the normal."""
    place = np.array(position)
    normal = wall.border.at(place, wall.border.normals)
    zone = float(wall.border.at(place, wall.crypt_zone_um))
    mouth = wall.border.at(place, wall.border.points) + normal * zone
    heading = np.arctan2(-normal[0], -normal[1]) + tilt
    direction = np.array([np.sin(heading), np.cos(heading)])
    depth = (zone - gap) / np.cos(tilt)
    n = max(6, round(depth / STEP_UM))
    arc = np.linspace(0, depth, n + 1)
    line = mouth + arc[:, None] * direction
    above = mouth - np.outer(np.linspace(0.5 * width, STEP_UM, 8), direction)
    lengths = np.concatenate([-np.linspace(0.5 * width, STEP_UM, 8), arc])
    path = np.concatenate([above, line])
    widths = width * (1 + 0.12 * np.clip(lengths / depth, 0, 1))
    outline = _around(path, lengths, widths, depth)
    lumen = _around(path, lengths, np.full(len(lengths), lumen_um), depth - 0.45 * width)
    return Tube(outline, lumen, line, depth, float(widths[len(widths) // 2]), position)


def _cross_sections(
    wall: Wall, position: float, zone: float, width: float, lumen_um: float, rng: np.random.Generator
) -> list[Tube]:
    """Stack one or two ellipses where a crypt leaves the plane."""
    place = np.array(position)
    normal = wall.border.at(place, wall.border.normals)
    foot = wall.border.at(place, wall.border.points)
    n = 2 if zone > 3.2 * width else 1
    tubes = []
    for level in range(n):
        room = zone / n
        half = 0.5 * min(room * 0.8, width * rng.uniform(1.0, 1.8))
        centre = foot + normal * (room * (level + 0.5))
        line = centre + np.outer(np.linspace(half, -half, 12), normal)
        lengths = np.linspace(-half, half, 12) + half
        outline = _around(line, lengths, np.full(12, width), 2 * half, starts_round=True)
        lumen = _around(line, lengths, np.full(12, lumen_um * 1.6), 1.5 * half, starts_round=True, start=0.5 * half)
        tubes.append(Tube(outline, lumen, line, 2 * half, width, position, is_whole=False))
    return tubes


def _around(
    path: Floats, arc: Floats, widths: Floats, end: float, *, starts_round: bool = False, start: float | None = None
) -> Floats:
    """Outline a tube of given widths that ends in a half circle exactly at arc length `end`."""
    start = float(arc[0]) if start is None else start
    if end - start < 4 or np.interp(0.5 * (start + end), arc, widths) < 4:
        return np.empty((0, 2))
    radius = 0.5 * max(float(np.interp(end, arc, widths)), 2.0)
    places = np.unique(
        np.concatenate([np.arange(start, end, STEP_UM), end - radius * (1 - np.sin(np.linspace(0, np.pi / 2, 12)))])
    )
    places = places[(places >= start) & (places <= end)]
    half = 0.5 * np.interp(places, arc, widths)
    half = half * _cap(end - places, radius)
    if starts_round:
        half = half * _cap(places - start, 0.5 * max(float(np.interp(start, arc, widths)), 2.0))
    centre = np.stack([np.interp(places, arc, path[:, axis]) for axis in range(2)], axis=1)
    tangent = np.gradient(centre, places, axis=0)
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    side = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) * half[:, None]
    return np.concatenate([centre + side, (centre - side)[::-1]])


def _cap(distance_to_end: Floats, radius: float) -> Floats:
    """Share of the width that a round end leaves, at each distance from it: 0 at the end, 1 from `radius` on."""
    return np.sqrt(1 - np.clip(1 - distance_to_end / radius, 0, 1) ** 2)


def _with_hidden(tubes: list[Tube], hides: Callable[[_Pair], bool]) -> list[Tube]:
    """Mark the tubes that a neighbour hides."""
    if not tubes:
        return []
    shapes = [Polygon(tube.outline).buffer(0) if len(tube.outline) > 3 else Polygon() for tube in tubes]
    hidden = np.zeros(len(tubes), bool)
    for one, other in STRtree(shapes).query(shapes, predicate="intersects").T:
        if one != other:
            hidden[one] |= hides(_Pair(tubes[one], shapes[one], shapes[other], is_under=bool(one < other)))
    return [replace(tube, is_hidden=bool(flag)) for tube, flag in zip(tubes, hidden, strict=True)]


@dataclass(frozen=True)
class _Pair:
    """A tube with its shape, and the shape of a neighbour that it crosses."""

    tube: Tube
    shape: Polygon
    other: Polygon
    is_under: bool

    @property
    def shared(self) -> float:
        return float(self.shape.intersection(self.other).area / self.shape.area)


def _hides_villus(pair: _Pair) -> bool:
    """Say that one that lies over its tip, or over more than an eighth of it, hides a villus."""
    return pair.is_under and (pair.other.distance(Point(pair.tube.centreline[-1])) < 3 or pair.shared > 0.125)


def _blurs_crypt(pair: _Pair) -> bool:
    """Say that two crypts that cross cannot be told from one another: they have no border between them."""
    return pair.shared > 0.03
