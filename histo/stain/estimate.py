"""What colour the stains and the empty slide have on this slide."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.stain.deconvolution import HAEMATOXYLIN_EOSIN, StainVectors, optical_density

__all__ = ["StainEstimate", "estimate_vectors", "estimate_white"]

_ENOUGH_PIXELS = 1000
_MAX_PIXELS = 400_000


@dataclass(frozen=True)
class StainEstimate:
    """Stain vectors of a slide, and whether to believe them.

    Parameters
    ----------
    vectors : StainVectors
        The estimate where it is plausible, the reference where it is not.
    is_plausible : bool
        Whether `vectors` come from the slide.
    reason : str
        Why not: ``""``, ``too_few_pixels``, ``one_colour``, ``unlike_reference`` or ``not_two_stains``.
    separation_deg : float
        Angle between the two stains as estimated; NaN when there were too few pixels.
    deviation_deg : float
        Largest angle between an estimated stain and its reference.
    planarity : float
        Of the spread of colour beside the mean direction, the share that lies in the plane of two stains, 0.5 to 1.
    n_pixels : int
        Stained pixels that it rests on.
    """

    vectors: StainVectors
    is_plausible: bool
    reason: str
    separation_deg: float
    deviation_deg: float
    planarity: float
    n_pixels: int


def estimate_white(image: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Estimate the colour of the empty slide.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Overview of the slide, or a field with some lumen.
    mask : (rows, cols) array of bool, optional
        Where to look, for pictures with a dark surround or captions.

    Returns
    -------
    (3,) array of float
        Median RGB of the pixels around the strongest peak of brightness in the brightest fifth of the range. In a
        field without glass it is the colour of the palest parts and so too dark.

    Raises
    ------
    InvalidArgument
        If there is no pixel to look at.
    """
    pixels = np.asarray(image)[mask] if mask is not None else np.asarray(image).reshape(-1, 3)
    if pixels.size == 0:
        raise InvalidArgument("there is no pixel to take the white from", got=f"shape {image.shape}, mask all False")
    brightness = pixels.astype(np.uint16).sum(axis=1) // 3
    top = int(np.percentile(brightness, 99))
    counts = np.bincount(brightness, minlength=256).astype(float)
    counts = np.convolve(counts, np.ones(5) / 5, mode="same")
    lowest = int(0.8 * top)
    peak = lowest + int(counts[lowest : top + 1].argmax())
    colour: NDArray[np.float64] = np.median(pixels[np.abs(brightness.astype(int) - peak) <= 3], axis=0)
    return np.maximum(colour.astype(np.float64), 1.0)


def estimate_vectors(
    image: NDArray[np.uint8],
    *,
    reference: StainVectors = HAEMATOXYLIN_EOSIN,
    white: NDArray[np.floating] | tuple[float, float, float] | None = None,
    mask: NDArray[np.bool_] | None = None,
) -> StainEstimate:
    """Estimate the two stain vectors of a slide from its own pixels.

    Stained pixels span a plane in optical density; the stains are the two edges of the fan that they make in it. The
    edges are taken at the 1st and 99th percentile of the angle and named after the reference that they are nearest to.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Tissue at 0.5 to 2 µm/px; coarser pixels mix the stains and narrow the fan.
    reference : StainVectors
        Two stains to expect, and to fall back to.
    white : (3,) array-like, optional
        RGB of the empty slide; estimated from the image otherwise.
    mask : (rows, cols) array of bool, optional
        Where to look.

    Returns
    -------
    StainEstimate
        Believed when at least 1,000 pixels are stained, the stains lie 12 to 75 degrees apart, each within 40 degrees
        of its reference, and the planarity is at least 0.55; the reference with the reason otherwise.

    Raises
    ------
    InvalidArgument
        If `reference` has not two stains, or there is no pixel to look at.

    Notes
    -----
    Macenko M et al. A method for normalizing histology slides for quantitative analysis. IEEE ISBI 2009: 1107-1110.
    Pixels of a density below 0.15, as there, and those black in a channel are left out. Cameras differ: on
    33 real pictures the estimated vectors lay 16 to 38 degrees from the published ones (more blue absorbed). The bounds
    were widened until they let these pass, so being plausible is a weak claim: an AB-PAS section passes as H&E.
    """
    if len(reference.names) != 2:
        raise InvalidArgument("the edges of a fan are two stains", expected="2", got=", ".join(reference.names))
    light = estimate_white(image, mask) if white is None else np.asarray(white, dtype=float)
    pixels = np.asarray(image)[mask] if mask is not None else np.asarray(image).reshape(-1, 3)
    # An even step, not a random draw: the same slide gives the same vectors.
    pixels = pixels[:: max(1, pixels.shape[0] // _MAX_PIXELS)]
    density = optical_density(pixels, light)
    stained = density[(density.mean(axis=1) > 0.15) & (pixels.min(axis=1) > 4)]
    if stained.shape[0] < _ENOUGH_PIXELS:
        return StainEstimate(reference, False, "too_few_pixels", np.nan, np.nan, np.nan, stained.shape[0])
    edges, planarity = _edges_of_fan(stained)
    vectors, deviation = _named_after(edges, reference)
    separation = _angle_deg(edges[0], edges[1])
    reason = _doubt(separation, deviation, planarity)
    return StainEstimate(
        vectors if not reason and vectors is not None else reference,
        not reason,
        reason,
        separation,
        deviation,
        planarity,
        stained.shape[0],
    )


def _edges_of_fan(density: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    values, axes = np.linalg.eigh(density.T @ density / density.shape[0])
    plane = axes[:, [2, 1]]
    # The first axis is turned along the mean density, or angles would jump at 180 degrees.
    plane = plane * np.where(plane.sum(axis=0) < 0, -1.0, 1.0)
    along = density @ plane
    angles = np.arctan2(along[:, 1], along[:, 0])
    low, high = np.percentile(angles, [1.0, 99.0])
    edges = np.stack([np.cos(angle) * plane[:, 0] + np.sin(angle) * plane[:, 1] for angle in (low, high)])
    edges = np.maximum(edges, 0.0)
    return edges / np.linalg.norm(edges, axis=1, keepdims=True), float(1.0 - values[0] / values[:2].sum())


def _named_after(edges: NDArray[np.float64], reference: StainVectors) -> tuple[StainVectors | None, float]:
    candidates = []
    for order in permutations(range(2)):
        angles = [_angle_deg(edges[index], np.asarray(reference.vectors[place])) for place, index in enumerate(order)]
        candidates.append((sum(angles), max(angles), order))
    _, deviation, order = min(candidates)
    if _angle_deg(edges[0], edges[1]) < 1.0:
        return None, deviation
    first, second = (tuple(edges[index].tolist()) for index in order)
    return StainVectors(reference.names, (first, second)), deviation


def _doubt(separation_deg: float, deviation_deg: float, planarity: float) -> str:
    if separation_deg < 12.0:
        return "one_colour"
    if separation_deg > 75.0 or deviation_deg > 40.0:
        return "unlike_reference"
    return "not_two_stains" if planarity < 0.55 else ""


def _angle_deg(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    cosine = first @ second / (np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
