from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from histo.schema import table_schema
from histo.study import AnalysisPlan, effective_sections, variance_components

HEIGHT = "villus_height_um"
PLAN = AnalysisPlan()
Draw = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]


def test_with_villi_at_hand_all_three_levels_are_told_apart(draw_nested: Draw) -> None:
    sections, villi = draw_nested(3, n_animals=(8, 8, 8))
    table = variance_components(sections, [HEIGHT], PLAN, units={"villi": villi})
    assert list(table.columns) == table_schema("variance_components").names
    assert table["level"].tolist() == ["animal", "section", "unit"]
    assert ((table["ci_low"] <= [100, 64, 900]) & (table["ci_high"] >= [100, 64, 900])).all()
    assert table["n"].tolist() == [24, len(sections), len(villi)]
    assert table["share"].sum() == pytest.approx(1)
    assert table["icc"].iloc[1] == pytest.approx(table["share"].iloc[:2].sum())


def test_without_villi_their_scatter_stands_with_that_of_sections(draw_nested: Draw) -> None:
    sections, villi = draw_nested(3)
    apart = variance_components(sections, [HEIGHT], PLAN, units={"villi": villi}).set_index("level")
    together = variance_components(sections, [HEIGHT], PLAN).set_index("level")
    assert together.index.tolist() == ["animal", "section"]
    assert together.loc["section", "variance"] > apart.loc["section", "variance"]
    assert together["note"].str.contains("accepted villi were not at hand").all()
    assert together.loc["animal", "icc"] == pytest.approx(apart.loc["animal", "icc"])


def test_the_correlation_of_sections_is_that_of_their_values(draw_nested: Draw) -> None:
    sections, _ = draw_nested(5, n_sections=(6, 6))
    row = variance_components(sections, [HEIGHT], PLAN).set_index("level").loc["animal"]
    assert row["icc"] == pytest.approx(row["share"])
    assert row["icc_low"] < row["icc"] < row["icc_high"]
    assert row["n_each"] == pytest.approx(6)
    assert effective_sections(6, 1.0) == 1.0


def test_rejected_villi_and_dropped_sections_count_nowhere(draw_nested: Draw) -> None:
    sections, villi = draw_nested(6)
    expected = variance_components(sections, [HEIGHT], PLAN, units={"villi": villi})
    rejected = villi.assign(villus_height_um=1e5, is_accepted=False)
    few = sections.iloc[:1].assign(section="s99", n_villi_accepted=2, villus_height_um=1e5)
    unknown = sections.iloc[:1].assign(section="s98", animal="", villus_height_um=1e5)
    found = variance_components(
        pd.concat([sections, few, unknown]), [HEIGHT], PLAN, units={"villi": pd.concat([villi, rejected])}
    )
    pd.testing.assert_frame_equal(found, expected)


def test_a_variance_below_zero_is_given_as_zero_and_said() -> None:
    rows = [
        {"slide": f"a{animal}", "section": f"s{piece}", "animal": f"a{animal}", "value": value}
        for animal, values in enumerate([(1.0, 9.0), (2.0, 8.0), (0.0, 10.5)])
        for piece, value in enumerate(values)
    ]
    sections = pd.DataFrame(rows).assign(group="x", timepoint="", segment="", submucosa_um=lambda t: t["value"])
    row = variance_components(sections, ["submucosa_um"], PLAN).set_index("level").loc["animal"]
    assert row["variance"] == row["ci_low"] == row["icc"] == 0
    assert "below 0" in row["note"]


def test_one_section_an_animal_leaves_the_animal_and_says_so(draw_nested: Draw) -> None:
    sections, _ = draw_nested(7, n_sections=(1, 1))
    table = variance_components(sections, [HEIGHT], PLAN)
    assert table["level"].tolist() == ["animal"]
    assert "each animal has one" in table["note"].iloc[0]
    assert np.isnan(table["icc"].iloc[0])


def test_animals_that_are_followed_are_said(draw_nested: Draw) -> None:
    sections, _ = draw_nested(7)
    later = sections.assign(timepoint="21", slide=sections["slide"] + "late")
    table = variance_components(pd.concat([sections, later]), [HEIGHT], PLAN)
    assert table["note"].str.contains("several timepoints").all()
    assert not variance_components(sections, [HEIGHT], PLAN)["note"].str.contains("several timepoints").any()


def test_a_median_of_villi_is_not_taken_apart(draw_nested: Draw) -> None:
    sections, villi = draw_nested(7)
    plan = AnalysisPlan(section_estimator="median")
    table = variance_components(sections, [HEIGHT], plan, units={"villi": villi})
    assert table["level"].tolist() == ["animal", "section"]
    assert table["note"].str.contains("its value is a median").all()


def test_a_study_of_one_animal_a_group_has_no_components(draw_nested: Draw) -> None:
    sections, _ = draw_nested(7, n_animals=(1, 1))
    assert variance_components(sections, [HEIGHT], PLAN).empty
