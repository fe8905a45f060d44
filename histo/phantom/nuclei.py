"""Cells: where they lie, how large and dark their nuclei are, which class and which markers.

Places are drawn in µm before any pixel is, so that a section drawn at two pixel sizes holds the same cells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.phantom.anatomy import Tube
from histo.phantom.cell_spec import InflammatoryDensity
from histo.phantom.raster import VALLEY_SHARE, Canvas, WallFields
from histo.phantom.spec import SectionSpec
from histo.phantom.wall import Wall
from histo.types import CellClass, Compartment

__all__ = ["Cells", "Drawing", "cells_table", "place_cells"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """Nuclei of one section.

    Parameters
    ----------
    centre_um : (n, 2) array
        Centres, µm.
    axes_um : (n, 2) array
        Full length and width of each nucleus, µm.
    angle : (n,) array
        Direction of the length, radians, in (row, column): 0 runs along the columns.
    darkness : (n,) array
        Amount of haematoxylin, 1 on average.
    cell_class : (n,) str array
        Values of `CellClass`.
    is_goblet, is_cd4, is_foxp3, is_il17 : (n,) bool array
        Goblet cells, and positive cells of the three markers.
    """

    centre_um: Floats
    axes_um: Floats
    angle: Floats
    darkness: Floats
    cell_class: NDArray[np.str_]
    is_goblet: NDArray[np.bool_]
    is_cd4: NDArray[np.bool_]
    is_foxp3: NDArray[np.bool_]
    is_il17: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cell_class)

    def where(self, chosen: NDArray[np.bool_]) -> Cells:
        """Keep the chosen cells."""
        return Cells(**{name: values[chosen] for name, values in self.__dict__.items()})


@dataclass(frozen=True, eq=False)
class Drawing:
    """Where cells are put: the canvas, every pixel's place on the wall, and the compartments."""

    canvas: Canvas
    fields: WallFields
    labels: NDArray[np.uint8]


@dataclass(frozen=True)
class _Scatter:
    """How cells are strewn over compartments."""

    compartments: tuple[Compartment, ...]
    per_mm2: float
    cell_class: CellClass
    length_um: float
    width_um: float
    darkness: float
    follows_wall: bool = False


def place_cells(
    spec: SectionSpec, wall: Wall, tubes: tuple[list[Tube], list[Tube]], drawing: Drawing, rng: np.random.Generator
) -> Cells:
    """Line the epithelia and strew the other compartments with cells."""
    villi, crypts = tubes
    canvas, labels = drawing.canvas, drawing.labels
    parts = [_line(villus.outline, 0.62 * spec.villi.epithelium_um, 5.4, 1.6, rng) for villus in villi]
    lined = [_keep(_join(parts), canvas, labels, (Compartment.VILLUS_EPITHELIUM,))]
    parts = [_line(crypt.outline, 5.5, 5.0, 1.0, rng) for crypt in crypts]
    lined.append(_keep(_join(parts), canvas, labels, (Compartment.CRYPT,)))
    lined.append(_keep(_valley(spec, wall, rng), canvas, labels, (Compartment.VILLUS_EPITHELIUM,)))
    epithelium = _join(lined)
    goblet = rng.random(len(epithelium)) < spec.cells.goblet
    epithelium = replace(epithelium, is_goblet=goblet)
    cells = [epithelium, _intraepithelial(spec, epithelium, canvas, labels, rng)]
    cells += [_strew(scatter, wall, drawing, rng) for scatter in _scatters(spec)]
    everything = _join(cells)
    lymphocyte = everything.cell_class == CellClass.LYMPHOCYTE
    cd4 = lymphocyte & (rng.random(len(everything)) < spec.cells.cd4)
    foxp3 = cd4 & (rng.random(len(everything)) < spec.cells.foxp3)
    il17 = cd4 & ~foxp3 & (rng.random(len(everything)) < spec.cells.il17)
    return replace(everything, is_cd4=cd4, is_foxp3=foxp3, is_il17=il17)


def cells_table(cells: Cells, canvas: Canvas, labels: NDArray[np.uint8]) -> pd.DataFrame:
    """Write the truth of every cell: place, class, compartment, markers."""
    at = canvas.to_pixels(cells.centre_um)
    names = np.array([compartment.label for compartment in Compartment])
    return pd.DataFrame(
        {
            "row": at[:, 0],
            "col": at[:, 1],
            "area_um2": np.pi / 4 * cells.axes_um.prod(axis=1),
            "cell_class": cells.cell_class,
            "probability": np.ones(len(cells)),
            "compartment": names[canvas.look_up(labels, cells.centre_um).astype(int)],
            "is_goblet": cells.is_goblet,
            "cd4_is_positive": cells.is_cd4,
            "foxp3_is_positive": cells.is_foxp3,
            "il17_is_positive": cells.is_il17,
        }
    )


