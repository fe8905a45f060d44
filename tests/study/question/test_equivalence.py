from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from histo.errors import InvalidArgument
from histo.study import StudyTables

Draw = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def alike(draw_changed: Draw) -> StudyTables:
    return StudyTables(draw_changed({}, seed=1, segments=("ileum",), n_animals=8, animal_cv=0.02))


def test_groups_that_are_alike_are_equivalent_within_a_wide_margin(alike: StudyTables) -> None:
    table = alike.equivalence("crypt_depth_um", 25)
    assert set(table["verdict"]) == {"shown"}
    assert table["finding"].str.contains("no difference larger than 25.0 µm is supported").all()
    assert set(table["aspect"]) == {"margin 25 µm"}


def test_a_narrow_margin_is_not_ruled_out(alike: StudyTables) -> None:
    table = alike.equivalence("crypt_depth_um", 0.5)
    assert set(table["verdict"]) == {"not shown"}
    assert table["finding"].str.contains("a difference larger than 0.5 µm is not ruled out").all()


def test_a_large_difference_is_not_equivalent(draw_changed: Draw) -> None:
    study = StudyTables(draw_changed({("crypt_depth_um", "14", ""): 1.6}, seed=1, segments=("ileum",)))
    verdicts = study.equivalence("crypt_depth_um", 30).set_index("timepoint")["verdict"]
    assert verdicts["14"] == "not shown"


@pytest.mark.parametrize(("endpoint", "margin"), [(None, None), ("crypt_depth_um", None), ("crypt_depth_um", -1.0)])
def test_a_margin_is_needed_and_positive(alike: StudyTables, endpoint: str | None, margin: float | None) -> None:
    with pytest.raises(InvalidArgument, match="margin"):
        alike.equivalence(endpoint, margin)


def test_what_is_no_endpoint_has_no_margin(alike: StudyTables) -> None:
    with pytest.raises(InvalidArgument, match="not an endpoint"):
        alike.equivalence("crypt_depth", 10)
