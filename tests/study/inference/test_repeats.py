"""Several values of one animal: blocked permutation and the mixed model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

from histo.errors import InvalidArgument
from histo.study.inference import blocked_permutation, compare_two, mixed_model

SEGMENTS = ("duodenum", "jejunum", "ileum")


def draw(n: int = 5, effect: float = 0.0, seed: int = 3, repeats: tuple[str, ...] = SEGMENTS) -> pd.DataFrame:
    """Two groups of n animals, each with a value in every segment."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"{group[0]}{number}", group, segment, own + 3.0 * place + effect * (group == "EAE") + rng.normal())
        for group in ("control", "EAE")
        for number in range(n)
        for own in [rng.normal(100, 2)]
        for place, segment in enumerate(repeats)
    ]
    return pd.DataFrame(rows, columns=["animal", "group", "segment", "value"])


def test_a_factor_of_the_animal_is_tested_on_the_means_of_animals() -> None:
    frame = draw(effect=2.0)
    means = frame.groupby(["group", "animal"])["value"].mean()
    found = blocked_permutation(frame, factor="group")
    plain = compare_two(means["control"], means["EAE"])
    assert (found.estimate, found.p, found.ci_low) == pytest.approx((plain.estimate, plain.p, plain.ci_low))
    assert "whole animals" in found.test


def test_copied_rows_do_not_make_p_smaller() -> None:
    frame = draw(effect=2.0)
    for factor in ("group", "segment"):
        once, often = (blocked_permutation(table, factor=factor) for table in (frame, pd.concat([frame] * 5)))
        assert often.p == pytest.approx(once.p)


def test_an_animal_that_lacks_a_segment_is_not_low_for_that_reason() -> None:
    frame = draw(n=6)
    frame["value"] += np.where(frame["segment"] == "ileum", 1000.0, 0.0)
    gone = frame[~((frame["segment"] == "ileum") & frame["animal"].isin(["E0", "E1", "E2"]))]
    assert abs(blocked_permutation(gone, factor="group", repeat="segment").estimate) < 150
    assert abs(blocked_permutation(gone, factor="group").estimate) > 150


def test_a_factor_within_animals_has_the_f_of_the_randomised_block_design() -> None:
    frame = draw()
    wide = frame.pivot_table(index="animal", columns="segment", values="value")
    residual = wide.sub(wide.mean(axis=1), axis=0).sub(wide.mean(axis=0), axis=1) + wide.to_numpy().mean()
    between = 10 * ((wide.mean(axis=0) - wide.to_numpy().mean()) ** 2).sum() / 2
    found = blocked_permutation(frame, factor="segment")
    assert found.statistic == pytest.approx(between / ((residual**2).to_numpy().sum() / 18))
    assert found.p < 0.001
    assert found.n_a == 10


def test_two_levels_within_animals_are_a_paired_comparison() -> None:
    frame = draw(repeats=("jejunum", "ileum"))
    wide = frame.pivot_table(index="animal", columns="segment", values="value")
    found = blocked_permutation(frame, factor="segment")
    assert found.statistic == pytest.approx(stats.ttest_rel(wide["ileum"], wide["jejunum"]).statistic)
    assert found.estimate == pytest.approx((wide["ileum"] - wide["jejunum"]).mean())
    assert "within animals" in found.test


def test_a_categorical_says_which_level_comes_first() -> None:
    frame = draw(repeats=("jejunum", "ileum"))
    ordered = frame.assign(segment=pd.Categorical(frame["segment"], ["ileum", "jejunum"]))
    assert blocked_permutation(ordered, factor="segment").estimate == pytest.approx(
        -blocked_permutation(frame, factor="segment").estimate
    )


def test_animals_with_one_level_are_left_out_and_said() -> None:
    frame = draw()
    found = blocked_permutation(frame[(frame["animal"] != "c0") | (frame["segment"] == "ileum")], factor="segment")
    assert found.n_a == 9
    assert "c0" in found.note


def test_values_that_do_not_vary_give_p_one() -> None:
    assert blocked_permutation(draw().assign(value=7.0), factor="segment").p == 1.0


