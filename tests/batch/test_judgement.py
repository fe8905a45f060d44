"""Counting judged cells: in parts, by compartment, and beside what is known of areas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from histo.batch.judgement import CellJudge
from histo.batch.positivity import population_densities, population_ratios, section_measures, tabulate_positivity
from histo.batch.staining import StainedSlide
from histo.batch.thresholds import StudyThresholds
from histo.io.design import read_panel
from histo.measure import PhenotypeRules, Threshold, Thresholds
from histo.measure.infiltrate.density import tabulate_densities
from histo.schema import DENSITIES, empty_table
from histo.types import Compartment

RULES = PhenotypeRules.of({"Treg": "CD4+ & Foxp3+", "Th17": "CD4+ & IL17+"})
VILLUS, LOWER = Compartment.VILLUS_LAMINA_PROPRIA, Compartment.LAMINA_PROPRIA
PLACES = ("villus_lamina_propria", "lamina_propria", "submucosa", "background")


def _judge(is_control: bool = False) -> CellJudge:
    slides = [
        StainedSlide("a", "fluorescence", "", read_panel("CD4; Foxp3", "fluorescence")),
        StainedSlide("b", "fluorescence", "", read_panel("CD4", "fluorescence"), is_control),
    ]
    thresholds = Thresholds((Threshold("cd4", 1.0, 2.0, 3.0), Threshold("foxp3", 1.0, 2.0, 3.0)))
    return CellJudge(slides, StudyThresholds({("fluorescence", ""): thresholds}, empty_table(DENSITIES.columns)), RULES)


def _cells(slide: str, n: int, *, has_map: bool = True, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    cells = pd.DataFrame(
        {
            "slide": slide,
            "section": "s1",
            "compartment": rng.choice(PLACES, n) if has_map else "",
            "follicle_id": rng.choice(["", "", "", "f1"], n) if has_map else "",
            "cd4_intensity": np.where(rng.random(n) < 0.1, np.nan, rng.uniform(0, 4, n)),
        }
    )
    return cells.assign(foxp3_intensity=rng.uniform(0, 2, n)) if slide == "a" else cells


def test_counts_of_parts_add_up_to_those_of_the_whole() -> None:
    cells = _cells("a", 500)
    whole, parts = _judge(), _judge()
    whole.judge(cells)
    judged = [parts.judge(cells.iloc[start : start + 70]) for start in range(0, 500, 70)]
    pd.testing.assert_frame_equal(parts.marker_counts, whole.marker_counts)
    pd.testing.assert_frame_equal(parts.population_counts, whole.population_counts)
    both = pd.concat(judged)
    assert both["Treg"].equals(both["cd4_is_positive"] & both["foxp3_is_positive"])
    assert "Th17" not in both.columns  # nobody stained for IL-17
    assert whole.populations == {"a": ["cd4+", "foxp3+", "Treg"], "b": ["cd4+"]}
    assert whole.added == {
        "cd4_is_positive": bool, "cd4_class": int, "foxp3_is_positive": bool, "foxp3_class": int, "Treg": bool
    }  # fmt: skip


def test_cells_of_a_slide_without_markers_stay_as_they_are() -> None:
    judge = _judge()
    cells = _cells("h", 10)
    assert judge.judge(cells) is cells
    assert judge.marker_counts.empty


def test_positivity_has_all_tissue_first_and_leaves_background_out() -> None:
    judge = _judge(is_control=True)
    mapped, unmapped = _cells("a", 400), _cells("b", 300, has_map=False)
    judge.judge(mapped)
    judge.judge(unmapped)
    table = tabulate_positivity(judge.marker_counts, {"b"})
    of_cd4 = table[(table["slide"] == "a") & (table["marker"] == "cd4")]
    assert of_cd4["compartment"].tolist() == [
        "tissue",
        "lamina_propria",
        "lymphoid",
        "submucosa",
        "villus_lamina_propria",
    ]
    assert of_cd4["n_positive"].iloc[0] == of_cd4["n_positive"].iloc[1:].sum()
    in_tissue = mapped[(mapped["compartment"] != "background") | (mapped["follicle_id"] != "")]
    assert of_cd4["n_cells"].iloc[0] == in_tissue["cd4_intensity"].notna().sum()
    assert of_cd4["n_unmeasured"].iloc[0] == in_tissue["cd4_intensity"].isna().sum()
    (control,) = table[table["slide"] == "b"].to_dict("records")
    values = unmapped["cd4_intensity"].dropna()
    assert control["percent_positive"] == pytest.approx(100 * (values > 1).mean())
    assert control["h_score"] == pytest.approx(100 * sum((values > cut).mean() for cut in (1, 2, 3)))
    assert control["is_negative_control"]


def _densities_of(cells: pd.DataFrame, area_mm2: float = 2.0) -> pd.DataFrame:
    """The densities table of a section as it is made slide by slide, all areas alike."""
    codes = {compartment.label: int(compartment) for compartment in Compartment}
    where = np.where(cells["follicle_id"] != "", "lymphoid", cells["compartment"])
    regions = np.array([codes[str(name)] for name in where], np.uint8)
    areas = np.full(len(Compartment) + 2, area_mm2)
    areas[[0, -1, -2]] = np.nan
    table = tabulate_densities(regions, {"all": np.ones(len(cells), bool)}, areas, wall_length_mm=4.0)
    return table.assign(slide=cells["slide"].iloc[0], section="s1")


def test_densities_of_populations_fit_those_of_all_cells() -> None:
    judge = _judge()
    cells = _cells("a", 600)
    judged = judge.judge(cells)
    base = _densities_of(cells)
    found = population_densities(base, judge.population_counts, judge.populations)
    rows = found.set_index(["population", "compartment"])
    assert set(found["population"]) == {"cd4+", "foxp3+", "Treg"}
    assert len(found) == 3 * len(base)
    in_villi = judged[(judged["compartment"] == "villus_lamina_propria") & (judged["follicle_id"] == "")]
    row = rows.loc[("Treg", "villus_lamina_propria")]
    assert row["n_cells"] == in_villi["Treg"].sum()
    assert row["cells_per_mm2"] == pytest.approx(row["n_cells"] / 2.0)
    assert row["cells_per_mm"] == pytest.approx(row["n_cells"] / 4.0)
    assert row["ci_low_per_mm2"] < row["cells_per_mm2"] < row["ci_high_per_mm2"]
    together = rows.loc["Treg"]["n_cells"]
    assert together["mucosal_lamina_propria"] == together["villus_lamina_propria"] + together["lamina_propria"]
    assert rows.loc[("cd4+", "crypt"), "n_cells"] == 0
    assert np.isnan(rows.loc[("cd4+", "background"), "cells_per_mm2"])
    ratios = population_ratios(found).set_index("compartment")
    share = ratios.loc["submucosa"]
    assert share["value"] == pytest.approx(together["submucosa"] / rows.loc[("cd4+", "submucosa"), "n_cells"])
    assert set(ratios["ratio"]) == {"treg_fraction"}


def test_sections_have_no_value_of_what_they_were_not_stained_for() -> None:
    judge = _judge(is_control=True)
    for cells in (_cells("a", 200), _cells("b", 200)):
        judge.judge(cells)
    base = pd.concat([_densities_of(_cells("a", 200)), _densities_of(_cells("b", 200))], ignore_index=True)
    found = population_densities(base, judge.population_counts, judge.populations)
    sections = pd.DataFrame(
        {
            "slide": ["a", "b", "h"],
            "section": "s1",
            "stain": ["fluorescence", "fluorescence", "he"],
            "tissue_area_mm2": 5.0,
        }
    )
    measured = section_measures(sections, tabulate_positivity(judge.marker_counts, {"b"}), found).set_index("slide")
    assert measured["cd4_percent_positive"].notna().tolist() == [True, False, False]  # b is a negative control
    on_tissue = found[(found["slide"] == "a") & (found["population"] == "cd4+")]
    on_tissue = on_tissue[
        ~on_tissue["compartment"].isin(["mucosal_lamina_propria", "background", "excluded", "outside"])
    ]
    assert measured.loc["a", "cd4_positive_per_mm2"] == pytest.approx(on_tissue["n_cells"].sum() / 5.0)
    assert {"cd4_h_score", "treg_per_mm2", "foxp3_positive_per_mm2"} <= set(measured.columns)


def test_nothing_judged_gives_empty_tables() -> None:
    judge = CellJudge([], StudyThresholds({}, empty_table(DENSITIES.columns)), RULES)
    base = _densities_of(_cells("h", 50))
    assert tabulate_positivity(judge.marker_counts, set()).empty
    found = population_densities(base, judge.population_counts, judge.populations)
    assert found.empty
    assert population_ratios(found).empty
