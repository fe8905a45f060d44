"""The learning rate of each step."""

from __future__ import annotations

from math import cos, pi

from histo.train.settings import Optimisation

__all__ = ["learning_rate"]

_LAST_SHARE = 0.01


def learning_rate(step: int, settings: Optimisation) -> float:
    """Rise linearly, then fall along half a cosine to a hundredth (Loshchilov and Hutter 2017).

    Parameters
    ----------
    step : int
        Counted from 0.
    settings : Optimisation
        Highest rate, steps in all and of warm-up.

    Returns
    -------
    float

    Examples
    --------
    >>> settings = Optimisation(steps=100, warmup_steps=10, learning_rate=0.1)
    >>> [round(learning_rate(step, settings), 4) for step in (0, 9, 55, 100)]
    [0.01, 0.1, 0.0505, 0.001]
    """
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(settings.steps - settings.warmup_steps, 1)
    return settings.learning_rate * (_LAST_SHARE + (1 - _LAST_SHARE) * 0.5 * (1 + cos(pi * min(done, 1.0))))