@pytest.mark.parametrize("change", [{"segment": "ileum"}, {"value": np.nan}])
def test_one_level_is_nothing_to_test(change: dict[str, object]) -> None:
    assert blocked_permutation(draw().assign(**change), factor="segment").test == "none"


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InvalidArgument, match="timepoint"):
        blocked_permutation(draw(), factor="timepoint")
    with pytest.raises(InvalidArgument, match="sex"):
        mixed_model(draw(), fixed=["group", "sex"])


def test_the_mixed_model_has_the_coefficients_and_errors_of_statsmodels() -> None:
    frame = draw(effect=1.0)
    frame = frame.drop(index=[2, 8, 19])
    design = np.column_stack(
        [
            np.ones(len(frame)),
            frame["group"] == "EAE",
            frame["segment"] == "jejunum",
            frame["segment"] == "ileum",
        ]
    ).astype(float)
    theirs = MixedLM(frame["value"].to_numpy(), design, frame["animal"].to_numpy()).fit(reml=True)
    ours = mixed_model(frame, fixed=["group", "segment"])
    for coefficient, estimate, error in zip(ours, theirs.fe_params[1:], theirs.bse_fe[1:], strict=False):
        assert coefficient.estimate == pytest.approx(estimate, rel=1e-4)
        assert coefficient.estimate / coefficient.statistic == pytest.approx(error, rel=1e-3)


def test_in_a_balanced_table_the_mixed_model_is_the_t_test_on_means_of_animals() -> None:
    frame = draw(effect=1.5)
    means = frame.groupby(["group", "animal"])["value"].mean()
    theirs = stats.ttest_ind(means["EAE"], means["control"])
    found = mixed_model(frame, fixed=["group", "segment"])[0]
    assert found.test.startswith("mixed model, group: EAE - control")
    assert found.statistic == pytest.approx(theirs.statistic, rel=1e-5)
    assert (found.df, found.p) == pytest.approx((8, theirs.pvalue), rel=1e-5)


def test_animals_that_do_not_scatter_still_count_as_animals() -> None:
    frame = draw()
    frame["value"] -= frame.groupby("animal")["value"].transform("mean")
    frame["value"] += np.where(frame["group"] == "EAE", 0.5, 0.0)
    group, *_, factor = mixed_model(frame, fixed=["group", "segment"])
    assert "do not scatter" in group.note
    assert group.df == 8
    assert factor.df == 30 - 10 - 2


def test_an_interaction_is_tested_by_its_f() -> None:
    frame = draw()
    frame["value"] += 8.0 * ((frame["group"] == "EAE") & (frame["segment"] == "ileum"))
    found = {
        result.test.split("F of ")[-1].split(" with")[0]: result
        for result in mixed_model(frame, fixed=["group", "segment", "group:segment"])
    }
    assert found["group:segment"].p < 0.001
    assert found["group:segment"].df == pytest.approx(16, abs=0.01)


def test_the_mixed_model_errs_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(11)
    frame = draw(n=5)
    animals = pd.factorize(frame["animal"])[0]
    gaps = frame.index.isin([0, 4, 5, 9, 17])
    n_positive = 0
    for _ in range(300):
        values = rng.normal(size=10)[animals] + rng.normal(size=len(frame))
        n_positive += mixed_model(frame.assign(value=values)[~gaps], fixed=["group", "segment"])[0].p <= 0.05
    # 300 draws scatter by 1.3 %; the benchmark has more.
    assert 0.02 <= n_positive / 300 <= 0.09


@pytest.mark.parametrize(
    ("change", "fixed", "part"),
    [
        (lambda t: t.assign(batch=t["group"]), ["group", "batch"], "cannot be told apart"),
        (lambda t: t[t["animal"].isin(["c0", "E0"])], ["group"], "more animals"),
        (lambda t: t.drop_duplicates("animal"), ["group"], "more animals than effects"),
    ],
)
def test_a_model_that_cannot_be_fitted_is_refused(change: object, fixed: list[str], part: str) -> None:
    with pytest.raises(InvalidArgument, match=part):
        mixed_model(change(draw()), fixed=fixed)  # type: ignore[operator]
