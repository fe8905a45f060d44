"""Write a drawn section as a slide: a tiled, pyramidal OME-TIFF that carries its pixel size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from histo.phantom.section import DrawnSection

__all__ = ["write_slide"]

_TILE = 256


def write_slide(path: Path, drawn: DrawnSection, channels: tuple[str, ...] = ()) -> Path:
    """Write a picture with half-size levels down to one tile.

    Parameters
    ----------
    path : Path
        Where; ends in ``.ome.tif``.
    drawn : DrawnSection
        What: RGB is compressed as JPEG (quality 90), fluorescence without loss.
    channels : tuple of str, optional
        Names of the fluorescence channels.

    Returns
    -------
    Path
        The file.
    """
    is_rgb = drawn.image.dtype == np.uint8
    picture = drawn.image if is_rgb else np.moveaxis(drawn.image, -1, 0)
    levels = _pyramid(picture, rows_axis=0 if is_rgb else 1)
    mpp = drawn.labels.mpp
    metadata: dict[str, Any] = {
        "axes": "YXS" if is_rgb else "CYX",
        "PhysicalSizeX": mpp,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": mpp,
        "PhysicalSizeYUnit": "µm",
    }
    if channels:
        metadata["Channel"] = {"Name": list(channels)}
    options: dict[str, Any] = {
        "tile": (_TILE, _TILE),
        "photometric": "rgb" if is_rgb else "minisblack",
        "compression": "jpeg" if is_rgb else "zlib",
    }
    if is_rgb:
        options["compressionargs"] = {"level": 90}
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(levels[0], subifds=len(levels) - 1, metadata=metadata, **options)
        for level in levels[1:]:
            writer.write(level, subfiletype=1, metadata=None, **options)
    return path


def _pyramid(picture: NDArray[np.generic], rows_axis: int) -> list[NDArray[np.generic]]:
    levels = [picture]
    while max(levels[-1].shape[rows_axis : rows_axis + 2]) > 2 * _TILE:
        planes = levels[-1][None] if rows_axis == 0 else levels[-1]
        size = tuple(max(1, side // 2) for side in planes.shape[2:0:-1])
        halved = np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes])
        levels.append(halved[0] if rows_axis == 0 else halved)
    return levels
