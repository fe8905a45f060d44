"""Where on an overview there is tissue."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.tissue.field import FieldOfView, find_field
from histo.types import PixelSize

__all__ = ["find_tissue", "glass_colour", "separate_tissue", "tissue_score"]

Mask = NDArray[np.bool_]

# Optical density beside the glass below which nothing is tissue, and above which everything is.
_LOWEST_SCORE = 0.03
_HIGHEST_SCORE = 0.06


def find_tissue(
    image: NDArray[np.generic], mpp: float, *, is_brightfield: bool | None = None, field: FieldOfView | None = None
) -> Mask:
    """Separate tissue from glass, or from the dark of a fluorescence picture.

    Brightfield: optical density beside the picture's own glass, colour counted fully and greyness half (dust, shadow
    and uneven light are grey, stained tissue is not), smoothed over 10 µm and cut by Otsu's threshold within bounds.
    Dark surround and pasted panels are no tissue. Fluorescence: log brightness of the brightest channel, smoothed
    over 25 µm, cut at two fifths of the way from the dark end to Otsu's threshold, and never within three deviations
    of the dark end.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8, or (rows, cols[, channels]) array of numbers
        Overview; 2 to 20 µm/px suits. A picture without a third axis is fluorescence.
    mpp : float
        µm per pixel of `image`.
    is_brightfield : bool, optional
        What the picture is, where it is known; guessed from its brightness otherwise.
    field : FieldOfView, optional
        What hides the specimen, where it was looked for already.

    Returns
    -------
    (rows, cols) array of bool
        True on tissue.

    Raises
    ------
    InvalidArgument
        If the picture has another shape, or is brightfield and not RGB of uint8.
    MissingPixelSize
        If `mpp` is not a positive number.

    Notes
    -----
    Otsu N. A threshold selection method from gray-level histograms. IEEE Trans Syst Man Cybern 1979; 9: 62-66.

    Examples
    --------
    >>> import numpy as np
    >>> slide = np.full((60, 80, 3), 240, np.uint8)
    >>> slide[20:40, 20:60] = (200, 120, 170)
    >>> bool(find_tissue(slide, mpp=8.0)[30, 40])
    True
    """
    PixelSize(mpp)
    if image.ndim not in (2, 3) or image.size == 0:
        raise InvalidArgument(
            "an overview has rows, columns and perhaps channels", expected="2 or 3 axes", got=f"shape {image.shape}"
        )
    if is_brightfield is None:
        is_brightfield = _looks_brightfield(image)
    if not is_brightfield:
        return _bright_tissue(image, mpp)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InvalidArgument(
            "a brightfield overview is RGB", expected="(rows, cols, 3) of uint8", got=f"{image.shape} of {image.dtype}"
        )
    return separate_tissue(np.asarray(image, dtype=np.uint8), mpp, field or find_field(image, mpp))[0]


def separate_tissue(image: NDArray[np.uint8], mpp: float, field: FieldOfView) -> tuple[Mask, Mask]:
    """Find what is tissue and what is surely empty in a brightfield overview.

    Between the two lies pale tissue. A place counts as empty only when nothing within 25 µm comes near to the threshold
    of tissue or has any texture, and when it is at least 80 µm wide: loose connective tissue is neither.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield overview.
    mpp : float
        µm per pixel.
    field : FieldOfView
        What hides the specimen.

    Returns
    -------
    tissue, glass : (rows, cols) array of bool
        True on tissue, and on empty glass or lumen.
    """
    tissue = np.zeros(image.shape[:2], dtype=bool)
    perhaps = ~field.view | _is_textured(image, mpp)
    clear = field.clear
    for disc in _discs(field.surround):
        judged = disc & clear
        if judged.any():
            score = tissue_score(image, glass_colour(image, judged), mpp)
            threshold = _threshold(score, judged)
            tissue |= judged & (score > threshold)
            perhaps |= judged & (score > 0.6 * threshold)
    away = cv2.dilate(perhaps.astype(np.uint8), _disc(25.0 / mpp)) == 0
    glass: Mask = cv2.morphologyEx(away.astype(np.uint8), cv2.MORPH_OPEN, _disc(15.0 / mpp)) > 0
    return _tidied(tissue, mpp), glass


def tissue_score(image: NDArray[np.uint8], glass: NDArray[np.float64], mpp: float) -> NDArray[np.float32]:
    """Measure how far each pixel is from glass.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield overview.
    glass : (3,) array
        Colour of the empty slide.
    mpp : float
        µm per pixel; sets the smoothing of 10 µm.

    Returns
    -------
    (rows, cols) array of float32
        Root of squared chroma and squared half grey, both in optical density.
    """
    smooth = cv2.GaussianBlur(image, (0, 0), max(0.7, 10.0 / mpp))
    table = np.log10(np.maximum(glass, 1.0)) - np.log10(np.maximum(np.arange(256)[:, None], 1))
    red, green, blue = (table[:, channel].astype(np.float32)[smooth[..., channel]] for channel in range(3))
    grey = (red + green + blue) / 3.0
    squared = (red - grey) ** 2 + (green - grey) ** 2 + (blue - grey) ** 2
    score: NDArray[np.float32] = np.sqrt(squared + (0.5 * np.maximum(grey, 0.0)) ** 2)
    return score


def glass_colour(image: NDArray[np.uint8], field: Mask) -> NDArray[np.float64]:
    """Estimate the colour of the empty slide: the bright end of what lies in the field of view.

    Parameters
    ----------
    image : (rows, cols, 3) array of uint8
        Brightfield overview.
    field : (rows, cols) array of bool
        Where to look; everywhere when it is empty.

    Returns
    -------
    (3,) array of float
        RGB. In a picture filled with tissue it is the colour of its palest parts.
    """
    step = max(1, int((field.size / 500_000) ** 0.5))
    seen, sample = field[::step, ::step], image[::step, ::step]
    pixels = sample[seen] if seen.any() else sample.reshape(-1, 3)
    brightness = pixels.sum(axis=1, dtype=np.int32)
    palest = pixels[brightness >= np.percentile(brightness, 96)]
    colour: NDArray[np.float64] = np.median(palest, axis=0).astype(np.float64)
    return colour


def _discs(surround: Mask) -> list[Mask]:
    """Split a picture of several eyepiece discs, each with a light of its own, even where their rims touch."""
    if not surround.any():
        return [~surround]
    depth = cv2.distanceTransform((~surround).astype(np.uint8), cv2.DIST_L2, 5)
    cores = (depth > 0.6 * depth.max()).astype(np.uint8)
    count, numbered = cv2.connectedComponents(cores)
    _, nearest = cv2.distanceTransformWithLabels(1 - cores, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP)
    return [~surround & (nearest == nearest[numbered == index][0]) for index in range(1, count)]


def _is_textured(image: NDArray[np.uint8], mpp: float) -> Mask:
    """Mark where brightness varies by more than 1.2 % within some 30 µm."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    detail = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), max(1.0, 10.0 / mpp)))
    textured: Mask = cv2.GaussianBlur(detail, (0, 0), max(1.0, 10.0 / mpp)) > 0.012 * np.maximum(grey, 1.0)
    return textured


