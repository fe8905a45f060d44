"""Power beside R's power.t.test and pwr, and statsmodels: see ``reference/README.md``."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import pytest

from histo.study.level.detection import detection_power, smallest_effect

Cases = Callable[[str], dict[str, Any]]


def test_power_is_that_of_power_t_test(reference: Cases) -> None:
    for case in reference("power")["power"]:
        found = detection_power(case["effect_sd"], 1.0, case["n"], 0.05)
        assert found == pytest.approx(case["power"], rel=1e-6)


def test_power_is_that_of_statsmodels(reference: Cases) -> None:
    for case in reference("scipy_statsmodels")["power"]["two_5_5"]:
        found = detection_power(case["effect_sd"], 1.0, 5, 0.05)
        assert found == pytest.approx(case["power"], rel=1e-6)


def test_the_animals_that_r_finds_are_just_enough(reference: Cases) -> None:
    for case in reference("power")["animals_needed"]:
        n_animals = ceil(case["n"])
        assert detection_power(case["effect_sd"], 1.0, n_animals, 0.05) >= case["power"]
        assert detection_power(case["effect_sd"], 1.0, n_animals - 1, 0.05) < case["power"]


def test_the_smallest_effect_is_the_one_whose_power_was_asked_for(reference: Cases) -> None:
    for case in reference("power")["power"]:
        if 0.1 < case["power"] < 0.99:
            found = smallest_effect(1.0, case["n"], 0.05, case["power"])
            assert found == pytest.approx(case["effect_sd"], rel=1e-6)
