"""Variance components and intraclass correlation beside lme4 (REML) and psych: see ``reference/README.md``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from histo.study import AnalysisPlan
from histo.study.level import variance_components

Cases = Callable[[str], dict[str, Any]]


def sections_of(dataset: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(dataset)
    number = frame.groupby("animal").cumcount() + 1
    return frame.assign(
        slide=frame["animal"] + "_" + number.astype(str),
        section="s1",
        timepoint="7",
        segment="jejunum",
        submucosa_um=frame["value"],
    )


def nested_tables(dataset: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    villi = pd.DataFrame(dataset)
    villi = villi.assign(slide=villi["animal"], villus_height_um=villi["value"], is_accepted=True)
    sections = (
        villi.groupby(["slide", "section", "animal", "group"], as_index=False)
        .agg(villus_height_um=("value", "mean"), n_villi_accepted=("value", "size"))
        .assign(timepoint="7", segment="jejunum")
    )
    return sections, villi


def components(sections: pd.DataFrame, endpoint: str, **units: pd.DataFrame) -> pd.DataFrame:
    return variance_components(sections, [endpoint], AnalysisPlan(), units=units).set_index("level")


def test_of_equal_numbers_the_components_of_sections_are_those_of_reml(
    datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("mixed_models")["sections"]["variances"]
    found = components(sections_of(datasets["sections"]), "submucosa_um")
    # lme4 stops within 1e-7 of its optimum.
    assert found.loc["animal", "variance"] == pytest.approx(expected["animal"], rel=1e-6)
    assert found.loc["section", "variance"] == pytest.approx(expected["Residual"], rel=1e-6)
    icc = expected["animal"] / (expected["animal"] + expected["Residual"])
    assert found.loc["animal", "icc"] == pytest.approx(icc, rel=1e-6)


def test_of_equal_numbers_the_components_of_villi_sections_and_animals_are_those_of_reml(
    datasets: dict[str, Any], reference: Cases
) -> None:
    sections, villi = nested_tables(datasets["nested_balanced"])
    found = components(sections, "villus_height_um", villi=villi)["variance"]
    # aov's mean squares solved for the components; lme4's optimiser of two ratios stops within 2e-6 of them.
    for name, expected, tolerance in (
        ("aov", reference("mixed_models")["nested_balanced_anova"], 1e-9),
        ("lme4", reference("mixed_models")["nested_balanced"]["variances"], 1e-5),
    ):
        for level, part in (("animal", "animal"), ("section", "section:animal"), ("unit", "Residual")):
            assert found[level] == pytest.approx(expected[part], rel=tolerance), name


@pytest.mark.parametrize("name", ["sections_unequal", "nested"])
def test_of_unequal_numbers_the_components_differ_from_reml_by_less_than_their_own_uncertainty(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    # REML weighs animals by what it believes of the components; histo weighs them as the tests between groups do
    # (each animal the same), so that its mean square of animals is the variance that those tests see. Both are
    # consistent; on unequal numbers they are two estimators and not the same number.
    expected = reference("mixed_models")[name]["variances"]
    if name == "nested":
        sections, villi = nested_tables(datasets[name])
        found = components(sections, "villus_height_um", villi=villi)
        pairs = {"animal": "animal", "section": "section:animal", "unit": "Residual"}
    else:
        found = components(sections_of(datasets[name]), "submucosa_um")
        pairs = {"animal": "animal", "section": "Residual"}
    for level, part in pairs.items():
        assert found.loc[level, "ci_low"] <= expected[part] <= found.loc[level, "ci_high"]
    lowest = found.iloc[-1]["variance"]
    assert lowest == pytest.approx(expected["Residual"], rel=0.03)


def test_the_intraclass_correlation_of_one_group_and_its_interval_are_those_of_shrout_and_fleiss(
    datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("mixed_models")["icc_one_group"]
    sections = sections_of(datasets["sections"])
    row = components(sections[sections["group"] == "control"], "submucosa_um").loc["animal"]
    assert row["icc"] == pytest.approx(max(expected["icc1"], 0.0), rel=1e-6)
    # psych lets the interval fall below 0, where a correlation of sections within animals cannot be.
    assert row["icc_low"] == pytest.approx(max(expected["ci"][0], 0.0), rel=1e-6)
    assert row["icc_high"] == pytest.approx(expected["ci"][1], rel=1e-6)


def test_the_estimates_of_many_animals_with_unequal_numbers_are_near_the_truth() -> None:
    rng = np.random.default_rng(3)
    n_sections = rng.integers(2, 9, 600)
    animals = np.repeat(np.arange(600), n_sections)
    values = 5 + rng.normal(0, 3, 600)[animals] + rng.normal(0, 2, animals.size)
    sections = sections_of(
        {"animal": [f"m{animal}" for animal in animals], "group": ["control"] * animals.size, "value": values}
    )
    found = components(sections, "submucosa_um")["variance"]
    # True 9 and 4; the standard errors of so many are 0.6 and 0.12.
    assert found["animal"] == pytest.approx(9.0, abs=1.5)
    assert found["section"] == pytest.approx(4.0, abs=0.3)
