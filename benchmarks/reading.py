"""How fast regions of a JPEG pyramid are read: histo against tifffile's zarr store and against bare decoding.

    python benchmarks/reading.py [--side 8192] [--regions 200]

Writes its own slide, reads the same random regions with each, checks that all give the same pixels, and prints MPix/s
of the clock and per second of processor time (which other work on the machine disturbs less), with ratios. Bare
decoding takes the tiles under the regions from memory, decodes each once per region and puts nothing together; a reader
is faster only where it remembers tiles that regions share.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
import zarr

from histo.io import open_slide

TILE = 512
# Readers take turns; the best of so many rounds counts, which is the one least disturbed by other work.
ROUNDS = 3
Region = tuple[int, int, int]
Reader = Callable[[Region], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=8192, help="side of the slide in pixels")
    parser.add_argument("--regions", type=int, default=200, help="regions read by each reader")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = write_slide(Path(folder) / "slide.ome.tif", options.side)
        print(f"JPEG OME-TIFF pyramid, {options.side} x {options.side} px, tiles of {TILE}; {options.threads} threads")
        rng = np.random.default_rng(0)
        for name, size, step in (("aligned", TILE, TILE), ("unaligned", 2 * TILE, 1)):
            n_places = (options.side - size) // step + 1
            # Each place once, so that a reader that remembers tiles gains nothing on aligned regions.
            places = rng.choice(n_places**2, options.regions, replace=False)
            corners = [divmod(int(place), n_places) for place in places]
            compare(name, path, [(row * step, col * step, size) for row, col in corners], options.threads)
        compare_resampled(path, options)


def write_slide(path: Path, side: int) -> Path:
    """Write a pyramid of smooth fields with grain, which compresses about as a section does."""
    block = np.random.default_rng(1).normal(0, 6, (1024, 1024, 3))
    rows, cols = np.mgrid[0:1024, 0:1024]
    block += np.stack([190 + 40 * np.sin(rows / (9 + c) + cols / (13 - c)) for c in range(3)], axis=-1)
    tile = np.clip(block, 0, 255).astype(np.uint8)
    level = np.tile(tile, (side // 1024, side // 1024, 1))
    stored: dict[str, Any] = {"tile": (TILE, TILE), "compression": "jpeg", "photometric": "rgb"}
    with tifffile.TiffWriter(path, bigtiff=True, ome=True) as tiff:
        metadata = {"axes": "YXS", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.25}
        tiff.write(level, subifds=2, metadata=metadata, **stored)
        for reduction in (2, 4):
            tiff.write(level[::reduction, ::reduction], subfiletype=1, **stored)
    return path


def compare(name: str, path: Path, regions: list[Region], n_threads: int) -> None:
    pixels = sum(size * size for _, _, size in regions) / 1e6
    slide = open_slide(path)
    store = tifffile.imread(path, aszarr=True, series=0, level=0)
    array = zarr.open(store, mode="r")
    floor = bare_decoder(path)

    def by_histo(region: Region) -> Any:
        return slide.read(region[0], region[1], region[2], region[2])

    def by_zarr(region: Region) -> Any:
        row, col, size = region
        return array[row : row + size, col : col + size]

    if not all(np.array_equal(by_histo(region), by_zarr(region)) for region in regions[:5]):
        raise SystemExit("the readers do not give the same pixels")
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        slide.close()
        slide = open_slide(path)  # anew, so that no tile is decoded already
        for reader_name, reader in (("histo", by_histo), ("zarr", by_zarr), ("bare", floor)):
            wall, cpu = seconds(reader, regions, n_threads)
            for clock, spent in (("wall", wall), ("cpu", cpu)):
                key = f"{reader_name} {clock}"
                best[key] = max(pixels / spent, best.get(key, 0.0))
    slide.close()
    store.close()
    for clock in ("wall", "cpu"):
        print_row(f"{name} {regions[0][2]} px, {clock}", *(best[f"{key} {clock}"] for key in ("histo", "zarr", "bare")))


def print_row(name: str, ours: float, theirs: float, bare: float) -> None:
    print(
        f"{name:24} histo {ours:6.0f} MPix/s   tifffile zarr {theirs:6.0f}   "
        f"bare decoding {bare:6.0f}   histo/zarr {ours / theirs:5.2f}   histo/bare {ours / bare:5.2f}"
    )


def bare_decoder(path: Path) -> Reader:
    """Decode the tiles under a region from memory, and do nothing with them."""
    content = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        offsets, counts, tables = page.dataoffsets, page.databytecounts, page.jpegtables
        n_cols = -(-page.imagewidth // TILE)

    def read(region: Region) -> None:
        row, col, size = region
        for tile_row in range(row // TILE, (row + size - 1) // TILE + 1):
            for tile_col in range(col // TILE, (col + size - 1) // TILE + 1):
                number = tile_row * n_cols + tile_col
                data = content[offsets[number] : offsets[number] + counts[number]]
                imagecodecs.jpeg8_decode(data, tables=tables)

    return read


def compare_resampled(path: Path, options: argparse.Namespace) -> None:
    """Rate of output pixels at µm/px that no level has, beside the same windows at a level's own."""
    rng = np.random.default_rng(2)
    for mpp in (0.5, 0.6, 1.0, 1.5):
        with open_slide(path) as slide:
            step = mpp / slide.mpp
            last = max(1, int(options.side - TILE * step))
            regions = [(int(row), int(col), TILE) for row, col in rng.integers(0, last, (options.regions, 2))]

            def read(region: Region, at: float = mpp, source: Any = slide) -> Any:
                return source.read(region[0], region[1], region[2], region[2], mpp=at)

            rate = len(regions) * TILE * TILE / 1e6 / seconds(read, regions, options.threads)[1]
            print(f"at {mpp:.2f} µm/px from a slide of 0.25: {rate:6.0f} MPix of output per second of processor time")


def seconds(read: Reader, regions: list[Region], n_threads: int) -> tuple[float, float]:
    """Measure seconds of the clock, and of processor time over all threads."""
    start, start_cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in pool.map(read, regions):
            pass
    return time.perf_counter() - start, time.process_time() - start_cpu


if __name__ == "__main__":
    main()
