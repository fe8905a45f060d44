"""What a correction over endpoints costs, and what unequal scatter does to the default test.

Run with ``python benchmarks/corrections.py [--studies 2000]``; the tables are printed and kept in
``benchmarks/results/corrections.txt``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy import stats

from histo.study.inference import adjust, permutation_test, westfall_young

RESULTS = Path(__file__).parent / "results" / "corrections.txt"
N_ENDPOINTS = 5
ALIKE = 0.5  # correlation of an animal's endpoints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000, help="studies drawn for each line")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    start = time.perf_counter()
    rng = np.random.default_rng(arguments.seed)
    lines = [
        f"{arguments.studies} studies for each line, seed {arguments.seed}; level 5 %.",
        "",
        f"{N_ENDPOINTS} endpoints of the same animals, correlation {ALIKE}; two differ by so many SD between animals.",
        f"{'animals':>8} {'effect':>6} | {'one or more false':^26} | {'true ones found':^26}",
        f"{'':>8} {'':>6} | {'together':>8} {'Holm':>8} {'BH':>8} | {'together':>8} {'Holm':>8} {'BH':>8}",
    ]
    for n, effect in ((4, 0.0), (4, 2.0), (5, 0.0), (5, 1.5), (5, 2.0), (6, 0.0), (6, 1.5)):
        lines.append(_corrections(n, effect, arguments.studies, rng))
        print(lines[-1], flush=True)
    lines += ["", "Two groups without a difference, of which the second scatters more: positives of one test."]
    lines.append(f"{'animals':>8} {'scatter':>8} | {'histo':>6} {'plain p':>8} {'Welch t':>8} {'Student t':>9}")
    for n, m, ratio in ((5, 5, 1), (5, 5, 2), (5, 5, 3), (4, 7, 2), (7, 4, 2), (7, 4, 3)):
        lines.append(_unequal(n, m, ratio, arguments.studies, rng))
        print(lines[-1], flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{time.perf_counter() - start:.0f} s; written to {RESULTS}")


def _corrections(n: int, effect: float, n_studies: int, rng: np.random.Generator) -> str:
    is_true = np.arange(N_ENDPOINTS) < (2 if effect else 0)
    common = rng.normal(size=(2, n_studies, 1, n))
    own = rng.normal(size=(2, n_studies, N_ENDPOINTS, n))
    a, b = np.sqrt(ALIKE) * common + np.sqrt(1 - ALIKE) * own
    b = b + effect * is_true[:, np.newaxis]
    p_values = permutation_test(a, b).p_value
    adjusted = (
        westfall_young(a, b),
        np.array([adjust(of_study) for of_study in p_values]),
        np.array([adjust(of_study, "bh") for of_study in p_values]),
    )
    wrong = [(each[:, ~is_true] <= 0.05).any(axis=1).mean() for each in adjusted]
    of_wrong = " ".join(f"{share:>8.1%}" for share in wrong)
    right = [(each[:, is_true] <= 0.05).mean() for each in adjusted] if effect else []
    of_right = " ".join(f"{share:>8.1%}" for share in right)
    return f"{f'{n} v {n}':>8} {effect:>6} | {of_wrong} | {of_right}".rstrip()


def _unequal(n: int, m: int, ratio: float, n_studies: int, rng: np.random.Generator) -> str:
    a, b = rng.normal(size=(n_studies, n)), rng.normal(0, ratio, size=(n_studies, m))
    permuted = permutation_test(a, b)
    p_values = (
        permuted.p_value,
        permuted.p_plain,
        stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue,
        stats.ttest_ind(a, b, axis=1).pvalue,
    )
    histo, plain, welch, student = ((p <= 0.05).mean() for p in p_values)
    return f"{f'{n} v {m}':>8} {f'1 : {ratio}':>8} | {histo:>6.1%} {plain:>8.1%} {welch:>8.1%} {student:>9.1%}"


if __name__ == "__main__":
    main()
