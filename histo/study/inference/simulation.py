"""Studies drawn without any true effect, to count how often a test finds one all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from histo.errors import InvalidArgument
from histo.study.inference.permutation import permutation_test

__all__ = ["NullRates", "StudyLayout", "draw_null_groups", "null_rates"]

Distribution = Literal["normal", "skewed", "heavy"]

_CHUNK = 200


@dataclass(frozen=True)
class StudyLayout:
    """Two groups of animals with sections in each.

    Parameters
    ----------
    n_reference, n_comparison : int
        Animals a group.
    n_sections : int
        Sections an animal.
    icc : float
        Intraclass correlation: share of a section's variance that lies between animals.
    distribution : {"normal", "skewed", "heavy"}, optional
        Of the animals' true values: normal, exponential, or Student's t with three degrees of freedom, each scaled to
        the same variance. Sections scatter normally around their animal.

    Raises
    ------
    InvalidArgument
        If a group has fewer than two animals, an animal no section, or `icc` is not a proportion.
    """

    n_reference: int
    n_comparison: int
    n_sections: int
    icc: float
    distribution: Distribution = "normal"

    def __post_init__(self) -> None:
        if min(self.n_reference, self.n_comparison) < 2 or self.n_sections < 1 or not 0 <= self.icc <= 1:
            raise InvalidArgument(
                "this study layout cannot be drawn",
                expected="two animals a group, one section an animal, an ICC from 0 to 1",
                got=f"{self.n_reference} and {self.n_comparison} animals, {self.n_sections} sections, ICC {self.icc}",
            )


@dataclass(frozen=True)
class NullRates:
    """How often each procedure errs when nothing differs; all as proportions of `n_studies`.

    Parameters
    ----------
    permutation : float
        False positives of our default, the permutation of animals.
    welch_on_animals : float
        False positives of Welch's t-test on animal means.
    t_test_on_sections : float
        False positives of the t-test that takes sections for animals.
    interval_coverage : float
        Intervals of the difference (the permutation test inverted) that hold the true difference, zero.
    n_studies : int
        Studies drawn.
    plain_permutation : float
        False positives of the same permutation by its plain p-value, without mid-p.
    """

    permutation: float
    welch_on_animals: float
    t_test_on_sections: float
    interval_coverage: float
    n_studies: int
    plain_permutation: float


def draw_null_groups(
    n_animals: Sequence[int], layout: StudyLayout, n_studies: int, rng: np.random.Generator
) -> list[NDArray[np.float64]]:
    """Draw studies of as many groups as are asked for, which do not differ.

    Parameters
    ----------
    n_animals : sequence of int
        Animals of each group; it stands for the layout's own numbers.
    layout : StudyLayout
        Sections, intraclass correlation and distribution.
    n_studies : int
        Studies to draw.
    rng : Generator
        Source of chance.

    Returns
    -------
    list of (n_studies, n_animals, n_sections) arrays
        Section values with variance 1.
    """
    return [_draw_sections(layout, (n_studies, n, layout.n_sections), rng) for n in n_animals]


def null_rates(layout: StudyLayout, n_studies: int, *, level: float = 0.05, seed: int = 0) -> NullRates:
    """Simulate the error rates of the right tests and of the usual wrong one, for one layout.

    Parameters
    ----------
    layout : StudyLayout
        Animals, sections and their likeness.
    n_studies : int
        Studies to draw.
    level : float, optional
        Nominal level of the tests.
    seed : int, optional
        Seed of the draw.
    """
    rng = np.random.default_rng(seed)
    false_positives = np.zeros(4, dtype=int)
    for start in range(0, n_studies, _CHUNK):
        sizes = (layout.n_reference, layout.n_comparison)
        reference, comparison = draw_null_groups(sizes, layout, min(_CHUNK, n_studies - start), rng)
        means = reference.mean(axis=-1), comparison.mean(axis=-1)
        sections = (values.reshape(len(values), -1) for values in (reference, comparison))
        permuted = permutation_test(*means, seed=seed)
        p_values = (
            permuted.p_value,
            permuted.p_plain,
            stats.ttest_ind(*means, axis=-1, equal_var=False).pvalue,
            stats.ttest_ind(*sections, axis=-1).pvalue,
        )
        false_positives += [int((p <= level).sum()) for p in p_values]
    permutation, plain, welch, naive = (float(count) / n_studies for count in false_positives)
    # The interval inverts the permutation test: it misses the truth exactly when that test is significant.
    return NullRates(permutation, welch, naive, 1 - permutation, n_studies, plain)


def _draw_sections(layout: StudyLayout, size: tuple[int, int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    animal_size = (size[0], size[1], 1)
    if layout.distribution == "skewed":
        animals = rng.exponential(size=animal_size) - 1
    elif layout.distribution == "heavy":
        animals = rng.standard_t(3, size=animal_size) / np.sqrt(3)
    else:
        animals = rng.standard_normal(animal_size)
    sections = rng.standard_normal(size)
    drawn: NDArray[np.float64] = np.sqrt(layout.icc) * animals + np.sqrt(1 - layout.icc) * sections
    return drawn
