"""From what the network says of each pixel to nuclei: centres are peaks, and each pixel votes for the centre it is of.

Every step looks at a few µm around a pixel only, so a nucleus comes out the same from any tile that holds all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from histo.nn.nuclei_network import N_GEOMETRY, OUTPUT_STRIDE

__all__ = ["WAY_UNIT_UM", "Nuclei", "decode_nuclei"]

WAY_UNIT_UM = 4.0
"""µm that a 1 in the network's two channels of the way to the centre stands for."""

# A pixel farther from a centre than this is of no nucleus, and a vote farther from a centre than this is for none.
_FARTHEST_UM = 12.0
_VOTE_UM = 3.0
# Two centres are at least this far apart: less than a small lymphocyte is wide.
_APART_UM = 2.0
_SMALLEST_UM2 = 4.0
# Coarse pixels at the rim of a nucleus are kept below even odds: the fine outline is cut out of them afterwards.
_RIM_LOGIT = -4.0


@dataclass(frozen=True, eq=False)
class Nuclei:
    """The nuclei of one window.

    Parameters
    ----------
    labels : (rows, cols) array of int32
        0 outside of nuclei, else 1 + the nucleus's place in the arrays below.
    inside : (rows, cols) array of bool
        Where any nucleus is, also one whose centre lies outside of the window or that was not told apart.
    peak : (n, 2) array of int
        Output pixel of the peak, in `OUTPUT_STRIDE` pixels of the window: it says whose nucleus it is.
    moment : (n, 2) array of int
        Sum of the rows and of the columns of its pixels: whole numbers add up the same in any window.
    area_px : (n,) array of int
        Pixels of each.
    probability : (n,) array
        That there is a nucleus.
    class_shares : (n, n_classes) array
        Mean probability of each class over the nucleus.
    """

    labels: NDArray[np.int32]
    inside: NDArray[np.bool_]
    peak: NDArray[np.int64]
    moment: NDArray[np.int64]
    area_px: NDArray[np.int64]
    probability: NDArray[np.float64]
    class_shares: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.area_px)

    def centre_from(self, row: int, col: int) -> NDArray[np.float64]:
        """Centres of gravity, (n, 2), counted from another corner: the window's own row and column there are given."""
        area = self.area_px[:, None]
        return np.asarray((self.moment + area * np.array([row, col])) / area, np.float64)


def decode_nuclei(maps: NDArray[np.float32], mpp: float, threshold: float) -> Nuclei:
    """Find the nuclei in a network's output.

    Parameters
    ----------
    maps : (4 + n_classes, rows / 2, cols / 2) array of float32
        From `histo.nn.nuclei_network.NucleiNet`.
    mpp : float
        µm per pixel of the image that it saw.
    threshold : float
        Least probability of a centre.

    Returns
    -------
    Nuclei
        Those of more than 4 µm².
    """
    step_um = mpp * OUTPUT_STRIDE
    fine_shape = OUTPUT_STRIDE * maps.shape[1], OUTPUT_STRIDE * maps.shape[2]
    inside = np.asarray(cv2.resize(maps[1], fine_shape[::-1], interpolation=cv2.INTER_LINEAR) > 0, bool)
    way_px = np.clip(maps[2:N_GEOMETRY] * WAY_UNIT_UM, -_FARTHEST_UM, _FARTHEST_UM) / step_um
    peaks, logit = _find_peaks(maps[0], way_px, step_um, threshold)
    if not len(peaks):
        return _none(inside, len(maps) - N_GEOMETRY)
    coarse = _largest_pieces(_vote(maps[1], way_px, peaks, step_um), len(peaks))
    labels = np.repeat(np.repeat(coarse, OUTPUT_STRIDE, axis=0), OUTPUT_STRIDE, axis=1) * inside
    area = np.bincount(labels.ravel(), minlength=len(peaks) + 1)[1:]
    kept = area * mpp**2 >= _SMALLEST_UM2
    number = np.concatenate([[0], np.where(kept, np.cumsum(kept), 0)]).astype(np.int32)
    labels, coarse = number[labels], number[coarse]
    n_kept = int(kept.sum())
    return Nuclei(
        labels=labels,
        inside=inside,
        peak=peaks[kept],
        moment=_moments(labels, n_kept),
        area_px=area[kept],
        probability=1.0 / (1.0 + np.exp(-logit[kept].astype(np.float64))),
        class_shares=_class_shares(maps[N_GEOMETRY:], coarse, n_kept),
    )


