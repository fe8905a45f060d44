"""How fast cells are found, beside the bare network on the same tiles, and how much memory that takes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import tifffile
import torch

import histo
from histo.io import slide_from_array
from histo.nn import NucleiModel, nuclei_canvas, nuclei_grid
from histo.nn.picture import as_input
from histo.segmentation.nuclei import CellOptions
from histo.train.nuclei import NucleiField

ROUNDS = 3
PATCH_PX = 256
SIDES = (4096, 8192)
# The cells of a slide are streamed, as they are for slides of a million cells, in a process of its own. Its peak is
# read where Linux writes it: what getrusage says of a new process begins at what its parent had reached.
MEASURE = """
import re, sys, torch, histo
from pathlib import Path
from histo.segmentation.nuclei import CellOptions, stream_cells
torch.set_num_threads(int(sys.argv[3]))
with histo.open_slide(sys.argv[1]) as slide:
    options = CellOptions(model=sys.argv[2], device="cpu")
    n_cells = sum(len(part) for part in stream_cells(slide, stain=sys.argv[4], options=options))
print(n_cells, re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def speed(model: NucleiModel, pictures: list[NucleiField], side: int, n_threads: int) -> Iterator[str]:
    """Time all of `histo.detect_cells` and the bare forward, best of three turns each, one after the other."""
    shown = mosaic(pictures, model, side)
    cells = CellOptions(model=model, device="cpu")
    whole_s, bare_s, n_cells = [], [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        n_cells = len(histo.detect_cells(shown, mpp=model.spec.mpp, stain=model.spec.stain, options=cells))
        whole_s.append(time.perf_counter() - began)
        bare_s.append(bare_forward(model, shown, n_threads))
    mpix = shown.shape[0] * shown.shape[1] / 1e6
    whole, bare = mpix / min(whole_s), mpix / min(bare_s)
    canvas = nuclei_canvas(slide_from_array(shown, mpp=model.spec.mpp), model.spec.mpp, model.spec.stain)
    grid = nuclei_grid(model, canvas, device="cpu")
    kept = (grid.tile - 2 * grid.halo) ** 2 / grid.tile**2
    yield (
        f"speed at {model.spec.mpp:g} µm/px, {n_threads} threads, {mpix:.1f} MPix, {n_cells} cells: whole {whole:.2f}"
        f" MPix/s, bare forward on the same tiles {bare:.2f} MPix/s, ratio {whole / bare:.2f} ({100 * kept:.0f} % of a"
        f" tile of {grid.tile} px is kept)"
    )


def memory(model: NucleiModel, folder: Path, pictures: list[NucleiField], n_threads: int) -> Iterator[str]:
    """Measure the peak memory of a process that finds the cells of a slide, and of one four times as large."""
    if not Path("/proc/self/status").exists():
        yield "peak memory: not measured, for this system does not write it down"
        return
    peaks = []
    for side in SIDES:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "slide.ome.tif"
            write_mosaic(path, mosaic(pictures, model, side), model)
            command = [sys.executable, "-c", MEASURE, str(path), str(folder), str(n_threads), model.spec.stain]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        peaks.append(f"{side} x {side} px {int(said[1]) / 1024:,.0f} MiB ({int(said[0]):,} cells)")
    yield f"peak memory of the whole process, {n_threads} threads: {', '.join(peaks)}"


def mosaic(pictures: list[NucleiField], model: NucleiModel, side: int) -> np.ndarray:
    """Lay pictures side by side at the model's µm/px until a square is full."""
    patches = []
    for picture in pictures:
        factor = picture.mpp / model.spec.mpp
        size = max(round(picture.image.shape[1] * factor), 1), max(round(picture.image.shape[0] * factor), 1)
        patch = cv2.resize(np.asarray(picture.image), size, interpolation=cv2.INTER_AREA)
        patches.append(np.pad(patch, ((0, PATCH_PX), (0, PATCH_PX), (0, 0)), mode="symmetric")[:PATCH_PX, :PATCH_PX])
    n = -(-side // PATCH_PX)
    rows = [np.hstack([patches[(row * n + col) % len(patches)] for col in range(n)]) for row in range(n)]
    image = np.ascontiguousarray(np.vstack(rows)[:side, :side])
    return image if model.spec.stain == "he" else np.ascontiguousarray(image[..., 0])


def write_mosaic(path: Path, image: np.ndarray, model: NucleiModel) -> None:
    """Write a tiled slide with levels for its overview."""
    levels = [image]
    while max(levels[-1].shape[:2]) > 1024:
        levels.append(np.ascontiguousarray(levels[-1][::2, ::2]))
    options = {"tile": (512, 512), "photometric": "rgb" if image.ndim == 3 else "minisblack", "compression": "zlib"}
    size = {"PhysicalSizeX": model.spec.mpp, "PhysicalSizeY": model.spec.mpp}
    units = {"PhysicalSizeXUnit": "µm", "PhysicalSizeYUnit": "µm"}
    with tifffile.TiffWriter(path, ome=True) as writer:
        axes = {"axes": "YXS" if image.ndim == 3 else "YX"}
        writer.write(levels[0], subifds=len(levels) - 1, metadata={**axes, **size, **units}, **options)
        for level in levels[1:]:
            writer.write(level, subfiletype=1, metadata=None, **options)


def bare_forward(model: NucleiModel, image: np.ndarray, n_threads: int) -> float:
    """Time the network alone on the tiles that cover an image, cut and normalised beforehand, a tile a thread."""
    canvas = nuclei_canvas(slide_from_array(image, mpp=model.spec.mpp), model.spec.mpp, model.spec.stain)
    tiles = nuclei_grid(model, canvas, device="cpu").cover(canvas.whole)
    seen = [as_input(torch.from_numpy(canvas.see(tile.seen)[None]), model.spec.normalisation) for tile in tiles]
    network = model.fused

    def forward(tile: torch.Tensor) -> None:
        with torch.inference_mode():
            network(tile)

    before = torch.get_num_threads()
    with ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,)) as executor:
        list(executor.map(forward, seen[:n_threads]))
        began = time.perf_counter()
        list(executor.map(forward, seen))
        seconds = time.perf_counter() - began
    torch.set_num_threads(before)
    return seconds
