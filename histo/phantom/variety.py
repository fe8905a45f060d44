"""Random specifications, so that no two drawn sections look alike: what a network is trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from histo.phantom.cell_spec import CellSpec, InflammatoryDensity
from histo.phantom.spec import (
    Appearance,
    ArtefactSpec,
    CryptSpec,
    SectionSpec,
    Shape,
    VillusSpec,
    WallSpec,
)

__all__ = ["random_spec"]


def random_spec(rng: np.random.Generator) -> SectionSpec:
    """Draw proportions and looks at random: mouse and human, strips, rings and folds.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the randomness comes from.

    Returns
    -------
    SectionSpec
        About 3 to 10 mm² of picture, which takes a few seconds to draw at 1 µm/px.
    """
    is_mouse = rng.random() < 0.45
    shape: Shape = "ring" if is_mouse and rng.random() < 0.45 else "strip"
    base = SectionSpec.mouse(shape) if is_mouse else SectionSpec.human(shape)
    spec = replace(
        base,
        rotation_deg=float(rng.uniform(0, 360)),
        villi=_villi(base.villi, rng, crowded=not is_mouse),
        crypts=_crypts(base.crypts, rng),
        wall=_wall(base.wall, rng, is_mouse=is_mouse, shape=shape),
        cells=_cells(rng),
        artefacts=ArtefactSpec(
            debris=float(rng.uniform(0, 0.5)),
            mucus=float(rng.uniform(0, 0.35)),
            dust=float(rng.uniform(0, 0.6)),
            lift=float(rng.uniform(0, 0.4)) if rng.random() < 0.3 else 0.0,
            fold=int(rng.integers(0, 3)) if rng.random() < 0.15 else 0,
        ),
        appearance=_appearance(rng),
    )
    return replace(spec, cells=_infiltrated(spec.cells, rng))


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw evenly on the logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _villi(villi: VillusSpec, rng: np.random.Generator, *, crowded: bool) -> VillusSpec:
    size = _between(rng, 0.75, 1.3)
    return replace(
        villi,
        height_um=villi.height_um * _between(rng, 0.45, 1.3),
        height_cv=float(rng.uniform(0.04, 0.28)),
        width_um=villi.width_um * size,
        pitch_um=villi.pitch_um * size * _between(rng, 0.78, 1.2),
        epithelium_um=villi.epithelium_um * _between(rng, 0.8, 1.2),
        lean_deg=float(rng.uniform(1, 16 if crowded else 9)),
        bend_deg=float(rng.uniform(2, 30)),
        taper=float(rng.uniform(0, 0.5)),
        waviness=float(rng.uniform(0.0, 0.12)),
        detached=float(rng.uniform(0, 0.25)) * (rng.random() < 0.6),
        missing=float(rng.uniform(0, 0.15)) * (rng.random() < 0.5),
    )


def _crypts(crypts: CryptSpec, rng: np.random.Generator) -> CryptSpec:
    size = _between(rng, 0.8, 1.25)
    return replace(
        crypts,
        depth_um=crypts.depth_um * _between(rng, 0.7, 1.7),
        depth_cv=float(rng.uniform(0.04, 0.2)),
        width_um=crypts.width_um * size,
        pitch_um=crypts.pitch_um * size * _between(rng, 0.9, 1.3),
        base_gap_um=crypts.base_gap_um * _between(rng, 0.5, 2.5),
        oblique=float(rng.uniform(0, 0.7)) if rng.random() < 0.6 else 0.0,
        tilt_deg=float(rng.uniform(2, 12)),
        lumen_um=crypts.lumen_um * _between(rng, 0.4, 2.0),
    )


def _wall(wall: WallSpec, rng: np.random.Generator, *, is_mouse: bool, shape: Shape) -> WallSpec:
    folds = not is_mouse and rng.random() < 0.35
    return replace(
        wall,
        length_um=wall.length_um * float(rng.uniform(0.85, 1.1) if shape == "ring" else rng.uniform(0.5, 0.9)),
        submucosa_um=wall.submucosa_um * _between(rng, 0.35, 1.8),
        muscularis_mucosae_um=wall.muscularis_mucosae_um * _between(rng, 0.6, 1.6),
        muscularis_um=wall.muscularis_um * _between(rng, 0.5, 1.7),
        variation=float(rng.uniform(0.02, 0.25)),
        bend_deg=float(rng.uniform(0, 22)),
        plica_um=float(rng.uniform(400, 1100)) if folds else 0.0,
        clefts=float(rng.uniform(0, 0.9)),
        looseness=float(rng.uniform(0.05, 0.95)),
        serosa_um=float(rng.uniform(5, 180)) if rng.random() < 0.4 else 0.0,
        follicles=int(rng.integers(1, 4)) if rng.random() < 0.3 else 0,
        glands=float(rng.uniform(0.2, 0.8)) if not is_mouse and rng.random() < 0.25 else 0.0,
    )


def _cells(rng: np.random.Generator) -> CellSpec:
    return CellSpec(
        lymphocyte_per_mm2=_between(rng, 2500, 12000),
        stromal_per_mm2=_between(rng, 1500, 5500),
        granulocyte_per_mm2=_between(rng, 30, 2500),
        iel_per_100=float(rng.uniform(0, 40)),
        goblet=float(rng.uniform(0.02, 0.3)),
    )


def _infiltrated(cells: CellSpec, rng: np.random.Generator) -> CellSpec:
    """Put inflammatory cells into the wall of every third section, into the muscularis of every sixth."""
    depth, lymphocyte, granulocyte = rng.random(), _between(rng, 200, 2500), _between(rng, 50, 800)
    wall = InflammatoryDensity(lymphocyte_per_mm2=lymphocyte, granulocyte_per_mm2=granulocyte)
    return replace(
        cells,
        submucosa=wall if depth < 1 / 3 else cells.submucosa,
        muscularis=wall if depth < 1 / 6 else cells.muscularis,
    )


def _appearance(rng: np.random.Generator) -> Appearance:
    """Stain vectors around published ones, weak and strong stains, warm and cold glass."""
    blue = np.array([0.650, 0.704, 0.286]) + rng.normal(0, 0.06, 3)
    pink = np.array([0.160, 0.880, 0.400]) + rng.normal(0, (0.05, 0.06, 0.10))
    glass = np.clip(rng.normal(0.94, 0.03) + rng.normal(0, 0.012, 3), 0.8, 1.0)
    return Appearance(
        haematoxylin=(float(blue[0]), float(blue[1]), float(blue[2])),
        eosin=(float(max(pink[0], 0.02)), float(pink[1]), float(max(pink[2], 0.08))),
        blue_strength=_between(rng, 0.55, 1.5),
        colour_strength=_between(rng, 0.5, 1.7),
        glass=(float(glass[0]), float(glass[1]), float(glass[2])),
        contrast=float(rng.uniform(0.6, 1.6)),
        ground_spread=float(rng.uniform(0.05, 0.45)),
        blur_um=_between(rng, 0.3, 1.4),
        noise=float(rng.uniform(0.003, 0.02)),
        shading=float(rng.uniform(0, 0.2)) if rng.random() < 0.4 else 0.0,
    )
