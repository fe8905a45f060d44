"""Colour deconvolution: from RGB to the density of each stain, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument

__all__ = [
    "HAEMATOXYLIN_DAB",
    "HAEMATOXYLIN_EOSIN",
    "HAEMATOXYLIN_EOSIN_DAB",
    "StainVectors",
    "combine",
    "optical_density",
    "separate",
]

_WHITE = (255.0, 255.0, 255.0)


@dataclass(frozen=True)
class StainVectors:
    """How much each stain absorbs in red, green and blue.

    Parameters
    ----------
    names : tuple of str
        Two or three stains.
    vectors : tuple of (float, float, float)
        One a stain; brought to length 1.

    Raises
    ------
    InvalidArgument
        If there are not two or three, one is no direction, or two are the same direction.

    Examples
    --------
    >>> HAEMATOXYLIN_EOSIN.names
    ('haematoxylin', 'eosin')
    """

    names: tuple[str, ...]
    vectors: tuple[tuple[float, float, float], ...]

    def __post_init__(self) -> None:
        matrix = np.asarray(self.vectors, dtype=float)
        if matrix.shape not in ((2, 3), (3, 3)) or len(self.names) != matrix.shape[0]:
            raise InvalidArgument(
                "stain vectors are two or three named directions in RGB", got=f"{len(self.names)} names, {matrix.shape}"
            )
        lengths = np.linalg.norm(matrix, axis=1)
        if not np.all(np.isfinite(lengths)) or np.any(lengths == 0):
            raise InvalidArgument("a stain vector has a direction", expected="finite, not all zero", got=f"{matrix}")
        unit = matrix / lengths[:, None]
        if np.linalg.matrix_rank(unit, tol=1e-3) < len(unit):
            raise InvalidArgument("two stains of one colour cannot be told apart", got=f"{np.round(unit, 3).tolist()}")
        object.__setattr__(self, "vectors", tuple((float(r), float(g), float(b)) for r, g, b in unit))

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Invertible 3 x 3 matrix: the stains, and at right angles to two of them what neither explains."""
        matrix = np.asarray(self.vectors, dtype=float)
        if len(matrix) == 3:
            return matrix
        residual = np.cross(matrix[0], matrix[1])
        return np.vstack([matrix, residual / np.linalg.norm(residual)])


# Ruifrok AC, Johnston DA. Quantification of histochemical staining by color deconvolution.
# Anal Quant Cytol Histol 2001; 23: 291-299.
_HAEMATOXYLIN = (0.65, 0.70, 0.29)
_EOSIN = (0.07, 0.99, 0.11)
_DAB = (0.27, 0.57, 0.78)

HAEMATOXYLIN_EOSIN = StainVectors(("haematoxylin", "eosin"), (_HAEMATOXYLIN, _EOSIN))
HAEMATOXYLIN_DAB = StainVectors(("haematoxylin", "dab"), (_HAEMATOXYLIN, _DAB))
HAEMATOXYLIN_EOSIN_DAB = StainVectors(("haematoxylin", "eosin", "dab"), (_HAEMATOXYLIN, _EOSIN, _DAB))


def optical_density(
    image: NDArray[np.generic], white: NDArray[np.floating] | tuple[float, float, float] = _WHITE
) -> NDArray[np.float64]:
    """Convert RGB to optical density.

    Parameters
    ----------
    image : (..., 3) array
        RGB on the scale of `white`. Values below 1 count as 1: zero has no logarithm.
    white : (3,) array-like
        RGB of the empty slide.

    Returns
    -------
    (..., 3) array of float
        ``log10(white / image)``. Below zero where a pixel is brighter than the slide.

    Raises
    ------
    InvalidArgument
        If the last axis is not RGB or `white` is not positive.
    """
    light = np.asarray(white, dtype=float)
    if image.ndim == 0 or image.shape[-1] != 3:
        raise InvalidArgument("colours stand on the last axis", expected="3 channels", got=f"shape {image.shape}")
    if light.shape != (3,) or not np.all(light > 0):
        raise InvalidArgument("white is one positive RGB colour", got=f"{white!r}")
    if image.dtype == np.uint8:
        table = np.log10(light) - np.log10(np.maximum(np.arange(256), 1))[:, None]
        return np.stack([table[image[..., channel].astype(np.intp), channel] for channel in range(3)], axis=-1)
    density: NDArray[np.float64] = np.log10(light) - np.log10(np.maximum(np.asarray(image, dtype=float), 1.0))
    return density


def separate(
    image: NDArray[np.generic],
    vectors: StainVectors = HAEMATOXYLIN_EOSIN,
    *,
    white: NDArray[np.floating] | tuple[float, float, float] = _WHITE,
) -> NDArray[np.float64]:
    """Measure the density of each stain at each pixel.

    Parameters
    ----------
    image : (..., 3) array
        RGB.
    vectors : StainVectors
        The stains. Of two, the third channel of the result is what neither explains.
    white : (3,) array-like
        RGB of the empty slide.

    Returns
    -------
    (..., 3) array of float
        Optical density of each stain. Not clipped: a negative value says that the vectors do not fit the pixel.

    Notes
    -----
    Checked against `skimage.color.rgb2hed` with the same three vectors. That function counts density in units of
    ``log10(1e6)``, leaves its vectors a little shorter than 1, takes pure white (255) for the empty slide and clips at
    zero; brought to one scale the two agree to 1e-6 where nothing is clipped. It always separates three stains: on a
    section without DAB, its DAB channel takes a part of the haematoxylin and eosin, so use two vectors there.

    Examples
    --------
    >>> import numpy as np
    >>> nucleus = np.array([90, 70, 150], dtype=np.uint8)
    >>> separate(nucleus).round(2).tolist()
    [0.7, 0.07, 0.02]
    """
    densities: NDArray[np.float64] = optical_density(image, white) @ np.linalg.inv(vectors.matrix)
    return densities


def combine(
    densities: NDArray[np.floating],
    vectors: StainVectors = HAEMATOXYLIN_EOSIN,
    *,
    white: NDArray[np.floating] | tuple[float, float, float] = _WHITE,
) -> NDArray[np.uint8]:
    """Render stain densities as RGB: the inverse of `separate`.

    Parameters
    ----------
    densities : (..., 3) or (..., 2) array
        Optical density of each stain; with two channels nothing else absorbs.
    vectors : StainVectors
        The stains.
    white : (3,) array-like
        RGB of the empty slide.

    Returns
    -------
    (..., 3) array of uint8
        RGB, rounded and clipped.

    Raises
    ------
    InvalidArgument
        If there are fewer channels than stains or more than three.
    """
    channels = densities.shape[-1] if densities.ndim else 0
    if not len(vectors.names) <= channels <= 3:
        raise InvalidArgument(
            "densities stand on the last axis", expected=f"{len(vectors.names)} to 3 channels", got=f"{channels}"
        )
    absorbed = np.asarray(densities, dtype=float) @ vectors.matrix[:channels]
    rendered: NDArray[np.uint8] = np.clip(np.rint(np.asarray(white) * 10.0**-absorbed), 0, 255).astype(np.uint8)
    return rendered
