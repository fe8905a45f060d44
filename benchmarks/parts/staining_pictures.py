"""Overlays of the luminal edge and the apical line, on drawn sections and on two real pictures with rough masks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import skimage.data
import tifffile
from numpy.typing import NDArray
from PIL import Image

from histo.measure.raster import blurred, closed, components
from histo.measure.staining import ApicalLine
from histo.stain import dab_density
from histo.types import Compartment, LabelMap

__all__ = ["COLON_MPP", "GALLBLADDER_MPP", "colon", "gallbladder", "grey", "save", "with_lines"]

Mask = NDArray[np.bool_]
Picture = NDArray[np.uint8]

# Guessed from nuclei: 10 µm long in the colon's epithelium, 7.5 µm across in the gallbladder's.
COLON_MPP = 0.5
GALLBLADDER_MPP = 0.28
_SEEN, _GAP, _HIDDEN, _OUTLINE = (0, 220, 70), (255, 40, 40), (250, 210, 0), (90, 170, 255)
_MAX_BYTES = 250_000


def colon() -> tuple[Picture, LabelMap]:
    """scikit-image's colon glands: brown is epithelium, pale beside a point set by hand is lumen."""
    image = skimage.data.immunohistochemistry()
    brown = np.maximum(dab_density(image).dab, 0)
    pale = blurred(image.min(axis=2), 1.2) > 165
    pale &= blurred(brown, 1.5) < 0.16
    lumen = _holding(pale, [(350, 10), (110, 328), (180, 370), (12, 72), (55, 160), (500, 15)])
    epithelium = _large(closed(blurred(brown, 4 / COLON_MPP) > 0.16, round(4 / COLON_MPP)), 4000) & ~lumen
    labels = np.full(lumen.shape, Compartment.LAMINA_PROPRIA, dtype=np.uint8)
    labels[epithelium] = Compartment.CRYPT
    labels[lumen] = Compartment.BACKGROUND
    return image, LabelMap(labels, mpp=COLON_MPP)


def gallbladder(data: Path) -> tuple[Picture, LabelMap]:
    """Gallbladder mucosa: the membranes, filled, are epithelium; the dark beside a point set by hand is lumen."""
    signal = tifffile.imread(data / "if-membrane-tissue" / "Gallbladder_Normal_Tissue.tif")[..., 0]
    filled = closed(blurred(signal, 3 / GALLBLADDER_MPP) > 22, round(5 / GALLBLADDER_MPP))
    epithelium = _large(filled, 5000)
    lumen = _holding(~epithelium, [(600, 360)])
    labels = np.full(signal.shape, Compartment.VILLUS_LAMINA_PROPRIA, dtype=np.uint8)
    labels[epithelium] = Compartment.VILLUS_EPITHELIUM
    labels[lumen] = Compartment.BACKGROUND
    return signal, LabelMap(labels, mpp=GALLBLADDER_MPP)


def grey(signal: NDArray[np.generic], percentile: float = 99.7) -> Picture:
    """Show one channel as grey."""
    low, high = np.percentile(signal, [1.0, percentile])
    scaled = np.clip((signal.astype(float) - low) / max(high - low, 1e-9), 0, 1) ** 0.7
    return np.repeat((255 * scaled).astype(np.uint8)[..., None], 3, axis=2)


def with_lines(picture: Picture, labels: LabelMap, lines: tuple[ApicalLine, ...], mpp: float, zoom: int = 1) -> Picture:
    """Draw outlines of the epithelium, and of the luminal edge where the line is seen, not seen or hidden."""
    rows, cols = picture.shape[:2]
    drawn = cv2.resize(picture, (cols * zoom, rows * zoom), interpolation=cv2.INTER_CUBIC)
    scale = labels.mpp / mpp * zoom
    for region in (Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT):
        mask = cv2.resize(
            labels.mask(region).astype(np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST
        )
        outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(drawn, outlines, -1, _OUTLINE, 1)
    for line in lines:
        shift = line.edge.offset_um * line.edge.inward
        points = np.rint(((line.edge.points_um + shift) / mpp * zoom - 0.5)[:, ::-1] * 16).astype(np.int32)
        for first in range(len(points) - 1):
            colour = _HIDDEN if line.is_hidden else _SEEN if line.is_seen[first] else _GAP
            cv2.line(drawn, points[first].tolist(), points[first + 1].tolist(), colour, 2, cv2.LINE_AA, 4)
    return drawn


def save(picture: Picture, path: Path) -> None:
    """Write a JPEG that is small enough for the docs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in (88, 80, 70, 60, 50):
        Image.fromarray(picture).save(path, quality=quality, optimize=True)
        if path.stat().st_size < _MAX_BYTES:
            return


def _large(mask: Mask, fewest_px: int) -> Mask:
    labelled, areas = components(mask)
    kept = areas >= fewest_px
    kept[0] = False
    return kept[labelled]


def _holding(mask: Mask, points: list[tuple[int, int]]) -> Mask:
    """Pieces of a mask that hold one of these points."""
    labelled, areas = components(mask)
    kept = np.zeros(len(areas), dtype=bool)
    kept[[labelled[point] for point in points]] = True
    kept[0] = False
    return kept[labelled]
