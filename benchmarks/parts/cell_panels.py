"""Pictures of cells with outlines and signs that say what became of them, in colours for the colour-blind too."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from parts.held_out_cells import FALSE, MISSED, RIGHT, WRONG_CLASS, JudgedCells
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import find_objects

PANEL_PX = 560
MOST_BYTES = 245_000
_GAP_PX, _TEXT_PX = 8, 17
_DARK = (20, 20, 20)


@dataclass(frozen=True)
class Style:
    """How a kind of cell is shown: by colour and, where it matters, by a sign besides."""

    rgb: tuple[int, int, int]
    sign: str = ""


# Okabe and Ito's colours; what is not right has a sign too.
VERDICTS = {
    RIGHT: Style((0, 158, 115)),
    WRONG_CLASS: Style((86, 180, 233), "diamond"),
    FALSE: Style((213, 94, 0), "cross"),
    MISSED: Style((240, 228, 66), "square"),
}
CLASSES = {
    "epithelial": Style((230, 159, 0)),
    "lymphocyte": Style((86, 180, 233)),
    "granulocyte": Style((213, 94, 0), "cross"),
    "stromal": Style((0, 158, 115)),
    "other": Style((240, 228, 66), "square"),
    "positive": Style((213, 94, 0)),
    "negative": Style((86, 180, 233)),
}


@dataclass(frozen=True)
class Crop:
    """The square of a picture that is shown, in its pixels."""

    row: int
    col: int
    side: int

    @property
    def scale(self) -> float:
        """Pixels shown per pixel of the picture."""
        return PANEL_PX / self.side

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index it in the picture."""
        return slice(self.row, self.row + self.side), slice(self.col, self.col + self.side)


def middle_crop(cells: JudgedCells, side_um: float) -> Crop:
    """Show the middle of a picture, or all of the largest square that it holds."""
    rows, cols = cells.image.shape[:2]
    side = min(round(side_um / cells.mpp), rows, cols)
    return Crop((rows - side) // 2, (cols - side) // 2, side)


def draw_row(cells: JudgedCells, crop: Crop, styles: dict[str, Style]) -> tuple[str, np.ndarray]:
    """Show a picture as it is, and beside it what became of each cell."""
    shown = cells.image[crop.slices]
    plain = cv2.resize(np.ascontiguousarray(shown), (PANEL_PX, PANEL_PX), interpolation=cv2.INTER_CUBIC)
    marked = plain.copy()
    _mark(marked, cells.found.outlines, cells.found.centre, cells.verdicts, (crop, styles))
    n_missed = len(cells.missed)
    if n_missed:
        lost = np.full(n_missed, MISSED, dtype=object)
        _mark(marked, cells.missed.outlines, cells.missed.centre, lost, (crop, styles))
    gap = np.full((PANEL_PX, _GAP_PX, 3), 255, np.uint8)
    return f"{cells.name}: {crop.side * cells.mpp / 1000:.2f} mm across", np.hstack([plain, gap, marked])


def compose(rows: list[tuple[str, np.ndarray]], styles: dict[str, Style]) -> Image.Image:
    """Put rows below one another, each under its title, and a legend below all."""
    line = _TEXT_PX + 9
    width = rows[0][1].shape[1]
    whole = Image.new("RGB", (width, sum(line + row.shape[0] for _, row in rows) + line + 4), "white")
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(_TEXT_PX)
    top = 0
    for title, row in rows:
        draw.text((4, top + 2), title, fill="black", font=font)
        whole.paste(Image.fromarray(row), (0, top + line))
        top += line + row.shape[0]
    left = 4
    for name, style in styles.items():
        swatch = np.full((line, 2 * line, 3), 255, np.uint8)
        cv2.ellipse(swatch, (line, line // 2), (line // 2 + 4, line // 2 - 4), 0, 0, 360, _DARK, 4, cv2.LINE_AA)
        cv2.ellipse(swatch, (line, line // 2), (line // 2 + 4, line // 2 - 4), 0, 0, 360, style.rgb, 2, cv2.LINE_AA)
        _sign(swatch, (line, line // 2), style)
        whole.paste(Image.fromarray(swatch), (left, top + 3))
        draw.text((left + 2 * line + 2, top + 5), name, fill="black", font=font)
        left += 2 * line + 26 + int(draw.textlength(name, font=font))
    return whole


def save_small(image: Image.Image, path: Path) -> int:
    """Write a JPEG of less than 250 kB, as good as that allows; return its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in range(88, 40, -4):
        written = io.BytesIO()
        image.save(written, "JPEG", quality=quality, optimize=True, subsampling=0 if quality > 70 else 2)
        if written.tell() <= MOST_BYTES:
            break
    path.write_bytes(written.getvalue())
    return written.tell()


def _mark(
    shown: np.ndarray,
    outlines: np.ndarray | None,
    centres: np.ndarray,
    names: np.ndarray,
    look: tuple[Crop, dict[str, Style]],
) -> None:
    crop, styles = look
    at = (centres + 0.5 - (crop.row, crop.col)) * crop.scale - 0.5
    boxes = [] if outlines is None else find_objects(np.ascontiguousarray(outlines[crop.slices]))
    for number, (name, (row, col)) in enumerate(zip(names, at, strict=True), start=1):
        style = styles[name]
        if number <= len(boxes) and boxes[number - 1] is not None:
            contours = _trace(outlines[crop.slices], number, boxes[number - 1], crop.scale)
            cv2.polylines(shown, contours, True, _DARK, 4, cv2.LINE_AA)
            cv2.polylines(shown, contours, True, style.rgb, 2, cv2.LINE_AA)
        if 0 <= row < PANEL_PX and 0 <= col < PANEL_PX:
            _sign(shown, (round(col), round(row)), style)


def _trace(labels: np.ndarray, number: int, box: tuple[slice, slice], scale: float) -> list[np.ndarray]:
    """Follow the edge of a nucleus on the enlarged picture, smoothly."""
    mask = np.pad((labels[box] == number).astype(np.float32), 2)
    size = round(mask.shape[1] * scale), round(mask.shape[0] * scale)
    large = cv2.resize(cv2.GaussianBlur(mask, (0, 0), 0.6), size, interpolation=cv2.INTER_CUBIC)
    contours, _ = cv2.findContours((large > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    corner = np.array([(box[1].start - 2) * scale, (box[0].start - 2) * scale])
    return [np.rint(contour + corner).astype(np.int32) for contour in contours]


def _sign(shown: np.ndarray, at: tuple[int, int], style: Style) -> None:
    shapes = {
        "square": [np.array([[-5, -5], [5, -5], [5, 5], [-5, 5], [-5, -5]])],
        "diamond": [np.array([[0, -6], [6, 0], [0, 6], [-6, 0], [0, -6]])],
        "cross": [np.array([[-5, -5], [5, 5]]), np.array([[-5, 5], [5, -5]])],
    }
    for thickness, colour in ((5, _DARK), (2, style.rgb)):
        for line in shapes.get(style.sign, []):
            cv2.polylines(shown, [(line + at).astype(np.int32)], False, colour, thickness, cv2.LINE_AA)
