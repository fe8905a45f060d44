"""Both stains of a DAB section as one picture in which every nucleus is dark."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histo.stain import HAEMATOXYLIN_EOSIN, DabDensity, combine

__all__ = ["nuclear_density", "render_nuclei"]

_NUCLEAR_DENSITY = 0.9
_GLASS = (243.0, 243.0, 243.0)


def nuclear_density(density: DabDensity, *, is_nuclear: bool = True) -> NDArray[np.float32]:
    """Join both stains into one picture in which every nucleus is dark: a wholly brown one has no blue.

    Parameters
    ----------
    density : DabDensity
    is_nuclear : bool
        Whether the marker stains nuclei (Ki67, Foxp3). For membranes and cytoplasm (CD3, CD4) False: there the DAB is
        no nucleus, and only haematoxylin counts.

    Returns
    -------
    (rows, cols) array of float32
        0 to about 1: of each stain the share of the slide's strength, the larger of the two where DAB counts.
    """
    blue, brown = density.stain.strengths
    nuclear = density.haematoxylin / blue
    if is_nuclear:
        nuclear = np.maximum(nuclear, density.dab / brown)
    clipped: NDArray[np.float32] = np.clip(nuclear, 0.0, 1.3).astype(np.float32)
    return clipped


def render_nuclei(nuclear: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Render a picture of nuclei as haematoxylin alone, for networks that learned from H&E.

    Parameters
    ----------
    nuclear : (rows, cols) array of float
        From `nuclear_density`.

    Returns
    -------
    (rows, cols, 3) array of uint8
        RGB, as a well stained H&E section would look without eosin.

    Examples
    --------
    >>> render_nuclei(np.array([[0.0, 1.0]])).tolist()
    [[[243, 243, 243], [63, 57, 133]]]
    """
    densities = np.stack([_NUCLEAR_DENSITY * np.asarray(nuclear, dtype=float), np.zeros(nuclear.shape)], axis=-1)
    return combine(densities, HAEMATOXYLIN_EOSIN, white=_GLASS)