def _threshold(score: NDArray[np.float32], judged: Mask) -> float:
    # Capped, or the dark rim of an eyepiece would draw the threshold to itself.
    return float(np.clip(0.6 * _otsu(np.minimum(score[judged], 0.2)), _LOWEST_SCORE, _HIGHEST_SCORE))


def _bright_tissue(image: NDArray[np.generic], mpp: float) -> Mask:
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    brightest = values if values.ndim == 2 else _evened(values).max(axis=2)
    smooth = cv2.GaussianBlur(np.log1p(np.maximum(brightest, 0.0)), (0, 0), max(0.7, 25.0 / mpp))
    dark = smooth[smooth <= np.percentile(smooth, 25)]
    noise = 3.0 * float(np.median(np.abs(dark - np.median(dark)))) * 1.4826
    if float(np.ptp(smooth)) < 0.1:
        return np.zeros(smooth.shape, dtype=bool)
    floor = float(np.median(dark))
    # Between dense and sparse nuclei lies the strongest step; tissue begins well below it.
    step = 0.4 * (_otsu(smooth.ravel()) - floor)
    return _tidied(smooth > floor + max(step, noise), mpp)


def _evened(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring channels of different exposure to one scale before the brightest is taken."""
    top = np.percentile(values, 99.5, axis=(0, 1))
    reference = max(float(top.max()), 1.0)
    return values * (reference / np.maximum(top, 0.25 * reference)).astype(np.float32)


def _tidied(mask: Mask, mpp: float) -> Mask:
    """Take away specks below 15 µm and close clefts below 30 µm."""
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _disc(7.5 / mpp))
    closed: Mask = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, _disc(15.0 / mpp)) > 0
    return closed


def _disc(radius_px: float) -> NDArray[np.uint8]:
    size = 2 * round(radius_px) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)


def _otsu(values: NDArray[np.generic]) -> float:
    values = np.asarray(values, dtype=np.float32)
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return high
    counts, edges = np.histogram(values, bins=256, range=(low, high))
    centres = 0.5 * (edges[1:] + edges[:-1])
    weight = np.cumsum(counts)
    total = np.cumsum(counts * centres)
    rest = weight[-1] - weight
    between = np.zeros(counts.size)
    split = (weight > 0) & (rest > 0)
    between[split] = (weight[-1] * total[split] - weight[split] * total[-1]) ** 2 / (weight[split] * rest[split])
    return float(centres[int(between.argmax())])


def _looks_brightfield(image: NDArray[np.generic]) -> bool:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        return False
    # A fluorescence composite is bright in one channel at a time; light through a slide is bright in all three.
    middle = np.median(image[::4, ::4].astype(np.uint8), axis=2)
    return float(np.percentile(middle, 95)) > 90.0
