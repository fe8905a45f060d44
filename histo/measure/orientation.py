"""Whether a villus or crypt was cut along its axis, so that its length counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CryptEvidence", "VillusEvidence", "judge_crypts", "judge_villi"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Reasons = NDArray[np.str_]

_MIN_PROBABILITY = 0.5
_MIN_CONFIDENCE = 0.2
_MAX_TURN_DEG = 50.0
_MIN_INSIDE = 0.9
_MAX_MOUTH_GAP_UM = 15.0
_MAX_MOUTH_GAP = 0.1
_MIN_OF_NEIGHBOURS = 0.5
_MIN_TYPICAL = 3
# Both found on drawn mucosae cut at known angles (benchmarks/tangential_cut.py). On real fields the second keeps the
# crypts that were drawn as seen from mouth to base (benchmarks/real_fields.py).
_MAX_TIP_CAP = 2.0
_MIN_OF_ZONE = 0.7


@dataclass(frozen=True, eq=False)
class VillusEvidence:
    """What is known of n villi; each field is an (n,) array.

    Parameters
    ----------
    height_um, width_um, area_um2 : arrays
    root_um : array
        Length of contact with the villus-crypt junction.
    core_share : array
        Share of the area that is lamina propria.
    tip_cap : array
        Epithelium at the tip, in thicknesses of the section's epithelium.
    share_seen : array
        Share of cross-sections with two free sides.
    share_inside : array
        Share of the centreline that lies in it.
    sharpest_turn_deg : array
        Largest turn between one fifth of the centreline and the next.
    is_at_border : array of bool
        Whether it touches the edge of the map, or what an exclusion hides.
    is_branched : array of bool
        Whether it forks far above its foot.
    probability : array
        Mean probability of its labels.
    """

    height_um: Floats
    width_um: Floats
    area_um2: Floats
    root_um: Floats
    core_share: Floats
    tip_cap: Floats
    share_seen: Floats
    share_inside: Floats
    sharpest_turn_deg: Floats
    is_at_border: Flags
    is_branched: Flags
    probability: Floats


@dataclass(frozen=True, eq=False)
class CryptEvidence:
    """What is known of n crypts; each field is an (n,) array.

    Parameters
    ----------
    depth_um, width_um, area_um2 : arrays
    to_junction_um : array
        Distance from its mouth to villus or lumen.
    share_seen : array
        Share of cross-sections with two free sides.
    share_inside : array
        Share of the centreline that lies in it.
    sharpest_turn_deg : array
        Largest turn between one fifth of the centreline and the next.
    to_wall_um : array
        Distance from its base to the muscularis mucosae; not a number where none is seen beneath.
    is_at_border : array of bool
        Whether it touches the edge of the map, or what an exclusion hides.
    probability : array
        Mean probability of its labels.
    """

    depth_um: Floats
    width_um: Floats
    area_um2: Floats
    to_junction_um: Floats
    share_seen: Floats
    share_inside: Floats
    sharpest_turn_deg: Floats
    to_wall_um: Floats
    is_at_border: Flags
    probability: Floats


def judge_villi(seen: VillusEvidence) -> tuple[Reasons, Floats]:
    """Say why each villus does not count, and how sure it is.

    Returns
    -------
    reasons : (n,) array of str
        A code of the schema, empty where the villus is accepted.
    confidence : (n,) array
        0 to 1: mean probability times how good the geometry is.
    """
    filling = _filling(seen.area_um2, seen.height_um, seen.width_um)
    foot = seen.root_um / np.maximum(seen.width_um, 1e-9)
    quality = np.clip(seen.share_seen / 0.8, 0, 1) * np.clip(foot / 0.8, 0, 1) * _likeness(filling)
    confidence = np.clip(seen.probability * quality, 0, 1)
    reasons = _first_reason(
        len(seen.height_um),
        [
            ("too_small", (seen.area_um2 < 500.0) | (seen.height_um < 20.0)),
            ("cut_at_border", seen.is_at_border),
            ("detached", seen.root_um <= 0),
            ("fused", seen.is_branched),
            ("fused", (seen.sharpest_turn_deg > _MAX_TURN_DEG) | (seen.share_inside < _MIN_INSIDE)),
            ("tangential", (seen.core_share < 0.06) | (seen.width_um <= 0) | (foot < 0.3)),
            ("tangential", seen.tip_cap > _MAX_TIP_CAP),
            ("tangential", (seen.share_seen < 0.4) | (filling < 0.5) | (filling > 1.7)),
            ("low_confidence", (seen.probability < _MIN_PROBABILITY) | (confidence < _MIN_CONFIDENCE)),
        ],
    )
    return reasons, confidence


def judge_crypts(seen: CryptEvidence) -> tuple[Reasons, Floats]:
    """Say why each crypt does not count, and how sure it is.

    Returns
    -------
    reasons : (n,) array of str
        A code of the schema, empty where the crypt is accepted.
    confidence : (n,) array
        0 to 1: mean probability times how good the geometry is.
    """
    filling = _filling(seen.area_um2, seen.depth_um, seen.width_um)
    slender = seen.depth_um / np.maximum(seen.width_um, 1e-9)
    quality = np.clip(seen.share_seen / 0.8, 0, 1) * np.clip(slender / 2.0, 0, 1) * _likeness(filling)
    confidence = np.clip(seen.probability * quality, 0, 1)
    is_away = seen.to_junction_um > np.maximum(_MAX_MOUTH_GAP_UM, _MAX_MOUTH_GAP * seen.depth_um)
    n = len(seen.depth_um)
    rules = [
        ("too_small", seen.area_um2 < 150.0),
        ("cut_at_border", seen.is_at_border),
        ("tangential", (slender < 1.2) | (seen.width_um <= 0)),
        ("no_junction", is_away),
        ("incomplete", _is_piece(seen)),
        ("fused", (seen.sharpest_turn_deg > _MAX_TURN_DEG) | (seen.share_inside < _MIN_INSIDE)),
        ("tangential", (seen.share_seen < 0.4) | (filling < 0.5) | (filling > 1.7)),
        ("low_confidence", (seen.probability < _MIN_PROBABILITY) | (confidence < _MIN_CONFIDENCE)),
    ]
    is_merged = _is_merged(seen, slender, _first_reason(n, rules) == "")
    return _first_reason(n, [*rules[:2], ("fused", is_merged), *rules[2:]]), confidence


def _is_merged(seen: CryptEvidence, slender: Floats, is_whole: Flags) -> Flags:
    """Whether a crypt is so much larger and wider than others that it must be two that were not parted.

    The others are the whole ones; beside pieces, of which a predicted map may hold more, a whole one would look like
    two. Where hardly any is whole, they are all that are slender.
    """
    is_typical = is_whole if np.count_nonzero(is_whole) >= _MIN_TYPICAL else slender >= 1.5
    if np.count_nonzero(is_typical) < _MIN_TYPICAL:
        return np.zeros(len(slender), dtype=bool)
    width = seen.area_um2 / np.maximum(seen.depth_um, 1e-9)
    # Weighted by depth: short slivers say little about whole crypts.
    usual_area = _weighted_median(seen.area_um2[is_typical], seen.depth_um[is_typical])
    usual_width = _weighted_median(width[is_typical], seen.depth_um[is_typical])
    merged: Flags = (seen.area_um2 > 1.6 * usual_area) & (width > 1.4 * usual_width)
    return merged


def _is_piece(seen: CryptEvidence) -> Flags:
    """Whether a crypt ends far above the wall; where none is seen, whether it is much less deep than its neighbours."""
    to_mouth = seen.depth_um + seen.to_junction_um
    is_long = seen.depth_um >= 1.2 * seen.width_um
    usual = _weighted_median(seen.depth_um[is_long], seen.depth_um[is_long]) if is_long.any() else 0.0
    is_short: Flags = np.where(
        np.isnan(seen.to_wall_um),
        seen.depth_um < _MIN_OF_NEIGHBOURS * usual,
        to_mouth < _MIN_OF_ZONE * (to_mouth + seen.to_wall_um),
    )
    return is_short


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    along = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(along, along[-1] / 2)])


def _filling(area_um2: Floats, length_um: Floats, width_um: Floats) -> Floats:
    """Area over length times width at half length: near 1 for a tube, 0.8 for an ellipse."""
    return area_um2 / np.maximum(length_um * width_um, 1e-9)


def _likeness(filling: Floats) -> Floats:
    return np.clip(1.3 - np.abs(np.log(np.maximum(filling, 1e-9) / 0.95)), 0, 1)


def _first_reason(n: int, rules: list[tuple[str, Flags]]) -> Reasons:
    reasons = np.full(n, "", dtype="U16")
    for code, applies in rules:
        reasons[applies & (reasons == "")] = code
    return reasons
