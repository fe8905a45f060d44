"""How often studies without any true effect come out positive: our default test beside the usual ones.

Run with ``python benchmarks/type_one_error.py [--studies 20000]``; the table is printed and kept in
``benchmarks/results/type_one_error.txt``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from histo.study import NullRates, StudyLayout, null_rates

RESULTS = Path(__file__).parent / "results" / "type_one_error.txt"
EXPENSIVE_RELABELINGS = 2_000  # an exact test of 8 v 8 has 12,870 relabelings for each study

LAYOUTS = [
    *(StudyLayout(n, n, 8, icc) for n in (4, 5, 6, 8) for icc in (0.3, 0.6)),
    *(StudyLayout(4, 4, 6, icc) for icc in (0.3, 0.6)),
    *(StudyLayout(4, 7, 8, icc) for icc in (0.3, 0.6)),
    *(StudyLayout(5, 5, 8, 0.6, distribution) for distribution in ("skewed", "heavy")),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=20_000, help="studies drawn for each layout")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    start = time.perf_counter()
    title = (
        f"Studies without a true effect, {arguments.studies} drawn for each layout (8 v 8: {EXPENSIVE_RELABELINGS} at "
        f"most), seed {arguments.seed}; positives at nominal 5 %."
    )
    ratio = "ratio: positives of the t-test on sections over those of our default, the permutation of animals."
    head = (
        f"{'animals':>8} {'sections':>8} {'ICC':>4} {'shape':>7} | {'permutation':>11} {'Welch':>6} {'sections':>8} "
        f"{'ratio':>5} | {'95 % interval holds 0':>21}"
    )
    lines = [title, ratio, "", head]
    print("\n".join(lines))
    for layout in LAYOUTS:
        n_studies = min(arguments.studies, EXPENSIVE_RELABELINGS) if layout.n_reference == 8 else arguments.studies
        lines.append(_line(layout, null_rates(layout, n_studies, seed=arguments.seed)))
        print(lines[-1], flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{time.perf_counter() - start:.0f} s; written to {RESULTS}")


def _line(layout: StudyLayout, rates: NullRates) -> str:
    animals = f"{layout.n_reference} v {layout.n_comparison}"
    ratio = rates.t_test_on_sections / rates.permutation if rates.permutation else float("inf")
    return (
        f"{animals:>8} {layout.n_sections:>8} {layout.icc:>4} {layout.distribution:>7} | {rates.permutation:>11.1%} "
        f"{rates.welch_on_animals:>6.1%} {rates.t_test_on_sections:>8.1%} {ratio:>5.1f} | "
        f"{rates.interval_coverage:>21.1%}"
    )


if __name__ == "__main__":
    main()
