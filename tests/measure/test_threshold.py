from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import threshold_otsu

from histo.errors import InvalidArgument, InvalidTable, NoThreshold
from histo.measure import (
    Threshold,
    Thresholds,
    thresholds_from_controls,
    thresholds_from_scored_cells,
    thresholds_from_study,
)
from histo.measure.bimodal import part_in_two


def cells_of(**slides: np.ndarray) -> pd.DataFrame:
    return pd.concat([pd.DataFrame({"slide": name, "cd3_intensity": values}) for name, values in slides.items()])


def two_groups(n: int, share: float, seed: int, *, apart: float = 8.0) -> np.ndarray:
    """Optical densities: negatives around 0.1, positives so many standard deviations above."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n) < share, 0.1 + 0.05 * apart, 0.1) + rng.normal(0, 0.05, n)


def test_the_threshold_of_a_study_lies_between_its_two_groups():
    cells = cells_of(a=two_groups(800, 0.3, 1), b=two_groups(500, 0.1, 2))
    threshold = thresholds_from_study(cells, ["cd3"])["cd3"]
    assert threshold.weak == pytest.approx(0.3, abs=0.04)
    assert threshold.separation == pytest.approx(8.0, abs=0.6)
    assert (threshold.n_cells, threshold.n_slides) == (1300, 2)
    assert "each slide of the same weight, 1300 cells of 2 slides" in threshold.origin


def test_two_percent_of_positive_cells_are_found_when_they_stand_apart():
    cells = cells_of(a=two_groups(3000, 0.02, 1, apart=10), b=two_groups(3000, 0.02, 2, apart=10))
    assert thresholds_from_study(cells, ["cd3"])["cd3"].weak == pytest.approx(0.35, abs=0.06)


UNIMODAL = {
    "normal": lambda rng, n: rng.normal(1.0, 0.2, n),
    "uniform": lambda rng, n: rng.uniform(0, 1, n),
    "exponential": lambda rng, n: rng.exponential(1, n),
    "gamma": lambda rng, n: rng.gamma(2, 1, n),
    "lognormal": lambda rng, n: rng.lognormal(0, 1, n),
    "heavy tails": lambda rng, n: 10 + rng.standard_t(3, n),
    "one stray cell": lambda rng, n: np.append(rng.normal(1, 0.1, n - 1), 20.0),
}


@pytest.mark.parametrize("shape", UNIMODAL)
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_cells_of_one_group_get_no_threshold(shape, scale):
    rng = np.random.default_rng(3)
    cells = cells_of(a=UNIMODAL[shape](rng, 600), b=UNIMODAL[shape](rng, 600))
    with pytest.raises(NoThreshold, match=r"no two groups|too few to be told"):
        thresholds_from_study(cells, ["cd3"], scale=scale)


def test_groups_that_are_lognormal_part_on_a_log_scale():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(2000) < 0.3, rng.lognormal(5, 0.35, 2000), rng.lognormal(3, 0.35, 2000))
    cells = cells_of(a=values[:1000], b=values[1000:])
    assert np.log(thresholds_from_study(cells, "cd3", scale="log")["cd3"].weak) == pytest.approx(4, abs=0.15)


def test_slides_exposed_differently_are_not_taken_for_groups_of_cells():
    rng = np.random.default_rng(0)
    cells = cells_of(a=rng.normal(10, 1, 400), b=rng.normal(40, 4, 400), c=rng.normal(10, 1, 400))
    with pytest.raises(NoThreshold, match="slides rather than cells"):
        thresholds_from_study(cells, ["cd3"])


def test_controls_without_positive_cells_may_stand_beside_a_slide_that_has_many():
    cells = cells_of(control=two_groups(800, 0.0, 1), treated=two_groups(800, 0.6, 2))
    assert thresholds_from_study(cells, ["cd3"])["cd3"].weak == pytest.approx(0.3, abs=0.05)


def test_one_slide_is_no_study():
    with pytest.raises(NoThreshold, match="at least 2"):
        thresholds_from_study(cells_of(a=two_groups(800, 0.3, 1)), ["cd3"])


def test_a_large_slide_does_not_outvote_a_small_one():
    small, large = two_groups(300, 0.5, 1), two_groups(300, 0.5, 2)
    once = thresholds_from_study(cells_of(a=small, b=large), ["cd3"])["cd3"].weak
    tenfold = thresholds_from_study(cells_of(a=small, b=np.tile(large, 10)), ["cd3"])["cd3"].weak
    assert tenfold == once


def test_all_markers_without_a_threshold_stand_in_one_message():
    cells = cells_of(a=two_groups(50, 0.5, 1), b=two_groups(50, 0.5, 1)).assign(cd4_intensity=0.0)
    with pytest.raises(NoThreshold, match=r"cd3: 100 cells.*cd4: 100 cells") as error:
        thresholds_from_study(cells, ["cd3", "cd4"])
    assert "negative-control slides" in str(error.value)


def test_one_control_cell_of_a_hundred_lies_above_the_99th_percentile():
    rng = np.random.default_rng(5)
    controls = cells_of(n1=rng.gamma(2, 0.03, 2000), n2=rng.gamma(2, 0.03, 2000))
    threshold = thresholds_from_controls(controls, {"cd3": "intensity"}, percentile=99, steps=(1.5, 2.5))["cd3"]
    assert (controls["cd3_intensity"] > threshold.weak).mean() == pytest.approx(0.01, abs=0.002)
    assert threshold.moderate == pytest.approx(1.5 * threshold.weak)
    assert threshold.strong == pytest.approx(2.5 * threshold.weak)
    assert "percentile 99, 4000 cells of 2 slides" in threshold.origin


def test_controls_too_few_or_without_signal_are_refused():
    with pytest.raises(NoThreshold, match="too few for percentile 99"):
        thresholds_from_controls(cells_of(n=np.full(300, 0.1)), ["cd3"])
    with pytest.raises(NoThreshold, match="no signal"):
        thresholds_from_controls(cells_of(n=np.full(3000, -0.1)), ["cd3"])


def test_cells_without_a_value_are_left_out():
    values = two_groups(800, 0.3, 1)
    values[:100] = np.nan
    assert thresholds_from_study(cells_of(a=values, b=two_groups(500, 0.1, 2)), ["cd3"])["cd3"].n_cells == 1200


def test_scored_cells_give_the_cut_that_agrees_best():
    values = np.concatenate([np.linspace(0.1, 0.4, 40), np.linspace(0.5, 0.9, 40)])
    cells = cells_of(a=values).assign(by_hand=np.repeat([False, True], 40))
    threshold = thresholds_from_scored_cells(cells, {"cd3": "by_hand"})["cd3"]
    assert threshold.weak == pytest.approx(0.45)
    assert "F1 1.00" in threshold.origin


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(25, 60))
def test_no_other_cut_agrees_better_with_scored_cells(seed, n):
    rng = np.random.default_rng(seed)
    called = np.arange(2 * n) % 2 == 0
    values = np.round(np.where(called, 5.0, 4.0) + rng.normal(0, 1, 2 * n), 1) + 10
    cells = cells_of(a=values).assign(by_hand=called)
    cut = thresholds_from_scored_cells(cells, {"cd3": "by_hand"})["cd3"].weak

    def f1(at: float) -> float:
        positive = values > at
        return 2 * (positive & called).sum() / (positive.sum() + called.sum())

    assert f1(cut) == pytest.approx(max(f1(at) for at in [*np.unique(values), values.min() - 1]))


def test_the_measure_that_agrees_best_with_the_person_is_taken():
    rng = np.random.default_rng(2)
    called = np.repeat([False, True], 60)
    cells = cells_of(a=rng.uniform(1, 2, 120)).assign(
        by_hand=called, cd3_foci=np.where(called, 8.0, 3.0) + rng.normal(0, 0.5, 120), cd3_contrast=-1.0
    )
    threshold = thresholds_from_scored_cells(cells, {"cd3": "by_hand"}, measures=("intensity", "contrast", "foci"))[
        "cd3"
    ]
    assert threshold.measure == "foci"
    assert threshold.agreement == 1.0
    with pytest.raises(NoThreshold, match="not above 0"):
        thresholds_from_scored_cells(cells, {"cd3": "by_hand"}, measures=("contrast",))


def test_few_scored_cells_are_refused():
    cells = cells_of(a=np.arange(1.0, 31)).assign(by_hand=np.arange(30) > 15)
    with pytest.raises(NoThreshold, match="14 cells scored positive, 16 negative"):
        thresholds_from_scored_cells(cells, {"cd3": "by_hand"})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=3, max_size=80).filter(lambda values: len(set(values)) > 1))
def test_parting_agrees_with_the_otsu_of_skimage(values):
    array = np.array(values, np.uint8)
    parting = part_in_two(array.astype(float), np.ones(len(array)))
    assert parting is not None

    def between(cut: float) -> float:
        low, high = array[array <= cut].astype(float), array[array > cut].astype(float)
        return len(low) * len(high) * (high.mean() - low.mean()) ** 2

    assert between(parting.cut) == pytest.approx(between(threshold_otsu(array)))


def test_equal_values_have_no_parting():
    assert part_in_two(np.full(9, 3.0), np.ones(9)) is None
    assert part_in_two(np.array([]), np.array([])) is None


def test_thresholds_are_kept_in_a_table():
    study = thresholds_from_study(cells_of(a=two_groups(800, 0.3, 1), b=two_groups(500, 0.1, 2)), ["cd3"])
    both = study.joined([Threshold("foxp3", 0.2, 0.4, 0.6)])
    assert Thresholds.from_table(both.as_table()) == both
    assert len(both) == 2
    assert both.as_table()["origin"].str.contains("given by the user").tolist() == [False, True]


def test_thresholds_survive_a_file(tmp_path):
    thresholds = Thresholds((Threshold("foxp3", 0.2, 0.4, 0.6),))
    thresholds.as_table().to_csv(tmp_path / "thresholds.csv", index=False)
    assert Thresholds.from_table(pd.read_csv(tmp_path / "thresholds.csv")) == thresholds


WRONG = [
    (lambda: Threshold("a", 0.4, 0.2, 0.6), "positive and ascend"),
    (lambda: Threshold("a", 0.0, 0.2, 0.6), "positive and ascend"),
    (lambda: Threshold("a", 0.1, 0.2, 0.3, method="guess"), "unknown method"),
    (lambda: Thresholds((Threshold("a", 0.1, 0.2, 0.3),) * 2), "one threshold"),
    (lambda: Thresholds(())["cd3"], "no threshold of this marker"),
    (lambda: thresholds_from_study(cells_of(a=np.ones(3)), ["cd3"], scale="sqrt"), "linear or log"),
    (lambda: thresholds_from_study(cells_of(a=np.ones(3)), ["cd3"], steps=(3, 2)), "multiples"),
    (lambda: thresholds_from_controls(cells_of(a=np.ones(3)), ["cd3"], percentile=30), "upper half"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(InvalidArgument, match=message):
        call()


def test_absent_columns_are_named():
    with pytest.raises(InvalidTable, match="cd4_intensity"):
        thresholds_from_study(cells_of(a=np.ones(3)), ["cd4"])
    with pytest.raises(InvalidTable, match="slide"):
        thresholds_from_study(pd.DataFrame({"cd4_intensity": [1.0]}), ["cd4"])
    with pytest.raises(InvalidTable, match="columns of thresholds"):
        Thresholds.from_table(pd.DataFrame({"marker": ["a"]}))
    with pytest.raises(InvalidTable, match="called positive or not"):
        thresholds_from_scored_cells(cells_of(a=np.ones(3)).assign(hand=[0.5, 1, 0]), {"cd3": "hand"})
