"""What lies in and on a section besides its tubes: follicles, glands, vessels, mucus, debris, dust."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.phantom.raster import Canvas, fill
from histo.phantom.spec import SectionSpec
from histo.phantom.wall import Wall
from histo.types import Compartment

__all__ = ["Features", "hide_under_folds", "paint", "place_features"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Features:
    """Outlines in µm of what has a look of its own.

    Parameters
    ----------
    vessels : list of (n, 2) array
        Blood vessels of the submucosa.
    gland_lumina : list of (n, 2) array
        Lumina of Brunner's glands.
    mucus, dust, folds : list of (n, 2) array
        Mucus and shed cells in the lumen; dirt on the glass; bands where the tissue lies double.
    """

    vessels: list[Floats]
    gland_lumina: list[Floats]
    mucus: list[Floats]
    dust: list[Floats]
    folds: list[Floats]


def place_features(
    spec: SectionSpec, wall: Wall, canvas: Canvas, labels: NDArray[np.uint8], rng: np.random.Generator
) -> Features:
    """Add follicles, glands, mucus and debris to the labels, in place, and return what else is to be painted."""
    _add_follicles(spec, wall, canvas, labels, rng)
    lumina = _add_glands(spec, wall, canvas, labels, rng)
    mucus = _add_mucus(spec, canvas, labels, rng)
    return Features(
        vessels=_vessels(spec, wall, rng),
        gland_lumina=lumina,
        mucus=mucus,
        dust=_dust(spec, canvas, rng),
        folds=_folds(spec, canvas, rng),
    )


def hide_under_folds(labels: NDArray[np.uint8], folds: list[Floats], canvas: Canvas) -> NDArray[np.uint8]:
    """Label the tissue that lies double as other tissue: what is under a fold cannot be told."""
    hidden = labels.copy()
    for outline in folds:
        window, inside = fill(outline, canvas)
        hidden[window][inside & (labels[window] != Compartment.BACKGROUND)] = Compartment.OTHER_TISSUE
    return hidden


def _add_follicles(
    spec: SectionSpec, wall: Wall, canvas: Canvas, labels: NDArray[np.uint8], rng: np.random.Generator
) -> None:
    """Sit follicles on the border: they push aside crypts and submucosa, not villi or muscle."""
    replaced = (Compartment.CRYPT, Compartment.LAMINA_PROPRIA, Compartment.SUBMUCOSA)
    thickness = float(np.median(wall.crypt_zone_um)) + spec.wall.submucosa_um
    for _ in range(spec.wall.follicles):
        place = np.array(rng.uniform(0.1, 0.9) * wall.border.length_um)
        point, normal = wall.border.at(place, wall.border.points), wall.border.at(place, wall.border.normals)
        centre = point + normal * rng.uniform(-0.5, 0.3) * spec.wall.submucosa_um
        size = np.array([rng.uniform(0.45, 0.75) * thickness, rng.uniform(0.6, 1.2) * thickness])
        window, inside = fill(_blob(centre, size, np.arctan2(normal[0], normal[1]), rng), canvas)
        labels[window][inside & np.isin(labels[window], replaced)] = Compartment.LYMPHOID


def _add_glands(
    spec: SectionSpec, wall: Wall, canvas: Canvas, labels: NDArray[np.uint8], rng: np.random.Generator
) -> list[Floats]:
    """Fill a stretch of submucosa with lobules of Brunner's glands; returns their lumina."""
    lumina: list[Floats] = []
    if spec.wall.glands <= 0:
        return lumina
    length, depth = wall.base.length_um, spec.wall.submucosa_um - spec.wall.muscularis_mucosae_um
    stretch = spec.wall.glands * length
    start = rng.uniform(0, max(length - stretch, 1))
    n = int(stretch * depth / 3800)
    places = start + rng.uniform(0, stretch, n)
    downs = spec.wall.muscularis_mucosae_um + 18 + rng.beta(1.1, 1.5, n) * max(depth - 40, 1)
    for place, down in zip(places, downs, strict=True):
        point = wall.base.at(np.array(place), wall.base.points)
        normal = wall.base.at(np.array(place), wall.base.normals)
        size = rng.uniform(20, 34, 2)
        angle = rng.uniform(0, np.pi)
        window, inside = fill(_blob(point - normal * down, size, angle, rng), canvas)
        labels[window][inside & (labels[window] == Compartment.SUBMUCOSA)] = Compartment.SUBMUCOSAL_GLAND
        lumina.append(_blob(point - normal * down, size * 0.28, angle, rng))
    return lumina


