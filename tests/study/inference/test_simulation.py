from __future__ import annotations

import numpy as np
import pytest

from histo.errors import InvalidArgument
from histo.study import StudyLayout, effective_sections, intraclass_correlation, null_rates, westfall_young
from histo.study.inference.simulation import draw_null_groups


@pytest.mark.parametrize("icc", [0.3, 0.6])
def test_the_default_test_holds_its_level_where_sections_do_not(icc: float) -> None:
    rates = null_rates(StudyLayout(5, 5, 8, icc), 2000, seed=11)
    # The exact level of 252 relabelings is 12 / 252 = 4.8 %; 2,000 studies scatter by 0.5 %.
    assert 0.035 <= rates.permutation <= 0.065
    assert 0.935 <= rates.interval_coverage <= 0.97
    assert rates.t_test_on_sections > 4 * rates.permutation


def test_unequal_numbers_and_skew_hold_the_level_too() -> None:
    rates = null_rates(StudyLayout(4, 6, 8, 0.6, "skewed"), 2000, seed=12)
    assert 0.03 <= rates.permutation <= 0.065


def test_one_or_more_of_five_endpoints_is_wrongly_found_in_at_most_five_per_cent() -> None:
    rng = np.random.default_rng(2)
    n_wrong = 0
    for _ in range(400):
        common = rng.normal(size=(2, 1, 5))
        a, b = 0.6 * common + 0.8 * rng.normal(size=(2, 5, 5))
        n_wrong += int((westfall_young(a, b) <= 0.05).any())
    assert n_wrong / 400 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


def test_sections_of_one_animal_are_as_alike_as_was_asked_for() -> None:
    import pandas as pd

    (reference,) = draw_null_groups([400], StudyLayout(2, 2, 8, 0.4), 1, np.random.default_rng(1))
    values = pd.Series(reference[0].ravel())
    animals = pd.Series(np.repeat(np.arange(400), 8))
    assert intraclass_correlation(values, animals, animals * 0) == pytest.approx(0.4, abs=0.06)
    assert values.var() == pytest.approx(1.0, abs=0.1)


def test_the_effect_of_a_group_is_not_likeness_within_animals() -> None:
    import pandas as pd

    rng = np.random.default_rng(5)
    animals, arms = np.repeat(np.arange(40), 6), np.repeat([0, 1], 120)
    values = pd.Series(rng.normal(size=240) + 5 * arms)
    assert intraclass_correlation(values, pd.Series(animals), pd.Series(arms)) < 0.15


def test_intraclass_correlation_agrees_with_the_mean_squares_counted_by_hand() -> None:
    import pandas as pd

    # Animals 1, 3 and 5, 7: means 2 and 6; between 16, within 2; (16 - 2) / (16 + 2).
    icc = intraclass_correlation(pd.Series([1.0, 3, 5, 7]), pd.Series(list("aabb")), pd.Series(["x"] * 4))
    assert icc == pytest.approx(14 / 18)


def test_eight_alike_sections_are_worth_one() -> None:
    assert effective_sections(8, 1.0) == 1.0
    assert effective_sections(8, 0.0) == 8.0


@pytest.mark.parametrize("layout", [(1, 5, 8, 0.3), (5, 5, 0, 0.3), (5, 5, 8, 1.2)])
def test_an_impossible_layout_is_refused(layout: tuple[int, int, int, float]) -> None:
    with pytest.raises(InvalidArgument, match="cannot be drawn"):
        StudyLayout(*layout)
