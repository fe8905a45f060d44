"""The luminal edge of a drawn section as curves: what borders on the lumen, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from histo.phantom.anatomy import Tube
from histo.phantom.curve import STEP_UM
from histo.phantom.junction.border import Borders
from histo.phantom.raster import VALLEY_SHARE
from histo.phantom.spec import SectionSpec
from histo.phantom.wall import Wall
from histo.types import Compartment

__all__ = ["LuminalEdges", "follow_edges"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_SPACING_UM = 0.2
_ON_WALL_UM = 0.05
_SHORTEST_UM = 3.0
_OUTWARD_UM = 40.0
_BEYOND_END_UM = 100.0


@dataclass(frozen=True, eq=False)
class LuminalEdges:
    """Stretches of luminal edge.

    Parameters
    ----------
    curves : Borders
        A point every 0.2 µm, from the outer corner of the picture.
    inward : (n, 2) array
        Unit vectors into the epithelium, at each point.
    region : (m,) int array
        VILLUS_EPITHELIUM or CRYPT, of each stretch.
    """

    curves: Borders
    inward: Floats
    region: Ints

    def at_depth(self, depth_um: float) -> Floats:
        """Shift all points into the epithelium."""
        shifted: Floats = self.curves.points + depth_um * self.inward
        return shifted


def follow_edges(spec: SectionSpec, wall: Wall, villi: list[Tube], crypts: list[Tube]) -> LuminalEdges:
    """Follow the edge of villi and of the valleys between them, and of the crypts' lumina below the junction."""
    below = _below_junction(wall)
    tissue = shapely.union_all([below, _valleys(spec, wall, crypts), *_outlines(villi)])
    on_lumen = tissue.boundary.difference(below.buffer(_ON_WALL_UM))
    lumina = [_polygon(crypt.core) for crypt in crypts if len(crypt.core) > 3]
    in_crypts = [lumen.boundary.intersection(below) for lumen in lumina]
    lines, inward, region = [], [], []
    for geometry, code, inside in (
        (on_lumen, Compartment.VILLUS_EPITHELIUM, tissue),
        *((edge, Compartment.CRYPT, below.difference(lumen)) for edge, lumen in zip(in_crypts, lumina, strict=True)),
    ):
        for line in _lines(geometry):
            points = _evenly(line)
            lines.append(points)
            inward.append(_inward(points, inside))
            region.append(int(code))
    return LuminalEdges(_as_borders(lines), np.concatenate([np.empty((0, 2)), *inward]), np.array(region, dtype=int))


def _below_junction(wall: Wall) -> BaseGeometry:
    """Cover what lies below the villus-crypt junction, piece by piece: a roll's wall lies beside itself."""
    border = wall.border
    top = border.points + border.normals * wall.crypt_zone_um[:, None]
    bottom = border.points - border.normals * _OUTWARD_UM
    if not border.is_closed:
        # A villus at the end of a strip leans over it, but is cut at the level of the junction there too.
        top, bottom = _lengthened(top), _lengthened(bottom)
    return shapely.union_all(_pieces(bottom, top, closed=border.is_closed))


def _lengthened(points: Floats) -> Floats:
    """Go on straight at both ends."""
    before, after = points[0] - points[1], points[-1] - points[-2]
    step = _BEYOND_END_UM / STEP_UM
    return np.concatenate([points[:1] + step * before, points, points[-1:] + step * after])


def _valleys(spec: SectionSpec, wall: Wall, crypts: list[Tube]) -> BaseGeometry:
    """Cover the epithelium on the junction between the feet of villi, open where crypts have their mouths."""
    border = wall.border
    n_steps = len(border.points) - (0 if border.is_closed else 1)
    mouths = np.array([crypt.position_um for crypt in crypts if crypt.is_whole])
    half = 0.5 * spec.crypts.width_um
    places = np.unique(np.concatenate([np.arange(n_steps + 1) * STEP_UM, mouths - half, mouths + half]))
    places = places[(places >= 0) & (places <= n_steps * STEP_UM)]
    middle = 0.5 * (places[1:] + places[:-1])
    is_open = (np.abs(middle[:, None] - mouths).min(axis=1, initial=np.inf)) <= half
    foot, normal = border.at(places, border.points), border.at(places, border.normals)
    zone = border.at(places, wall.crypt_zone_um)[:, None]
    top = zone + VALLEY_SHARE * spec.villi.epithelium_um
    pieces = _pieces(foot + normal * (zone - 1.0), foot + normal * top, closed=False)
    return shapely.union_all([piece for piece, skipped in zip(pieces, is_open, strict=True) if not skipped])


def _pieces(low: Floats, high: Floats, *, closed: bool) -> list[BaseGeometry]:
    """Make a quadrangle of every step along two curves."""
    if closed:
        low, high = np.concatenate([low, low[:1]]), np.concatenate([high, high[:1]])
    corners = np.stack([low[:-1], low[1:], high[1:], high[:-1]], axis=1)
    return list(shapely.convex_hull(shapely.polygons(corners)))


def _outlines(tubes: list[Tube]) -> list[BaseGeometry]:
    return [_polygon(tube.outline) for tube in tubes if len(tube.outline) > 3]


def _polygon(outline: Floats) -> Polygon | MultiPolygon:
    polygon: Polygon | MultiPolygon = shapely.make_valid(Polygon(outline)).buffer(0)
    return polygon


def _lines(geometry: BaseGeometry) -> list[LineString]:
    """Join pieces of lines, and leave out crumbs."""
    parts = shapely.get_parts(shapely.line_merge(geometry))
    return [part for part in parts if isinstance(part, LineString) and part.length >= _SHORTEST_UM]


def _evenly(line: LineString) -> Floats:
    n = max(4, round(line.length / _SPACING_UM)) + 1
    return np.asarray(shapely.get_coordinates(line.interpolate(np.linspace(0, line.length, n))))


def _inward(points: Floats, inside: BaseGeometry) -> Floats:
    """Take normals from differences over 2 µm, on the side where the tissue is."""
    span = min(5, len(points) // 2)
    padded = np.pad(points, ((span, span), (0, 0)), mode="reflect", reflect_type="odd")
    ahead = padded[2 * span :] - padded[: -2 * span]
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) / np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    probes = points[:: max(1, len(points) // 40)] + 0.5 * normal[:: max(1, len(points) // 40)]
    is_inside = shapely.contains_xy(inside, probes[:, 0], probes[:, 1])
    return np.asarray(normal if is_inside.mean() >= 0.5 else -normal)


def _as_borders(lines: list[Floats]) -> Borders:
    count = np.array([len(line) for line in lines], dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    arcs = [np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))]) for line in lines]
    return Borders(
        points=np.concatenate([np.empty((0, 2)), *lines]),
        owner=np.repeat(np.arange(len(lines)), count),
        first=first,
        arc_um=np.concatenate([np.empty(0), *arcs]),
    )
