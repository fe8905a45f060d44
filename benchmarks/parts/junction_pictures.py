"""Traced networks drawn over their fields."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from histo.measure.junction import JunctionNetwork

STAINED, CUT, GAP, CORNER = (60, 220, 60), (90, 160, 255), (255, 60, 60), (255, 230, 0)


def draw_network(image: np.ndarray, network: JunctionNetwork, scale: float = 1.0) -> np.ndarray:
    """Draw junctions green (blue where the field cuts them), their gaps red, corners yellow, over a grey field."""
    grey = image.astype(np.float32)
    low, high = np.percentile(grey, (1, 99.7))
    grey = 255 * np.clip((grey - low) / max(high - low, 1e-9), 0, 1) ** 0.7
    grey = cv2.resize(grey.astype(np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    shown = np.repeat(grey[..., None], 3, axis=2)
    for junction in network.junctions:
        places = np.rint(((junction.points[:, ::-1] + 0.5) * scale - 0.5) * 16).astype(int)
        for (start, end), present in zip(pairwise(places), junction.present[1:], strict=True):
            colour = GAP if present < 0.5 else STAINED if junction.is_whole else CUT
            cv2.line(shown, start.tolist(), end.tolist(), colour, 1, cv2.LINE_AA, 4)
    for corner in network.corners:
        place = np.rint((corner[::-1] + 0.5) * scale - 0.5).astype(int)
        cv2.circle(shown, place.tolist(), 2, CORNER, 1, cv2.LINE_AA)
    return shown
