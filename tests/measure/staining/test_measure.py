from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import histo
from histo import Compartment, Exclusion, LabelMap
from histo.errors import HistoError, InvalidArgument, MissingPixelSize, UnusableStaining
from histo.measure.staining import QualityLimits, StainingSettings, StainThreshold, measure_staining
from histo.schema import STAINING, STAINING_GAPS, STAINING_PROFILE, STAINING_REGIONS
from histo.stain import HAEMATOXYLIN_DAB, combine

GAPS = ((-100.0, 6.0), (-60.0, 12.0), (-5.0, 4.0), (30.0, 20.0), (80.0, 3.0))
THRESHOLD = StainThreshold(30.0)
# What neither the size of a pixel, nor the field of view, nor the direction may move.
STEADY = [
    "mean_signal",
    "apical_fraction",
    "apical_basolateral_ratio",
    "continuity",
    "line_strength",
    "gaps_per_100_um",
]


def villus(band: Any, mpp: float, label_mpp: float | None = None) -> pd.Series:
    measured = measure_staining(band.image(mpp), mpp=mpp, labels=band.labels(label_mpp or mpp), controls=THRESHOLD)
    return measured.regions.set_index("region").loc["villus_epithelium"]


@pytest.mark.parametrize("looks", [{}, {"line": 100.0, "cytoplasm": 30.0, "noise": 6.0}, {"membrane": 120.0}])
def test_apical_fraction_and_continuity_are_those_drawn(band: Callable[..., Any], looks: dict[str, float]) -> None:
    drawn = band(gaps=GAPS, **looks)
    row = villus(drawn, 0.5)
    assert row["apical_fraction"] == pytest.approx(drawn.apical_fraction(3.0), rel=0.02)
    assert row["continuity"] == pytest.approx(drawn.continuity(), abs=0.01)


@pytest.mark.parametrize("mpp", [0.25, 1.0])
def test_nothing_moves_with_the_size_of_a_pixel(band: Callable[..., Any], mpp: float) -> None:
    drawn = band(gaps=GAPS)
    one, other = villus(drawn, 0.5), villus(drawn, mpp)
    np.testing.assert_allclose(other[STEADY].astype(float), one[STEADY].astype(float), rtol=0.02)


def test_nothing_moves_with_the_pixels_of_the_label_map(band: Callable[..., Any]) -> None:
    drawn = band(gaps=GAPS)
    one, other = villus(drawn, 0.5), villus(drawn, 0.5, 1.0)
    np.testing.assert_allclose(other[STEADY].astype(float), one[STEADY].astype(float), rtol=0.02)


def test_nothing_moves_with_the_field_of_view(band: Callable[..., Any]) -> None:
    even = tuple((float(begin), 6.0) for begin in range(-200, 200, 30))
    whole, half = band(gaps=even, size_um=(90.0, 320.0)), band(gaps=even, size_um=(90.0, 160.0))
    one, other = villus(whole, 0.5), villus(half, 0.5)
    names = [name for name in STEADY if name != "gaps_per_100_um"]
    np.testing.assert_allclose(other[names].astype(float), one[names].astype(float), rtol=0.02)
    # Of ten gaps in the whole and five in the half one may begin or end at the border.
    assert other["gaps_per_100_um"] == pytest.approx(one["gaps_per_100_um"], rel=0.1)


def test_nothing_moves_when_the_picture_is_turned(band: Callable[..., Any]) -> None:
    one = villus(band(gaps=GAPS), 0.5)
    for turn in (90.0, 180.0):
        size = (240.0, 90.0) if turn == 90.0 else (90.0, 240.0)
        other = villus(band(gaps=GAPS, turn_deg=turn, size_um=size), 0.5)
        np.testing.assert_allclose(other[STEADY].astype(float), one[STEADY].astype(float), rtol=0.02)
    oblique = band(gaps=GAPS, turn_deg=33.0)
    assert villus(oblique, 0.5)["continuity"] == pytest.approx(oblique.continuity(), abs=0.01)