def _scatters(spec: SectionSpec) -> list[_Scatter]:
    cells = spec.cells
    stroma = (Compartment.VILLUS_LAMINA_PROPRIA, Compartment.LAMINA_PROPRIA)
    mucosa = InflammatoryDensity(cells.lymphocyte_per_mm2, cells.granulocyte_per_mm2)
    if cells.crypt_zone is None:
        inflammatory = _inflammatory(stroma, mucosa)
    else:
        inflammatory = _inflammatory(stroma[:1], mucosa) + _inflammatory(stroma[1:], cells.crypt_zone)
    return [
        *inflammatory,
        _Scatter(stroma, cells.stromal_per_mm2, CellClass.STROMAL, 9.5, 3.6, 0.85),
        _Scatter((Compartment.SUBMUCOSA,), 900, CellClass.STROMAL, 11.0, 2.8, 0.8, follows_wall=True),
        *_inflammatory((Compartment.SUBMUCOSA,), cells.submucosa, (5.8, 5.2, 1.1)),
        _Scatter((Compartment.MUSCULARIS,), 1100, CellClass.STROMAL, 13.0, 2.8, 0.7, follows_wall=True),
        *_inflammatory((Compartment.MUSCULARIS,), cells.muscularis, (5.8, 5.2, 1.1)),
        _Scatter((Compartment.LYMPHOID,), 17000, CellClass.LYMPHOCYTE, 6.2, 5.6, 1.1),
        _Scatter((Compartment.SUBMUCOSAL_GLAND,), 2600, CellClass.EPITHELIAL, 6.2, 4.8, 0.95),
        _Scatter((Compartment.OTHER_TISSUE,), 350, CellClass.STROMAL, 8.0, 3.5, 0.8),
    ]


def _inflammatory(
    compartments: tuple[Compartment, ...],
    density: InflammatoryDensity,
    lymphocyte: tuple[float, float, float] = (6.0, 5.4, 1.15),
) -> list[_Scatter]:
    """Strew lymphocytes, of this length, width and darkness, and granulocytes."""
    return [
        _Scatter(compartments, density.lymphocyte_per_mm2, CellClass.LYMPHOCYTE, *lymphocyte),
        _Scatter(compartments, density.granulocyte_per_mm2, CellClass.GRANULOCYTE, 6.4, 4.6, 1.1),
    ]


def _line(outline: Floats, depth_um: float, spacing_um: float, jitter_um: float, rng: np.random.Generator) -> Cells:
    """Put a row of upright nuclei at a depth inside an outline."""
    if len(outline) < 8:
        return _none()
    ring = np.concatenate([outline, outline[:1]])
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    places = np.arange(0, arc[-1], spacing_um) + rng.normal(
        0, 0.12 * spacing_um, len(np.arange(0, arc[-1], spacing_um))
    )
    points = np.stack([np.interp(places, arc, ring[:, axis]) for axis in range(2)], axis=1)
    ahead = np.stack([np.interp((places + 6) % arc[-1], arc, ring[:, axis]) for axis in range(2)], axis=1)
    behind = np.stack([np.interp((places - 6) % arc[-1], arc, ring[:, axis]) for axis in range(2)], axis=1)
    tangent = ahead - behind
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    inward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    area = 0.5 * np.sum(ring[:-1, 1] * ring[1:, 0] - ring[1:, 1] * ring[:-1, 0])
    inward *= np.sign(area) or 1.0
    points = points + inward * (depth_um + rng.normal(0, jitter_um, len(points)))[:, None]
    n = len(points)
    axes = np.stack([rng.normal(8.6, 0.9, n), rng.normal(4.5, 0.4, n)], axis=1)
    angle = np.arctan2(inward[:, 0], inward[:, 1]) + rng.normal(0, 0.15, n)
    return _cells(points, axes, angle, rng.normal(1.0, 0.12, n), CellClass.EPITHELIAL)


