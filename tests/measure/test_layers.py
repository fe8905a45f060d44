from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from histo import Compartment, LabelMap
from histo.measure import measure_layers, measure_section

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