def test_fractions_do_not_move_with_the_exposure(band: Callable[..., Any]) -> None:
    image = band(gaps=GAPS).image(0.5)
    labels = band().labels(0.5)
    one = measure_staining(image, mpp=0.5, labels=labels).regions.iloc[1]
    other = measure_staining(3 * image, mpp=0.5, labels=labels).regions.iloc[1]
    names = ["apical_fraction", "apical_basolateral_ratio", "continuity", "mean_gap_um"]
    np.testing.assert_allclose(other[names].astype(float), one[names].astype(float), rtol=1e-3)
    assert other["mean_signal"] == pytest.approx(3 * one["mean_signal"], rel=1e-3)


def test_gaps_have_the_lengths_drawn(band: Callable[..., Any]) -> None:
    drawn = band(gaps=GAPS)
    gaps = measure_staining(drawn.image(0.5), mpp=0.5, labels=drawn.labels(0.5)).gaps
    assert list(gaps.columns) == STAINING_GAPS.names
    np.testing.assert_allclose(np.sort(gaps["gap_um"]), [3.0, 4.0, 6.0, 12.0, 20.0], atol=1.0)
    assert not gaps["is_cut"].any()


def test_a_gap_at_the_end_of_the_field_is_cut_and_counts_half(band: Callable[..., Any]) -> None:
    drawn = band(gaps=((100.0, 100.0),))
    measured = measure_staining(drawn.image(0.5), mpp=0.5, labels=drawn.labels(0.5))
    row = measured.regions.iloc[1]
    assert measured.gaps["is_cut"].tolist() == [True]
    assert np.isnan(row["mean_gap_um"])
    assert row["gaps_per_100_um"] == pytest.approx(50.0 / row["edge_um"])
    assert row["continuity"] == pytest.approx(drawn.continuity(), abs=0.01)


def test_epithelium_without_a_line_has_no_continuity(band: Callable[..., Any]) -> None:
    row = villus(band(line=20.0, cytoplasm=20.0), 0.5)
    assert row["continuity"] == 0.0
    assert row["line_strength"] == 0.0


def test_unstained_epithelium_has_no_apical_fraction(band: Callable[..., Any]) -> None:
    row = villus(band(line=0.0, cytoplasm=0.0), 0.5)
    assert np.isnan(row["apical_fraction"])
    assert np.isnan(row["apical_basolateral_ratio"])
    assert row["positive_area_percent"] == 0.0


def test_border_with_stroma_is_no_luminal_edge(band: Callable[..., Any]) -> None:
    drawn = band()
    turned = drawn.labels(0.5).array.copy()
    swap = {Compartment.BACKGROUND: Compartment.LAMINA_PROPRIA, Compartment.VILLUS_LAMINA_PROPRIA: 0}
    for old, new in swap.items():
        turned[drawn.labels(0.5).array == old] = new
    row = measure_staining(drawn.image(0.5), mpp=0.5, labels=LabelMap(turned, mpp=0.5)).regions.iloc[1]
    # Now the stained border lies on stroma, and the other, without a line, on the lumen.
    assert row["continuity"] == 0.0
    assert row["apical_fraction"] == pytest.approx(3.0 * 20 / (1.5 * 400 + 22.5 * 20), rel=0.15)


