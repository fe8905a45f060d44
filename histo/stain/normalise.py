"""Bring slides of different staining to one appearance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.stain.deconvolution import HAEMATOXYLIN_EOSIN, StainVectors, combine, separate
from histo.stain.estimate import estimate_vectors, estimate_white

__all__ = ["REFERENCE_APPEARANCE", "StainAppearance", "describe_stain", "normalise"]


@dataclass(frozen=True)
class StainAppearance:
    """How a slide looks: the colours of its stains, how strong they are, and its white.

    Parameters
    ----------
    vectors : StainVectors
        Two stains.
    strengths : (float, float)
        Density of each at its 99th percentile over stained pixels.
    white : (float, float, float)
        RGB of the empty slide.
    is_estimated : bool
        Whether `vectors` come from the slide; the published ones were taken otherwise.
    """

    vectors: StainVectors
    strengths: tuple[float, float]
    white: tuple[float, float, float]
    is_estimated: bool = True

    def __post_init__(self) -> None:
        if len(self.vectors.names) != 2 or min(self.strengths) <= 0 or min(self.white) <= 0:
            raise InvalidArgument(
                "an appearance is two stains of positive strength on a positive white",
                got=f"{self.vectors.names}, strengths {self.strengths}, white {self.white}",
            )


# A well stained section: published vectors; strengths of dense nuclei and of muscle or erythrocytes.
REFERENCE_APPEARANCE = StainAppearance(HAEMATOXYLIN_EOSIN, (1.0, 0.6), (243.0, 243.0, 243.0), is_estimated=False)


def describe_stain(
    image: NDArray[np.uint8], *, mask: NDArray[np.bool_] | None = None, reference: StainVectors = HAEMATOXYLIN_EOSIN
) -> StainAppearance:
    """Measure how a slide looks, once, so that all its tiles can be normalised alike.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        A part of the slide with tissue and some glass, at 0.5 to 2 µm/px.
    mask : (rows, cols) array of bool, optional
        Where to look.
    reference : StainVectors
        Stains to expect.

    Returns
    -------
    StainAppearance
        With the reference vectors, and ``is_estimated`` False, where the slide's own are not plausible.
    """
    white = estimate_white(image, mask)
    estimate = estimate_vectors(image, reference=reference, white=white, mask=mask)
    pixels = np.asarray(image)[mask] if mask is not None else np.asarray(image).reshape(-1, 3)
    densities = separate(pixels, estimate.vectors, white=white)[:, :2]
    stained = densities[densities.sum(axis=1) > 0.15]
    if stained.shape[0] == 0:
        stained = np.full((1, 2), 0.15)
    first, second = np.maximum(np.percentile(stained, 99.0, axis=0), 0.05)
    red, green, blue = white
    return StainAppearance(
        estimate.vectors, (float(first), float(second)), (float(red), float(green), float(blue)), estimate.is_plausible
    )


def normalise(
    image: NDArray[np.uint8], *, to: StainAppearance = REFERENCE_APPEARANCE, of: StainAppearance | None = None
) -> NDArray[np.uint8]:
    """Render an image as if it had been stained like another slide.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        RGB.
    to : StainAppearance
        What it shall look like.
    of : StainAppearance, optional
        What its slide looks like, from `describe_stain`. Measured on the image itself otherwise, which makes tiles of
        one slide differ.

    Returns
    -------
    (rows, cols, 3) array of uint8
        The densities of both stains are scaled to the strengths of `to`; what neither stain explains stays as it is.

    Notes
    -----
    Macenko M et al. A method for normalizing histology slides for quantitative analysis. IEEE ISBI 2009: 1107-1110.
    """
    own = describe_stain(image, reference=to.vectors) if of is None else of
    densities = separate(image, own.vectors, white=np.asarray(own.white))
    scale = np.array([to.strengths[0] / own.strengths[0], to.strengths[1] / own.strengths[1], 1.0])
    return combine(densities * scale, to.vectors, white=np.asarray(to.white))
