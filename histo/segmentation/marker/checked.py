"""Arrays of labels and intensities, checked before they are measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument

__all__ = ["as_intensity", "as_labels"]


def as_labels(nuclei: NDArray[np.integer]) -> NDArray[np.int32]:
    """Check labels of nuclei, and hold them in 32 bits."""
    array = np.asarray(nuclei)
    if array.ndim != 2 or array.size == 0 or not np.issubdtype(array.dtype, np.integer):
        raise InvalidArgument(
            "nuclei are a filled two-dimensional array of whole labels", got=f"{array.dtype}, shape {array.shape}"
        )
    if array.min() < 0 or array.max() > np.iinfo(np.int32).max:
        raise InvalidArgument(
            "labels of nuclei are 0 or positive, in 32 bits", got=f"values {array.min()} to {array.max()}"
        )
    return np.ascontiguousarray(array, dtype=np.int32)


def as_intensity(name: str, image: NDArray[np.generic], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Check a marker against the nuclei, and hold it in 32 bits."""
    values = np.asarray(image)
    if values.shape != shape:
        raise InvalidArgument(f"marker {name} and nuclei differ in shape", expected=f"{shape}", got=f"{values.shape}")
    values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise InvalidArgument(f"marker {name} holds values that are no number", expected="finite intensities")
    return values
