from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from histo import Compartment, LabelMap
from histo.measure import find_gaps, measure_layers, measure_section
from histo.measure.envelope import taut
from histo.phantom import SectionSpec, draw_truth

Draw = Callable[..., Any]


@pytest.mark.parametrize("mpp", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("turn_deg", [0.0, 20.0])
def test_layers_are_as_thick_as_drawn(draw: Draw, mpp: float, turn_deg: float) -> None:
    drawing = draw(length_um=450.0, villus_height_um=250.0, muscularis_um=30.0, turn_deg=turn_deg)
    layers = measure_layers(drawing.labels(mpp))
    thickness = layers.drop(columns=["position_um", "row", "col"]).median()
    assert thickness["muscularis_um"] == pytest.approx(30.0, rel=0.02)
    assert thickness["submucosa_um"] == pytest.approx(drawing.submucosa_um, rel=0.02)
    assert thickness["crypt_zone_um"] == pytest.approx(drawing.crypt_zone_um, rel=0.01)
    assert thickness["mucosa_um"] == pytest.approx(drawing.crypt_zone_um + drawing.villus_height_um, rel=0.01)


def _ring(radii: dict[Compartment, tuple[float, float]], mpp: float) -> LabelMap:
    side = int(2 * max(outer for _, outer in radii.values()) / mpp + 80 / mpp)
    centre = (np.arange(side) + 0.5 - side / 2) * mpp
    radius = np.hypot(centre[:, None], centre[None])
    array = np.zeros((side, side), dtype=np.uint8)
    for compartment, (inner, outer) in radii.items():
        array[(radius >= inner) & (radius < outer)] = compartment
    return LabelMap(array, mpp=mpp)


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_a_ring_obeys_thickness_is_area_over_mean_perimeter(mpp: float) -> None:
    labels = _ring(
        {
            Compartment.LAMINA_PROPRIA: (500.0, 600.0),
            Compartment.SUBMUCOSA: (600.0, 650.0),
            Compartment.MUSCULARIS: (650.0, 683.0),
        },
        mpp,
    )
    measures = measure_section(labels)
    for compartment, column, perimeters in (
        (Compartment.SUBMUCOSA, "submucosa_um", (600.0, 650.0)),
        (Compartment.MUSCULARIS, "muscularis_um", (650.0, 683.0)),
    ):
        expected = labels.area_um2(compartment) / (np.pi * sum(perimeters))
        assert measures.layers[column].median() == pytest.approx(expected, rel=0.015)
        assert measures.layers[column].std() < 1.0
    assert measures.wall_length_um == pytest.approx(2 * np.pi * 600, rel=0.005)
    assert np.diff(measures.layers["position_um"]) == pytest.approx(10.0, rel=0.01)


def test_a_missing_layer_has_no_number() -> None:
    labels = _ring({Compartment.LAMINA_PROPRIA: (500.0, 600.0), Compartment.SUBMUCOSA: (600.0, 680.0)}, 2.0)
    layers = measure_layers(labels)
    assert layers["muscularis_um"].isna().all()
    assert layers["submucosa_um"].median() == pytest.approx(80.0, rel=0.02)


def test_muscle_is_missing_only_where_it_is_cut_away(draw: Draw) -> None:
    labels = draw(length_um=1200.0).labels(1.0)
    array = labels.array.copy()
    start = array.shape[1] // 2
    window = array[:, start : start + 250]
    window[window == Compartment.MUSCULARIS] = Compartment.BACKGROUND
    layers = measure_layers(LabelMap(array, mpp=1.0))
    missing = layers["muscularis_um"].isna()
    assert 15 <= missing.sum() <= 32
    assert layers.loc[missing, "col"].between(start - 30, start + 280).all()


def test_a_layer_that_runs_out_of_the_map_has_no_number() -> None:
    array = np.zeros((500, 600), dtype=np.uint8)
    array[100:250] = Compartment.LAMINA_PROPRIA
    array[250:330] = Compartment.SUBMUCOSA
    array[330:500] = Compartment.MUSCULARIS
    for turned in (array, np.rot90(array)):
        layers = measure_layers(LabelMap(np.ascontiguousarray(turned), mpp=1.0))
        assert layers["muscularis_um"].isna().all()
        assert layers["submucosa_um"].median() == pytest.approx(80.0, rel=0.02)


def test_a_cleft_in_the_muscle_does_not_end_it() -> None:
    array = np.zeros((700, 900), dtype=np.uint8)
    array[100:250] = Compartment.LAMINA_PROPRIA
    array[250:400] = Compartment.SUBMUCOSA
    array[400:600] = Compartment.MUSCULARIS
    array[490:510, 300:600] = Compartment.BACKGROUND
    layers = measure_layers(LabelMap(array, mpp=1.0))
    assert layers["muscularis_um"].median() == pytest.approx(200.0, rel=0.02)
    assert layers["muscularis_um"].min() > 190.0


def test_a_follicle_in_the_wall_counts_as_submucosa() -> None:
    array = np.zeros((700, 1200), dtype=np.uint8)
    array[200:350] = Compartment.LAMINA_PROPRIA
    array[350:450] = Compartment.SUBMUCOSA
    array[450:500] = Compartment.MUSCULARIS
    array[360:450, 500:700] = Compartment.LYMPHOID
    layers = measure_layers(LabelMap(array, mpp=1.0))
    assert layers["submucosa_um"].median() == pytest.approx(100.0, rel=0.02)
    assert layers["submucosa_um"].max() < 110.0


def test_lines_do_not_cross_into_the_other_limb_of_a_fold() -> None:
    array = np.zeros((900, 600), dtype=np.uint8)
    array[50:800, 240:360] = Compartment.SUBMUCOSA
    array[50:800, 140:240] = Compartment.LAMINA_PROPRIA
    array[50:800, 360:460] = Compartment.LAMINA_PROPRIA
    array[800:850] = Compartment.MUSCULARIS
    layers = measure_layers(LabelMap(array, mpp=1.0))
    through_the_fold = layers["submucosa_um"].sub(120.0).abs() < 8.0
    assert through_the_fold.mean() < 0.1


def test_gaps_in_the_border_are_bridged(draw: Draw) -> None:
    labels = draw(length_um=1500.0).labels(2.0)
    array = labels.array.copy()
    start = array.shape[1] // 2
    array[:, start : start + 40] = Compartment.BACKGROUND
    whole, gapped = measure_section(labels), measure_section(LabelMap(array, mpp=2.0))
    assert gapped.wall_length_um == pytest.approx(whole.wall_length_um, rel=0.02)


LAYERS = ("mucosa_um", "crypt_zone_um", "submucosa_um", "muscularis_um")


@pytest.mark.parametrize("turn", [0.0, 30.0])
def test_an_uneven_human_wall_is_measured_without_bias(turn: float) -> None:
    drawn = draw_truth(replace(SectionSpec.human(), rotation_deg=turn), mpp=4.0, seed=11)
    measured = measure_layers(drawn.labels)
    away, index = cKDTree(measured[["row", "col"]]).query(drawn.layers[["row", "col"]])
    for layer in LAYERS:
        error = measured[layer].to_numpy()[index] / drawn.layers[layer].to_numpy() - 1
        error = error[(away < 6) & np.isfinite(error)]
        assert len(error) > 0.9 * len(away)
        assert np.median(np.abs(error)) < 0.02
        assert abs(error.mean()) < 0.01


def test_the_mucosa_of_a_roll_is_not_taken_for_that_of_the_next_turn() -> None:
    spec = SectionSpec.mouse("roll")
    drawn = draw_truth(replace(spec, wall=replace(spec.wall, length_um=7500.0)), mpp=4.0, seed=2)
    measured = measure_layers(drawn.labels)["mucosa_um"].median()
    assert measured == pytest.approx(drawn.layers["mucosa_um"].median(), rel=0.01)


def test_layers_double_when_pixels_are_twice_as_large(draw: Draw) -> None:
    array = draw(length_um=900.0, turn_deg=10.0).labels(2.0).array
    once, twice = (measure_layers(LabelMap(array, mpp=mpp)).median() for mpp in (1.0, 2.0))
    for layer in ("crypt_zone_um", "submucosa_um", "muscularis_um"):
        assert twice[layer] == pytest.approx(2 * once[layer], rel=0.02)


def _bands(n_cols: int = 900) -> np.ndarray:
    array = np.zeros((620, n_cols), dtype=np.uint8)
    array[60:260] = Compartment.VILLUS_EPITHELIUM
    array[260:360] = Compartment.LAMINA_PROPRIA
    array[360:440] = Compartment.SUBMUCOSA
    array[440:500] = Compartment.MUSCULARIS
    return array


def test_a_stretch_without_villi_has_a_thin_mucosa_and_a_valley_has_not() -> None:
    array = _bands(1800)
    valley, flat = slice(300, 360), slice(800, 1500)
    for where in (valley, flat):
        array[60:260, where] = Compartment.BACKGROUND
    layers = measure_layers(LabelMap(array, mpp=1.0))
    assert layers.loc[layers["col"].between(310, 350), "mucosa_um"].to_numpy() == pytest.approx(300.0, rel=0.02)
    assert layers.loc[layers["col"].between(1140, 1160), "mucosa_um"].min() == pytest.approx(100.0, rel=0.05)


def test_islands_of_villus_do_not_thicken_the_mucosa() -> None:
    array = _bands()
    array[10:40, 400:450] = Compartment.VILLUS_EPITHELIUM
    assert measure_layers(LabelMap(array, mpp=1.0))["mucosa_um"].max() == pytest.approx(300.0, rel=0.02)


def test_a_cleft_between_submucosa_and_muscle_belongs_to_neither() -> None:
    array = _bands()
    array[410:440] = Compartment.BACKGROUND
    layers = measure_layers(LabelMap(array, mpp=1.0))
    assert layers["submucosa_um"].median() == pytest.approx(50.0, rel=0.02)
    assert layers["muscularis_um"].median() == pytest.approx(60.0, rel=0.02)


def test_a_bumpy_border_does_not_tilt_the_lines() -> None:
    array = _bands(1600)
    rows = np.arange(620)[:, None]
    border = 360 + 15 * np.sin(np.arange(1600) * 2 * np.pi / 120)[None]
    array[(rows >= border) & (rows < 440)] = Compartment.SUBMUCOSA
    array[(rows < border) & (rows >= 300)] = Compartment.LAMINA_PROPRIA
    layers = measure_layers(LabelMap(array, mpp=1.0))
    assert layers["submucosa_um"].median() == pytest.approx(80.0, rel=0.05)
    assert layers["submucosa_um"].max() < 100.0
    assert layers["muscularis_um"].std() < 1.0


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_stairs_of_pixels_do_not_show_in_the_thickness_of_a_wedge(mpp: float) -> None:
    rows, cols = (np.arange(n) * mpp + mpp / 2 for n in (int(620 / mpp), int(1600 / mpp)))
    array = np.zeros((len(rows), len(cols)), dtype=np.uint8)
    outer = 460.0 + 0.03 * cols[None]
    for inner, compartment in (
        (260.0, Compartment.LAMINA_PROPRIA),
        (360.0, Compartment.SUBMUCOSA),
        (420.0, Compartment.MUSCULARIS),
    ):
        array[(rows[:, None] >= inner) & (rows[:, None] < outer)] = compartment
    layers = measure_layers(LabelMap(array, mpp=mpp)).iloc[5:-5]
    error = layers["muscularis_um"] - (40.0 + 0.03 * (layers["col"] + 0.5) * mpp)
    assert error.abs().median() < 0.05 * mpp  # stairs alone: a quarter of a pixel
    assert abs(error.mean()) < 0.05 * mpp


def test_a_sudden_change_of_thickness_stays_sudden() -> None:
    array = _bands(1000)
    array[480:500, 500:] = Compartment.BACKGROUND
    layers = measure_layers(LabelMap(array, mpp=1.0))
    before, after = layers[layers["col"] < 480]["muscularis_um"], layers[layers["col"] > 520]["muscularis_um"]
    assert before.iloc[3:-3].min() > 59.0
    assert after.iloc[3:-3].max() < 41.0


def test_gaps_of_a_layer_are_found_where_it_is_cut_away() -> None:
    array = _bands()
    array[440:500, 300:500] = Compartment.BACKGROUND
    layers = measure_layers(LabelMap(array, mpp=1.0))
    ((first, last),) = find_gaps(layers, "muscularis_um")
    assert last - first == pytest.approx(200.0, abs=25.0)
    assert len(find_gaps(layers, "submucosa_um")) == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_map_with_the_faults_of_a_prediction_gives_nearly_the_same_medians(seed: int) -> None:
    drawn = draw_truth(replace(SectionSpec.mouse(), rotation_deg=20.0), mpp=2.0, seed=seed)
    array, rng = drawn.labels.array.copy(), np.random.default_rng(seed)
    blobs = gaussian_filter(rng.normal(size=array.shape), 4.0)
    array[blobs > np.quantile(blobs, 0.985)] = 0  # holes of some 20 µm in every tissue, the thin muscle broken by them
    islands = (blobs < np.quantile(blobs, 0.004)) & (array > 0)
    array[islands] = rng.integers(1, 8, size=int(islands.sum()))  # specks of wrong classes
    layers, clean = measure_layers(LabelMap(array, mpp=2.0)), measure_layers(drawn.labels)
    for layer in LAYERS:
        assert layers[layer].median() == pytest.approx(clean[layer].median(), rel=0.03)
        assert layers[layer].max() < 2.0 * clean[layer].max()
        assert layers[layer].notna().mean() > 0.8


@pytest.mark.parametrize("cut", [np.s_[:, 300:700], np.s_[200:, :], np.s_[:500, :]])
def test_tissue_cut_by_the_border_of_the_image_gives_no_wild_numbers(cut: tuple[slice, slice], draw: Draw) -> None:
    labels = draw(length_um=1600.0, turn_deg=15.0).labels(2.0)
    clean = measure_layers(labels)
    layers = measure_layers(LabelMap(np.ascontiguousarray(labels.array[cut]), mpp=2.0))
    for layer in LAYERS:
        assert not (layers[layer] > 1.1 * clean[layer].max()).any()


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 500)), st.integers(1, 12), st.booleans())
def test_a_taut_line_lies_on_or_above_the_heights_and_below_the_highest(
    height: np.ndarray, span: int, is_closed: bool
) -> None:
    line = taut(height, span, is_closed=is_closed)
    assert (line >= height - 1e-9).all()
    assert line.max() <= height.max() + 1e-9
    np.testing.assert_allclose(taut(height[::-1], span, is_closed=is_closed), line[::-1], atol=1e-9)
