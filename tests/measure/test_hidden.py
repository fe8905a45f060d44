from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from histo.measure import SectionMeasures, measure_section
from histo.phantom import SectionSpec, draw_section
from histo.types import Compartment, Exclusion, LabelMap


def strip(mpp: float) -> LabelMap:
    mouse = SectionSpec.mouse()
    return draw_section(replace(mouse, wall=replace(mouse.wall, length_um=1500.0)), mpp=mpp, seed=3).labels


def covered(labels: LabelMap, reason: Exclusion, left_um: float, right_um: float) -> LabelMap:
    """Lay a vertical band over the whole wall."""
    excluded = np.zeros(labels.shape, np.uint8)
    excluded[:, round(left_um / labels.mpp) : round(right_um / labels.mpp)] = reason
    return replace(labels, excluded=excluded)


def middle_um(labels: LabelMap) -> float:
    return labels.shape[1] * labels.mpp / 2


def cut(measures: SectionMeasures, table: str) -> int:
    return int((getattr(measures, table)["reject_reason"] == "cut_at_border").sum())


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_a_pen_stroke_costs_the_villi_and_crypts_it_touches_and_leaves_the_others_alone(mpp: float) -> None:
    labels = strip(mpp)
    whole = measure_section(labels)
    axes = whole.crypts.loc[whole.crypts["is_accepted"], "base_col"] * mpp
    at = float(axes[(axes - middle_um(labels)).abs().idxmin()]) - 50

    measured = measure_section(covered(labels, Exclusion.PEN, at - 50, at + 50))

    assert cut(measured, "villi") > cut(whole, "villi")
    assert cut(measured, "crypts") > cut(whole, "crypts")
    reached = (measured.villi[["base_col", "tip_col"]] * mpp - at).abs().min(axis=1) < 55
    assert not measured.villi.loc[reached, "is_accepted"].any()
    far = whole.villi[(whole.villi[["base_col", "tip_col"]] * mpp - at).abs().min(axis=1) > 300]
    kept = measured.villi[measured.villi["is_accepted"]]
    for _, villus in far[far["is_accepted"]].iterrows():
        twin = kept[(kept[["tip_row", "tip_col"]] - villus[["tip_row", "tip_col"]].astype(float)).abs().max(axis=1) < 3]
        assert twin["villus_height_um"].iloc[0] == pytest.approx(villus["villus_height_um"], rel=0.01)


def test_layers_have_a_gap_where_a_panel_hides_them() -> None:
    labels = strip(2.0)
    at = middle_um(labels)

    layers = measure_section(covered(labels, Exclusion.PANEL, at - 100, at + 100)).layers

    under = layers[(layers["col"] * 2.0 - at).abs() < 90]
    beside = layers[(layers["col"] * 2.0 - at).abs().between(200, 400)]
    assert under[["submucosa_um", "muscularis_um"]].isna().all(axis=None)
    assert beside["muscularis_um"].notna().mean() > 0.9


def test_a_panel_over_the_serosa_leaves_the_mucosa_and_takes_the_muscularis() -> None:
    labels = strip(2.0)
    rows = np.nonzero((labels.array == Compartment.MUSCULARIS).any(axis=1))[0]
    excluded = np.zeros(labels.shape, np.uint8)
    excluded[round(rows.mean()) :] = Exclusion.PANEL

    measured = measure_section(replace(labels, excluded=excluded))

    # Half of the muscularis is seen: its thickness is not known anywhere.
    assert measured.layers["muscularis_um"].notna().mean() < 0.1
    assert measured.layers["submucosa_um"].notna().mean() > 0.8


def test_a_neighbour_that_is_taken_out_cuts_nothing() -> None:
    labels = strip(2.0)
    excluded = np.zeros(labels.shape, np.uint8)
    excluded[labels.array == Compartment.BACKGROUND] = Exclusion.NEIGHBOUR

    whole, measured = measure_section(labels), measure_section(replace(labels, excluded=excluded))

    assert measured.villi.equals(whole.villi)
