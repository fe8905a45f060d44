"""How well nuclei are found on real pictures that no model saw, and how fast, beside a classical floor.

    HISTO_DATA=... python benchmarks/nuclei.py [nuclei-he-v1 nuclei-if-v1] [--side 2880] [--out results/nuclei.txt]

Each model is judged on the pictures that its own recipe holds out: detection within 6 µm one to one, outlines by
intersection over union above 0.5, classes. The floor, in the same run on the same pictures: haematoxylin density (or
fluorescence) smoothed, Otsu's threshold, watershed from the peaks of the distance transform. Speed: all of
`histo.detect_cells` on a mosaic of these pictures against the bare forward of the same network on the same tiles, with
the same number of threads, best of three turns each.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

import histo
from histo.io import slide_from_array
from histo.nn import NucleiModel, find_model, load_nuclei_model, nuclei_canvas, nuclei_grid
from histo.nn.picture import as_input
from histo.segmentation.nuclei import CellOptions
from histo.stain import separate
from histo.train.nuclei import FoundNuclei, NucleiField, judge_field, load_field, nuclei_table, open_nuclei_run
from histo.train.nuclei import predict_field as find_by_network

ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=["nuclei-he-v1", "nuclei-if-v1"])
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where prepared pictures are kept")
    parser.add_argument("--side", type=int, default=2880, help="side of the mosaic, in pixels of the model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="where the report is written besides")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    lines: list[str] = []
    for name in options.models:
        lines.extend(report(name, options))
        print("\n".join(lines[-40:]), flush=True)
    if options.out is not None:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(name: str, options: argparse.Namespace) -> Iterator[str]:
    model = load_nuclei_model(name)
    prepared = open_nuclei_run(find_model(name) / "train.toml", options.runs, resume=False).prepare()
    pictures = [load_field(folder) for folders in prepared.held_out.values() for folder in folders]
    ways: dict[str, Callable[[NucleiField], FoundNuclei]] = {
        model.name: lambda picture: find_by_network(model, picture),
        "otsu + watershed": lambda picture: find_by_watershed(picture, model.spec.stain),
    }
    tables = []
    for way, find in ways.items():
        table = nuclei_table(judge_field(find(picture), picture) for picture in pictures)
        tables.append(table.assign(way=way))
    table = pd.concat(tables).sort_values(["origin", "what", "way"], kind="stable")
    yield f"{name} (sha256 {model.spec.sha256[:12]}, threshold {model.spec.threshold:g}), pictures held out"
    yield table.to_string(index=False, float_format=lambda value: f"{value:.3f}")
    yield from speed(model, pictures, options)
    yield ""


def find_by_watershed(picture: NucleiField, stain: str) -> FoundNuclei:
    """Find nuclei without learning anything: what a model has to beat."""
    pixels = np.asarray(picture.image)
    signal = separate(pixels)[..., 0] if stain == "he" else pixels[..., 0].astype(float)
    signal = cv2.GaussianBlur(signal, (0, 0), 0.5 / picture.mpp)
    mask = ndimage.binary_opening(signal > threshold_otsu(signal), iterations=max(round(0.5 / picture.mpp), 1))
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 0.5 / picture.mpp)
    peaks = peak_local_max(depth, min_distance=max(round(2.0 / picture.mpp), 1), labels=mask.astype(int))
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = watershed(-depth, seeds, mask=mask).astype(np.int32)
    area_um2 = np.bincount(labels.ravel(), minlength=len(peaks) + 1)[1:] * picture.mpp**2
    kept = area_um2 >= 8.0
    number = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.int32)
    labels = number[labels]
    n_found = int(kept.sum())
    centre = np.array(ndimage.center_of_mass(labels > 0, labels, np.arange(1, n_found + 1))).reshape(-1, 2)
    return FoundNuclei(centre, np.ones(n_found), np.full(n_found, -1), labels)


def speed(model: NucleiModel, pictures: list[NucleiField], options: argparse.Namespace) -> Iterator[str]:
    image = mosaic(pictures, model.spec.mpp, options.side)
    stain = model.spec.stain
    shown = image if stain == "he" else image[..., 0]
    cells = CellOptions(model=model, device="cpu")
    whole_s, bare_s, n_cells = [], [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        n_cells = len(histo.detect_cells(shown, mpp=model.spec.mpp, stain=stain, options=cells))
        whole_s.append(time.perf_counter() - began)
        bare_s.append(bare_forward(model, shown, options.threads))
    mpix = image.shape[0] * image.shape[1] / 1e6
    whole, bare = mpix / min(whole_s), mpix / min(bare_s)
    grid = nuclei_grid(model, nuclei_canvas(slide_from_array(shown, mpp=model.spec.mpp), model.spec.mpp, stain))
    kept = (grid.tile - 2 * grid.halo) ** 2 / grid.tile**2
    yield (
        f"speed, {options.threads} threads, {mpix:.1f} MPix, {n_cells} cells: whole {whole:.2f} MPix/s, bare forward on"
        f" the same tiles {bare:.2f} MPix/s, ratio {whole / bare:.2f} ({100 * kept:.0f} % of a tile is kept)"
    )


def mosaic(pictures: list[NucleiField], mpp: float, side: int) -> np.ndarray:
    """Lay pictures side by side at the model's µm/px until a square is full."""
    tiles = []
    for picture in pictures:
        factor = picture.mpp / mpp
        size = max(round(picture.image.shape[1] * factor), 1), max(round(picture.image.shape[0] * factor), 1)
        tile = cv2.resize(np.asarray(picture.image), size, interpolation=cv2.INTER_AREA)
        tiles.append(np.pad(tile, ((0, 256), (0, 256), (0, 0)), mode="symmetric")[:256, :256])
    n = -(-side // 256)
    rows = [np.hstack([tiles[(row * n + col) % len(tiles)] for col in range(n)]) for row in range(n)]
    return np.ascontiguousarray(np.vstack(rows)[:side, :side])


def bare_forward(model: NucleiModel, image: np.ndarray, n_threads: int) -> float:
    """Time the network alone on the tiles that cover an image, cut and normalised beforehand, a tile a thread."""
    canvas = nuclei_canvas(slide_from_array(image, mpp=model.spec.mpp), model.spec.mpp, model.spec.stain)
    tiles = nuclei_grid(model, canvas).cover(canvas.whole)
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


if __name__ == "__main__":
    main()