def _find_peaks(
    centre_logit: NDArray[np.float32], way_px: NDArray[np.float32], step_um: float, threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find pixels that are surer than all around them of being a centre, and whose own way there is short."""
    smooth = np.asarray(cv2.GaussianBlur(centre_logit, (3, 3), 0.6), np.float32)
    reach = max(round(_APART_UM / step_um), 1)
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    is_peak = (smooth >= cv2.dilate(smooth, around)) & (smooth > np.log(threshold / (1 - threshold)))
    is_peak &= np.hypot(way_px[0], way_px[1]) <= _VOTE_UM / step_um
    # Equal neighbours are one peak: the first of them.
    _, pieces = cv2.connectedComponents(is_peak.view(np.uint8), connectivity=8)
    found, first = np.unique(pieces.ravel(), return_index=True)
    places = np.stack(np.unravel_index(first[found > 0], is_peak.shape), axis=1).astype(np.int64)
    return places, smooth[places[:, 0], places[:, 1]]


def _vote(
    inside_logit: NDArray[np.float32], way_px: NDArray[np.float32], peaks: NDArray[np.int64], step_um: float
) -> NDArray[np.int32]:
    """Give each pixel to the peak that its way leads to."""
    elsewhere = np.ones(inside_logit.shape, np.uint8)
    elsewhere[peaks[:, 0], peaks[:, 1]] = 0
    away, nearest = cv2.distanceTransformWithLabels(
        elsewhere, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number = np.zeros(int(nearest.max()) + 1, np.int32)
    number[nearest[peaks[:, 0], peaks[:, 1]]] = np.arange(1, len(peaks) + 1)
    rows, cols = np.nonzero(inside_logit > _RIM_LOGIT)
    to_rows = np.rint(rows + way_px[0, rows, cols]).astype(np.int64)
    to_cols = np.rint(cols + way_px[1, rows, cols]).astype(np.int64)
    n_rows, n_cols = inside_logit.shape
    lands = (to_rows >= 0) & (to_rows < n_rows) & (to_cols >= 0) & (to_cols < n_cols)
    rows, cols, to_rows, to_cols = rows[lands], cols[lands], to_rows[lands], to_cols[lands]
    counts = away[to_rows, to_cols] <= _VOTE_UM / step_um
    labels = np.zeros(inside_logit.shape, np.int32)
    labels[rows[counts], cols[counts]] = number[nearest[to_rows[counts], to_cols[counts]]]
    return labels


def _largest_pieces(labels: NDArray[np.int32], n_labels: int) -> NDArray[np.int32]:
    """Keep of each nucleus its largest piece."""
    pieces = np.asarray(label(labels, connectivity=1, background=0))  # type: ignore[no-untyped-call]
    sizes = np.bincount(pieces.ravel())
    owner = np.zeros(len(sizes), np.int32)
    owner[pieces.ravel()] = labels.ravel()
    # Written from the smallest to the largest, so the largest stays; of equals the first in reading order.
    order = np.lexsort((-np.arange(len(sizes)), sizes))
    largest = np.zeros(n_labels + 1, np.int64)
    largest[owner[order]] = order
    is_kept = np.zeros(len(sizes), bool)
    is_kept[largest[1:]] = True
    is_kept[0] = False
    return np.where(is_kept[pieces], labels, np.int32(0))


def _moments(labels: NDArray[np.int32], n_nuclei: int) -> NDArray[np.int64]:
    rows, cols = np.nonzero(labels)
    owner = labels[rows, cols] - 1
    return np.stack([np.bincount(owner, axis, n_nuclei) for axis in (rows, cols)], axis=1).astype(np.int64)


def _class_shares(logits: NDArray[np.float32], labels: NDArray[np.int32], n_nuclei: int) -> NDArray[np.float64]:
    rows, cols = np.nonzero(labels)
    owner = labels[rows, cols] - 1
    own = logits[:, rows, cols].astype(np.float64)
    shares = np.exp(own - own.max(axis=0)) if len(own) else own
    shares /= shares.sum(axis=0)
    area = np.bincount(owner, minlength=n_nuclei)
    sums = [np.bincount(owner, share, n_nuclei) / np.maximum(area, 1) for share in shares]
    return np.stack(sums, axis=1) if sums else np.zeros((n_nuclei, 0))


def _none(inside: NDArray[np.bool_], n_classes: int) -> Nuclei:
    nothing = np.zeros(0)
    return Nuclei(
        labels=np.zeros(inside.shape, np.int32),
        inside=inside,
        peak=np.zeros((0, 2), np.int64),
        moment=np.zeros((0, 2), np.int64),
        area_px=nothing.astype(np.int64),
        probability=nothing,
        class_shares=np.zeros((0, n_classes)),
    )
