"""Haematoxylin and DAB as densities, with the slide's own colours where they can be trusted."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.stain.deconvolution import HAEMATOXYLIN_DAB, StainVectors, separate
from histo.stain.estimate import estimate_vectors, estimate_white

__all__ = ["DabDensity", "DabStain", "dab_density", "describe_dab"]

logger = logging.getLogger(__name__)

_MAX_DEVIATION_DEG = 25.0
_BROWN_BLUE_OVER_GREEN = 1.1
_WEAKEST = (0.15, 0.3)
_MAX_PIXELS = 400_000


@dataclass(frozen=True)
class DabStain:
    """What haematoxylin and DAB look like on one slide.

    Parameters
    ----------
    vectors : StainVectors
        Haematoxylin and DAB.
    white : (float, float, float)
        RGB of the empty slide.
    strengths : (float, float)
        Density that the darkest tenth of the stained pixels reaches: of haematoxylin where there is hardly any DAB, of
        DAB where it outweighs haematoxylin.
    is_estimated : bool
        Whether `vectors` come from the slide; the published ones were taken otherwise.
    remark : str
        Why they were not taken from the slide: ``too_few_pixels``, ``one_colour``, ``unlike_reference``,
        ``not_two_stains``, ``no_brown``, or ``given`` by the caller; empty when they were.
    deviation_deg : float
        Largest angle between a stain as estimated and as published; NaN with too few pixels or where they were given.
    """

    vectors: StainVectors = HAEMATOXYLIN_DAB
    white: tuple[float, float, float] = (255.0, 255.0, 255.0)
    strengths: tuple[float, float] = (1.0, 1.0)
    is_estimated: bool = False
    remark: str = ""
    deviation_deg: float = np.nan

    def __post_init__(self) -> None:
        if len(self.vectors.names) != 2 or min(self.strengths) <= 0 or min(self.white) <= 0:
            raise InvalidArgument(
                "haematoxylin and DAB are two stains of positive strength on a positive white",
                got=f"{self.vectors.names}, strengths {self.strengths}, white {self.white}",
            )


@dataclass(frozen=True, eq=False)
class DabDensity:
    """Optical densities of a DAB section.

    Parameters
    ----------
    haematoxylin, dab : (rows, cols) array of float32
        Optical density of each stain. Not clipped: below 0 the vectors do not fit the pixel.
    stain : DabStain
        What they rest on.
    """

    haematoxylin: NDArray[np.float32]
    dab: NDArray[np.float32]
    stain: DabStain


def describe_dab(
    image: NDArray[np.uint8], *, mask: NDArray[np.bool_] | None = None, vectors: StainVectors | None = None
) -> DabStain:
    """Find the colours of haematoxylin and DAB on a slide, once, so that all its tiles are separated alike.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        A part of the slide with tissue and some glass, at 0.5 to 2 µm/px.
    mask : (rows, cols) array of bool, optional
        Where to look.
    vectors : StainVectors, optional
        Haematoxylin and DAB, if they are known: then only white and strengths are the slide's. Slides whose densities
        are judged by one threshold, negative controls among them, must be separated by the same vectors.

    Returns
    -------
    DabStain
        The slide's own vectors where `histo.stain.estimate_vectors` finds them plausible, both lie within 25 degrees
        of the published ones, and the second is brown: absorbs blue at least 1.1 times as much as green. The published
        ones (Ruifrok and Johnston 2001) otherwise, with the remark and a logged warning. On a slide without DAB, as a
        negative control is, the second edge of the fan is no brown, and calling it DAB would invent positive cells.

    Notes
    -----
    On seven real DAB pictures the stains lay at most 7 to 16 degrees from the published ones and the second absorbed
    blue 1.15 to 2.35 times as much as green; on five H&E pictures 0.6 to 0.8 times. A picture taken in yellow light
    passes for brown.
    """
    white = estimate_white(image, mask)
    if vectors is not None:
        return DabStain(vectors, _as_rgb(white), _strengths(image, mask, vectors, white), remark="given")
    estimate = estimate_vectors(image, reference=HAEMATOXYLIN_DAB, white=white, mask=mask)
    brown = estimate.vectors.vectors[1]
    remark = estimate.reason
    if not remark and estimate.deviation_deg > _MAX_DEVIATION_DEG:
        remark = "unlike_reference"
    if not remark and brown[2] < _BROWN_BLUE_OVER_GREEN * brown[1]:
        remark = "no_brown"
    if remark:
        logger.warning("the DAB stain's colours were not found on the slide (%s): published ones are taken", remark)
    found = HAEMATOXYLIN_DAB if remark else estimate.vectors
    return DabStain(
        vectors=found,
        white=_as_rgb(white),
        strengths=_strengths(image, mask, found, white),
        is_estimated=not remark,
        remark=remark,
        deviation_deg=estimate.deviation_deg,
    )


def dab_density(image: NDArray[np.uint8], stain: DabStain | None = None) -> DabDensity:
    """Measure the densities of haematoxylin and DAB.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        RGB.
    stain : DabStain, optional
        The slide's, from `describe_dab`. Found on the image itself otherwise, which makes tiles of one slide differ.

    Returns
    -------
    DabDensity

    Notes
    -----
    DAB scatters light as well as absorbing it, so its density does not grow in proportion to the amount of antigen (van
    der Loos CM. Multiple immunoenzyme staining. J Histochem Cytochem 2008; 56: 313-328). It orders cells; it does not
    count molecules.
    """
    own = describe_dab(image) if stain is None else stain
    densities = separate(image, own.vectors, white=np.asarray(own.white))
    return DabDensity(densities[..., 0].astype(np.float32), densities[..., 1].astype(np.float32), own)


def _as_rgb(white: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in white)
    return red, green, blue


def _strengths(
    image: NDArray[np.uint8], mask: NDArray[np.bool_] | None, vectors: StainVectors, white: NDArray[np.float64]
) -> tuple[float, float]:
    pixels = np.asarray(image)[mask] if mask is not None else np.asarray(image).reshape(-1, 3)
    pixels = pixels[:: max(1, len(pixels) // _MAX_PIXELS)]
    # A channel that is black has lost the colour: what it says of the stains is chance.
    densities = separate(pixels[pixels.min(axis=1) > 4], vectors, white=white)[:, :2]
    stained = densities[densities.sum(axis=1) > _WEAKEST[0]]
    is_brown = stained[:, 1] > stained[:, 0]
    # In a nucleus nearly black with DAB the share of haematoxylin is chance, and would make blue nuclei look pale.
    is_blue = ~is_brown & (stained[:, 1] < _WEAKEST[0])
    blue, brown = (
        float(np.percentile(values, 90.0)) if len(values) else weakest
        for values, weakest in zip((stained[is_blue, 0], stained[is_brown, 1]), _WEAKEST, strict=True)
    )
    return max(blue, _WEAKEST[0]), max(brown, _WEAKEST[1])