def _valley(spec: SectionSpec, wall: Wall, rng: np.random.Generator) -> Cells:
    """Put a row of upright nuclei along the junction; between the villi's feet it is covered by epithelium."""
    lift = wall.crypt_zone_um + 0.4 * VALLEY_SHARE * spec.villi.epithelium_um
    places = np.arange(0, wall.border.length_um, 5.4)
    normals = wall.border.at(places, wall.border.normals)
    points = wall.border.at(places, wall.border.points) + normals * wall.border.at(places, lift)[:, None]
    n = len(places)
    axes = np.stack([rng.normal(7.5, 0.8, n), rng.normal(4.5, 0.4, n)], axis=1)
    angle = np.arctan2(normals[:, 0], normals[:, 1])
    return _cells(points + rng.normal(0, 1, (n, 2)), axes, angle, rng.normal(1.0, 0.12, n), CellClass.EPITHELIAL)


def _intraepithelial(
    spec: SectionSpec, epithelium: Cells, canvas: Canvas, labels: NDArray[np.uint8], rng: np.random.Generator
) -> Cells:
    """Put lymphocytes between the enterocytes of the villi."""
    at = canvas.look_up(labels, epithelium.centre_um)
    hosts = np.flatnonzero(at == Compartment.VILLUS_EPITHELIUM)
    chosen = hosts[rng.random(len(hosts)) < spec.cells.iel_per_100 / 100]
    n = len(chosen)
    places = epithelium.centre_um[chosen] + rng.normal(0, 2.2, (n, 2))
    cells = _cells(
        places, rng.normal(5.4, 0.4, (n, 2)), rng.uniform(0, np.pi, n), rng.normal(1.25, 0.1, n), CellClass.LYMPHOCYTE
    )
    return _keep(cells, canvas, labels, (Compartment.VILLUS_EPITHELIUM,))


def _strew(scatter: _Scatter, wall: Wall, drawing: Drawing, rng: np.random.Generator) -> Cells:
    """Strew cells on a jittered lattice, so that few touch, and keep those in their compartments."""
    canvas, fields, labels = drawing.canvas, drawing.fields, drawing.labels
    if scatter.per_mm2 <= 0:
        return _none()
    spacing = 1000 / np.sqrt(scatter.per_mm2)
    height, width = canvas.shape[0] * canvas.mpp, canvas.shape[1] * canvas.mpp
    rows, cols = np.meshgrid(
        np.arange(spacing / 2, height, spacing), np.arange(spacing / 2, width, spacing), indexing="ij"
    )
    cols[::2] += spacing / 2
    places = np.stack([rows.ravel(), cols.ravel()], axis=1)
    places += rng.normal(0, 0.42 * spacing, places.shape)
    n = len(places)
    axes = np.stack(
        [
            rng.normal(scatter.length_um, 0.14 * scatter.length_um, n),
            rng.normal(scatter.width_um, 0.1 * scatter.width_um, n),
        ],
        axis=1,
    )
    cells = _cells(
        places,
        np.maximum(axes, 2.0),
        rng.uniform(0, np.pi, n),
        np.clip(rng.normal(scatter.darkness, 0.15, n), 0.4, 1.6),
        scatter.cell_class,
    )
    kept = _keep(cells, canvas, labels, scatter.compartments)
    if not scatter.follows_wall or not len(kept):
        return kept
    position = canvas.look_up(fields.border.position_um, kept.centre_um).astype(float)
    normals = wall.border.at(position, wall.border.normals)
    along = np.arctan2(normals[:, 1], -normals[:, 0]) + rng.normal(0, 0.2, len(kept))
    return replace(kept, angle=along)


def _keep(cells: Cells, canvas: Canvas, labels: NDArray[np.uint8], compartments: tuple[Compartment, ...]) -> Cells:
    if not len(cells):
        return cells
    at = canvas.to_pixels(cells.centre_um)
    inside = ((at >= -0.5) & (at < np.array(canvas.shape) - 0.5)).all(axis=1)
    return cells.where(inside & np.isin(canvas.look_up(labels, cells.centre_um), compartments))


def _cells(centre: Floats, axes: Floats, angle: Floats, darkness: Floats, cell_class: CellClass) -> Cells:
    n = len(centre)
    no = np.zeros(n, bool)
    return Cells(centre, axes, angle, darkness, np.full(n, cell_class.value), no, no.copy(), no.copy(), no.copy())


def _none() -> Cells:
    return _cells(np.empty((0, 2)), np.empty((0, 2)), np.empty(0), np.empty(0), CellClass.EPITHELIAL)


def _join(parts: list[Cells]) -> Cells:
    if not parts:
        return _none()
    return Cells(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in parts[0].__dict__})
