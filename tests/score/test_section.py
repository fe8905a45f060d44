from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from histo import Compartment, LabelMap
from histo.measure import SectionMeasures, measure_section
from histo.schema import CRYPTS, LAYERS, SECTIONS, UNITS, VILLI, Column, empty_table
from histo.score import summarise_section


def _table(columns: tuple[Column, ...], **values: list[object]) -> pd.DataFrame:
    n = len(next(iter(values.values())))
    blank = {"string": "", "float64": 0.0, "int64": 0, "bool": True}
    return pd.DataFrame({column.name: values.get(column.name, [blank[column.kind]] * n) for column in columns})


@pytest.fixture
def labels() -> LabelMap:
    return LabelMap(np.full((100, 200), Compartment.SUBMUCOSA), mpp=2.0, origin=(10.0, 20.0), slide_mpp=0.5)


@pytest.fixture
def measures() -> SectionMeasures:
    return SectionMeasures(
        _table(VILLI.columns, villus_height_um=[400.0, 200.0, 900.0], is_accepted=[True, True, False]),
        _table(CRYPTS.columns, crypt_depth_um=[100.0, 50.0, 10.0], is_accepted=[True, True, False]),
        _table(UNITS.columns, vh_cd=[4.0, 4.0]),
        _table(LAYERS.columns, mucosa_um=[1.0, 2.0, 3.0], submucosa_um=[5.0, 7.0, np.nan], muscularis_um=[np.nan] * 3),
        2000.0,
    )


def test_only_accepted_rows_count_and_all_are_counted(measures: SectionMeasures, labels: LabelMap) -> None:
    summary = summarise_section(measures, labels)
    assert summary["villus_height_um"] == 300.0
    assert summary["villus_height_sd_um"] == pytest.approx(math.sqrt(20000))
    assert (summary["n_villi"], summary["n_villi_accepted"]) == (3, 2)
    assert (summary["n_crypts"], summary["n_crypts_accepted"], summary["n_units"]) == (3, 2, 2)
    assert summary["villi_per_mm"] == 1.5


def test_rejected_rows_are_counted_by_reason(measures: SectionMeasures, labels: LabelMap) -> None:
    reasons = ["fused", "detached", "", "fused"]
    villi = _table(VILLI.columns, reject_reason=reasons, is_accepted=[not reason for reason in reasons])
    rejected = SectionMeasures(villi, measures.crypts, measures.units, measures.layers, 2000.0)
    summary = summarise_section(rejected, labels)
    assert summary["villi_rejected"] == "fused=2 detached=1"
    assert (summary["n_villi"], summary["n_villi_accepted"]) == (4, 1)


def test_islands_and_specks_are_no_villi_of_the_wall(measures: SectionMeasures, labels: LabelMap) -> None:
    reasons = ["fused", "detached", "", "too_small", "cut_at_border"]
    villi = _table(VILLI.columns, reject_reason=reasons, is_accepted=[not reason for reason in reasons])
    rejected = SectionMeasures(villi, measures.crypts, measures.units, measures.layers, 2000.0)
    summary = summarise_section(rejected, labels)
    assert summary["n_villi"] == 5
    assert summary["villi_per_mm"] == 1.5


def test_ratio_of_means_stands_beside_mean_of_ratios(measures: SectionMeasures, labels: LabelMap) -> None:
    measures = SectionMeasures(
        measures.villi, measures.crypts, _table(UNITS.columns, vh_cd=[4.0, 5.0]), measures.layers, 2000.0
    )
    summary = summarise_section(measures, labels)
    assert summary["vh_cd"] == 4.5
    assert summary["vh_cd_of_means"] == 4.0


def test_layers_are_medians_over_the_places_that_have_them(measures: SectionMeasures, labels: LabelMap) -> None:
    summary = summarise_section(measures, labels)
    assert (summary["mucosa_um"], summary["mucosa_iqr_um"]) == (2.0, 1.0)
    assert summary["submucosa_um"] == 6.0
    assert math.isnan(float(str(summary["muscularis_um"])))
    assert "no_muscularis" in str(summary["flags"]).split()


