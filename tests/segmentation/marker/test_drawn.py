from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from histo.measure import apply_thresholds, assign_phenotypes, thresholds_from_controls, thresholds_from_study
from histo.phantom import DrawnSection, SectionSpec, draw_section
from histo.segmentation.marker import measure_markers
from histo.stain import DabStain, dab_density, describe_dab

SITES = {"cd4": "ring", "foxp3": "nucleus"}


def true_nuclei(drawn: DrawnSection) -> np.ndarray:
    """Discs of the true area at the true places: label is the row of the truth plus one."""
    shape, mpp = drawn.labels.shape, drawn.labels.mpp
    nuclei, nearness = np.zeros(shape, np.int32), np.ones(shape)
    places = drawn.cells[["row", "col", "area_um2"]].to_numpy()
    for label, (row, col, area_um2) in enumerate(places, start=1):
        radius = np.sqrt(area_um2 / np.pi) / mpp
        top, left = max(int(row - radius) - 1, 0), max(int(col - radius) - 1, 0)
        rows, cols = np.mgrid[top : int(row + radius) + 2, left : int(col + radius) + 2]
        seen = (rows < shape[0]) & (cols < shape[1])
        rows, cols = rows[seen], cols[seen]
        share = np.hypot(rows - row, cols - col) / radius
        nearer = share < nearness[rows, cols]
        nuclei[rows[nearer], cols[nearer]] = label
        nearness[rows[nearer], cols[nearer]] = share[nearer]
    return nuclei


@cache
def measured(stain: str, mpp: float, seed: int, cd4: float = 0.45) -> pd.DataFrame:
    """Cells of a drawn section with what was measured and what is true of them."""
    spec = SectionSpec.mouse()
    spec = replace(spec, wall=replace(spec.wall, length_um=260), cells=replace(spec.cells, cd4=cd4, foxp3=0.3))
    drawn = draw_section(spec, mpp=mpp, seed=seed, stain=stain)
    if stain == "dab":
        own = describe_dab(drawn.image)
        stained = own if own.is_estimated else DabStain(white=own.white)
        markers = {"cd4": dab_density(drawn.image, stained).dab}
    else:
        markers = {"cd4": drawn.image[..., 1], "foxp3": drawn.image[..., 2]}
    table = measure_markers(true_nuclei(drawn), markers, mpp, sites={name: SITES[name] for name in markers})
    truth = drawn.cells.iloc[table["label"] - 1].reset_index(drop=True)
    for name in markers:
        table[f"{name}_truth"] = truth[f"{name}_is_positive"]
    return table.assign(slide=f"{stain} {seed}")


def f1(found: pd.Series, truth: pd.Series) -> float:
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


@pytest.mark.parametrize("mpp", [0.5, 1.0])
def test_cells_positive_in_fluorescence_are_found_by_thresholds_of_the_study(mpp):
    cells = pd.concat([measured("fluorescence", mpp, seed) for seed in (1, 2)], ignore_index=True)
    thresholds = thresholds_from_study(cells, ["cd4", "foxp3"])
    judged = apply_thresholds(cells, thresholds)
    assert f1(judged["cd4_is_positive"], judged["cd4_truth"]) > 0.90
    assert f1(judged["foxp3_is_positive"], judged["foxp3_truth"]) > 0.90
    treg = assign_phenotypes(judged, {"Treg": "CD4+ & Foxp3+"})["Treg"]
    truth = judged["cd4_truth"] & judged["foxp3_truth"]
    assert f1(treg, truth) > 0.90
    share, true_share = treg.sum() / judged["cd4_is_positive"].sum(), truth.sum() / judged["cd4_truth"].sum()
    assert share == pytest.approx(true_share, abs=0.03)


@pytest.mark.parametrize("mpp", [0.5, 1.0])
def test_cells_positive_in_dab_are_found_by_thresholds_of_the_study(mpp):
    cells = pd.concat([measured("dab", mpp, seed) for seed in (1, 2)], ignore_index=True)
    judged = apply_thresholds(cells, thresholds_from_study(cells, ["cd4"]))
    assert f1(judged["cd4_is_positive"], judged["cd4_truth"]) > 0.90
    assert judged["cd4_is_positive"].mean() == pytest.approx(judged["cd4_truth"].mean(), abs=0.02)


def test_a_negative_control_sets_a_threshold_that_finds_the_positive_cells():
    controls = pd.concat([measured("dab", 0.5, seed, 0.0) for seed in (5, 6)], ignore_index=True)
    assert not controls["cd4_truth"].any()
    cells = measured("dab", 0.5, 1)
    thresholds = thresholds_from_controls(controls, ["cd4"], percentile=99)
    judged = apply_thresholds(cells, thresholds)
    found = judged["cd4_is_positive"]
    assert found[judged["cd4_truth"]].mean() > 0.98


def test_optical_densities_agree_between_pixel_sizes():
    fine, coarse = (measured("dab", mpp, 1).query("cd4_truth")["cd4_intensity"].mean() for mpp in (0.5, 1.0))
    assert coarse == pytest.approx(fine, rel=0.15)
