"""Haematoxylin and DAB: brown rings on CD4 positive cells, a pale blue counterstain elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from histo.phantom.stains import Scene, counterstain, nuclear_image
from histo.phantom.texture import grain

__all__ = ["immunostain"]

Image = NDArray[np.float32]
_RING = 1.55


def immunostain(scene: Scene, rng: np.random.Generator) -> tuple[Image, Image]:
    """Amounts of haematoxylin and DAB in every pixel."""
    blue, ground = counterstain(scene, rng)
    positive = scene.cells.where(scene.cells.is_cd4)
    wide = replace(positive, axes_um=positive.axes_um * _RING)
    ring = nuclear_image(wide, scene.canvas, np.ones(len(wide))) - 0.8 * nuclear_image(
        positive, scene.canvas, np.ones(len(positive))
    )
    uneven = 1 + 0.2 * grain(scene.canvas.shape, 2.0, scene.canvas.mpp, rng)
    brown = 0.05 * ground + 1.3 * np.clip(ring, 0, 1) * uneven
    return (0.75 * blue + 0.10 * ground).astype(np.float32), brown.astype(np.float32)
