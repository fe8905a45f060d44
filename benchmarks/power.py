"""How often true effects are found: our default test beside the nominal power, and whole drawn studies.

    python benchmarks/power.py [--studies 20000] [--cohorts 300] [--seed 1]

Nominal is the power of Student's t-test at 5 % by the noncentral t distribution (R's power.t.test gives the same); no
test of so few animals can do much better. First two groups of animals are drawn with a true difference, many times, and
tested; the peer in the same studies is Mann and Whitney's exact test on the animals' values. Then whole cohorts of the
reference layout (control, EAE 7, EAE 14; three segments; five animals; seven to nine sections of a segment) go through
`StudyTables`: what was drawn to change must be found as often as is due, what was not must not, and the onset must name
the endpoint that was drawn to change first. The output is kept in ``benchmarks/results/power.txt``.
"""

from __future__ import annotations

import argparse
import runpy
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from parts.kept_report import show_and_keep
from scipy import stats

from histo.study import AnalysisPlan, StudyTables
from histo.study.inference import permutation_test
from histo.study.level.detection import detection_power

ROOT = Path(__file__).parent
RESULTS = ROOT / "results" / "power.txt"
COHORT_TABLES = ROOT.parent / "tests" / "study" / "cohort_tables.py"
LEVEL = 0.05
CHUNK = 500

SIZES = (4, 5, 6, 8)
EFFECTS = (1.2, 1.5, 2.0, 2.5, 3.0)
ENDPOINTS = ("villus_height_um", "crypt_depth_um", "submucosa_um", "muscularis_um")
# Standard deviations between animals' values, by endpoint and day: crypts begin, muscularis never changes.
CHANGES = {
    ("crypt_depth_um", 7): 3.0,
    ("crypt_depth_um", 14): 4.0,
    ("submucosa_um", 14): 2.0,
    ("villus_height_um", 14): -1.2,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=20_000, help="studies of two groups drawn for each row")
    parser.add_argument("--cohorts", type=int, default=300, help="cohorts of the reference layout")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    of_two, of_all = two_groups(arguments.studies, arguments.seed), cohorts(arguments.cohorts, arguments.seed)
    show_and_keep(chain(of_two, of_all), RESULTS)


def two_groups(n_studies: int, seed: int) -> Iterator[str]:
    rng = np.random.default_rng(seed)
    yield f"Two groups of animals, {n_studies:,} studies a row (8 v 8: a tenth), normal values; p <= 0.05 uncorrected."
    yield "animals  true difference | nominal  ours  Mann-Whitney  ours/nominal"
    for size in SIZES:
        for effect in EFFECTS:
            n = n_studies // 10 if size == 8 else n_studies
            ours, ranks = _found(size, effect, n, rng)
            nominal = detection_power(effect, 1.0, size, LEVEL)
            row = f"{nominal:7.1%} {ours:5.1%} {ranks:12.1%} {ours / nominal:13.2f}"
            yield f"{size} v {size:<5} {effect:12.1f} SD | {row}"


def _found(size: int, effect: float, n_studies: int, rng: np.random.Generator) -> tuple[float, float]:
    n_found = np.zeros(2)
    for start in range(0, n_studies, CHUNK):
        n = min(CHUNK, n_studies - start)
        a, b = rng.standard_normal((n, size)), effect + rng.standard_normal((n, size))
        ranked = stats.mannwhitneyu(a, b, axis=-1, method="exact").pvalue
        n_found += [(permutation_test(a, b).p_value <= LEVEL).sum(), (ranked <= LEVEL).sum()]
    ours, ranks = (n_found / n_studies).tolist()
    return ours, ranks


