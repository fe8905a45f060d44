"""A linear model with one random intercept, fitted by REML, and its small-sample degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

__all__ = ["RandomIntercept", "fit_random_intercept"]

_LOG_RATIOS = np.linspace(-12.0, 12.0, 49)
_NEWTON_STEPS = 6


@dataclass(frozen=True, eq=False)
class RandomIntercept:
    """A fitted model: value = X β + animal + residual.

    Parameters
    ----------
    values : (n,) array
        Centred or not.
    design : (n, p) array
        X, of full rank.
    blocks : (n,) array of int
        The animal of each value: 0, 1, ...
    variance_between, variance_within : float
        Of animals and of residuals, by REML; the first may be 0.
    """

    values: NDArray[np.float64]
    design: NDArray[np.float64]
    blocks: NDArray[np.int64]
    variance_between: float
    variance_within: float

    @cached_property
    def _members(self) -> NDArray[np.float64]:
        members: NDArray[np.float64] = (self.blocks[:, np.newaxis] == np.arange(self.blocks.max() + 1)).astype(float)
        return members

    @cached_property
    def _precision(self) -> NDArray[np.float64]:
        """Inverse of the covariance of the values."""
        ratio = self.variance_between / self.variance_within
        sizes = self._members.sum(axis=0)
        shrunk = self._members * (ratio / (1 + ratio * sizes))
        inverse: NDArray[np.float64] = (np.eye(self.values.size) - shrunk @ self._members.T) / self.variance_within
        return inverse

    def covariance(self, design: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Compute the covariance of the coefficients of a design, by default the model's own."""
        x = self.design if design is None else design
        return np.asarray(np.linalg.inv(x.T @ self._precision @ x), dtype=np.float64)

    def coefficients(self, design: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Estimate the coefficients of a design of the same column space, by generalised least squares."""
        x = self.design if design is None else design
        estimates: NDArray[np.float64] = self.covariance(x) @ (x.T @ self._precision @ self.values)
        return estimates

    def degrees_of_freedom(self, contrast: NDArray[np.float64], design: NDArray[np.float64] | None = None) -> float:
        """Approximate the degrees of freedom of one contrast of coefficients.

        Parameters
        ----------
        contrast : (p,) array
            Weights of the coefficients.
        design : (n, p) array, optional
            To which they belong.

        Notes
        -----
        Satterthwaite's method with the observed information of the REML likelihood (Giesbrecht and Burns 1985,
        Biometrics 41:477; as lmerTest, Kuznetsova et al. 2017, J Stat Softw 82(13)). Where the variance between animals
        is estimated as 0, that method knows nothing of animals and would count sections; the contrast then has the
        degrees of freedom of the level at which it varies (between-within: Schluchter and Elashoff 1990, J Stat Comput
        Simul 37:69).
        """
        x = self.design if design is None else design
        if self.variance_between <= 0:
            return self._between_within(contrast, x)
        covariance = self.covariance(x)
        weighted = self._precision @ x @ covariance @ contrast
        variance = float(contrast @ covariance @ contrast)
        by_animal = self._members.T @ weighted
        gradient = np.array([by_animal @ by_animal, weighted @ weighted])
        spread = float(gradient @ np.linalg.solve(self.information, gradient))
        return 2 * variance**2 / spread if spread > 0 else self._between_within(contrast, x)

    @cached_property
    def _residual_maker(self) -> NDArray[np.float64]:
        of_design = self._precision @ self.design
        maker: NDArray[np.float64] = self._precision - of_design @ self.covariance() @ of_design.T
        return maker

    @cached_property
    def score(self) -> NDArray[np.float64]:
        """Slope of the restricted log-likelihood in both variances."""
        projected = self._residual_maker @ self.values
        by_animal = self._members.T @ projected
        trace = np.einsum("ib,ij,jb->", self._members, self._residual_maker, self._members)
        between = by_animal @ by_animal - trace
        within = projected @ projected - np.trace(self._residual_maker)
        return np.array([between, within]) / 2

    @cached_property
    def information(self) -> NDArray[np.float64]:
        """Observed information of both variances."""
        maker, members = self._residual_maker, self._members
        projected = maker @ self.values
        of_animals = members @ (members.T @ projected)
        reach = maker @ members
        inside = members.T @ reach
        twice = np.array(
            [[np.sum(inside**2), np.sum(reach**2)], [np.sum(reach**2), np.sum(maker**2)]],
        )
        vectors = np.column_stack([of_animals, projected])
        information: NDArray[np.float64] = vectors.T @ maker @ vectors - twice / 2
        return information

    def _between_within(self, contrast: NDArray[np.float64], design: NDArray[np.float64]) -> float:
        """Count animals less what varies between them, or values less animals less what varies within."""
        sizes = self._members.sum(axis=0)
        of_animals = self._members @ ((self._members.T @ design) / sizes[:, np.newaxis])
        within = design - of_animals
        n_within = int(np.linalg.matrix_rank(within))
        is_within = bool(np.abs(within[:, np.abs(contrast) > 0]).max() > 0)
        n, p = design.shape
        if is_within:
            return float(n - sizes.size - n_within)
        return float(sizes.size - (p - n_within))


def fit_random_intercept(
    values: NDArray[np.float64], design: NDArray[np.float64], blocks: NDArray[np.int64]
) -> RandomIntercept:
    """Fit the model by restricted maximum likelihood.

    Parameters
    ----------
    values, design, blocks
        As `RandomIntercept` has them.

    Returns
    -------
    RandomIntercept

    Notes
    -----
    Patterson and Thompson 1971, Biometrika 58:545. One ratio of variances is searched, over a grid and then between its
    neighbours, and refined by Newton's method; statsmodels' MixedLM gives the same estimates, but no small-sample
    degrees of freedom.
    """
    sums = _BlockSums(values, design, blocks)
    deviances = [sums.deviance(float(np.exp(log_ratio))) for log_ratio in _LOG_RATIOS]
    best = int(np.argmin(deviances))
    around = _LOG_RATIOS[max(best - 1, 0)], _LOG_RATIOS[min(best + 1, len(_LOG_RATIOS) - 1)]
    found = optimize.minimize_scalar(
        lambda log_ratio: sums.deviance(float(np.exp(log_ratio))), bounds=around, method="bounded"
    )
    ratio = float(np.exp(found.x))
    if sums.deviance(0.0) <= float(found.fun) + 1e-10:
        return RandomIntercept(values, design, blocks, 0.0, sums.variance(0.0))
    within = sums.variance(ratio)
    model = RandomIntercept(values, design, blocks, ratio * within, within)
    for _ in range(_NEWTON_STEPS):
        step = np.linalg.solve(model.information, model.score)
        moved = np.array([model.variance_between, model.variance_within]) + step
        if (moved <= 0).any() or not np.isfinite(moved).all():
            break
        model = RandomIntercept(values, design, blocks, float(moved[0]), float(moved[1]))
    return model


class _BlockSums:
    """What the profiled deviance needs, summed over animals once."""

    def __init__(self, values: NDArray[np.float64], design: NDArray[np.float64], blocks: NDArray[np.int64]) -> None:
        both = np.column_stack([design, values])
        self._squares = both.T @ both
        self._sizes = np.bincount(blocks).astype(float)
        self._of_block = np.stack([np.bincount(blocks, column) for column in both.T], axis=1)
        self._degrees = values.size - design.shape[1]

    def deviance(self, ratio: float) -> float:
        """Minus twice the restricted log-likelihood, but for a constant."""
        information, residual = self._solved(ratio)
        _, log_determinant = np.linalg.slogdet(information)
        return float(np.log1p(ratio * self._sizes).sum() + log_determinant + self._degrees * np.log(residual))

    def variance(self, ratio: float) -> float:
        """Variance within, given its ratio to that between."""
        return float(self._solved(ratio)[1] / self._degrees)

    def _solved(self, ratio: float) -> tuple[NDArray[np.float64], float]:
        shrink = ratio / (1 + ratio * self._sizes)
        moments = self._squares - (self._of_block * shrink[:, np.newaxis]).T @ self._of_block
        information, with_values = moments[:-1, :-1], moments[:-1, -1]
        residual = float(moments[-1, -1] - with_values @ np.linalg.solve(information, with_values))
        return information, max(residual, np.finfo(float).tiny)
