from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from histo.io.results import write_table
from histo.schema import TABLES
from histo.study import AnalysisPlan, StudyTables, endpoint_named
from histo.study.level import animals_table, join_measures
from histo.study.level.measure import MEASURE_TABLES, column_name, find_measure

SECTIONS = pd.DataFrame(
    {
        "slide": ["a", "b", "c"],
        "section": ["s1", "s1", "s1"],
        "animal": ["a", "b", "c"],
        "group": ["control", "EAE", "EAE"],
        "timepoint": "14",
        "segment": "ileum",
        "stain": ["dab", "dab", "fluorescence"],
        "flags": ["", "negative_control", ""],
    }
)


def _rows(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"slide": ["a", "b", "c"], "section": "s1"} | columns)


def test_a_marker_in_a_compartment_becomes_an_endpoint_with_its_count() -> None:
    positivity = _rows(compartment="crypt", marker="cd4", percent_positive=[10.0, 20.0, 30.0], n_cells=[80, 90, 20])
    joined = join_measures(SECTIONS.assign(stain="dab", flags=""), {"positivity": positivity})
    assert joined["cd4_crypt_percent_positive"].tolist() == [10.0, 20.0, 30.0]
    animals = animals_table(joined, ["cd4_crypt_percent_positive"], AnalysisPlan())
    assert animals["value"].tolist()[:2] == [10.0, 20.0]
    assert animals["note"].tolist() == ["", "", "1 below 50 cells"]


def test_a_results_folder_lets_its_other_tables_be_compared(
    tmp_path: Path, draw_sections_table: Callable[..., pd.DataFrame]
) -> None:
    sections = draw_sections_table(segments=("ileum",))
    percent = np.where(sections["group"] == "EAE", 30.0, 10.0) + np.arange(len(sections)) % 3
    counts = dict.fromkeys(("n_unmeasured", "n_positive"), 0)
    rates = dict.fromkeys(("percent_weak", "percent_moderate", "percent_strong", "h_score"), np.nan)
    identity = sections[["slide", "section", "animal", "group", "timepoint", "segment"]]
    positivity = identity.assign(
        compartment="crypt", marker="cd4", n_cells=90, percent_positive=percent, is_negative_control=False
    )
    write_table(tmp_path, "sections", sections)
    write_table(tmp_path, "positivity", positivity.assign(**counts, **rates))
    contrasts = StudyTables.from_results(tmp_path).compare("cd4_crypt_percent_positive")
    assert len(contrasts) == 2
    assert contrasts["estimate"].to_numpy() == pytest.approx([20.0, 20.0], abs=0.5)


def test_negative_controls_have_no_value() -> None:
    densities = _rows(compartment="submucosa", population="CD4+", cells_per_mm2=[1.0, 2.0, 3.0])
    joined = join_measures(SECTIONS.assign(stain="dab"), {"densities": densities})
    assert joined["cd4_positive_submucosa_per_mm2"].tolist() == pytest.approx([1.0, np.nan, 3.0], nan_ok=True)
    marked = _rows(marker="zo-1", mean_signal=[1.0, 2.0, 3.0], is_negative_control=[True, False, False])
    joined = join_measures(SECTIONS.assign(stain="dab", flags=""), {"staining": marked})
    assert joined["zo_1_mean_signal"].tolist() == pytest.approx([np.nan, 2.0, 3.0], nan_ok=True)


def test_two_stains_of_one_marker_and_two_ways_of_seeing_it_are_told_apart() -> None:
    positivity = _rows(compartment="tissue", marker="cd4", percent_positive=[10.0, 20.0, 30.0], n_cells=90)
    joined = join_measures(SECTIONS.assign(flags=""), {"positivity": positivity})
    assert joined["cd4_dab_percent_positive"].tolist() == pytest.approx([10.0, 20.0, np.nan], nan_ok=True)
    assert joined["cd4_fluorescence_percent_positive"].notna().tolist() == [False, False, True]
    fields = _rows(
        compartment="", marker="zo-1", seen_by=["ridge filter", "v1", "v1"], gap_fraction=0.1, n_junctions=40
    )
    joined = join_measures(SECTIONS.assign(flags="", stain="dab"), {"junction_fields": fields})
    assert joined["zo_1_ridge_filter_gap_fraction"].notna().tolist() == [True, False, False]


