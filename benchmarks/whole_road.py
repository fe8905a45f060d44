"""How near the numbers of the main job come to the truth: drawn slides in, a results folder out.

The demo's study (three arms of five animals, two short strips of jejunum each) is drawn and scored by the shipped
model, and each slide's numbers are compared with the truth of its drawing. The floor is the mean of all slides,
whatever the slide: a ratio above 1 says how many times nearer the measured number comes. Run
``python benchmarks/whole_road.py``; the output is kept in ``benchmarks/results/whole_road.txt``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from histo.batch import Settings, plan, run
from histo.io.design import read_design
from histo.io.results import read_table
from histo.phantom import CohortSpec, draw_cohort

RESULTS = Path(__file__).parent / "results" / "whole_road.txt"
ENDPOINTS = ("villus_height_um", "crypt_depth_um", "submucosa_um", "muscularis_um")


def in_words(both: pd.DataFrame, endpoint: str) -> str:
    known = both[both[endpoint].notna()]
    true, found = known[f"{endpoint}_true"].to_numpy(), known[endpoint].to_numpy()
    error, floor = np.abs(found / true - 1), np.abs(true.mean() / true - 1)
    r = np.corrcoef(true, found)[0, 1]
    return (
        f"{endpoint:18} {len(known):3d}   {np.median(error) * 100:5.1f} %   {(found / true - 1).mean() * 100:+6.1f} %"
        f"   {r:5.2f}   {np.median(floor) * 100:5.1f} %   {np.median(floor) / np.median(error):5.1f}"
    )


def main() -> str:
    with tempfile.TemporaryDirectory() as folder:
        slides, results = Path(folder) / "slides", Path(folder) / "results"
        truth = draw_cohort(slides, CohortSpec.small(), seed=1, n_workers=2)
        summary = run(plan([slides], design=read_design(slides / "animals.csv")), results, Settings(report=False))
        sections, contrasts = read_table(results, "sections"), read_table(results, "contrasts")
    both = truth.merge(sections, on="slide", suffixes=("_true", ""))
    lines = [
        f"{summary.n_in} slides in, {summary.n_scored} scored, {summary.n_failed} failed",
        "endpoint             n   median error    bias       r    floor      ratio",
        *(in_words(both, endpoint) for endpoint in ENDPOINTS),
        "comparisons with the controls, p corrected over endpoints and comparisons:",
        *(
            f"{row.endpoint:18} {row.comparison:10} {row.estimate:+8.2f}   p {row.p_adjusted:.3f}"
            for row in contrasts.itertuples()
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    report = main()
    print(report)
    RESULTS.write_text(report + "\n", encoding="utf-8")
