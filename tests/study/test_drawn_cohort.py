"""The drawn cohort of the reference layout: true effects are found as often as is due, others are not."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from histo.study import AnalysisPlan, StudyTables
from histo.study.level.detection import detection_power

N_COHORTS = 60
ENDPOINTS = ("villus_height_um", "crypt_depth_um", "submucosa_um", "muscularis_um")
# In standard deviations between animals' values. All else does not change.
CHANGES = {
    ("crypt_depth_um", 7): 3.0,
    ("crypt_depth_um", 14): 3.0,
    ("submucosa_um", 14): 2.0,
    ("villus_height_um", 14): -1.2,
}


@pytest.fixture(scope="module")
def studies(cohort: ModuleType) -> list[StudyTables]:
    spec = cohort.changed_cohort(CHANGES, segments=("jejunum",))
    plan = AnalysisPlan(endpoints=ENDPOINTS)
    return [StudyTables(cohort.cohort_tables(spec, seed)["sections"], plan=plan) for seed in range(N_COHORTS)]


@pytest.fixture(scope="module")
def contrasts(studies: list[StudyTables]) -> pd.DataFrame:
    found = pd.concat([study.compare().assign(cohort=number) for number, study in enumerate(studies)])
    return found.assign(day=found["contrast"].str.extract(r"EAE @ (\d+)", expand=False).astype(int))


@pytest.mark.parametrize(("endpoint", "day"), CHANGES)
def test_a_true_effect_is_found_as_often_as_its_power_says(contrasts: pd.DataFrame, endpoint: str, day: int) -> None:
    # The power of five against five animals: 1.2 standard deviations 39 %, 2 79 %, 3 98 % (R's power.t.test). So 1.2 is
    # found in two studies of five, and no test of five animals does better.
    nominal = detection_power(CHANGES[endpoint, day], 1.0, 5, 0.05)
    rows = contrasts[(contrasts["endpoint"] == endpoint) & (contrasts["day"] == day)]
    n_found = int((rows["p"] <= 0.05).sum())
    assert len(rows) == N_COHORTS
    assert stats.binomtest(n_found, N_COHORTS, nominal).pvalue > 0.005, (
        f"found {n_found / N_COHORTS:.0%}, {nominal:.0%}"
    )
    is_right_way = np.sign(rows.loc[rows["p"] <= 0.05, "estimate"]) == np.sign(CHANGES[endpoint, day])
    assert is_right_way.all()


def test_what_does_not_change_is_not_found_beyond_the_level(contrasts: pd.DataFrame) -> None:
    is_null = [pair not in CHANGES for pair in zip(contrasts["endpoint"], contrasts["day"], strict=True)]
    nothing = contrasts[is_null]
    assert len(nothing) == 4 * N_COHORTS
    n_single = int((nothing["p"] <= 0.05).sum())
    n_studies = int((nothing.groupby("cohort")["p_adjusted"].min() <= 0.05).sum())
    assert stats.binomtest(n_single, len(nothing), 0.05, alternative="greater").pvalue > 0.005
    # One or more of a study's comparisons, corrected.
    assert stats.binomtest(n_studies, N_COHORTS, 0.05, alternative="greater").pvalue > 0.005


def test_the_intervals_hold_the_true_changes(contrasts: pd.DataFrame, cohort: ModuleType) -> None:
    sd = cohort.animal_sd(cohort.changed_cohort({}))
    factor = [np.exp(sd * CHANGES.get(pair, 0.0)) for pair in zip(contrasts["endpoint"], contrasts["day"], strict=True)]
    true_mean = {"villus_height_um": 420.0, "crypt_depth_um": 115.0, "submucosa_um": 45.0, "muscularis_um": 34.0}
    change = contrasts["endpoint"].map(true_mean) * (np.array(factor) - 1) * np.exp(sd**2 / 2)
    n_held = int(((contrasts["ci_low"] <= change) & (change <= contrasts["ci_high"])).sum())
    # Endpoints share a control group, so the count scatters more than a binomial one.
    assert n_held / len(contrasts) == pytest.approx(0.95, abs=0.035)


def test_the_onset_names_the_endpoint_that_was_drawn_to_change_first(studies: list[StudyTables]) -> None:
    firsts = [study.onset(("7",)).query("aspect == 'first'").iloc[0] for study in studies[:20]]
    named = [row["endpoint"].split(" ")[0] for row in firsts if row["verdict"] == "shown"]
    # 98 % power for one test, somewhat less in a family of four.
    assert len(named) >= 15
    assert named.count("crypt_depth_um") >= len(named) - 1
    assert {row["timepoint"] for row in firsts} == {"7"}


def test_the_scatter_of_animals_sections_and_villi_is_found_as_it_was_drawn(cohort: ModuleType) -> None:
    spec = cohort.changed_cohort({}, segments=("jejunum",), n_animals=60)
    tables = cohort.cohort_tables(spec, 1)
    units = {name: tables[name] for name in ("villi", "crypts")}
    study = StudyTables(tables["sections"], units=units, plan=AnalysisPlan(endpoints=ENDPOINTS))
    found = study.variance_components().set_index(["endpoint", "level"])["sd"]
    for endpoint, mean, unit_cv in (
        ("villus_height_um", 420.0, spec.base.villi.height_cv),
        ("crypt_depth_um", 115.0, spec.base.crypts.depth_cv),
    ):
        assert found[endpoint, "animal"] / mean == pytest.approx(spec.animal_cv, rel=0.2)
        assert found[endpoint, "section"] / mean == pytest.approx(spec.section_cv, rel=0.1)
        assert found[endpoint, "unit"] / mean == pytest.approx(unit_cv, rel=0.05)
