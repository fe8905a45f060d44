"""The mixed model beside R's lme4 and lmerTest, and statsmodels: see ``reference/README.md``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from histo.study.inference import Inference
from histo.study.inference.mixed import mixed_model

Cases = Callable[[str], dict[str, Any]]

ORDERS = {
    "group": ["control", "EAE 7", "EAE 14"],
    "segment": ["duodenum", "jejunum", "ileum"],
    "timepoint": ["0", "7", "14"],
}
MODELS = {
    "segments": ("segments", ["group", "segment"]),
    "segments_interaction": ("segments", ["group", "segment", "group:segment"]),
    "segments_covariates": ("segments", ["group", "segment", "sex", "batch"]),
    "unbalanced": ("segments_unbalanced", ["group", "segment"]),
    "unbalanced_covariates": ("segments_unbalanced", ["group", "segment", "sex", "batch"]),
    "unbalanced_group_only": ("segments_unbalanced", ["group"]),
    "followed": ("followed", ["timepoint"]),
    "sections": ("sections", ["group"]),
    "sections_unequal": ("sections_unequal", ["group"]),
}
# lme4's optimiser stops near 1e-8 of the optimum, and lmerTest takes its derivatives numerically.
TOLERANCE = 2e-6


def frame_of(dataset: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(dataset)
    for name in ORDERS.keys() & set(frame.columns):
        order = [level for level in ORDERS[name] if level in set(frame[name])]
        frame[name] = pd.Categorical(frame[name], order)
    for name in {"sex", "batch"} & set(frame.columns):
        frame[name] = pd.Categorical(frame[name])
    return frame


def fitted(name: str, datasets: dict[str, Any]) -> list[Inference]:
    dataset, fixed = MODELS[name]
    return mixed_model(frame_of(datasets[dataset]), fixed=fixed)


def name_in_r(row: Inference) -> str:
    """``mixed model, group: EAE 7 - control (REML, ...)`` is ``groupEAE 7`` for R."""
    parts = row.test.removeprefix("mixed model, ").split(" (")[0]
    return ":".join(part.split(": ")[0] + part.split(": ")[1].split(" - ")[0] for part in parts.split(" by "))


@pytest.mark.parametrize("name", MODELS)
def test_coefficients_and_their_degrees_of_freedom_are_those_of_lmertest(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("mixed_models")[name]["satterthwaite"]["coefficients"]
    found = [row for row in fitted(name, datasets) if "F of" not in row.test]
    assert len(found) == len(expected) - 1
    for ours in found:
        theirs = expected[name_in_r(ours)]
        assert ours.estimate == pytest.approx(theirs["estimate"], rel=TOLERANCE, abs=1e-6)
        assert ours.statistic == pytest.approx(theirs["t"], rel=TOLERANCE, abs=1e-7)
        assert ours.df == pytest.approx(theirs["df"], rel=TOLERANCE)
        assert ours.p == pytest.approx(theirs["p"], rel=TOLERANCE)


@pytest.mark.parametrize("name", MODELS)
def test_the_f_of_a_factor_is_that_of_lmertest(name: str, datasets: dict[str, Any], reference: Cases) -> None:
    expected = reference("mixed_models")[name]["satterthwaite"]["terms"]
    found = {row.test.split("F of ")[1].split(" with")[0]: row for row in fitted(name, datasets) if "F of" in row.test}
    assert set(found) == {term for term, row in expected.items() if row["df"][0] > 1}
    for term, ours in found.items():
        # Of an unbalanced table the degrees of freedom of Fai and Cornelius depend on the basis in which the contrasts
        # are written; lmerTest's own choices differ by 0.1 % (12.485 to 12.501 in unbalanced_group_only).
        is_balanced = expected[term]["df"][1] == pytest.approx(round(expected[term]["df"][1]), abs=1e-5)
        assert ours.statistic == pytest.approx(expected[term]["F"], rel=TOLERANCE)
        assert ours.df == pytest.approx(expected[term]["df"][1], rel=TOLERANCE if is_balanced else 2e-3)
        assert ours.p == pytest.approx(expected[term]["p"], rel=TOLERANCE if is_balanced else 5e-3)


@pytest.mark.parametrize("name", ["segments", "segments_interaction", "segments_covariates", "followed", "sections"])
def test_of_balanced_tables_kenward_and_roger_say_the_same(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected = reference("mixed_models")[name]["kenward_roger"]["terms"]
    for ours in fitted(name, datasets):
        if "F of" in ours.test:
            term = expected[ours.test.split("F of ")[1].split(" with")[0]]
            assert ours.statistic == pytest.approx(term["F"], rel=TOLERANCE)
            assert ours.p == pytest.approx(term["p"], rel=TOLERANCE)


@pytest.mark.parametrize("name", ["unbalanced", "unbalanced_covariates", "unbalanced_group_only", "sections_unequal"])
def test_of_unbalanced_tables_kenward_and_roger_are_near(name: str, datasets: dict[str, Any], reference: Cases) -> None:
    # They also inflate the standard errors for what is not known of the variances; histo, as lmerTest by default, does
    # not, and has somewhat more degrees of freedom: benchmarks/type_one_error.py has the false positives.
    expected = reference("mixed_models")[name]["kenward_roger"]["coefficients"]
    for ours in fitted(name, datasets):
        if "F of" not in ours.test:
            theirs = expected[name_in_r(ours)]
            assert ours.estimate == pytest.approx(theirs["estimate"], rel=TOLERANCE)
            assert ours.statistic == pytest.approx(theirs["t"], rel=0.03)
            assert ours.df == pytest.approx(theirs["df"], rel=0.1)


def test_a_group_is_tested_between_animals_as_in_the_split_plot(datasets: dict[str, Any], reference: Cases) -> None:
    expected = reference("mixed_models")["segments_split_plot"]
    found = {row.test.split("F of ")[1].split(" with")[0]: row for row in fitted("segments", datasets)[4:]}
    for term, row in found.items():
        assert row.statistic == pytest.approx(expected[term]["F"], rel=1e-9)
        assert row.df == pytest.approx(expected[term]["df"][1], rel=1e-9)
        assert row.p == pytest.approx(expected[term]["p"], rel=1e-9)


@pytest.mark.parametrize("name", ["segments", "segments_unbalanced"])
def test_estimates_are_those_of_statsmodels(name: str, datasets: dict[str, Any], reference: Cases) -> None:
    expected = reference("scipy_statsmodels")[name]["coefficients"]
    found = mixed_model(frame_of(datasets[name]), fixed=["group", "segment"])
    # statsmodels takes the groups in the order of the alphabet.
    late, early = expected["group[T.EAE 7]"] - expected["group[T.control]"], -expected["group[T.control]"]
    assert found[0].estimate == pytest.approx(late, rel=1e-6)
    assert found[1].estimate == pytest.approx(early, rel=1e-6)
    assert found[2].estimate == pytest.approx(expected["segment[T.jejunum]"], rel=1e-6)
