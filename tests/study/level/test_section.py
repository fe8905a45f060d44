from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from histo.errors import InvalidArgument
from histo.study import AnalysisPlan, endpoint_named
from histo.study.level import animals_table, dropped_sections, restate_sections
from histo.study.level.section import describe_estimator

HEIGHT = "villus_height_um"
SECTIONS = pd.DataFrame(
    {
        "slide": ["a", "b", "c", "d"],
        "section": "s1",
        "animal": ["m1", "m1", "m1", "m2"],
        "group": "control",
        "timepoint": "14",
        "segment": "ileum",
        HEIGHT: [100.0, 200.0, 300.0, 50.0],
        "n_villi_accepted": [1, 10, 30, 20],
        "wall_length_mm": [1.0, 3.0, 1.0, np.nan],
    }
)


def _m1(plan: AnalysisPlan) -> pd.Series:
    table = animals_table(SECTIONS, [HEIGHT], plan).set_index("animal")
    return table.loc["m1"]


@pytest.mark.parametrize(
    ("weights", "value"), [("equal", 250.0), ("units", (2000 + 9000) / 40), ("wall_length", (600 + 300) / 4)]
)
def test_sections_weigh_as_the_plan_says(weights: str, value: float) -> None:
    row = _m1(AnalysisPlan(section_weights=weights))  # type: ignore[arg-type]
    assert row["value"] == pytest.approx(value)
    assert (row["n_sections"], row["n_dropped"], row["n_units"]) == (2, 1, 40)
    assert row["sd"] == pytest.approx(np.std([200, 300], ddof=1))
    assert row["note"] == "1 below 3 accepted villi"


def test_a_section_without_a_wall_cannot_be_weighed_by_it() -> None:
    table = animals_table(SECTIONS, [HEIGHT], AnalysisPlan(section_weights="wall_length")).set_index("animal")
    assert np.isnan(table.loc["m2", "value"])
    assert table.loc["m2", "note"] == "1 without a length of wall to weigh by"
    with pytest.raises(InvalidArgument, match="wall_length_mm"):
        animals_table(SECTIONS.drop(columns="wall_length_mm"), [HEIGHT], AnalysisPlan(section_weights="wall_length"))


@pytest.mark.parametrize(
    ("endpoint", "plan", "words"),
    [
        (HEIGHT, {}, "mean of sections, each the same weight; section: mean of accepted villi, at least 3"),
        (
            "submucosa_um",
            {"minimum_sections": 2},
            "mean of at least 2 sections, each the same weight; section: median along the wall",
        ),
        (
            "vh_cd",
            {"section_estimator": "median", "section_weights": "units"},
            "mean of sections, weighted by villus-crypt units; section: median of villus-crypt units, at least 3",
        ),
        (
            "zo_1_mean_signal",
            {"section_weights": "wall_length"},
            "mean of sections, weighted by length of wall; section: all of the stained area together",
        ),
        (
            "cd4_crypt_h_score",
            {},
            "mean of sections, each the same weight; section: all of the compartment's cells, at least 50 cells",
        ),
    ],
)
def test_the_estimator_is_said_in_words(endpoint: str, plan: dict[str, object], words: str) -> None:
    assert describe_estimator(endpoint_named(endpoint), AnalysisPlan(**plan)) == words  # type: ignore[arg-type]


def test_what_was_dropped_is_listed_with_its_reason() -> None:
    dropped = dropped_sections(SECTIONS, endpoint_named(HEIGHT), AnalysisPlan(minimum_repeats=15))
    assert dropped["slide"].tolist() == ["a", "b"]
    assert set(dropped["reason"]) == {"below 15 accepted villi"}


def test_medians_and_trimmed_means_are_those_of_accepted_villi(
    draw_nested: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    sections, villi = draw_nested(1, n_animals=(2, 2), n_villi=(10, 12))
    outlier = villi.iloc[:1].assign(villus_height_um=1e6, is_accepted=False)
    tables = {"villi": pd.concat([villi, outlier])}
    own = villi[(villi["slide"] == sections["slide"][0]) & (villi["section"] == sections["section"][0])][HEIGHT]
    for name, expected in (("median", own.median()), ("trimmed_mean", own.sort_values()[1:-1].mean())):
        plan = AnalysisPlan(section_estimator=name)  # type: ignore[arg-type]
        assert restate_sections(sections, tables, [HEIGHT, "submucosa_um"], plan)[HEIGHT][0] == pytest.approx(expected)
    unchanged = restate_sections(sections, {}, [HEIGHT], AnalysisPlan())
    pd.testing.assert_frame_equal(unchanged, sections)


def test_a_median_without_villi_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="tables villi"):
        restate_sections(SECTIONS, {}, [HEIGHT], AnalysisPlan(section_estimator="median"))
