"""Cells: where they lie, how large and dark their nuclei are, which class and which markers.

Places are drawn in µm before any pixel is, so that a section drawn at two pixel sizes holds the same cells, but for a
few at borders, which a coarser map knows less well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histo.phantom.anatomy import Tube
from histo.phantom.cell_spec import CellSpec, InflammatoryDensity
from histo.phantom.cells import Cells, join_cells, keep_inside, make_cells
from histo.phantom.crowding import move_apart
from histo.phantom.lining import Row, line_tube, line_valley
from histo.phantom.raster import Canvas, WallFields
from histo.phantom.spec import SectionSpec
from histo.phantom.wall import Wall
from histo.types import CellClass, Compartment

__all__ = ["Drawing", "place_cells"]

Floats = NDArray[np.float64]


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
    """Line the epithelia and strew the other compartments with cells, then move apart what overlaps."""
    canvas, labels = drawing.canvas, drawing.labels
    # Each part has its own stream of chance: a nucleus more or less on a coarser map changes nothing elsewhere.
    lining, strewing = rng.spawn(2)
    cells = _line(spec, wall, tubes, drawing, lining)
    scatters = _scatters(spec)
    streams = strewing.spawn(len(scatters))
    cells += [_strew(one, wall, drawing, own) for one, own in zip(scatters, streams, strict=True) if one.per_mm2 > 0]
    return _mark(move_apart(join_cells(cells), canvas, labels), spec.cells)


def _line(
    spec: SectionSpec, wall: Wall, tubes: tuple[list[Tube], list[Tube]], drawing: Drawing, rng: np.random.Generator
) -> list[Cells]:
    """Line villi, crypts and the valleys between villi."""
    villi, crypts = tubes
    thickness, iel = spec.villi.epithelium_um, spec.cells.iel_per_100
    villous = Row(depth_um=0.62 * thickness, thickness_um=thickness, iel_per_100=iel)
    crypt = Row(depth_um=5.5, thickness_um=11.0, spacing_um=5.0, jitter_um=1.0)
    lined = [part for tube in villi for part in line_tube(tube.outline, villous, rng)]
    lined += line_valley(spec, wall, rng)
    in_crypts = [part for tube in crypts for part in line_tube(tube.outline, crypt, rng)]

    def keep(part: Cells, compartment: Compartment) -> Cells:
        return keep_inside(part, drawing.canvas, drawing.labels, (compartment,))

    return [
        *(keep(part, Compartment.VILLUS_EPITHELIUM) for part in lined),
        *(keep(part, Compartment.CRYPT) for part in in_crypts),
    ]


def _mark(cells: Cells, spec: CellSpec) -> Cells:
    """Say which cells are goblet cells or positive for a marker, by the lot of each."""
    lot = cells.lot
    epithelial, lymphocyte = (cells.cell_class == name for name in (CellClass.EPITHELIAL, CellClass.LYMPHOCYTE))
    treg = spec.cd4 * spec.foxp3
    th17 = treg + (spec.cd4 - treg) * spec.il17
    return replace(
        cells,
        is_goblet=epithelial & (lot < spec.goblet),
        is_cd4=lymphocyte & (lot < spec.cd4),
        is_foxp3=lymphocyte & (lot < treg),
        is_il17=lymphocyte & (lot >= treg) & (lot < th17),
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


def _strew(scatter: _Scatter, wall: Wall, drawing: Drawing, rng: np.random.Generator) -> Cells:
    """Strew cells on a jittered lattice and keep those in their compartments."""
    canvas, fields, labels = drawing.canvas, drawing.fields, drawing.labels
    spacing = 1000 / np.sqrt(scatter.per_mm2)
    height, width = canvas.shape[0] * canvas.mpp, canvas.shape[1] * canvas.mpp
    rows, cols = np.meshgrid(
        np.arange(spacing / 2, height, spacing), np.arange(spacing / 2, width, spacing), indexing="ij"
    )
    cols[::2] += spacing / 2
    places = np.stack([rows.ravel(), cols.ravel()], axis=1)
    places += rng.normal(0, 0.42 * spacing, places.shape)
    n = len(places)
    # Round nuclei differ in size more than in shape, long ones in both.
    size = rng.normal(1.0, 0.09, (n, 1))
    shape = rng.normal(1.0, 0.04 * scatter.length_um / scatter.width_um, (n, 2))
    axes = np.maximum(size * shape * (scatter.length_um, scatter.width_um), 2.0)
    darkness = np.clip(rng.normal(scatter.darkness, 0.15, n), 0.4, 1.6)
    cells = make_cells(places, axes, rng.uniform(0, np.pi, n), darkness, scatter.cell_class, rng)
    kept = keep_inside(cells, canvas, labels, scatter.compartments)
    if not scatter.follows_wall or not len(kept):
        return kept
    position = canvas.look_up(fields.border.position_um, kept.centre_um).astype(float)
    normals = wall.border.at(position, wall.border.normals)
    along = np.arctan2(normals[:, 1], -normals[:, 0]) + rng.normal(0, 0.2, len(kept))
    return replace(kept, angle=along)
