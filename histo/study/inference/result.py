"""What a test of a study answers: how much, how sure, from how many animals."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

__all__ = ["Inference"]


@dataclass(frozen=True)
class Inference:
    """Outcome of one test, as a row of the ``contrasts`` and ``questions`` tables carries it.

    Parameters
    ----------
    test : str
        The test, named; ``"none"`` where nothing could be tested.
    estimate : float, optional
        What was estimated, in the unit of the values: comparison minus reference, slope per step, correlation.
    ci_low, ci_high : float, optional
        Ends of its confidence interval.
    effect_size, effect_low, effect_high : float, optional
        The same without a unit, with its interval.
    statistic, df : float, optional
        Of the test.
    p : float, optional
        Two-sided p-value, unless `test` says otherwise.
    n_a, n_b : int, optional
        Animals in the reference (or in all) and in the comparison.
    p_plain : float, optional
        Where `p` is a mid-p value: the plain permutation p-value beside it.
    note : str, optional
        What a reader must know; why there is no test.

    Notes
    -----
    What does not exist is ``nan`` or empty.
    """

    test: str
    estimate: float = nan
    ci_low: float = nan
    ci_high: float = nan
    effect_size: float = nan
    effect_low: float = nan
    effect_high: float = nan
    statistic: float = nan
    df: float = nan
    p: float = nan
    n_a: int = 0
    n_b: int = 0
    p_plain: float = nan
    note: str = ""
