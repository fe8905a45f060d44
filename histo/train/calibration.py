"""Make a network's probabilities mean what they say: of pixels labelled with 0.8, eight in ten are right.

A network is sure of nearly everything that it was trained on, and stays as sure of what it was not. Dividing its logits
by one number, the temperature, mends most of that and moves no label (Guo et al. 2017, On calibration of modern neural
networks, ICML).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax

from histo.nn import ModelSpec, Prediction, Window
from histo.train.source import Source

__all__ = [
    "Calibration",
    "ChosenPixels",
    "LogitSample",
    "ReliabilityBin",
    "calibrate",
    "calibration_error",
    "fit_temperature",
    "reliability",
]

_N_BINS = 15
_PIXELS_PER_PICTURE = 20_000
_COOLEST, _HOTTEST = 0.1, 10.0


@dataclass(frozen=True, eq=False)
class LogitSample:
    """Some pixels of one picture, or of a part of it.

    Parameters
    ----------
    origin : str
        Source of the picture.
    logits : (n, n_classes) array
        Of the network, before any temperature.
    truth : (n,) array of int
        Which of the network's classes each pixel is.
    """

    origin: str
    logits: NDArray[np.float64]
    truth: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ChosenPixels:
    """The pixels of a picture that a calibration looks at.

    Parameters
    ----------
    origin : str
        Source of the picture.
    is_chosen : (rows, cols) array of bool
        About 20,000 of those with truth, chosen evenly; all if there are fewer.
    classes : (rows, cols) array of int
        Which of the network's classes each pixel is; -1 without truth.
    """

    origin: str
    is_chosen: NDArray[np.bool_]
    classes: NDArray[np.int64]

    @classmethod
    def of(cls, source: Source, spec: ModelSpec) -> ChosenPixels:
        """Choose pixels, the same ones whenever it is asked."""
        channel = np.full(256, -1)
        channel[[int(member) for member in spec.compartments]] = np.arange(len(spec.classes))
        classes = channel[np.asarray(source.truth)]
        rng = np.random.default_rng(classes.size)
        share = _PIXELS_PER_PICTURE / max((classes >= 0).sum(), 1)
        return cls(source.origin, (classes >= 0) & (rng.random(classes.shape) < share), classes)

    def sample(self, part: Prediction) -> LogitSample:
        """Take what a network said of those in one tile; nothing of a tile of empty glass."""
        rows, cols = self.is_chosen.shape
        place = part.window.slices(Window(0, 0, rows, cols))
        is_chosen = self.is_chosen[place] & (part.logits is not None)
        logits = np.empty((0, 0)) if part.logits is None else part.logits[:, is_chosen].T.astype(np.float64)
        return LogitSample(self.origin, logits, self.classes[place][is_chosen])


@dataclass(frozen=True)
class ReliabilityBin:
    """Pixels of nearly the same probability.

    Parameters
    ----------
    said, right : float
        Mean probability of their labels, and the share of them whose label is true.
    share : float
        Of all pixels.
    """

    said: float
    right: float
    share: float


@dataclass(frozen=True)
class Calibration:
    """A temperature, and what it is good for.

    Parameters
    ----------
    temperature : float
        Fitted on all pictures.
    error_before, error_after : float
        Expected calibration error without a temperature and with it. A source is judged with the temperature that fits
        the other sources, if there are any.
    bins : tuple of ReliabilityBin
        Of the probabilities with a temperature, from low to high; bins without pixels are left out.
    origins : tuple of str
        Sources of the pictures.
    n_pixels : int
        Used.
    """

    temperature: float
    error_before: float
    error_after: float
    bins: tuple[ReliabilityBin, ...]
    origins: tuple[str, ...]
    n_pixels: int

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON writes it."""
        return asdict(self)


def calibrate(samples: Iterable[LogitSample]) -> Calibration | None:
    """Fit a temperature and judge it.

    Parameters
    ----------
    samples : iterable of LogitSample
        Of pictures that the network was not trained on.

    Returns
    -------
    Calibration or None
        None if there are no pixels.
    """
    by_origin: dict[str, list[LogitSample]] = {}
    for sample in samples:
        if len(sample.truth):
            by_origin.setdefault(sample.origin, []).append(sample)
    if not by_origin:
        return None
    whole = [sample for group in by_origin.values() for sample in group]
    cooled = []
    for origin, group in by_origin.items():
        others = [sample for sample in whole if sample.origin != origin] or group
        temperature = fit_temperature(*_joined(others))
        cooled += [LogitSample(origin, sample.logits / temperature, sample.truth) for sample in group]
    before, after = reliability(*_joined(whole)), reliability(*_joined(cooled))
    return Calibration(
        temperature=fit_temperature(*_joined(whole)),
        error_before=calibration_error(before),
        error_after=calibration_error(after),
        bins=after,
        origins=tuple(by_origin),
        n_pixels=sum(len(sample.truth) for sample in whole),
    )


def fit_temperature(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Find the temperature under which the truth is likeliest.

    Parameters
    ----------
    logits : (n, n_classes) array
        Before any temperature.
    truth : (n,) array of int
        Class of each.

    Returns
    -------
    float
        0.1 to 10, to three decimals, so that the last bits of a sum do not matter.

    Examples
    --------
    >>> logits = np.log([[0.8, 0.2]] * 10) * 3
    >>> fit_temperature(logits, np.array([0] * 8 + [1] * 2))
    3.0
    """
    own = logits[np.arange(len(truth)), truth]

    def surprise(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float(np.mean(logsumexp(logits * scale, axis=1) - own * scale))

    bounds = float(np.log(_COOLEST)), float(np.log(_HOTTEST))
    found = minimize_scalar(surprise, bounds=bounds, method="bounded", options={"xatol": 1e-5})
    return round(float(np.exp(found.x)), 3)


def reliability(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[ReliabilityBin, ...]:
    """Compare how sure a network is with how often it is right, in fifteen bins of equal width.

    Parameters
    ----------
    logits : (n, n_classes) array
        After the temperature.
    truth : (n,) array of int
        Class of each.

    Returns
    -------
    tuple of ReliabilityBin
    """
    probability = softmax(logits, axis=1).max(axis=1)
    is_right = logits.argmax(axis=1) == truth
    index = np.minimum((probability * _N_BINS).astype(int), _N_BINS - 1)
    return tuple(
        ReliabilityBin(
            float(probability[index == number].mean()), float(is_right[index == number].mean()), float(share)
        )
        for number, share in enumerate(np.bincount(index, minlength=_N_BINS) / len(truth))
        if share > 0
    )


def calibration_error(bins: Iterable[ReliabilityBin]) -> float:
    """Average how far what was said lies from what was right: the expected calibration error of Guo et al.

    Examples
    --------
    >>> calibration_error([ReliabilityBin(0.95, 0.75, 0.5), ReliabilityBin(0.5, 0.5, 0.5)])
    0.1
    """
    return round(sum(entry.share * abs(entry.said - entry.right) for entry in bins), 6)


def _joined(samples: list[LogitSample]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    return np.concatenate([sample.logits for sample in samples]), np.concatenate([sample.truth for sample in samples])
