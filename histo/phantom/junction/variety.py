"""Monolayers of every look, for training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from histo.phantom.junction.monolayer_spec import (
    BorderSpec,
    CameraSpec,
    GroundSpec,
    JunctionStainSpec,
    MonolayerSpec,
    MosaicSpec,
)
from histo.phantom.spec import Appearance

__all__ = ["random_monolayer"]


def random_monolayer(rng: np.random.Generator, *, height_um: float = 100.0, width_um: float = 100.0) -> MonolayerSpec:
    """Draw the looks of a monolayer, broad enough to hold those of real sets.

    Parameters
    ----------
    rng : Generator
        Chance.
    height_um, width_um : float
        Size of the window, which lies anywhere in its tissue.

    Returns
    -------
    MonolayerSpec
    """
    top, left = rng.uniform(-1000, 1000, 2)
    return MonolayerSpec(
        height_um=height_um,
        width_um=width_um,
        top_um=top,
        left_um=left,
        mosaic=MosaicSpec(
            cell_um=float(np.exp(rng.uniform(np.log(7), np.log(28)))),
            irregularity=rng.uniform(0.3, 1.0),
            left_out=rng.uniform(0, 0.3) * (rng.random() < 0.6),
            elongation=rng.uniform(1.0, 1.7),
            direction_deg=rng.uniform(0, 180),
        ),
        border=_border(rng),
        stain=_stain(rng),
        ground=_ground(rng),
        camera=_camera(rng),
        look=_look(rng),
    )


def _border(rng: np.random.Generator) -> BorderSpec:
    plain = BorderSpec(
        bow_deg=rng.uniform(5, 28),
        rough_deg=rng.uniform(5, 35),
        rough_um=rng.uniform(1.4, 3.5),
    )
    kind = rng.choice(["plain", "zigzag", "fingers"], p=[0.5, 0.3, 0.2])
    if kind == "plain":
        return plain
    folded = replace(plain, folded=rng.uniform(0.4, 1.0), sharpness=rng.uniform(0, 2.5))
    if kind == "zigzag":
        return replace(folded, fold_deg=rng.uniform(35, 80), fold_um=rng.uniform(2, 8))
    return replace(folded, fold_deg=rng.uniform(80, 105), fold_um=rng.uniform(8, 22))


def _stain(rng: np.random.Generator) -> JunctionStainSpec:
    is_gapped = rng.random() < 0.75
    return JunctionStainSpec(
        band_um=float(np.exp(rng.uniform(np.log(0.2), np.log(0.8)))),
        band_cv=rng.uniform(0.1, 0.5),
        strength_cv=rng.uniform(0.1, 0.5),
        beads=rng.uniform(0, 0.5),
        bead_um=rng.uniform(0.3, 1.2),
        corners=rng.uniform(0, 0.5),
        gap_fraction=rng.beta(1.2, 3.5) * 0.9 * is_gapped,
        gap_um=float(np.exp(rng.uniform(np.log(0.8), np.log(5)))),
        unstained=rng.uniform(0, 0.08) * is_gapped,
        residual=rng.uniform(0, 0.15) * (rng.random() < 0.4),
        tilted=rng.uniform(0, 0.7),
        tilt_um=rng.uniform(1, 3.5),
        spikes_per_um=rng.uniform(0.5, 3) * (rng.random() < 0.2),
        spike_um=rng.uniform(0.8, 2.5),
    )


def _ground(rng: np.random.Generator) -> GroundSpec:
    return GroundSpec(
        background=rng.uniform(0, 0.5),
        uneven=rng.uniform(0, 0.3),
        cytoplasm=rng.uniform(0, 0.35),
        cytoplasm_cv=rng.uniform(0.2, 0.9),
        cloud=rng.uniform(0, 0.25),
        texture=rng.uniform(0, 0.1),
        bleed=rng.uniform(0, 0.9),
        bleed_um=rng.uniform(0.8, 2.5),
        puncta_per_mm2=float(np.exp(rng.uniform(np.log(500), np.log(90000)))),
        puncta=rng.uniform(0.05, 0.4),
        blobs_per_mm2=rng.uniform(0, 300),
        blob_um=rng.uniform(0.5, 2.5),
    )


def _camera(rng: np.random.Generator) -> CameraSpec:
    return CameraSpec(
        blur_um=rng.uniform(0.12, 0.4),
        photons=float(np.exp(rng.uniform(np.log(15), np.log(1500)))),
        read_noise=rng.uniform(0, 5),
        full_scale=rng.uniform(0.8, 6),
        offset=rng.uniform(0, 0.12),
        bits=int(rng.choice([8, 12, 16])),
        hot_per_megapixel=rng.uniform(0, 60) * (rng.random() < 0.3),
    )


def _look(rng: np.random.Generator) -> Appearance:
    brown = np.array(Appearance().dab) * rng.uniform(0.85, 1.15, 3)
    red, green, blue = (float(part) for part in brown)
    return Appearance(
        dab=(red, green, blue),
        blue_strength=rng.uniform(0.4, 1.3),
        colour_strength=rng.uniform(0.5, 1.6),
        noise=rng.uniform(0.004, 0.02),
        shading=rng.uniform(0, 0.12),
    )
