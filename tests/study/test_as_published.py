from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from histo.schema import table_schema
from histo.study import StudyLayout, StudyTables, null_rates
from histo.study.as_published import SectionCounts, false_positive_rate_on_sections

Draw = Callable[..., pd.DataFrame]

EIGHT = (8, 8, 8, 8, 8)


@pytest.fixture(scope="module")
def study(draw_sections_table: Draw) -> StudyTables:
    return StudyTables(draw_sections_table(seed=1, segments=("ileum",)))


def test_the_wrong_p_stands_beside_the_right_one(study: StudyTables) -> None:
    table = study.as_published("crypt_depth_um")
    assert list(table.columns) == table_schema("as_published").names
    assert table["p"].to_numpy() == pytest.approx(study.compare("crypt_depth_um")["p"].to_numpy())
    sections = study.sections
    a, b = (
        sections.loc[(sections["group"] == group) & (sections["timepoint"] == "14"), "crypt_depth_um"]
        for group in ("control", "EAE")
    )
    late = table[table["contrast"] == "EAE @ 14 - control @ 14"].iloc[0]
    assert late["wrong_p_on_sections"] == pytest.approx(stats.ttest_ind(a, b).pvalue)
    assert (late["n_sections_a"], late["n_sections_b"]) == (len(a), len(b))
    assert (late["n_animals_a"], late["n_animals_b"]) == (5, 5)


def test_the_rate_is_that_of_this_layout_and_this_likeness(study: StudyTables) -> None:
    row = study.as_published("crypt_depth_um").iloc[0]
    counts = study.sections.groupby("animal").size()
    own = SectionCounts(
        tuple(counts[counts.index.str.startswith("C14")]), tuple(counts[counts.index.str.startswith("E7")])
    )
    assert row["false_positive_rate"] == false_positive_rate_on_sections(own, round(row["icc"], 3))
    assert row["false_positive_rate"] > 0.15


@pytest.mark.parametrize("icc", [0.0, 0.3, 0.6])
def test_the_rate_agrees_with_that_of_equal_sections(icc: float) -> None:
    rate = false_positive_rate_on_sections(SectionCounts(EIGHT, EIGHT), icc)
    expected = null_rates(StudyLayout(5, 5, 8, icc), 1000, seed=1).t_test_on_sections
    # 1,000 studies scatter by up to 1.6 percentage points, 4,000 by 0.8.
    assert rate == pytest.approx(expected, abs=0.055)


def test_sections_that_are_not_alike_are_as_good_as_animals() -> None:
    assert false_positive_rate_on_sections(SectionCounts(EIGHT, EIGHT), 0.0) == pytest.approx(0.05, abs=0.015)


def test_more_sections_make_it_worse() -> None:
    few, many = (false_positive_rate_on_sections(SectionCounts((n,) * 5, (n,) * 5), 0.4) for n in (2, 20))
    assert many > few + 0.1


def test_one_section_an_animal_says_nothing_of_likeness(draw_sections_table: Draw) -> None:
    study = StudyTables(draw_sections_table(seed=1, segments=("ileum",), sections_per_animal=(1, 1)))
    row = study.as_published("crypt_depth_um").iloc[0]
    assert np.isnan(row["false_positive_rate"])
    assert "cannot be estimated" in row["note"]
