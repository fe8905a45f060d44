"""A drawn section: picture, label map and the truth of everything on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.phantom.anatomy import Tube, place_crypts, place_villi
from histo.phantom.cells import Cells, cells_table
from histo.phantom.curve import locate
from histo.phantom.feature import Features, hide_under_folds, place_features
from histo.phantom.fluorescence import GAP_COLUMNS, fluoresce
from histo.phantom.immunostain import immunostain
from histo.phantom.nuclei import Drawing, place_cells
from histo.phantom.raster import Canvas, WallFields, draw_labels
from histo.phantom.spec import SectionSpec
from histo.phantom.stains import Scene, counterstain, expose
from histo.phantom.thickness import tabulate_layers
from histo.phantom.wall import Wall, lay_wall
from histo.types import LabelMap, PixelSize

__all__ = ["Anatomy", "DrawnSection", "DrawnTruth", "Stain", "draw_anatomy", "draw_section", "draw_truth"]

Floats = NDArray[np.float64]
Stain = Literal["he", "dab", "fluorescence"]


@dataclass(frozen=True, eq=False)
class DrawnTruth:
    """The label map of a drawn section, and what is true of it.

    Parameters
    ----------
    labels : LabelMap
        The true compartments.
    villi, crypts, layers, cells : DataFrame
        As in `DrawnSection`.
    """

    labels: LabelMap
    villi: pd.DataFrame
    crypts: pd.DataFrame
    layers: pd.DataFrame
    cells: pd.DataFrame


@dataclass(frozen=True, eq=False)
class DrawnSection:
    """What was drawn, and what is true of it.

    Parameters
    ----------
    image : (rows, cols, channels) array
        RGB uint8 for H&E and DAB; uint16 channels ``dapi, cd4, foxp3, zo1`` for fluorescence.
    labels : LabelMap
        The true compartments.
    villi, crypts : DataFrame
        Truth of every villus and crypt, columns as in `histo.schema`; lengths are those of the centrelines drawn.
    layers : DataFrame
        Truth every 10 µm of the mucosa-submucosa border. Below plicae the submucosa has no single thickness: missing.
    cells : DataFrame
        Every nucleus, columns as in `histo.schema`: place, area, class, compartment, positive markers (CD4, Foxp3,
        IL-17), and whether it is a goblet cell's. Under folds the compartment is what was drawn there.
    gaps : DataFrame
        Gaps of the apical ZO-1 line (fluorescence): villus, place along the contour, length.
    spec : SectionSpec
        What was asked for.
    """

    image: NDArray[np.uint8] | NDArray[np.uint16]
    labels: LabelMap
    villi: pd.DataFrame
    crypts: pd.DataFrame
    layers: pd.DataFrame
    cells: pd.DataFrame
    gaps: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=GAP_COLUMNS))
    spec: SectionSpec = field(default_factory=SectionSpec)


def draw_section(spec: SectionSpec, mpp: float = 1.0, seed: int = 0, stain: Stain = "he") -> DrawnSection:
    """Draw a section of exactly known geometry.

    The same `spec` and `seed` give the same anatomy at any pixel size and in any stain.

    Parameters
    ----------
    spec : SectionSpec
        Proportions and looks.
    mpp : float
        µm per pixel.
    seed : int
        Which of the sections of this kind.
    stain : {"he", "dab", "fluorescence"}
        H&E; haematoxylin and DAB for CD4; or fluorescence for nuclei, CD4, Foxp3 and ZO-1.

    Returns
    -------
    DrawnSection

    Raises
    ------
    InvalidArgument
        If the stain is unknown.
    MissingPixelSize
        If `mpp` is not a positive number.

    Examples
    --------
    >>> from dataclasses import replace
    >>> spec = SectionSpec.mouse()
    >>> drawn = draw_section(replace(spec, wall=replace(spec.wall, length_um=400)), mpp=2.0)
    >>> drawn.image.shape[:2] == drawn.labels.shape
    True
    """
    if stain not in ("he", "dab", "fluorescence"):
        raise InvalidArgument("unknown stain", expected="he, dab or fluorescence", got=repr(stain))
    anatomy = draw_anatomy(spec, mpp, seed)
    canvas, fields, labels, streams = anatomy.canvas, anatomy.fields, anatomy.labels, anatomy.streams
    villi, crypts = anatomy.villi, anatomy.crypts
    cells = anatomy.place_cells(spec)
    scene = Scene(spec, canvas, fields, labels, villi, crypts, cells, anatomy.features)
    gaps = pd.DataFrame(columns=GAP_COLUMNS)
    image: NDArray[np.uint8] | NDArray[np.uint16]
    if stain == "fluorescence":
        image, gaps = fluoresce(scene, streams[5])
    else:
        look, is_he = spec.appearance, stain == "he"
        amounts = counterstain(scene, streams[5]) if is_he else immunostain(scene, streams[5])
        image = expose(scene, amounts, look.eosin if is_he else look.dab, streams[5])
    truth = anatomy.truth(spec, cells)
    return DrawnSection(
        image=image,
        labels=truth.labels,
        villi=truth.villi,
        crypts=truth.crypts,
        layers=truth.layers,
        cells=truth.cells,
        gaps=gaps,
        spec=spec,
    )


def draw_truth(spec: SectionSpec, mpp: float = 1.0, seed: int = 0) -> DrawnTruth:
    """Draw the label map of `draw_section` with its true tables, without the picture, which takes most of the time.

    Parameters
    ----------
    spec : SectionSpec
    mpp : float
        µm per pixel.
    seed : int
        Which of the sections of this kind.

    Returns
    -------
    DrawnTruth

    Raises
    ------
    MissingPixelSize
        If `mpp` is not a positive number.
    """
    anatomy = draw_anatomy(spec, mpp, seed)
    return anatomy.truth(spec, anatomy.place_cells(spec))


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What lies where, before it is stained; the streams of chance that the rest of the drawing goes on with."""

    wall: Wall
    villi: list[Tube]
    crypts: list[Tube]
    canvas: Canvas
    fields: WallFields
    labels: NDArray[np.uint8]
    features: Features
    streams: list[np.random.Generator]

    def place_cells(self, spec: SectionSpec) -> Cells:
        """Strew the nuclei; to be asked for once, as it goes on with a stream of chance."""
        drawing = Drawing(self.canvas, self.fields, self.labels)
        return place_cells(spec, self.wall, (self.villi, self.crypts), drawing, self.streams[4])

    def truth(self, spec: SectionSpec, cells: Cells) -> DrawnTruth:
        """Tell what is true of the section and these cells."""
        seen = hide_under_folds(self.labels, self.features.folds, self.canvas)
        return DrawnTruth(
            labels=LabelMap(seen, mpp=self.canvas.mpp),
            villi=_villi_table(self.villi, self.canvas),
            crypts=_crypts_table(self.crypts, self.canvas),
            layers=tabulate_layers(spec, self.wall, self.villi, self.canvas),
            cells=cells_table(cells, self.canvas, self.labels),
        )