def test_border_with_what_is_excluded_is_no_luminal_edge(band: Callable[..., Any]) -> None:
    drawn = band()
    labels = drawn.labels(0.5)
    excluded = np.zeros(labels.shape, dtype=np.uint8)
    excluded[:, : labels.shape[1] // 2] = Exclusion.FOLD
    half = LabelMap(labels.array, mpp=0.5, excluded=excluded)
    row = measure_staining(drawn.image(0.5), mpp=0.5, labels=half).regions.iloc[1]
    assert row["edge_um"] == pytest.approx(villus(drawn, 0.5)["edge_um"] / 2, rel=0.03)
    assert row["continuity"] == 1.0


def test_fused_epithelium_is_not_measured() -> None:
    array = np.full((200, 300), Compartment.VILLUS_LAMINA_PROPRIA, dtype=np.uint8)
    array[60:140] = Compartment.VILLUS_EPITHELIUM
    array[90:110, :180] = Compartment.BACKGROUND
    labels = LabelMap(array, mpp=0.5)
    image = np.random.default_rng(0).normal(100, 2, labels.shape).astype(np.float32)
    image[array == Compartment.VILLUS_EPITHELIUM] += 50
    row = measure_staining(image, mpp=0.5, labels=labels).regions.iloc[1]
    epithelium = np.count_nonzero(array == Compartment.VILLUS_EPITHELIUM)
    assert row["measured_percent"] < 100 * 1.2 * (60 * 180) / epithelium


def test_field_without_labels_counts_what_was_drawn() -> None:
    image = np.full((100, 200), 100, np.uint16)
    image[20:40] = 600
    measured = histo.measure_staining(image, mpp=0.5, controls=StainThreshold(200.0))
    row = measured.field.iloc[0]
    assert list(measured.field.columns) == STAINING.names
    assert (row["area_of"], row["background_from"], row["flags"]) == ("field", "dark", "")
    assert row["positive_area_percent"] == 20.0
    assert row["positive_pixels_per_mm2"] == pytest.approx(0.2 / 0.5**2 * 1e6)
    assert row["integrated_density_um2"] == pytest.approx(500 * 20 * 200 * 0.25)
    assert measured.regions.empty
    assert list(measured.regions.columns) == STAINING_REGIONS.names
    assert list(measured.profile.columns) == STAINING_PROFILE.names


def test_positive_pixels_are_four_times_as_many_on_half_the_pixel_size() -> None:
    coarse = np.zeros((100, 200), np.uint16)
    coarse[20:40] = 600
    fine = coarse.repeat(2, axis=0).repeat(2, axis=1)
    one, other = (
        measure_staining(image, mpp=mpp, controls=THRESHOLD).field.iloc[0]
        for image, mpp in ((coarse, 0.5), (fine, 0.25))
    )
    assert other["positive_pixels_per_mm2"] == 4 * one["positive_pixels_per_mm2"]
    assert other["positive_area_percent"] == one["positive_area_percent"]
    assert other["integrated_density_um2"] == one["integrated_density_um2"]


def test_without_controls_nothing_is_called_positive(band: Callable[..., Any]) -> None:
    drawn = band()
    measured = measure_staining(drawn.image(0.5), mpp=0.5, labels=drawn.labels(0.5))
    names = ["positive_area_percent", "positive_pixels_per_mm2"]
    assert measured.field[[*names, "positive_above"]].isna().all(axis=None)
    assert measured.regions[[*names, "edge_positive"]].isna().all(axis=None)


def test_dab_is_measured_as_optical_density(band: Callable[..., Any]) -> None:
    drawn = band(line=400.0, cytoplasm=40.0, gaps=GAPS, noise=0.0)
    dab = (drawn.image(0.5).astype(float) - 100) / 400
    labels = drawn.labels(0.5)
    # Nuclei: the fan of colours needs both stains.
    blue = 0.15 * (labels.array > 0) + 0.7 * (labels.array == Compartment.VILLUS_LAMINA_PROPRIA)
    rng = np.random.default_rng(0)
    image = combine(np.stack([blue, dab], axis=-1) + rng.normal(0, 0.004, (*dab.shape, 2)), HAEMATOXYLIN_DAB)
    measured = measure_staining(image, mpp=0.5, stain="dab", labels=labels, controls=StainThreshold(0.3))
    row = measured.regions.iloc[1]
    assert measured.field["stain"].tolist() == ["dab"]
    assert row["apical_fraction"] == pytest.approx(drawn.apical_fraction(3.0), rel=0.05)
    assert row["continuity"] == pytest.approx(drawn.continuity(), abs=0.01)


def test_strict_settings_refuse_and_say_what_to_do(band: Callable[..., Any]) -> None:
    drawn = band()
    image = np.minimum(drawn.image(0.5), 255).astype(np.uint8)
    strict = StainingSettings(is_strict=True, limits=QualityLimits(finest_detail_um=0.01))
    with pytest.raises(UnusableStaining, match=r"saturated, out_of_focus.*saturated_percent up to 1.*shorter exposure"):
        measure_staining(image, mpp=0.5, labels=drawn.labels(0.5), settings=strict)
    assert "saturated" in measure_staining(image, mpp=0.5, labels=drawn.labels(0.5)).field["flags"][0]


FIELD = np.zeros((40, 40), np.uint16)
SAME_FIELD = LabelMap(np.ones((40, 40), np.uint8), mpp=0.5)
INVALID: list[tuple[dict[str, Any], type[HistoError], str]] = [
    ({"mpp": 0.0}, MissingPixelSize, "positive"),
    ({"mpp": float("nan")}, MissingPixelSize, "positive"),
    ({"stain": "he"}, InvalidArgument, "fluorescence or dab"),
    ({"image": np.zeros((40, 40, 3), np.uint8)}, InvalidArgument, "one channel at a time"),
    ({"stain": "dab"}, InvalidArgument, "RGB"),
    ({"image": np.zeros((40, 40, 3), np.float32), "stain": "dab"}, InvalidArgument, "uint8"),
    ({"image": np.full((40, 40), np.nan, np.float32)}, InvalidArgument, "finite"),
    ({"image": np.zeros((40, 40), bool)}, InvalidArgument, "integers or floats"),
    ({"image": np.zeros((0, 40), np.uint16)}, InvalidArgument, "too small"),
    ({"image": np.zeros((2, 40), np.uint16)}, InvalidArgument, "too small"),
    ({"labels": LabelMap(np.ones((40, 40), np.uint8), mpp=1.0)}, InvalidArgument, "40.0 x 40.0 µm"),
    ({"labels": SAME_FIELD, "membranes": np.ones((3, 3), bool)}, InvalidArgument, "same picture"),
    ({"membranes": np.ones((40, 40), bool)}, InvalidArgument, "Give labels"),
    ({"controls": []}, InvalidArgument, "needs controls"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "error", "message"), INVALID)
def test_invalid_input_is_named(changed: dict[str, Any], error: type[HistoError], message: str) -> None:
    arguments = {"image": FIELD, "mpp": 0.5, **changed}
    with pytest.raises(error, match=message):
        measure_staining(arguments.pop("image"), **arguments)


@pytest.mark.parametrize("setting", ["apical_um", "lumen_side_um", "crypt_lumen_um", "membrane_um", "background"])
def test_invalid_settings_are_named(setting: str) -> None:
    with pytest.raises(InvalidArgument, match=setting if setting != "background" else "background is a level"):
        StainingSettings(**{setting: float("inf")})


@pytest.mark.parametrize("code", [0, Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT, Compartment.SUBMUCOSA])
def test_map_of_one_compartment_has_no_luminal_edge(code: int) -> None:
    labels = LabelMap(np.full((30, 40), code, np.uint8), mpp=1.0)
    image = np.random.default_rng(0).integers(0, 900, (60, 80)).astype(np.uint16)
    measured = measure_staining(image, mpp=0.5, labels=labels, controls=THRESHOLD)
    assert measured.regions["edge_um"].tolist() == [0.0] * 3
    assert measured.regions[["continuity", "apical_fraction", "gradient"]].isna().all(axis=None)
    assert measured.gaps.empty


def test_black_picture_is_measured_as_nothing(band: Callable[..., Any]) -> None:
    labels = band().labels(1.0)
    row = measure_staining(np.zeros(labels.shape, np.uint8), mpp=1.0, labels=labels, controls=THRESHOLD)
    assert row.field["positive_area_percent"].tolist() == [0.0]
    assert row.regions["apical_fraction"].isna().all()
    assert row.regions["continuity"].iloc[1] == 0.0
