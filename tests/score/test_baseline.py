from __future__ import annotations

import logging
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo.errors import InvalidArgument, InvalidTable, UnitOfAnalysisError
from histo.score import Baseline, control_baselines


def _sections(values: dict[str, list[float]], segment: str = "jejunum") -> pd.DataFrame:
    rows = [(animal, value) for animal, of_animal in values.items() for value in of_animal]
    return pd.DataFrame(rows, columns=["animal", "crypt_depth_um"]).assign(segment=segment)


def test_mean_is_that_of_animals_however_many_sections_each_has() -> None:
    baseline = Baseline.from_sections(_sections({"a": [90.0] * 9, "b": [100.0], "c": [110.0]}))
    value = baseline.measures["crypt_depth_um"]
    assert (value.mean, value.n_animals, value.n_sections) == (100.0, 3, 11)
    assert baseline.segment == "jejunum"


def test_spread_is_that_of_a_section() -> None:
    # Sections of an animal lie 8 apart (variance 32), animals' means 10 apart (variance 100, 16 of it from sections).
    baseline = Baseline.from_sections(_sections({"a": [86, 94], "b": [96, 104], "c": [106, 114]}))
    assert baseline.measures["crypt_depth_um"].sd == pytest.approx(math.sqrt(100 - 16 + 32))


def test_animals_that_differ_less_than_their_sections_add_no_spread() -> None:
    baseline = Baseline.from_sections(_sections({"a": [90, 110], "b": [90, 110], "c": [90, 110]}))
    assert baseline.measures["crypt_depth_um"].sd == pytest.approx(math.sqrt(200))


def test_spread_comes_near_the_true_one_of_many_animals() -> None:
    random = np.random.default_rng(1)
    animals = {f"a{n}": list(100 + random.normal(0, 6) + random.normal(0, 8, 5)) for n in range(800)}
    assert Baseline.from_sections(_sections(animals)).measures["crypt_depth_um"].sd == pytest.approx(10.0, rel=0.05)


def test_measure_of_fewer_than_three_animals_is_left_out() -> None:
    sections = _sections({"a": [90], "b": [100], "c": [110]}).assign(vh_cd=[4.0, math.nan, 3.0])
    assert "vh_cd" not in Baseline.from_sections(sections).measures


def test_sections_of_no_animal_do_not_count() -> None:
    sections = pd.concat([_sections({"a": [90], "b": [100], "c": [110]}), _sections({"": [900.0]})])
    assert Baseline.from_sections(sections).measures["crypt_depth_um"].mean == 100.0


INVALID_CONTROLS = [
    (_sections({"a": [90] * 8, "b": [100] * 8}), UnitOfAnalysisError, "at least 3; got 2 with 16 sections"),
    (_sections({"a": [90], "b": [100], "c": [110]}).drop(columns="animal"), UnitOfAnalysisError, "a column animal"),
    (_sections({"a": [90], "b": [100], "": [110]}), UnitOfAnalysisError, "got 2"),
    (
        pd.concat([_sections({"a": [90], "b": [100], "c": [110]}, segment) for segment in ("ileum", "jejunum")]),
        InvalidArgument,
        "ileum, jejunum",
    ),
]


@pytest.mark.parametrize(("sections", "error", "message"), INVALID_CONTROLS)
def test_controls_that_make_no_baseline_are_refused(sections: pd.DataFrame, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        Baseline.from_sections(sections)


@given(
    st.lists(st.lists(st.floats(0, 1000), min_size=1, max_size=4), min_size=3, max_size=6),
    st.floats(0.1, 10),
)
@settings(max_examples=50, deadline=None)
def test_baseline_follows_the_unit_it_is_measured_in(values: list[list[float]], factor: float) -> None:
    animals = {f"a{n}": of_animal for n, of_animal in enumerate(values)}
    one = Baseline.from_sections(_sections(animals)).measures["crypt_depth_um"]
    scaled = _sections({name: [value * factor for value in of_animal] for name, of_animal in animals.items()})
    other = Baseline.from_sections(scaled).measures["crypt_depth_um"]
    assert other.mean == pytest.approx(one.mean * factor, abs=1e-6)
    assert other.sd == pytest.approx(one.sd * factor, abs=1e-4)


def _study() -> pd.DataFrame:
    jejunum = _sections({"a": [90], "b": [100], "c": [110], "e": [200]})
    ileum = _sections({"a": [70], "b": [80], "e": [200]}, "ileum")
    study = pd.concat([jejunum, ileum], ignore_index=True)
    return study.assign(control=study["animal"] != "e")


def test_each_segment_has_its_own_baseline(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        baselines = control_baselines(_study())
    assert list(baselines) == ["jejunum"]
    assert baselines["jejunum"].measures["crypt_depth_um"].mean == 100.0
    assert "ileum: too few control animals" in caplog.text


def test_controls_can_be_named_row_by_row() -> None:
    study = _study()
    named = control_baselines(study.drop(columns="control"), study["control"])
    assert named["jejunum"] == control_baselines(study)["jejunum"]


INVALID_FLAGS = [
    (_study().drop(columns="control"), None, InvalidTable, "a column control"),
    (_study(), [True], InvalidTable, "7 times True or False"),
    (_study(), ["yes"] * 7, InvalidTable, "7 times True or False"),
    (_study(), [False] * 7, UnitOfAnalysisError, "no control section"),
    (_study()[lambda study: study["segment"] == "ileum"], None, UnitOfAnalysisError, "ileum: too few.*2 with 2"),
]


@pytest.mark.parametrize(("sections", "flags", "error", "message"), INVALID_FLAGS)
def test_study_without_enough_controls_is_refused(
    sections: pd.DataFrame, flags: list | None, error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        control_baselines(sections, flags)