def _add_mucus(spec: SectionSpec, canvas: Canvas, labels: NDArray[np.uint8], rng: np.random.Generator) -> list[Floats]:
    """Lay mucus and shed cells on the glass above the tissue."""
    shapes: list[Floats] = []
    area_mm2 = canvas.shape[0] * canvas.shape[1] * canvas.mpp**2 / 1e6
    extent = np.array(canvas.shape) * canvas.mpp
    for share, size, per_mm2 in ((spec.artefacts.mucus, 32.0, 20), (spec.artefacts.debris, 14.0, 60)):
        for _ in range(rng.poisson(share * per_mm2 * area_mm2)):
            centre = rng.uniform(0, 1, 2) * extent
            axes = size * rng.lognormal(0, 0.5, 2)
            axes[0] *= rng.uniform(1, 3.5)
            outline = _bent(_blob(centre, axes, rng.uniform(0, np.pi), rng, roughness=0.3), centre, axes[0], rng)
            window, inside = fill(outline, canvas)
            on_glass = inside & (labels[window] == Compartment.BACKGROUND)
            labels[window][on_glass] = Compartment.OTHER_TISSUE
            shapes.append(outline)
    return shapes


def _folds(spec: SectionSpec, canvas: Canvas, rng: np.random.Generator) -> list[Floats]:
    extent = np.array(canvas.shape) * canvas.mpp
    return [
        _blob(
            rng.uniform(0.2, 0.8, 2) * extent,
            np.array([rng.uniform(0.15, 0.5) * extent.max(), rng.uniform(8, 25)]),
            rng.uniform(0, np.pi),
            rng,
        )
        for _ in range(spec.artefacts.fold)
    ]


def _vessels(spec: SectionSpec, wall: Wall, rng: np.random.Generator) -> list[Floats]:
    """Cut vessels of the submucosa across or along."""
    depth = spec.wall.submucosa_um - spec.wall.muscularis_mucosae_um
    if depth < 25:
        return []
    vessels = []
    for _ in range(rng.poisson(wall.base.length_um / 700)):
        place = np.array(rng.uniform(0, wall.base.length_um))
        point, normal = wall.base.at(place, wall.base.points), wall.base.at(place, wall.base.normals)
        radius = min(rng.lognormal(np.log(16), 0.5), 0.3 * depth)
        down = spec.wall.muscularis_mucosae_um + rng.uniform(radius, max(depth - radius, radius + 1))
        axes = np.array([radius * rng.uniform(1, 2.2), radius])
        vessels.append(_blob(point - normal * down, axes, np.arctan2(normal[1], -normal[0]), rng, roughness=0.08))
    return vessels


def _dust(spec: SectionSpec, canvas: Canvas, rng: np.random.Generator) -> list[Floats]:
    extent = np.array(canvas.shape) * canvas.mpp
    n = rng.poisson(spec.artefacts.dust * 12 * extent.prod() / 1e6)
    return [
        _blob(rng.uniform(0, 1, 2) * extent, rng.uniform(2, 9, 2), rng.uniform(0, np.pi), rng, roughness=0.3)
        for _ in range(n)
    ]


def _blob(centre: Floats, axes: Floats, angle: float, rng: np.random.Generator, *, roughness: float = 0.12) -> Floats:
    """Outline an uneven ellipse with half axes `axes`, the first along `angle`."""
    around = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    waves = np.arange(2, 7)
    uneven = (
        rng.normal(size=5)[:, None] / waves[:, None] * np.sin(waves[:, None] * around + rng.uniform(0, 6, 5)[:, None])
    ).sum(axis=0)
    radius = np.maximum(1 + roughness * 1.8 * uneven, 0.3)
    along, across = axes[0] * radius * np.cos(around), axes[1] * radius * np.sin(around)
    direction = np.array([np.sin(angle), np.cos(angle)])
    normal = np.array([np.cos(angle), -np.sin(angle)])
    outline: Floats = np.asarray(centre) + along[:, None] * direction + across[:, None] * normal
    return outline


def _bent(outline: Floats, centre: Floats, size: float, rng: np.random.Generator) -> Floats:
    """Bend an outline into an S of random strength."""
    offset = outline - centre
    phases, strengths = rng.uniform(0, 2 * np.pi, 2), rng.normal(0, 0.35, 2) * size
    shift = np.stack(
        [
            strengths[0] * np.sin(1.6 * offset[:, 1] / size + phases[0]),
            strengths[1] * np.sin(1.6 * offset[:, 0] / size + phases[1]),
        ],
        axis=1,
    )
    bent: Floats = outline + shift
    return bent


def paint(outlines: list[Floats], canvas: Canvas) -> NDArray[np.float32]:
    """Draw outlines as an anti-aliased mask, 0 to 1."""
    mask = np.zeros(canvas.shape, np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [canvas.to_fixed_point(outline)], 255, cv2.LINE_AA, 4)
    return np.asarray(mask / 255, dtype=np.float32)
