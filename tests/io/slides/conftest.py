from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

PyramidWriter = Callable[..., Path]


@pytest.fixture(scope="session")
def picture() -> NDArray[np.uint8]:
    """A colour picture of 300 x 420 px in which every neighbourhood is different: a smooth field and some noise."""
    rows, cols = np.mgrid[0:300, 0:420]
    field = np.stack([128 + 90 * np.sin(rows / 31 + cols / 47 + shift) for shift in (0.0, 1.5, 3.1)], axis=-1)
    noise = np.random.default_rng(7).normal(0, 12, field.shape)
    return np.clip(field + noise, 0, 255).astype(np.uint8)


def halved(pixels: NDArray[Any]) -> NDArray[Any]:
    """Mean of 2 x 2 pixels; an odd last row or column is dropped, as scanners do."""
    rows, cols = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    blocks = pixels[:rows, :cols].reshape(rows // 2, 2, cols // 2, 2, -1).astype(float)
    return np.rint(blocks.mean(axis=(1, 3))).astype(pixels.dtype).reshape(rows // 2, cols // 2, *pixels.shape[2:])


@pytest.fixture(scope="session")
def write_pyramid() -> PyramidWriter:
    """A function that writes an OME-TIFF with its coarser levels as SubIFDs, and gives the path."""

    def write(
        path: Path, pixels: NDArray[Any], *, n_levels: int = 1, mpp: float | None = 0.5, tile: int = 64, **options: Any
    ) -> Path:
        metadata: dict[str, Any] = {"axes": "YXS" if pixels.ndim == 3 else "YX"}
        if mpp is not None:
            metadata |= {"PhysicalSizeX": mpp, "PhysicalSizeY": mpp}
        settings = {"tile": (tile, tile), "compression": "zlib", "photometric": "rgb" if pixels.ndim == 3 else None}
        settings |= options
        with tifffile.TiffWriter(path, ome=True) as tiff:
            tiff.write(pixels, subifds=n_levels - 1, metadata=metadata, **settings)
            level = pixels
            for _ in range(n_levels - 1):
                level = halved(level)
                tiff.write(level, subfiletype=1, **settings)
        return path

    return write