def draw_anatomy(spec: SectionSpec, mpp: float, seed: int) -> Anatomy:
    """Lay out everything that lies in a section, before it is stained."""
    PixelSize(mpp)
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(6)]
    wall, villi, crypts, canvas = _lay_out(spec, mpp, streams)
    border = locate(wall.border, canvas.shape, mpp)
    base = locate(wall.base, canvas.shape, mpp) if wall.is_folded else border
    fields = WallFields.of(wall, border, base)
    labels = draw_labels(spec, canvas, fields, villi, crypts)
    features = place_features(spec, wall, canvas, labels, streams[3])
    return Anatomy(wall, villi, crypts, canvas, fields, labels, features, streams)


def _lay_out(
    spec: SectionSpec, mpp: float, streams: list[np.random.Generator]
) -> tuple[Wall, list[Tube], list[Tube], Canvas]:
    """Place wall, villi and crypts, and cut a canvas around them."""
    wall = lay_wall(spec, streams[0])
    tips = wall.border.points + wall.border.normals * (wall.crypt_zone_um[:, None] + 1.15 * spec.villi.height_um)
    outside = wall.base.points - wall.base.normals * (wall.reach_um + spec.wall.serosa_um)
    extent = np.concatenate([tips, outside]) if spec.shape == "strip" else outside
    low, high = extent.min(axis=0) - spec.margin_um, extent.max(axis=0) + spec.margin_um
    size = np.maximum(np.ceil((high - low) / mpp).astype(int), 16)
    moved = wall.moved(-low)
    return (
        moved,
        place_villi(spec, moved, streams[1]),
        place_crypts(spec, moved, streams[2]),
        Canvas((int(size[0]), int(size[1])), mpp),
    )


def _villi_table(villi: list[Tube], canvas: Canvas) -> pd.DataFrame:
    table = _tubes_table(villi, canvas, ("base", "tip"))
    table.insert(0, "villus_id", [f"v{index + 1}" for index in range(len(villi))])
    table["reject_reason"] = [
        "detached" if not villus.is_whole else "fused" if villus.is_hidden else "" for villus in villi
    ]
    return table.rename(columns={"length_um": "villus_height_um", "width_um": "villus_width_um"})


def _crypts_table(crypts: list[Tube], canvas: Canvas) -> pd.DataFrame:
    table = _tubes_table(crypts, canvas, ("mouth", "base"))
    table.insert(0, "crypt_id", [f"c{index + 1}" for index in range(len(crypts))])
    table["reject_reason"] = [
        "tangential" if not crypt.is_whole else "fused" if crypt.is_hidden else "" for crypt in crypts
    ]
    return table.rename(columns={"length_um": "crypt_depth_um", "width_um": "crypt_width_um"})


def _tubes_table(tubes: list[Tube], canvas: Canvas, ends: tuple[str, str]) -> pd.DataFrame:
    lines = [canvas.to_pixels(tube.centreline) for tube in tubes]
    table = pd.DataFrame({
        "length_um": [tube.length_um for tube in tubes],
        "width_um": [tube.width_um for tube in tubes],
        "position_um": [tube.position_um for tube in tubes],
        "is_accepted": [tube.is_whole and not tube.is_hidden for tube in tubes],
    })  # fmt: skip
    for name, which in zip(ends, (0, -1), strict=True):
        table[f"{name}_row"] = [line[which, 0] for line in lines]
        table[f"{name}_col"] = [line[which, 1] for line in lines]
    return table
