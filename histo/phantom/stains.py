"""How much of each dye every pixel holds, and what colour that is (Beer-Lambert)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from histo.phantom.anatomy import Tube
from histo.phantom.cells import Cells
from histo.phantom.feature import Features, paint
from histo.phantom.raster import Canvas, WallFields
from histo.phantom.spec import Appearance, SectionSpec
from histo.phantom.texture import along_wall, grain, smooth_step
from histo.types import CellClass, Compartment

__all__ = ["Scene", "counterstain", "develop", "expose", "nuclear_image", "paint_ellipses"]

Image = NDArray[np.float32]
Vector = tuple[float, float, float]

# Amounts of eosin and haematoxylin of the ground substance, by compartment. Ours, set by eye beside real fields.
_GROUND = {
    Compartment.BACKGROUND: (0.0, 0.0),
    Compartment.VILLUS_EPITHELIUM: (0.44, 0.20),
    Compartment.VILLUS_LAMINA_PROPRIA: (0.36, 0.14),
    Compartment.CRYPT: (0.44, 0.34),
    Compartment.LAMINA_PROPRIA: (0.36, 0.14),
    Compartment.SUBMUCOSA: (0.36, 0.05),
    Compartment.MUSCULARIS: (0.66, 0.10),
    Compartment.LYMPHOID: (0.22, 0.30),
    Compartment.SUBMUCOSAL_GLAND: (0.22, 0.16),
    Compartment.OTHER_TISSUE: (0.16, 0.06),
}


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that a picture is made from."""

    spec: SectionSpec
    canvas: Canvas
    fields: WallFields
    labels: NDArray[np.uint8]
    villi: list[Tube]
    crypts: list[Tube]
    cells: Cells
    features: Features


def counterstain(scene: Scene, rng: np.random.Generator) -> tuple[Image, Image]:
    """Amounts of haematoxylin and eosin in every pixel.

    Returns
    -------
    haematoxylin, eosin : (rows, cols) float32 array
        Natural optical density along each stain's unit vector.
    """
    canvas, labels, contrast = scene.canvas, scene.labels, scene.spec.appearance.contrast
    shape, mpp = canvas.shape, canvas.mpp
    ground = np.array([_GROUND[compartment] for compartment in Compartment], np.float32)
    spread = np.exp(rng.normal(0, scene.spec.appearance.ground_spread, ground.shape)).astype(np.float32)
    # Stroma and epithelium go on through the villus-crypt junction: no change of colour marks it.
    spread[Compartment.VILLUS_LAMINA_PROPRIA] = spread[Compartment.LAMINA_PROPRIA]
    spread[Compartment.VILLUS_EPITHELIUM] = spread[Compartment.CRYPT]
    ground *= spread
    eosin, blue = ground[labels, 0], ground[labels, 1]
    slow = grain(shape, 90, mpp, rng)
    cloud = grain(shape, 14, mpp, rng)
    fine = grain(shape, 3.0, mpp, rng)
    eosin = eosin * (1 + contrast * (0.10 * slow + 0.10 * cloud + 0.14 * fine))
    blue = blue * (1 + contrast * (0.12 * cloud + 0.25 * fine))
    eosin, blue = _stroma(scene, eosin, blue, cloud, fine)
    eosin = _wall(scene, eosin, rng)
    eosin, blue = _epithelium(scene, eosin, blue)
    eosin, blue = _tubes(scene, eosin, blue, rng)
    nuclei = nuclear_image(scene.cells.lobed(), canvas)
    chromatin = 1 + contrast * 0.22 * fine
    blue = np.maximum(blue, 1.45 * nuclei * chromatin).astype(np.float32)
    eosin = (eosin * (1 - 0.45 * np.minimum(nuclei, 1))).astype(np.float32)
    eosin, blue = _plasm(scene, eosin, blue, nuclei)
    eosin, blue = _painted(scene, eosin, blue, fine, rng)
    return np.maximum(blue, 0), np.maximum(eosin, 0)


def nuclear_image(cells: Cells, canvas: Canvas, weights: NDArray[np.float64] | None = None) -> Image:
    """Draw nuclei as ellipses, each as bright as its darkness (or `weights`), later over earlier."""
    return paint_ellipses(
        cells.centre_um, cells.axes_um, cells.angle, canvas, cells.darkness if weights is None else weights
    )


