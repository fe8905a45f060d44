"""Rank correlation beside R and scipy: see ``reference/README.md``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from histo.study.inference.correlation import rank_correlation

Cases = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize("name", ["pairs_8", "pairs_tied_8"])
def test_spearman_s_correlation_and_its_exact_p_value_are_those_of_r_and_scipy(
    name: str, datasets: dict[str, Any], reference: Cases
) -> None:
    expected, of_scipy = reference("correlation")[name], reference("scipy_statsmodels")[name]
    found = rank_correlation(datasets[name]["x"], datasets[name]["y"], max_relabelings=50_000)
    assert found.estimate == pytest.approx(expected["rho"], rel=1e-9)
    assert found.estimate == pytest.approx(of_scipy["rho"], rel=1e-9)
    tails = expected["enumerated"]
    smaller = min(tails["greater"], tails["less"])
    assert found.p_plain == pytest.approx(2 * smaller, rel=1e-9)
    assert found.p == pytest.approx(2 * smaller - tails["equal"], rel=1e-9)


def test_without_ties_the_plain_p_value_is_that_of_cor_test(datasets: dict[str, Any], reference: Cases) -> None:
    found = rank_correlation(datasets["pairs_8"]["x"], datasets["pairs_8"]["y"], max_relabelings=50_000)
    assert found.p_plain == pytest.approx(reference("correlation")["pairs_8"]["p_exact"], rel=1e-9)
    assert found.p_plain == pytest.approx(reference("scipy_statsmodels")["pairs_8"]["p_exact"], rel=1e-9)
