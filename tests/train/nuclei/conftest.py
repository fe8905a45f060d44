from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

RECIPE = """
task = "nuclei"
name = "toy"
stain = "he"
classes = ["epithelial", "lymphocyte"]
start = "random"
mpp = 1.0
crop = 64
tile = 416
halo = 144
licence = "none"
[[sets]]
name = "dots"
folder = "dots"
reader = "centres"
share = 0.5
mpp = 1.0
licence = "CC0"
held_out = ["dots2"]
[sets.classes]
round = ["lymphocyte"]
[[sets]]
name = "discs"
folder = "discs"
reader = "outlines"
share = 0.5
nucleus_um2 = 78.0
licence = "CC0"
held_out = ["discs1"]
[augmentation]
stain = 0.1
scale_low = 0.95
scale_high = 1.05
blur = 0.0
grey = 0.0
missing_stain = 0.0
fold = 0.0
hue = 0.0
[optimisation]
steps = {steps}
batch = 4
learning_rate = 0.01
warmup_steps = 5
ema_decay = 0.9
checkpoint_every = 4
"""


def draw_discs(seed: int, side: int = 96, radius: float = 5.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Violet discs on pink: picture, numbered discs, and their centres as rows and columns."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:side, :side]
    cells = np.stack(np.meshgrid(np.arange(12, side - 8, 24), np.arange(12, side - 8, 24), indexing="ij"), -1)
    centres = cells.reshape(-1, 2) + rng.integers(-4, 5, size=(cells.size // 2, 2))
    labels = np.zeros((side, side), np.uint16)
    for number, (row, col) in enumerate(centres, start=1):
        labels[(down - row) ** 2 + (across - col) ** 2 <= radius**2] = number
    image = np.where(labels[..., None] > 0, np.uint8([70, 40, 120]), np.uint8([235, 190, 215]))
    return (image + rng.integers(0, 10, size=image.shape)).astype(np.uint8), labels, centres


@pytest.fixture
def make_nuclei_toy(tmp_path: Path) -> Callable[[int], Path]:
    """A recipe of so many steps beside two sets of discs: one of which centres are known, one with outlines."""

    def make(steps: int) -> Path:
        for name in ("dots", "discs"):
            (tmp_path / name).mkdir(exist_ok=True)
        for seed in range(3):
            image, labels, centres = draw_discs(seed)
            cv2.imwrite(str(tmp_path / "dots" / f"dots{seed}.png"), image[..., ::-1])
            points = (centres[:, ::-1] + 1.0).tolist()
            truth = {"detection": points, "round": points[:-1]}
            (tmp_path / "dots" / f"dots{seed}.json").write_text(json.dumps(truth), encoding="utf-8")
        for seed in range(2):
            image, labels, _ = draw_discs(seed + 10)
            cv2.imwrite(str(tmp_path / "discs" / f"discs{seed}.png"), image[..., ::-1])
            tifffile.imwrite(tmp_path / "discs" / f"discs{seed}.labels.tif", labels)
        path = tmp_path / "toy.toml"
        path.write_text(RECIPE.format(steps=steps), encoding="utf-8")
        return path

    return make
