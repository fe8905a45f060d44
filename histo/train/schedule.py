"""The learning rate of each step."""

from __future__ import annotations

from math import cos, pi

from histo.train.settings import Optimisation

__all__ = ["learning_rate"]

_LAST_SHARE = 0.01


def learning_rate(step: int, settings: Optimisation) -> float:
    """Rise linearly, then fall along half a cosine to a hundredth (Loshchilov and Hutter 2017); settling does so again.

    Parameters
    ----------
    step : int
        Counted from 0.
    settings : Optimisation
        Highest rate, steps in all and of warm-up, and of settling.

    Returns
    -------
    float

    Examples
    --------
    >>> settings = Optimisation(steps=100, warmup_steps=10, learning_rate=0.1)
    >>> [round(learning_rate(step, settings), 4) for step in (0, 9, 55, 100)]
    [0.01, 0.1, 0.0505, 0.001]
    """
    first, settling = settings.settles_at, settings.settling
    if settling.steps and step >= first:
        return _rate(step - first, settling.steps, settling.warmup_steps, settling.learning_rate)
    return _rate(step, first, settings.warmup_steps, settings.learning_rate)


def _rate(step: int, n_steps: int, n_warmup: int, highest: float) -> float:
    if step < n_warmup:
        return highest * (step + 1) / n_warmup
    done = (step - n_warmup) / max(n_steps - n_warmup, 1)
    return highest * (_LAST_SHARE + (1 - _LAST_SHARE) * 0.5 * (1 + cos(pi * min(done, 1.0))))
