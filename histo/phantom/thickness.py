"""The true thickness of the layers of a drawn wall, each perpendicular to its luminal border."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import STRtree, get_coordinates, linestrings
from shapely.geometry import LineString, Point, Polygon

from histo.phantom.anatomy import Tube
from histo.phantom.curve import STEP_UM, Curve
from histo.phantom.raster import VALLEY_SHARE, Canvas
from histo.phantom.spec import SectionSpec
from histo.phantom.wall import Wall

__all__ = ["tabulate_layers"]

Floats = NDArray[np.float64]

_EVERY_UM = 10.0
_SPAN_UM = 450.0
_LIKE = 0.6
_BESIDE_UM = 700.0


def tabulate_layers(spec: SectionSpec, wall: Wall, villi: list[Tube], canvas: Canvas) -> pd.DataFrame:
    """Tabulate the true layers every 10 µm of the mucosa-submucosa border.

    Parameters
    ----------
    spec : SectionSpec
    wall : Wall
    villi : list of Tube
    canvas : Canvas

    Returns
    -------
    DataFrame
        Columns as in `histo.schema`. Below plicae the submucosa has no single thickness: missing.
    """
    position = np.arange(0, wall.border.length_um, _EVERY_UM)
    border = wall.border.at(position, wall.border.points)
    at = canvas.to_pixels(border)
    on_base = cKDTree(wall.base.points).query(border)[1] * STEP_UM if wall.is_folded else position
    zone = wall.border.at(position, wall.crypt_zone_um)
    submucosa = wall.base.at(on_base, wall.submucosa_um)
    return pd.DataFrame({
        "position_um": position,
        "row": at[:, 0],
        "col": at[:, 1],
        "mucosa_um": _mucosa(spec, wall, villi, position, zone),
        "crypt_zone_um": zone,
        "submucosa_um": np.full(len(position), np.nan) if wall.is_folded else submucosa,
        "muscularis_um": _muscularis(wall, on_base),
    })  # fmt: skip


def _mucosa(spec: SectionSpec, wall: Wall, villi: list[Tube], position: Floats, zone: Floats) -> Floats:
    """Draw a taut line over the villi that stand.

    It is the highest chord between two places at most 450 µm apart, neither less than 0.6 times as high as the other.
    """
    flat = zone + VALLEY_SHARE * spec.villi.epithelium_um
    height = np.maximum(flat, _farthest(wall.border, _standing(villi), position, zone + 2 * spec.villi.height_um))
    n, span = len(position), round(_SPAN_UM / _EVERY_UM)
    padded = np.pad(height, span, mode="wrap" if wall.border.is_closed else "reflect")
    line = height.copy()
    for left in range(1, span):
        for right in range(1, span - left + 1):
            low, high = padded[span - left :][:n], padded[span + right :][:n]
            joins = np.minimum(low, high) >= _LIKE * np.maximum(low, high)
            line = np.where(joins, np.maximum(line, low + (high - low) * left / (left + right)), line)
    return line


def _standing(villi: list[Tube]) -> list[Tube]:
    """Villi that have a foot, and those that touch one that has."""
    if not villi:
        return []
    shapes = [Polygon(tube.outline).buffer(0) for tube in villi]
    pairs = STRtree(shapes).query(shapes, predicate="intersects")
    links = coo_array((np.ones(pairs.shape[1]), pairs), shape=(len(villi),) * 2)
    group = connected_components(links, directed=False)[1]
    whole = {group[i] for i, tube in enumerate(villi) if tube.is_whole}
    return [tube for i, tube in enumerate(villi) if group[i] in whole]


def _farthest(border: Curve, villi: list[Tube], position: Floats, reach: Floats) -> Floats:
    """Farthest point of a villus on each normal of the border; 0 where it meets none."""
    foot, normal = border.at(position, border.points), border.at(position, border.normals)
    rays = linestrings(np.stack([foot, foot + reach[:, None] * normal], axis=1))
    shapes = [Polygon(tube.outline).buffer(0) for tube in villi]
    height = np.zeros(len(position))
    if not villi:
        return height
    for ray, villus in STRtree(shapes).query(rays, predicate="intersects").T:
        along = abs(villi[villus].position_um - position[ray])
        if min(along, border.length_um - along if border.is_closed else along) < _BESIDE_UM:
            met = get_coordinates(rays[ray].intersection(shapes[villus])) - foot[ray]
            height[ray] = max(height[ray], float((met @ normal[ray]).max()))
    return height


def _muscularis(wall: Wall, on_base: Floats) -> Floats:
    """Perpendicular to the muscle's inner border, at the places below the given ones.

    Where the wall bends so sharply that its normals cross within it, the pixels there were drawn as another place's,
    and there is no truth.
    """
    base, depth = wall.base, wall.submucosa_um + wall.muscularis_um
    inner = Curve.through(base.points - base.normals * wall.submucosa_um[:, None], is_closed=base.is_closed)
    outer = base.points - base.normals * depth[:, None]
    thickness = base.at(on_base, wall.submucosa_um)
    entry = base.at(on_base, base.points) - thickness[:, None] * base.at(on_base, base.normals)
    way = -inner.normals[cKDTree(inner.points).query(entry)[1]]
    tree = cKDTree(base.points)
    across = np.full(len(on_base), np.nan)
    for i, place in enumerate(on_base):
        side = LineString(outer[_window(base, place)])
        ray = LineString([entry[i], entry[i] + way[i] * 2 * float(wall.muscularis_um.max())])
        away = ray.intersection(side).distance(Point(entry[i]))
        ends = (entry[i], wall.submucosa_um), (entry[i] + way[i] * away, depth)
        if away > 0 and all(_is_drawn(tree, point, layer) for point, layer in ends):
            across[i] = away
    return across


def _window(curve: Curve, place: float) -> NDArray[np.intp]:
    """Points of the curve beside a place, in order; a closed curve's may go over its end."""
    beside = np.abs(np.arange(len(curve.points)) * STEP_UM - place)
    if curve.is_closed:
        beside = np.minimum(beside, curve.length_um - beside)
    window = np.flatnonzero(beside <= _BESIDE_UM)
    jump = np.diff(window, prepend=window[0])
    return np.roll(window, -int(jump.argmax()) if jump.max() > 1 else 0)


def _is_drawn(tree: cKDTree, point: Floats, depth_um: Floats) -> bool:
    """Whether the layers of the place nearest to a point end at it too."""
    away, place = tree.query(point)
    return bool(abs(away - depth_um[place]) < STEP_UM)