def test_several_fields_of_a_section_count_as_their_mean_and_their_junctions_add_up() -> None:
    fields = pd.concat(
        [
            _rows(compartment="crypt", marker="", gap_fraction=share, n_junctions=n)
            for share, n in ((0.1, 20), (0.3, 15))
        ]
    )
    joined = join_measures(SECTIONS.assign(flags="", stain="dab"), {"junction_fields": fields})
    assert joined["crypt_gap_fraction"].tolist() == pytest.approx([0.2] * 3)
    assert joined["crypt_n_junctions"].tolist() == [35] * 3


def test_a_ratio_has_a_column_of_its_own_and_its_denominator() -> None:
    ratios = pd.concat(
        _rows(compartment="submucosa", ratio=ratio, value=value, n_denominator=n)
        for ratio, value, n in (("treg_fraction", 0.2, 70), ("th17_treg_ratio", 3.0, 10))
    )
    joined = join_measures(SECTIONS.assign(flags=""), {"cell_ratios": ratios})
    assert joined["submucosa_treg_fraction"].tolist() == [0.2] * 3
    assert joined["submucosa_th17_treg_ratio_n"].tolist() == [10] * 3
    animals = animals_table(joined, ["submucosa_treg_fraction", "submucosa_th17_treg_ratio"], AnalysisPlan())
    assert animals["value"].notna().tolist() == [True] * 3 + [False] * 3


def test_columns_that_are_there_stay() -> None:
    sections = SECTIONS.assign(cd4_percent_positive=[1.0, 2.0, 3.0], stain="dab", flags="")
    positivity = _rows(compartment="tissue", marker="cd4", percent_positive=9.0, n_cells=100)
    assert join_measures(sections, {"positivity": positivity})["cd4_percent_positive"].tolist() == [1.0, 2.0, 3.0]
    pd.testing.assert_frame_equal(join_measures(sections, {}), sections)


@pytest.mark.parametrize(
    ("name", "label", "unit"),
    [
        ("cd4_percent_positive", "CD4 positive cells", "%"),
        ("mucosal_lamina_propria_treg_fraction", "Treg among CD4 positive cells, mucosal lamina propria", ""),
        ("zo_1_gap_fraction", "ZO-1 share of gaps", ""),
        ("claudin_2_villus_apical_fraction", "Claudin-2 apical fraction, villus", ""),
        ("zo_1_positive_area_percent", "ZO-1 positive area", "%"),
        ("mouse_infiltrate_score_rank", "Mouse infiltrate grade (rank)", ""),
        ("lymphocyte_crypt_per_mm2", "Lymphocyte, crypt", "/mm²"),
        ("cd4_positive_submucosa_per_mm2", "CD4 positive, submucosa", "/mm²"),
        ("villus_height_um", "Villus height", "µm"),
    ],
)
def test_a_joined_measure_is_called_what_people_call_it(name: str, label: str, unit: str) -> None:
    endpoint = endpoint_named(name)
    assert (endpoint.label, endpoint.unit) == (label, unit)


def test_every_measure_is_a_column_of_its_table_and_found_again_by_its_name() -> None:
    for table in MEASURE_TABLES:
        known = set(TABLES[table.name].names)
        for measure in table.measures:
            if table.name != "cell_ratios":
                assert measure.column in known
                assert not measure.repeats or measure.repeats in known
            what, where = "cd4" if table.what else "", "crypt" if table.where else ""
            found = find_measure(column_name(what, where, measure.name))
            assert found is not None
            assert found[1].label == measure.label
            assert found[2:] == (what, where)
