from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

RECIPE = """
task = "junctions"
name = "toy"
mpp = 0.2
crop = 64
tile = 272
halo = 112
licence = "none"
[[sets]]
name = "squares"
folder = "squares"
reader = "cells"
share = 0.8
mpp = 0.2
is_estimated = true
licence = "CC0"
held_out = ["squares1"]
[drawn]
share = 0.2
fields = 2
held_out = 1
side_um = 16.0
mpp = 0.2
dab = 0.5
[augmentation]
scale_low = 0.95
scale_high = 1.05
[optimisation]
steps = {steps}
batch = 4
learning_rate = 0.004
warmup_steps = 3
ema_decay = 0.8
checkpoint_every = 4
"""


def write_roi(corners: np.ndarray) -> bytes:
    """A ``.roi`` as ImageJ writes it; corners are rows and columns counted from a pixel's corner."""
    top, left = corners.min(axis=0)
    header = bytearray(64)
    header[:4] = b"Iout"
    header[6] = 8  # traced
    struct.pack_into(">hhhhH", header, 8, top, left, *corners.max(axis=0), len(corners))
    relative = (corners - (top, left)).astype(">i2")
    return bytes(header) + relative[:, 1].tobytes() + relative[:, 0].tobytes()


def draw_squares(side: int = 96, cell: int = 24) -> tuple[np.ndarray, list[np.ndarray]]:
    """Bright lines around square cells, and the cells' outlines without the lines."""
    image = np.random.default_rng(0).normal(300, 15, (side, side))
    image[::cell] += 900
    image[:, ::cell] += 900
    starts = np.arange(0, side, cell) + 1
    outlines = [
        np.array([[row, col], [row, col + cell - 1], [row + cell - 1, col + cell - 1], [row + cell - 1, col]])
        for row in starts
        for col in starts
    ]
    return image.clip(0).astype(np.uint16), outlines


@pytest.fixture
def roi_bytes() -> Callable[[np.ndarray], bytes]:
    """Writes the corners of one outline as ImageJ does."""
    return write_roi


@pytest.fixture
def make_junction_toy(tmp_path: Path) -> Callable[[int], Path]:
    """A recipe of so many steps beside two pictures of square cells."""

    def make(steps: int) -> Path:
        folder = tmp_path / "squares"
        folder.mkdir(exist_ok=True)
        image, outlines = draw_squares()
        for number in range(2):
            tifffile.imwrite(folder / f"squares{number}.tif", image)
            with zipfile.ZipFile(folder / f"squares{number}_ROIs.zip", "w") as archive:
                for place, outline in enumerate(outlines):
                    archive.writestr(f"{place}.roi", write_roi(outline))
        path = tmp_path / "toy.toml"
        path.write_text(RECIPE.format(steps=steps), encoding="utf-8")
        return path

    return make
