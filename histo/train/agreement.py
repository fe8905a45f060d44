"""How well predicted compartments agree with the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histo.train.source import N_CLASSES
from histo.types import Compartment

__all__ = ["POOLED", "confusion_matrix", "dice"]

POOLED: dict[str, tuple[Compartment, ...]] = {
    "villus": (Compartment.VILLUS_EPITHELIUM, Compartment.VILLUS_LAMINA_PROPRIA),
    "tissue": tuple(member for member in Compartment if member is not Compartment.BACKGROUND),
}
"""Compartments that are also judged together."""


def confusion_matrix(truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count pixels by what they are and what they were taken for.

    Parameters
    ----------
    truth : array of uint8
        Compartments; pixels that are none (`IGNORE`, `NOT_CRYPT`) are not counted.
    predicted : array of uint8, of the same shape
        Compartments.

    Returns
    -------
    (10, 10) array
        Rows are the truth, columns the prediction.

    Examples
    --------
    >>> confusion_matrix(np.uint8([0, 0, 1, 255]), np.uint8([0, 1, 1, 1]))[:2, :2]
    array([[1, 1],
           [0, 1]])
    """
    known = truth < N_CLASSES
    pairs = truth[known].astype(np.int64) * N_CLASSES + predicted[known]
    return np.bincount(pairs, minlength=N_CLASSES**2).reshape(N_CLASSES, N_CLASSES)


def dice(confusion: NDArray[np.int64], compartments: tuple[Compartment, ...]) -> float:
    """Overlap of compartments taken together: twice the shared pixels over the sum of both (Dice 1945).

    Parameters
    ----------
    confusion : (10, 10) array
        From `confusion_matrix`; those of several pictures may be added.
    compartments : tuple of Compartment
        Taken as one.

    Returns
    -------
    float
        0 to 1; NaN if they are neither in the truth nor in the prediction.
    """
    chosen = [int(member) for member in compartments]
    shared = confusion[np.ix_(chosen, chosen)].sum()
    size = confusion[chosen].sum() + confusion[:, chosen].sum()
    return float(2 * shared / size) if size else float("nan")