def paint_ellipses(
    centre_um: NDArray[np.float64],
    axes_um: NDArray[np.float64],
    angle: NDArray[np.float64],
    canvas: Canvas,
    tones: NDArray[np.float64],
) -> Image:
    """Draw slightly blurred ellipses of full lengths and widths `axes_um`, each of its tone, later over earlier."""
    picture = np.zeros(canvas.shape, np.uint8)
    centres = canvas.to_fixed_point(centre_um)
    halves = np.maximum(np.rint(axes_um / canvas.mpp * 8).astype(int), 4)
    angles = np.rad2deg(angle)
    shades = np.clip(tones * 128, 0, 255).astype(int)
    for index in range(len(centres)):
        cv2.ellipse(
            picture, tuple(map(int, centres[index])), tuple(map(int, halves[index])), float(angles[index]), 0, 360,
            int(shades[index]), -1, cv2.LINE_AA, 4,
        )  # fmt: skip
    image = picture.astype(np.float32) / 128
    return np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.35, 0.35 / canvas.mpp)), dtype=np.float32)


def expose(scene: Scene, amounts: tuple[Image, Image], colour: Vector, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn amounts of haematoxylin and of a second dye of this colour into a camera's picture.

    Returns
    -------
    (rows, cols, 3) uint8 array
        RGB.
    """
    return develop(amounts, scene.spec.appearance, colour, scene.canvas.mpp, rng)


def develop(
    amounts: tuple[Image, Image], look: Appearance, colour: Vector, mpp: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Turn amounts of two dyes into a picture as `expose` does, without a scene."""
    vectors = np.array([look.haematoxylin, colour], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    strengths = np.array([look.blue_strength, look.colour_strength], np.float32)
    density = np.stack(amounts, axis=-1) * strengths @ vectors
    light = np.exp(-density) * np.asarray(look.glass, np.float32)
    if look.shading:
        rows, cols = light.shape[:2]
        slope = (
            np.linspace(0, 1, cols, dtype=np.float32)[None, :] * np.linspace(0.5, 1, rows, dtype=np.float32)[:, None]
        )
        light *= (1 - look.shading * slope)[..., None]
    if look.blur_um:
        light = cv2.GaussianBlur(light, (0, 0), max(look.blur_um / mpp, 0.3))
    light = light + rng.standard_normal(light.shape, dtype=np.float32) * np.float32(look.noise)
    return np.asarray(np.rint(np.clip(light, 0, 1) * 255), dtype=np.uint8)


def _stroma(scene: Scene, eosin: Image, blue: Image, cloud: Image, fine: Image) -> tuple[Image, Image]:
    """Open spaces between the cells of the lamina propria: capillaries and clefts."""
    labels = scene.labels
    stroma = (labels == Compartment.VILLUS_LAMINA_PROPRIA) | (labels == Compartment.LAMINA_PROPRIA)
    open_share = smooth_step(0.75 * fine + 0.6 * cloud, 0.95, 1.5) * stroma
    keep = 1 - 0.75 * open_share
    return eosin * keep, blue * keep


def _wall(scene: Scene, eosin: Image, rng: np.random.Generator) -> Image:
    """Fibres of muscle and submucosa along the wall, with clefts."""
    fields, labels, wall = scene.fields, scene.labels, scene.spec.wall
    position, below = fields.base.position_um, fields.below_um
    streaks = along_wall(position, below, 70, 3.2, rng)
    muscle = labels == Compartment.MUSCULARIS
    share = (below - fields.submucosa_um) / np.maximum(fields.muscularis_um, 1)
    # The outer fifth is the longitudinal layer: cut across, so dotted instead of streaked.
    outer = share > 0.72
    bundles = grain(scene.canvas.shape, 9, scene.canvas.mpp, rng)
    pattern = np.where(outer, 0.6 * bundles, streaks)
    eosin = np.where(muscle, eosin * (1 + 0.16 * scene.spec.appearance.contrast * pattern), eosin)
    seam = np.exp(-(((share - 0.72) * fields.muscularis_um / 2.2) ** 2))
    eosin = np.where(muscle, eosin * (1 - 0.5 * seam), eosin)
    cracks = smooth_step(along_wall(below, position, 130, 9, rng), 2.6 - 1.6 * wall.clefts, 3.0 - 1.6 * wall.clefts)
    eosin = np.where(muscle, eosin * (1 - 0.85 * cracks), eosin)
    submucosa = labels == Compartment.SUBMUCOSA
    fibres = along_wall(position, below, 55, 4.5, rng) + 0.5 * grain(scene.canvas.shape, 25, scene.canvas.mpp, rng)
    dense = smooth_step(fibres, -1.6 + 2.4 * wall.looseness - 0.5, -1.6 + 2.4 * wall.looseness + 0.9)
    mucosae = submucosa & (fields.above_um > -wall.muscularis_mucosae_um)
    eosin = np.where(submucosa & ~mucosae, eosin * (0.12 + 1.05 * dense), eosin)
    if wall.serosa_um >= 50:
        fat = (labels == Compartment.OTHER_TISSUE) & (below > fields.submucosa_um + fields.muscularis_um)
        eosin[fat] = 0.02 + 0.4 * _cell_walls(np.argwhere(fat).astype(float) * scene.canvas.mpp, rng)
    return np.where(mucosae, 0.62 * (1 + 0.14 * streaks), eosin).astype(np.float32)


def _cell_walls(places_um: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the thin walls between fat cells of about 45 µm: where two cells' centres are equally near."""
    low, high = places_um.min(axis=0), places_um.max(axis=0)
    centres = rng.uniform(low, high, (max(3, int((high - low).prod() / 45**2)), 2))
    nearest = cKDTree(centres).query(places_um, k=2)[0]
    walls: NDArray[np.float64] = np.exp(-(((nearest[:, 1] - nearest[:, 0]) / 2.5) ** 2))
    return walls


def _epithelium(scene: Scene, eosin: Image, blue: Image) -> tuple[Image, Image]:
    """Brush border towards the lumen, paler apical cytoplasm, basement membrane towards the core."""
    labels, mpp = scene.labels, scene.canvas.mpp
    to_lumen = cv2.distanceTransform((labels != Compartment.BACKGROUND).astype(np.uint8), cv2.DIST_L2, 3) * mpp
    villous = labels == Compartment.VILLUS_EPITHELIUM
    brush = np.exp(-(((to_lumen - 1.2) / 1.3) ** 2))
    eosin = np.where(villous, eosin + 0.30 * brush, eosin)
    core = (labels == Compartment.VILLUS_LAMINA_PROPRIA).astype(np.uint8)
    to_core = cv2.distanceTransform(1 - core, cv2.DIST_L2, 3) * mpp
    rim = np.exp(-(((to_core - 1.5) / 1.2) ** 2)) * villous
    crypt = (labels == Compartment.CRYPT).astype(np.uint8)
    inside = cv2.distanceTransform(crypt, cv2.DIST_L2, 3) * mpp
    edge = np.exp(-(((inside - 1.0) / 1.0) ** 2)) * crypt
    return eosin * (1 - 0.35 * rim + 0.25 * edge), blue * (1 - 0.3 * rim - 0.3 * edge)


def _tubes(scene: Scene, eosin: Image, blue: Image, rng: np.random.Generator) -> tuple[Image, Image]:
    """Crypt lumina, Paneth granules at the crypts' bases, lacteals in the villi."""
    canvas = scene.canvas
    empty = np.zeros(canvas.shape, np.uint8)
    for crypt in scene.crypts:
        if len(crypt.core) > 3 and rng.random() < 0.75:
            cv2.fillPoly(empty, [canvas.to_fixed_point(crypt.core)], int(rng.uniform(90, 255)), cv2.LINE_AA, 4)
    for villus in scene.villi:
        if rng.random() < 0.35:
            line = villus.centreline[: int(rng.uniform(0.5, 0.85) * len(villus.centreline))]
            width = max(1, round(rng.uniform(3, 9) / canvas.mpp))
            cv2.polylines(empty, [canvas.to_fixed_point(line)], False, 200, width, cv2.LINE_AA, 4)
        if rng.random() < scene.spec.artefacts.lift and len(villus.core) > 8:
            n = len(villus.core)
            tip = villus.core[int(0.32 * n) : int(0.68 * n)]
            width = max(1, round(rng.uniform(6, 18) / canvas.mpp))
            cv2.polylines(empty, [canvas.to_fixed_point(tip)], False, 255, width, cv2.LINE_AA, 4)
    inside = (scene.labels == Compartment.CRYPT) | (scene.labels == Compartment.VILLUS_LAMINA_PROPRIA)
    ragged = smooth_step(grain(canvas.shape, 6, canvas.mpp, rng), -1.6, 0.2)
    keep = 1 - 0.85 * (empty.astype(np.float32) / 255) * inside * ragged
    granules = np.zeros(canvas.shape, np.uint8)
    for crypt in scene.crypts:
        if crypt.is_whole:
            near = crypt.centreline[int(0.8 * len(crypt.centreline)) :]
            places = near[rng.integers(0, len(near), 14)] + rng.normal(0, 0.22 * crypt.width_um, (14, 2))
            for place in canvas.to_fixed_point(places):
                cv2.circle(
                    granules, tuple(map(int, place)), max(4, int(16 * 0.9 / canvas.mpp)), 255, -1, cv2.LINE_AA, 4
                )
    red = granules.astype(np.float32) / 255 * (scene.labels == Compartment.CRYPT)
    return eosin * keep + 0.45 * red, blue * keep


def _plasm(scene: Scene, eosin: Image, blue: Image, nuclei: Image) -> tuple[Image, Image]:
    """Goblet cells' mucus, red granulocytes, the thin plasm of lymphocytes."""
    cells, canvas = scene.cells, scene.canvas
    goblets = cells.where(cells.is_goblet)
    # A goblet lies between its nucleus and the lumen; the nucleus' long axis points there either way, so try both.
    toward = np.stack([np.sin(goblets.angle), np.cos(goblets.angle)], axis=1)
    mucus = np.zeros(canvas.shape, np.float32)
    if len(goblets):
        villous = canvas.look_up(scene.labels, goblets.centre_um) == Compartment.VILLUS_EPITHELIUM
        side = np.where(villous, -1.0, 1.0)[:, None]
        shifted = replace(
            goblets,
            centre_um=goblets.centre_um + side * toward * 6.5,
            axes_um=np.stack([np.full(len(goblets), 9.5), np.full(len(goblets), 6.8)], axis=1),
        )
        mucus = nuclear_image(shifted, canvas, np.ones(len(goblets)))
        mucus = mucus * np.isin(scene.labels, (Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT)) * _outside(nuclei)
    eosin = eosin * (1 - 0.8 * mucus)
    blue = blue * (1 - 0.72 * mucus) + 0.06 * mucus
    granulocytes = cells.where(cells.cell_class == CellClass.GRANULOCYTE)
    if len(granulocytes):
        wide = replace(granulocytes, axes_um=granulocytes.axes_um * 1.7)
        eosin = eosin + 0.5 * nuclear_image(wide, canvas, np.ones(len(wide))) * _outside(nuclei)
    return _halo(scene, eosin, blue, nuclei)


def _outside(nuclei: Image) -> Image:
    return np.asarray(1 - np.minimum(1.5 * nuclei, 1), np.float32)


def _halo(scene: Scene, eosin: Image, blue: Image, nuclei: Image) -> tuple[Image, Image]:
    """Pale rings around intraepithelial lymphocytes, which shrink away from their neighbours: some wide, some none."""
    lymphocytes = scene.cells.where(scene.cells.cell_class == CellClass.LYMPHOCYTE)
    wide = replace(lymphocytes, axes_um=lymphocytes.axes_um * 1.45)
    # Later digits of the lot know nothing of the markers that its first ones decide on.
    pale = nuclear_image(wide, scene.canvas, np.sqrt(97 * wide.lot % 1))
    pale = pale * (scene.labels == Compartment.VILLUS_EPITHELIUM) * _outside(nuclei)
    return eosin * (1 - 0.75 * pale), blue * (1 - 0.5 * pale)


def _painted(scene: Scene, eosin: Image, blue: Image, fine: Image, rng: np.random.Generator) -> tuple[Image, Image]:
    """Vessels with walls and blood, gland lumina, mucus, dirt."""
    canvas, labels, features = scene.canvas, scene.labels, scene.features
    submucosa = labels == Compartment.SUBMUCOSA
    vessel = paint(features.vessels, canvas) * submucosa
    rim = np.clip(cv2.GaussianBlur(vessel, (0, 0), max(2.5 / canvas.mpp, 0.5)) * 4 * (1 - vessel), 0, 1) * submucosa
    blood = smooth_step(grain(canvas.shape, 5.0, canvas.mpp, rng), -0.2, 0.6)
    eosin = eosin * (1 - vessel) + vessel * 0.75 * blood + 0.25 * rim
    blue = blue * (1 - 0.9 * vessel)
    empty = paint(features.gland_lumina, canvas) * (labels == Compartment.SUBMUCOSAL_GLAND)
    eosin, blue = eosin * (1 - 0.8 * empty), blue * (1 - 0.8 * empty)
    mucus = paint(features.mucus, canvas) * (labels == Compartment.OTHER_TISSUE)
    stringy = smooth_step(fine + grain(canvas.shape, 20, canvas.mpp, rng), -0.6, 1.6)
    eosin = eosin + 0.22 * mucus * stringy
    blue = blue + 0.10 * mucus * stringy
    folded = 1 + 0.9 * paint(features.folds, canvas)
    dirt = paint(features.dust, canvas)
    return eosin * folded + 0.7 * dirt, blue * folded + 0.9 * dirt
