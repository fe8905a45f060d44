"""How often intervals hold the truth, and tests that take one study at a time err.

    python benchmarks/interval_coverage.py [--studies 2000] [--seed 1]

Studies are drawn in which something truly is there, and each function of `histo.study.inference` gives its 95 %
interval (goal: 93.5 to 96.5 %). The mixed model and the test of equivalence are asked how often they claim what is not
so (goal: at most 6.5 %); where no cell is missing the mixed model's F of a group is the F of the animals' means, whose
share over many more studies stands in ``benchmarks/type_one_error.py``. The intervals of two groups stand there too.
The output is kept in ``benchmarks/results/interval_coverage.txt``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from parts.interval_studies import differences, equivalences, mixed_models, rank_correlations, slopes
from parts.kept_report import show_and_keep

RESULTS = Path(__file__).parent / "results" / "interval_coverage.txt"

# Animals of the groups, missing cells of animal and segment, share of the variance between animals.
MIXED = [((5, 5), 0, 0.6), ((5, 5, 5), 0, 0.3), ((5, 5, 5), 0, 0.6), ((4, 4, 4), 0, 0.6), ((4, 5, 6), 7, 0.6)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2_000, help="studies drawn for each row")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    show_and_keep(report(arguments.studies, arguments.seed), RESULTS)


def report(n_studies: int, seed: int) -> Iterator[str]:
    of_95, of_5 = (np.sqrt(share * (1 - share) / n_studies) for share in (0.95, 0.05))
    yield f"{n_studies:,} studies drawn for each row, seed {seed}; normal values."
    yield f"The standard error of a share of 95 % is {of_95:.1%}, of 5 % {of_5:.1%}."
    yield from intervals(n_studies, np.random.default_rng([seed, 0]))
    yield from mixed(n_studies, np.random.default_rng([seed, 1]))


def intervals(n_studies: int, rng: np.random.Generator) -> Iterator[str]:
    """Draw studies in which something truly is there, and test them one at a time."""
    yield ""
    yield "95 % intervals that hold the truth."
    for sizes, effect in (((5, 5), 1.2), ((4, 4), 2.0), ((4, 7), 1.2)):
        found = differences(sizes, effect, n_studies, rng)
        yield (
            f"compare_two, {' v '.join(map(str, sizes))}, true difference {effect:g} SD: "
            f"difference {found['difference']:.1%}, Hedges' g {found['effect']:.1%}"
        )
    for sizes, slope in (((5, 5, 5), 0.0), ((5, 5, 5), 1.0), ((4, 5, 7), 1.0)):
        held = slopes(sizes, slope, n_studies, rng)
        yield f"trend, {' v '.join(map(str, sizes))}, true slope {slope:g} SD: {held:.1%}"
    for n_animals, rho in ((10, 0.0), (10, 0.5), (15, 0.0), (15, 0.8)):
        found = rank_correlations(n_animals, rho, n_studies, rng)
        yield (
            f"rank_correlation, {n_animals} animals, true {rho:g}: {found['covered']:.1%}"
            + (f"; positives {found['positive']:.1%}" if rho == 0 else "")
        )
    for n_animals in (4, 5, 6):
        wrong = equivalences(n_animals, n_studies, rng)
        yield f"equivalence, {n_animals} v {n_animals}, true difference at the margin: called alike {wrong:.1%}"


def mixed(n_studies: int, rng: np.random.Generator) -> Iterator[str]:
    """Count groups that the mixed model finds though they do not differ."""
    yield ""
    yield "mixed_model (group + segment + animal), three segments of each animal: groups found that do not differ."
    yield "animals    missing cells  ICC | ours, group  interval of a segment holds"
    for sizes, n_missing, icc in MIXED:
        found = mixed_models(sizes, n_missing, icc, n_studies, rng)
        animals = " v ".join(map(str, sizes))
        yield f"{animals:<10} {n_missing:13d} {icc:4.1f} | {found['positive']:11.1%} {found['covered']:28.1%}"


if __name__ == "__main__":
    main()
