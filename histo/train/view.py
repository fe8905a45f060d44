"""A square look at a picture from a random place, size and rotation, at which all of its maps are cut alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.train.settings import Augmentation

__all__ = ["View", "choose_scale", "choose_turn", "keep_inside", "look_from"]


@dataclass(frozen=True, eq=False)
class View:
    """Where each pixel of a crop lies in its picture.

    Parameters
    ----------
    middle : (2,) array
        Of the crop, in pixels of the picture.
    matrix : (2, 2) array
        Pixels of the picture per pixel of the crop, rotation included.
    window : (int, int, int, int)
        Top, bottom, left and right of the part of the picture that is needed.
    rows, cols : (side, side) array of float32
        Of each pixel of the crop, in pixels of that part.
    """

    middle: NDArray[np.float64]
    matrix: NDArray[np.float64]
    window: tuple[int, int, int, int]
    rows: NDArray[np.float32]
    cols: NDArray[np.float32]

    @property
    def step(self) -> float:
        """Pixels of the picture per pixel of the crop."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))

    @property
    def is_seen(self) -> NDArray[np.bool_]:
        """Where the picture is: beyond its edge nothing is known."""
        top, bottom, left, right = self.window
        rows, cols = self.rows, self.cols
        is_seen = (rows > -0.5) & (rows < bottom - top - 0.5) & (cols > -0.5) & (cols < right - left - 0.5)
        return np.asarray(is_seen, bool)

    def of_image(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut the picture itself: smooth, and mirrored beyond its edge."""
        part = self.part(image)
        if self.step > 1.1:
            part = np.asarray(cv2.GaussianBlur(part, (0, 0), 0.4 * np.sqrt(self.step**2 - 1)), np.uint8)
        cut = cv2.remap(part, self.cols, self.rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(cut, np.uint8)

    def of_values(self, values: NDArray[Any], *, beyond: float, is_smooth: bool = False) -> NDArray[np.float32]:
        """Cut a map on the picture's grid: nearest neighbour, or between pixels; with one value beyond its edge."""
        how = cv2.INTER_LINEAR if is_smooth else cv2.INTER_NEAREST
        part = self.part(values).astype(np.float32)
        cut = cv2.remap(part, self.cols, self.rows, how, borderMode=cv2.BORDER_CONSTANT, borderValue=beyond)
        return np.asarray(cut, np.float32)

    def part(self, values: NDArray[Any]) -> NDArray[Any]:
        """Take the part that is needed of a map."""
        top, bottom, left, right = self.window
        return np.ascontiguousarray(values[top:bottom, left:right])

    def of_points(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring rows and columns of the picture to those of the crop."""
        here: NDArray[np.float64] = (points - self.middle) @ np.linalg.inv(self.matrix).T + (len(self.rows) - 1) / 2
        return here


def choose_scale(settings: Augmentation, rng: np.random.Generator) -> float:
    """Choose a magnification."""
    return float(np.exp(rng.uniform(np.log(settings.scale_low), np.log(settings.scale_high))))


def choose_turn(rng: np.random.Generator) -> NDArray[np.float64]:
    """Choose a rotation, a slight stretch, and whether to look from behind."""
    angle, stretch = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(-0.1, 0.1))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    flip = np.diag([1.0, rng.choice([-1.0, 1.0])])
    return np.asarray(rotation @ np.diag([stretch, 1 / stretch]) @ flip, np.float64)


def keep_inside(middle: NDArray[np.float64], half: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Move the middle of a crop to where the crop does not look over the picture's edge, if it fits."""
    size = np.array(shape[:2], float)
    margin = np.minimum(half, size / 2)
    return np.asarray(np.clip(middle, margin, size - margin), np.float64)


def look_from(middle: NDArray[np.float64], matrix: NDArray[np.float64], side: int, shape: tuple[int, ...]) -> View:
    """Look at a picture.

    Parameters
    ----------
    middle : (2,) array
        Of the crop, in pixels of the picture.
    matrix : (2, 2) array
        Pixels of the picture per pixel of the crop.
    side : int
        Of the crop, in its own pixels.
    shape : tuple of int
        Rows and columns of the picture.

    Returns
    -------
    View
    """
    axis = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    rows, cols = (
        np.float32(at) + np.float32(row[0]) * axis[:, None] + np.float32(row[1]) * axis[None, :]
        for at, row in zip(middle, matrix, strict=True)
    )
    top, bottom = _bounds(rows, shape[0])
    left, right = _bounds(cols, shape[1])
    return View(middle, matrix, (top, bottom, left, right), rows - np.float32(top), cols - np.float32(left))


def _bounds(positions: NDArray[np.float32], length: int) -> tuple[int, int]:
    first = int(np.clip(np.floor(positions.min()) - 2, 0, length - 1))
    return first, int(np.clip(np.ceil(positions.max()) + 3, first + 1, length))