def cohorts(n_cohorts: int, seed: int) -> Iterator[str]:
    """Take whole cohorts through the study's tables."""
    drawing = runpy.run_path(str(COHORT_TABLES))
    spec = drawing["changed_cohort"](CHANGES)
    plan = AnalysisPlan(endpoints=ENDPOINTS)
    contrasts, firsts = [], []
    for number in range(n_cohorts):
        study = StudyTables(drawing["cohort_tables"](spec, seed * 100_000 + number)["sections"], plan=plan)
        contrasts.append(study.compare().assign(cohort=number))
        firsts.append(study.onset(("7",)).query("aspect == 'first'").iloc[0])
    yield ""
    yield (
        f"{n_cohorts} cohorts of the reference layout: three segments, 5 animals an arm, 7 to 9 sections; animals vary "
        f"by {spec.animal_cv:.0%}, sections by {spec.section_cv:.0%}."
    )
    yield from _found_in_cohorts(pd.concat(contrasts), n_cohorts)
    yield from _onset(pd.DataFrame(firsts), n_cohorts)


def _found_in_cohorts(contrasts: pd.DataFrame, n_cohorts: int) -> Iterator[str]:
    day = contrasts["contrast"].str.extract(r"EAE @ (\d+)", expand=False).astype(int)
    contrasts = contrasts.assign(day=day)
    yield (
        "Found in a segment: p as it is beside the nominal power, with the 95 % interval over cohorts; then corrected "
        f"for {len(ENDPOINTS)} endpoints and two comparisons."
    )
    yield "endpoint             day  true change | nominal  found (interval)         corrected"
    is_null = np.zeros(len(contrasts), dtype=bool)
    for of_day in (7, 14):
        for endpoint in ENDPOINTS:
            change = CHANGES.get((endpoint, of_day), 0.0)
            is_row = ((contrasts["endpoint"] == endpoint) & (contrasts["day"] == of_day)).to_numpy()
            is_null |= is_row & (change == 0)
            nominal = detection_power(change, 1.0, 5, LEVEL)
            share, low, high = _share_of_cohorts(contrasts[is_row], "p")
            corrected, _, _ = _share_of_cohorts(contrasts[is_row], "p_adjusted")
            yield (
                f"{endpoint:<18} {of_day:5d} {change:9.1f} SD | {nominal:7.1%}  "
                f"{share:5.1%} ({low:5.1%} to {high:5.1%}) {corrected:13.1%}"
            )
    nothing = contrasts[is_null]
    of_segment = nothing.groupby(["cohort", "segment"])["p_adjusted"].min() <= LEVEL
    _, low, high = _interval(of_segment.groupby("cohort").mean().to_numpy())
    yield (
        f"One or more false ones in a segment's family, corrected: {of_segment.mean():.1%} ({low:.1%} to {high:.1%}) "
        f"of {n_cohorts} cohorts x 3 segments."
    )


def _onset(firsts: pd.DataFrame, n_cohorts: int) -> Iterator[str]:
    shown = firsts[firsts["verdict"] == "shown"]
    named = shown["endpoint"].str.split(" ")
    is_right = named.str[0] == "crypt_depth_um"
    is_alone = is_right & (named.str.len() == 1)
    yield ""
    first, alone, other, none = (
        f"{count / n_cohorts:.1%}"
        for count in (is_right.sum(), is_alone.sum(), (~is_right).sum(), n_cohorts - len(shown))
    )
    yield (
        f"Onset, crypt depth drawn to change at day 7 by {CHANGES['crypt_depth_um', 7]:g} SD and nothing else: it is "
        f"named first in {first}, and alone in {alone}; another stands first in {other}; none is shown in {none} of "
        f"{n_cohorts} cohorts."
    )


def _share_of_cohorts(rows: pd.DataFrame, column: str) -> tuple[float, float, float]:
    # The segments of an animal are alike: the cohort is the unit, each with its share of segments.
    return _interval((rows[column] <= LEVEL).groupby(rows["cohort"]).mean().to_numpy())


def _interval(shares: NDArray[np.float64]) -> tuple[float, float, float]:
    mean, half = float(shares.mean()), 1.96 * float(shares.std(ddof=1)) / np.sqrt(shares.size)
    return mean, max(mean - half, 0.0), min(mean + half, 1.0)


if __name__ == "__main__":
    main()
