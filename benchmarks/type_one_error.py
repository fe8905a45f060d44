"""How often studies without any true effect come out positive: our default tests beside the usual ones.

    python benchmarks/type_one_error.py [--studies 20000] [--seed 1]

Studies are drawn without an effect: animals scatter around their group, sections around their animal. Each test's
share of p <= 0.05 is counted (goal: 3.5 to 6.5 %), and how often its 95 % interval holds the true difference (goal:
93.5 to 96.5 %). The floor in the same studies is the test that takes sections for animals; the peer is the hierarchical
bootstrap (animals resampled, sections within them; Saravanan, Berman and Sober 2020), which is often advised for nested
data. The output is kept in ``benchmarks/results/type_one_error.txt``.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from math import comb
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from parts.kept_report import show_and_keep
from parts.null_studies import (
    DRAWN_RELABELINGS,
    N_BOOTSTRAPS,
    SLOW_SHARE,
    Layout,
    Shape,
    draw_sections,
    endpoints_p,
    several_groups_p,
    trend_p,
    two_groups_p,
    within_animals_p,
)

RESULTS = Path(__file__).parent / "results" / "type_one_error.txt"
LEVEL = 0.05
CELLS = 1_000_000  # relabelings of studies in memory at once

Found = dict[str, NDArray[np.float64]]

SHAPES = get_args(Shape)
TWO_GROUPS = [
    *(
        Layout(sizes, n_sections, icc, shape)
        for sizes, n_sections in (((5, 5), 8), ((4, 4), 6), ((4, 7), 8))
        for icc in (0.3, 0.6)
        for shape in SHAPES
    ),
    *(Layout(sizes, 8, 0.6) for sizes in ((6, 6), (8, 8))),
    *(Layout(sizes, 8, 0.6, spread=spread) for sizes, spread in (((5, 5), (1, 2)), ((4, 7), (2, 1)), ((4, 7), (1, 2)))),
]
THREE_GROUPS = [
    *(
        Layout(sizes, n_sections, icc, shape)
        for sizes, n_sections in (((5, 5, 5), 8), ((4, 4, 4), 6), ((4, 5, 7), 8))
        for icc in (0.3, 0.6)
        for shape in SHAPES
    ),
    Layout((4, 5, 7), 8, 0.6, spread=(2, 1, 1)),
]
WITHIN = [(n, k, icc) for n, k in ((5, 3), (4, 3), (6, 2)) for icc in (0.3, 0.6)]
ENDPOINTS = [((5, 5), 5), ((4, 4), 5), ((4, 7), 5)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=20_000, help="studies drawn for each row")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    show_and_keep(report(arguments.studies, arguments.seed), RESULTS)


def report(n_studies: int, seed: int) -> Iterator[str]:
    scatter = np.sqrt(LEVEL * (1 - LEVEL) / n_studies)
    yield f"Studies without a true effect, {n_studies:,} drawn for each row, seed {seed}; shares of p <= 0.05."
    yield f"The standard error of a share of 5 % is {scatter:.2%}. ratio: the test on sections over our default."
    for number, part in enumerate((two_groups, three_groups, repeated)):
        yield from part(n_studies, np.random.default_rng([seed, number]))


def two_groups(n_studies: int, rng: np.random.Generator) -> Iterator[str]:
    yield ""
    yield (
        f"Two groups: compare_two (permutation of animals). One study in {SLOW_SHARE}: 8 v 8, intervals of unequal "
        f"groups, the hierarchical bootstrap ({N_BOOTSTRAPS} resamples)."
    )
    yield (f"{'animals':>18} sections  ICC   shape | ours  interval holds | Welch  bootstrap  t on sections  ratio")
    ours = []
    for layout in TWO_GROUPS:

        def drawn(n: int, layout: Layout = layout) -> Found:
            return two_groups_p(draw_sections(layout, n, rng), rng)

        n_relabelings = comb(sum(layout.sizes), layout.sizes[0])
        found = collect(drawn, n_studies // (SLOW_SHARE if n_relabelings > 10_000 else 1), n_relabelings)
        share = {name: positives(p) for name, p in found.items() if name != "covered"}
        ours.append((share["permutation"], float(found["covered"].mean()), layout))
        yield (
            f"{described(layout)} | {share['permutation']:4.1%} {found['covered'].mean():15.1%} | "
            f"{share['welch']:5.1%} {share['bootstrap']:10.1%} {share['sections']:14.1%} "
            f"{share['sections'] / share['permutation']:6.1f}"
        )
    exchangeable = [(p, covered) for p, covered, layout in ours if not layout.spread]
    yield spanned("where groups scatter alike: false positives", [p for p, _ in exchangeable])
    yield spanned("where groups scatter alike: interval holds", [covered for _, covered in exchangeable])


def three_groups(n_studies: int, rng: np.random.Generator) -> Iterator[str]:
    yield ""
    yield (
        f"Three groups: compare_several (permutation, Welch F) and trend (Jonckheere-Terpstra), {DRAWN_RELABELINGS:,} "
        "relabelings drawn anew for every 500 studies."
    )
    yield f"{'animals':>18} sections  ICC   shape | ours  trend | F on animals  F on sections  ratio"
    ours, trends = [], []
    for layout in THREE_GROUPS:

        def drawn(n: int, layout: Layout = layout) -> Found:
            groups = draw_sections(layout, n, rng)
            return {**several_groups_p(groups, rng), "trend": trend_p(groups, rng)}

        share = {name: positives(p) for name, p in collect(drawn, n_studies, DRAWN_RELABELINGS).items()}
        if not layout.spread:
            ours.append(share["permutation"])
            trends.append(share["trend"])
        yield (
            f"{described(layout)} | {share['permutation']:4.1%} {share['trend']:6.1%} | {share['classical']:12.1%} "
            f"{share['sections']:14.1%} {share['sections'] / share['permutation']:6.1f}"
        )
    yield spanned("where groups scatter alike: several groups", ours)
    yield spanned("where groups scatter alike: trend", trends)


def repeated(n_studies: int, rng: np.random.Generator) -> Iterator[str]:
    yield ""
    yield f"A factor within animals, one study in {SLOW_SHARE}: blocked_permutation (labels exchanged within animals)."
    yield "animals levels  ICC | ours"
    for n_animals, n_levels, icc in WITHIN:

        def drawn(n: int, n_animals: int = n_animals, n_levels: int = n_levels, icc: float = icc) -> Found:
            return {"p": within_animals_p(n_animals, n_levels, icc, n, rng)}

        found = collect(drawn, n_studies // SLOW_SHARE, DRAWN_RELABELINGS)
        yield f"{n_animals:7d} {n_levels:6d} {icc:4.1f} | {positives(found['p']):4.1%}"
    yield ""
    yield "One or more of several endpoints (half of their variance in common): westfall_young."
    yield "animals endpoints | ours"
    for sizes, n_endpoints in ENDPOINTS:

        def of_endpoints(n: int, sizes: tuple[int, ...] = sizes, n_endpoints: int = n_endpoints) -> Found:
            return {"p": endpoints_p(sizes, n_endpoints, n, rng)}

        found = collect(of_endpoints, n_studies, comb(sum(sizes), sizes[0]))
        yield f"{' v '.join(map(str, sizes)):>7} {n_endpoints:9d} | {positives(found['p']):4.1%}"


def collect(drawn: Callable[[int], Found], n_studies: int, n_relabelings: int) -> Found:
    """Draw studies in chunks that fit the memory."""
    chunk = max(min(CELLS // n_relabelings, 500), 20)
    parts = defaultdict(list)
    for start in range(0, n_studies, chunk):
        for name, values in drawn(min(chunk, n_studies - start)).items():
            parts[name].append(values)
    return {name: np.concatenate(values) for name, values in parts.items()}


def positives(p_values: NDArray[np.float64]) -> float:
    return float((p_values <= LEVEL).mean())


def described(layout: Layout) -> str:
    return f"{layout.animals:>18} {layout.n_sections:8d} {layout.icc:4.1f} {layout.shape:>7}"


def spanned(what: str, shares: list[float]) -> str:
    return f"{what} {min(shares):.1%} to {max(shares):.1%} over {len(shares)} rows"


if __name__ == "__main__":
    main()