def test_what_is_missing_of_a_layer_is_said(measures: SectionMeasures, labels: LabelMap) -> None:
    thickness = np.full(100, 30.0)
    thickness[20:30] = thickness[50:52] = np.nan
    layers = _table(
        LAYERS.columns, position_um=np.arange(100) * 10.0, mucosa_um=[500.0] * 100, submucosa_um=thickness,
        muscularis_um=[np.nan] * 100,
    )  # fmt: skip
    summary = summarise_section(replace(measures, layers=layers), labels)
    assert [summary[f"{layer}_missing"] for layer in ("mucosa", "submucosa", "muscularis")] == pytest.approx(
        [0, 0.12, 1]
    )
    assert [summary[f"{layer}_gaps"] for layer in ("mucosa", "submucosa", "muscularis")] == [0, 1, 1]


def test_area_and_window_are_those_of_the_label_map(measures: SectionMeasures, labels: LabelMap) -> None:
    summary = summarise_section(measures, labels)
    assert summary["tissue_area_mm2"] == pytest.approx(200e-6 * 400)
    assert (summary["row"], summary["col"], summary["height"], summary["width"]) == (10.0, 20.0, 400.0, 800.0)


def test_an_empty_section_has_a_line_too() -> None:
    labels = LabelMap(np.zeros((50, 50), dtype=np.uint8), mpp=1.0)
    summary = summarise_section(measure_section(labels), labels)
    assert summary["n_villi"] == 0
    assert math.isnan(float(str(summary["vh_cd"])))
    assert str(summary["flags"]).split()[:3] == ["no_wall", "few_villi", "few_crypts"]


def test_confidence_is_the_mean_over_tissue(measures: SectionMeasures) -> None:
    array = np.zeros((10, 10), dtype=np.uint8)
    array[:5] = Compartment.CRYPT
    confidence = np.where(array > 0, 51, 255).astype(np.uint8)
    summary = summarise_section(measures, LabelMap(array, mpp=1.0, confidence=confidence))
    assert summary["confidence"] == pytest.approx(0.2)
    assert "low_confidence" in str(summary["flags"]).split()


def test_every_column_is_one_of_the_sections_table(measures: SectionMeasures, labels: LabelMap) -> None:
    names = {column.name for column in SECTIONS.columns}
    summary = summarise_section(measures, labels)
    assert set(summary) == names - {"stain", "mpp_source", "model", "excluded_mm2"}
    assert isinstance(empty_table(SECTIONS.columns), pd.DataFrame)


@pytest.mark.parametrize(
    ("crypts", "villi", "is_oblique"),
    [
        (["incomplete"] * 4 + ["no_junction"] * 3 + ["tangential"] * 2 + [""] * 3, [""] * 12, True),
        (["incomplete"] * 8 + [""] * 4, [""] * 12, False),
        (["incomplete"] * 6 + [""] * 2 + ["cut_at_border"] * 20, [""] * 12, False),
        (["fused"] * 12, ["detached"] * 5 + ["tangential"] * 7, False),
        ([""] * 12, ["detached"] * 6 + ["", "tangential"] * 3 + ["too_small"] * 9, True),
        (["incomplete"] * 9, ["detached"] * 9, False),
    ],
)
def test_a_section_whose_crypts_and_villi_are_seen_in_part_is_flagged_as_oblique(
    measures: SectionMeasures, labels: LabelMap, crypts: list[str], villi: list[str], is_oblique: bool
) -> None:
    tables = {
        name: _table(columns, reject_reason=reasons, is_accepted=[not reason for reason in reasons])
        for name, columns, reasons in (("crypts", CRYPTS.columns, crypts), ("villi", VILLI.columns, villi))
    }
    flags = str(summarise_section(replace(measures, **tables), labels)["flags"]).split()
    assert ("oblique" in flags) == is_oblique
