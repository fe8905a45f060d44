"""Fluorescence: nuclei, CD4 on membranes, Foxp3 in nuclei, ZO-1 along the apical border with known gaps."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.phantom.anatomy import Tube
from histo.phantom.stains import Scene, nuclear_image
from histo.phantom.texture import grain
from histo.types import Compartment

__all__ = ["CHANNELS", "GAP_COLUMNS", "fluoresce"]

Image = NDArray[np.float32]
CHANNELS = ("dapi", "cd4", "foxp3", "zo1")
GAP_COLUMNS = ["villus_id", "start_um", "length_um", "row", "col"]
_FULL_SCALE = 12000


def fluoresce(scene: Scene, rng: np.random.Generator) -> tuple[NDArray[np.uint16], pd.DataFrame]:
    """Expose the four channels.

    Returns
    -------
    image : (rows, cols, 4) uint16 array
        Channels `CHANNELS`, with background, tissue glow, blur, shot and read noise.
    gaps : DataFrame
        Gaps of the ZO-1 line, columns `GAP_COLUMNS`: the villus, where the gap starts along its contour from foot
        over the tip to foot, how long it is, and the place of its middle.
    """
    canvas, cells = scene.canvas, scene.cells
    fine = grain(canvas.shape, 3.0, canvas.mpp, rng)
    glow = 0.05 * (scene.labels != Compartment.BACKGROUND) * (1 + 0.3 * fine)
    dapi = nuclear_image(cells.lobed(), canvas) * (1 + 0.15 * fine)
    cd4_cells = cells.where(cells.is_cd4)
    wide = replace(cd4_cells, axes_um=cd4_cells.axes_um * 1.5)
    ones = np.ones(len(cd4_cells))
    cd4 = np.clip(nuclear_image(wide, canvas, ones) - 0.85 * nuclear_image(cd4_cells, canvas, ones), 0, 1)
    foxp3 = nuclear_image(cells.where(cells.is_foxp3), canvas, np.ones(int(cells.is_foxp3.sum())))
    zo1, gaps = _apical_line(scene, rng)
    channels = [0.8 * dapi + glow, 0.7 * cd4 + glow, 0.6 * foxp3 + glow + 0.03 * dapi, 0.7 * zo1 + glow]
    blur = max(scene.spec.appearance.blur_um / canvas.mpp, 0.3)
    exposed = []
    for channel in channels:
        soft = cv2.GaussianBlur(channel.astype(np.float32), (0, 0), blur)
        photons = rng.poisson(np.clip(soft, 0, None) * 400 + 12) / 400
        counts = photons * _FULL_SCALE + rng.normal(300, 12, canvas.shape)
        exposed.append(np.clip(counts, 0, 65535).astype(np.uint16))
    return np.stack(exposed, axis=-1), gaps


def _apical_line(scene: Scene, rng: np.random.Generator) -> tuple[Image, pd.DataFrame]:
    """Draw each villus' contour as a thin line, leaving out gaps of known place and length."""
    canvas, cells = scene.canvas, scene.spec.cells
    picture = np.zeros(canvas.shape, np.uint8)
    rows: list[tuple[str, float, float, float, float]] = []
    for index, villus in enumerate(scene.villi):
        contour, arc = _contour(villus)
        covered = np.ones(len(arc), bool)
        for _ in range(rng.poisson(cells.zo1_gaps_per_mm * arc[-1] / 1000)):
            length = rng.gamma(4.0, cells.zo1_gap_um / 4)
            start = rng.uniform(0, max(arc[-1] - length, 0))
            inside = (arc >= start) & (arc <= start + length)
            if covered[inside].all() and inside.any():
                covered &= ~inside
                middle = canvas.to_pixels(contour[inside].mean(axis=0)[None])[0]
                rows.append((f"v{index + 1}", start, length, middle[0], middle[1]))
        pieces = np.split(np.arange(len(arc)), np.flatnonzero(np.diff(covered.astype(int))) + 1)
        corners = canvas.to_fixed_point(contour)
        width = max(1, round(0.8 / canvas.mpp))
        for piece in pieces:
            if covered[piece[0]] and len(piece) > 1:
                cv2.polylines(picture, [corners[piece]], False, 255, width, cv2.LINE_AA, 4)
    visible = scene.fields.above_um > scene.fields.crypt_zone_um
    return np.asarray(picture / 255 * visible, dtype=np.float32), pd.DataFrame(rows, columns=GAP_COLUMNS)


def _contour(villus: Tube) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Follow the outline from foot over tip to foot, every half µm, 1 µm inside the border."""
    outline = villus.outline
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(outline, axis=0).T))])
    places = np.arange(0, arc[-1], 0.5)
    points = np.stack([np.interp(places, arc, outline[:, axis]) for axis in range(2)], axis=1)
    inward = outline.mean(axis=0) - points
    inward /= np.maximum(np.hypot(*inward.T), 1e-9)[:, None]
    return points + inward, places
