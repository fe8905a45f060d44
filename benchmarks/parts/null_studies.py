"""Studies without any true effect, drawn many at a time, and the p-values that each procedure gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from histo.study.inference import permutation_interval, permutation_test, westfall_young
from histo.study.inference.blocked import share_explained
from histo.study.inference.relabeling import is_mid_p_fair, one_sided_p, relabelings, two_sided_p
from histo.study.inference.several import welch_f
from histo.study.inference.simulation import StudyLayout, draw_null_groups
from histo.study.inference.trend import concordance

__all__ = [
    "DRAWN_RELABELINGS",
    "N_BOOTSTRAPS",
    "SLOW_SHARE",
    "Layout",
    "Shape",
    "draw_sections",
    "endpoints_p",
    "several_groups_p",
    "trend_p",
    "two_groups_p",
    "within_animals_p",
]

Array = NDArray[np.float64]
Shape = Literal["normal", "skewed", "heavy"]

DRAWN_RELABELINGS = 1_000
N_BOOTSTRAPS = 400
SLOW_SHARE = 10
"""One study in so many gets the procedures that take long: intervals by halving, the bootstrap."""


@dataclass(frozen=True)
class Layout:
    """Groups of animals with sections in each.

    Parameters
    ----------
    sizes : tuple of int
        Animals in each group.
    n_sections : int
        Sections of each animal.
    icc : float
        Share of a section's variance that lies between animals.
    shape : str
        Of the animals' true values: normal, exponential, or Student's t with three degrees of freedom.
    spread : tuple of float
        What each group scatters, relative to the others; empty: all alike.
    """

    sizes: tuple[int, ...]
    n_sections: int
    icc: float
    shape: Shape = "normal"
    spread: tuple[float, ...] = ()

    @property
    def animals(self) -> str:
        """The groups' sizes, and what they scatter where they do not scatter alike."""
        sizes = " v ".join(map(str, self.sizes))
        return f"{sizes} (SD {':'.join(f'{s:g}' for s in self.spread)})" if self.spread else sizes


def draw_sections(layout: Layout, n_studies: int, rng: np.random.Generator) -> list[Array]:
    """Draw the groups' sections, (studies, animals, sections) each; all true means are 0."""
    kind = StudyLayout(layout.sizes[0], layout.sizes[1], layout.n_sections, layout.icc, layout.shape)
    groups = draw_null_groups(layout.sizes, kind, n_studies, rng)
    spreads = layout.spread or (1.0,) * len(groups)
    return [sections * spread for sections, spread in zip(groups, spreads, strict=True)]


def two_groups_p(groups: list[Array], rng: np.random.Generator) -> dict[str, Array]:
    """P-values of our test of two groups and of the usual ones, and whether our interval holds the true difference."""
    a, b = (sections.mean(axis=-1) for sections in groups)
    pooled = [sections.reshape(len(sections), -1) for sections in groups]
    n_slow = max(len(a) // SLOW_SHARE, 1)
    n_intervals = len(a) if a.shape == b.shape else n_slow
    # A true difference of 1, so that the interval is looked for away from the null.
    low, high = permutation_interval(a[:n_intervals], b[:n_intervals] + 1.0)
    return {
        "bootstrap": _bootstrap_p([sections[:n_slow] for sections in groups], rng),
        "permutation": permutation_test(a, b).p_value,
        "welch": stats.ttest_ind(a, b, axis=-1, equal_var=False).pvalue,
        "sections": stats.ttest_ind(*pooled, axis=-1).pvalue,
        "covered": (low <= 1.0) & (high >= 1.0),
    }


def several_groups_p(groups: list[Array], rng: np.random.Generator) -> dict[str, Array]:
    """P-values of the permutation analysis of variance, and of the classical one on animals and on sections."""
    means = [sections.mean(axis=-1) for sections in groups]
    labels, is_mid = _labels_of(means, rng)
    statistic = welch_f(np.concatenate(means, axis=-1), labels)
    pooled = [sections.reshape(len(sections), -1) for sections in groups]
    return {
        "permutation": one_sided_p(statistic / (1 + statistic), is_mid=is_mid),
        "classical": stats.f_oneway(*means, axis=-1).pvalue,
        "sections": stats.f_oneway(*pooled, axis=-1).pvalue,
    }


def trend_p(groups: list[Array], rng: np.random.Generator) -> Array:
    """P-values of Jonckheere and Terpstra's test over groups in their order."""
    means = [sections.mean(axis=-1) for sections in groups]
    labels, is_mid = _labels_of(means, rng)
    statistic = concordance(np.concatenate(means, axis=-1), labels, np.zeros(labels.shape[1], dtype=int))
    return two_sided_p(statistic / statistic.shape[-1], is_mid=is_mid)


def within_animals_p(n_animals: int, n_levels: int, icc: float, n_studies: int, rng: np.random.Generator) -> Array:
    """P-values of a factor within animals (segments, or timepoints of followed animals), one value a cell."""
    animal, level = (part.ravel() for part in np.indices((n_animals, n_levels)))
    found = relabelings(level.tolist(), animal.tolist(), max_relabelings=DRAWN_RELABELINGS, seed=_seed(rng))
    own = np.sqrt(icc) * rng.standard_normal((n_studies, n_animals, 1))
    values = (own + np.sqrt(1 - icc) * rng.standard_normal((n_studies, n_animals, n_levels))).reshape(n_studies, -1)
    share = np.stack([share_explained(of_study, found.labels, animal) for of_study in values])
    return one_sided_p(share, is_mid=is_mid_p_fair(found.n_all))


def endpoints_p(sizes: tuple[int, ...], n_endpoints: int, n_studies: int, rng: np.random.Generator) -> Array:
    """Find each study's smallest adjusted p-value over endpoints that have half of their variance in common."""
    smallest = np.empty(n_studies)
    for study in range(n_studies):
        groups = []
        for size in sizes:
            common = rng.standard_normal((1, size))
            groups.append((common + rng.standard_normal((n_endpoints, size))) / np.sqrt(2))
        smallest[study] = westfall_young(*groups).min()
    return smallest


def _labels_of(means: list[Array], rng: np.random.Generator) -> tuple[NDArray[np.int64], bool]:
    labels = np.repeat(np.arange(len(means)), [values.shape[-1] for values in means])
    found = relabelings(labels.tolist(), max_relabelings=DRAWN_RELABELINGS, seed=_seed(rng))
    return found.labels, is_mid_p_fair(found.n_all)


def _seed(rng: np.random.Generator) -> int:
    """Draw another set of relabelings for each chunk of studies, as one set for all would have a level of its own."""
    return int(rng.integers(2**31))


def _bootstrap_p(groups: list[Array], rng: np.random.Generator) -> Array:
    """P-values of the hierarchical bootstrap: animals are resampled, and sections within them."""
    a, b = (_resampled_means(sections, rng) for sections in groups)
    share = (a < b).mean(axis=-1) + (a == b).mean(axis=-1) / 2
    return np.asarray(2 * np.minimum(share, 1 - share))


def _resampled_means(sections: Array, rng: np.random.Generator) -> Array:
    n_studies, n_animals, n_sections = sections.shape
    chosen = rng.integers(n_animals, size=(n_studies, N_BOOTSTRAPS, n_animals, 1))
    within = rng.integers(n_sections, size=(n_studies, N_BOOTSTRAPS, n_animals, n_sections))
    study = np.arange(n_studies).reshape(-1, 1, 1, 1)
    means: Array = sections[study, chosen, within].mean(axis=(-2, -1))
    return means
