from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import histo
from histo.errors import InvalidArgument
from histo.score import Baseline, ControlValue, load_profile, score_section

CONTROLS = Baseline(
    {"crypt_depth_um": ControlValue(100.0, 10.0, 5, 40), "vh_cd": ControlValue(4.0, 0.5, 5, 40)}, segment="jejunum"
)
MEASURES = {"iel_per_100": 41.0, "crypt_depth_um": 150.0, "vh_cd": 1.5}


def test_explanation_names_measure_value_cut_off_and_source() -> None:
    score = score_section(MEASURES, controls=CONTROLS, species="mouse")
    text = str(score)
    assert text.startswith("Marsh-like 3a (profile marsh-oberhuber, version 1)")
    assert "intraepithelial lymphocytes raised: iel_per_100 41 per 100 epithelial cells is > 30" in text
    assert "published: Modified Marsh classification" in text
    assert (
        "crypt_depth_um 150 µm is > 120 µm, which is control mean + 2 SD (mean 100, SD 10, 5 animals, 40 sect" in text
    )
    assert "ours: the tables say hyperplastic and give no length" in text
    assert "not villi markedly atrophic: vh_cd 1.5 is not < 1" in text


def test_crossed_holds_value_operator_and_threshold() -> None:
    crossed = score_section(MEASURES, controls=CONTROLS).crossed
    assert [(c.measure, c.value, c.operator, c.threshold, c.unit) for c in crossed] == [
        ("iel_per_100", 41.0, ">", 30.0, "per 100 epithelial cells"),
        ("crypt_depth_um", 150.0, ">", 120.0, "µm"),
        ("vh_cd", 1.5, "<", 3.0, ""),
    ]


def test_numbers_that_differ_look_different() -> None:
    text = score_section(MEASURES | {"iel_per_100": 30.00001}, controls=CONTROLS).explain()
    assert "iel_per_100 30.00001 per 100 epithelial cells is > 30 " in text


def test_public_name_scores_a_row_of_a_table() -> None:
    row = pd.DataFrame([{**MEASURES, "segment": "Jejunum"}]).iloc[0]
    assert histo.score_section(row, controls=CONTROLS).grade == "3a"


@pytest.mark.parametrize("value", [None, math.nan, pd.NA, np.float32("nan")])
def test_value_that_is_not_there_is_missing(value: object) -> None:
    score = score_section({**MEASURES, "iel_per_100": value}, controls=CONTROLS)
    assert score.grade is None
    assert "iel_per_100 is missing (lymphocytes within the villous epithelium" in score.reason
    assert "histo.measure_infiltrate gives it" in score.reason
    assert [comparison.measure for comparison in score.crossed] == ["crypt_depth_um", "vh_cd"]


def test_numbers_of_numpy_are_numbers() -> None:
    measures = {name: np.float32(value) for name, value in MEASURES.items()} | {"n_villi": np.int64(3)}
    assert score_section(measures, controls=CONTROLS).grade == "3a"


INVALID_MEASURES = [
    ({"iel_per_100": -1.0}, "iel_per_100 cannot have this value.*0 to inf.*got -1"),
    ({"iel_per_100": math.inf}, "iel_per_100 is not a number.*got inf"),
    ({"iel_per_100": "many"}, "iel_per_100 is not a number.*'many'"),
    ({"iel_per_100": True}, "iel_per_100 is not a number.*True"),
    ({"vh_cd": None, "n_villi": "none"}, "n_villi is not a number"),
]


@pytest.mark.parametrize(("changed", "message"), INVALID_MEASURES)
def test_value_that_cannot_be_is_refused(changed: dict, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        score_section({**MEASURES, **changed}, controls=CONTROLS)


def test_reading_between_two_codes_is_refused() -> None:
    readings = {"epithelial_lifting": 1.5, "denuded_villi": 0, "lamina_propria_disintegration": 0}
    with pytest.raises(InvalidArgument, match="a whole number of 0 to 3"):
        score_section(readings, profile="chiu")


def test_measures_are_a_mapping() -> None:
    with pytest.raises(InvalidArgument, match="mapping or Series; got list"):
        score_section([MEASURES], controls=CONTROLS)  # type: ignore[arg-type]


def test_mucosa_without_villi_is_flat_and_says_so() -> None:
    flat = {**MEASURES, "vh_cd": math.nan, "n_villi": 0}
    score = score_section(flat, controls=CONTROLS)
    assert score.grade == "3c"
    assert "vh_cd 0 (n_villi is 0, so it counts as 0)" in score.explain()
    assert score_section({**flat, "n_villi": 7}, controls=CONTROLS).grade is None
    assert score_section({**flat, "crypt_depth_um": math.nan}, controls=CONTROLS).grade is None


def test_findings_that_fit_no_grade_say_what_would_be_needed() -> None:
    score = score_section({**MEASURES, "iel_per_100": 10.0, "vh_cd": 3.5}, controls=CONTROLS)
    assert score.grade is None
    assert "no grade fits these findings together (not intraepithelial lymphocytes raised; crypts hyper" in score.reason
    assert "Grade 0 would need not crypts hyperplastic." in score.reason
    assert "Grade 2 would need intraepithelial lymphocytes raised." in score.reason


WRONG_CONTROLS = [
    (replace(CONTROLS, segment="ileum"), "the controls are of ileum, the section of jejunum"),
    (replace(CONTROLS, measures={}), "fewer than 3 control animals have crypt_depth_um"),
    (
        replace(CONTROLS, measures={**CONTROLS.measures, "crypt_depth_um": ControlValue(100.0, 0.0, 5, 40)}),
        "the controls do not differ in crypt_depth_um: all are 100",
    ),
    (None, "no controls were given. Give controls="),
]


@pytest.mark.parametrize(("controls", "message"), WRONG_CONTROLS)
def test_controls_that_cannot_be_compared_with_give_no_grade(controls: Baseline | None, message: str) -> None:
    score = score_section({**MEASURES, "segment": "jejunum"}, controls=controls)
    assert score.grade is None
    assert message in score.reason


def test_grade_is_the_same_in_another_unit_of_length() -> None:
    doubled = replace(CONTROLS, measures={**CONTROLS.measures, "crypt_depth_um": ControlValue(200.0, 20.0, 5, 40)})
    for depth in (119.0, 121.0):
        one = score_section({**MEASURES, "crypt_depth_um": depth}, controls=CONTROLS)
        other = score_section({**MEASURES, "crypt_depth_um": 2 * depth}, controls=doubled)
        assert one.grade == other.grade


def test_unverified_source_is_called_so() -> None:
    profile = load_profile("das-2019")
    source = profile.sources[0].model_copy(update={"is_verified": False})
    unverified = profile.model_copy(update={"sources": (source,)})
    score = score_section({"iel_per_100": 30}, profile=unverified)
    assert "unverified" in str(score)


def test_rubric_of_any_species_needs_no_species() -> None:
    readings = {"epithelial_lifting": 2, "denuded_villi": 0, "lamina_propria_disintegration": 0}
    score = score_section(readings, profile="chiu", species="mouse")
    assert (score.label, score.grade, score.rank) == ("Chiu", "2", 2)
    assert "species" not in score.explain()
