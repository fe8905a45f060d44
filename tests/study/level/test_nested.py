from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo.study.level.nested import NestedVariance, nested_variance

Draw = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]


def _sections(values: np.ndarray, squares: np.ndarray | None = None, n_units: int = 0) -> pd.DataFrame:
    """One row a section of (arms, animals, sections) values."""
    arm, animal, _ = np.indices(values.shape)
    rows = pd.DataFrame(
        {
            "value": values.ravel(),
            "animal": (arm * values.shape[1] + animal).ravel(),
            "arm": arm.ravel(),
            "weight": 1.0,
        }
    )
    return rows if squares is None else rows.assign(squares=squares.ravel(), n_units=n_units)


def _known(rows: pd.DataFrame) -> NestedVariance:
    nested = nested_variance(rows)
    assert nested is not None
    return nested


def test_the_components_of_a_study_that_is_counted_by_hand() -> None:
    # Animals 1, 3 and 5, 7 of one arm: means 2 and 6 scatter by 8, sections by 2; 8 - 2 / 2 = 7.
    nested = _known(_sections(np.array([[[1.0, 3.0], [5.0, 7.0]]])))
    assert nested.components == pytest.approx([7.0, 2.0])
    assert nested.section_correlation()[0] == pytest.approx(7 / 9)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 3), st.integers(2, 5), st.integers(2, 5), st.integers(2, 6), st.integers(0, 2**31), st.floats(0, 1e4)
)
def test_balanced_components_are_those_of_the_closed_form(
    n_arms: int, n_animals: int, n_sections: int, n_units: int, seed: int, mean: float
) -> None:
    rng = np.random.default_rng(seed)
    shape = (n_arms, n_animals, n_sections, n_units)
    units = mean + rng.normal(size=shape) + rng.normal(size=shape[:3])[..., None] + rng.normal(size=(*shape[:2], 1, 1))
    of_section, of_animal = units.mean(axis=-1), units.mean(axis=(-2, -1))
    # Searle, Casella and McCulloch 1992, chapter 3: expected mean squares of the balanced nested classification.
    unit = units.var(axis=-1, ddof=1).mean()
    section = of_section.var(axis=-1, ddof=1).mean() - unit / n_units
    animal = of_animal.var(axis=-1, ddof=1).mean() - section / n_sections - unit / (n_sections * n_units)
    squares = units.var(axis=-1) * n_units
    nested = _known(_sections(of_section, squares, n_units))
    assert nested.components == pytest.approx([animal, section, unit], abs=1e-6)
    assert list(nested.df) == [
        n_arms * (n_animals - 1),
        n_arms * n_animals * (n_sections - 1),
        n_arms * n_animals * n_sections * (n_units - 1),
    ]
    assert (nested.per_animal, nested.per_section) == pytest.approx((n_sections, n_units))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.floats(1e-3, 1e3))
def test_scale_order_and_place_change_components_as_they_should(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 40))
    rows = pd.DataFrame(
        {
            "value": rng.normal(size=n),
            "animal": rng.integers(0, 6, n),
            "weight": rng.uniform(1, 3, n),
            "n_units": rng.integers(1, 9, n),
            "squares": rng.uniform(0, 5, n),
        }
    )
    rows = rows.assign(arm=rows["animal"] % 2)
    nested = nested_variance(rows)
    if nested is None:
        return
    shuffled = _known(rows.sample(frac=1, random_state=seed % 1000))
    assert shuffled.components == pytest.approx(nested.components, rel=1e-9, abs=1e-12)
    moved = _known(rows.assign(value=scale * rows["value"] + 7 * rows["arm"], squares=scale**2 * rows["squares"]))
    assert moved.components == pytest.approx(scale**2 * nested.components, rel=1e-6, abs=1e-9 * (1 + scale**2))


def _draw_uneven(rng: np.random.Generator, sd: tuple[float, float], weighted: bool) -> pd.DataFrame:
    n_sections = rng.integers(2, 10, 15)
    animal = np.repeat(np.arange(15), n_sections)
    value = 30.0 * (animal % 3) + rng.normal(0, sd[0], 15)[animal] + rng.normal(0, sd[1], len(animal))
    weight = rng.uniform(1, 4, len(animal)) if weighted else np.ones(len(animal))
    return pd.DataFrame({"value": value, "animal": animal, "arm": animal % 3, "weight": weight})


@pytest.mark.parametrize("weighted", [False, True])
def test_uneven_studies_give_back_the_drawn_variances_within_their_intervals(weighted: bool) -> None:
    rng = np.random.default_rng(8)
    n = 400
    found = np.zeros((n, 2))
    held = np.zeros(3)
    for i in range(n):
        nested = _known(_draw_uneven(rng, (2.0, 3.0), weighted))
        found[i] = nested.components
        intervals = [nested.interval(np.eye(2)[place]) for place in (0, 1)]
        _, icc_low, icc_high = nested.section_correlation()
        held += [
            *(low <= truth <= high for (low, high), truth in zip(intervals, (4.0, 9.0), strict=True)),
            icc_low <= 4 / 13 <= icc_high,
        ]
    # Unbiased, and 95 % of the intervals hold the truth: 400 draws scatter by 1.1 %.
    assert found.mean(axis=0) == pytest.approx([4.0, 9.0], rel=0.08)
    assert ((held / n >= 0.92) & (held / n <= 0.98)).all(), held / n


def test_villi_sections_and_animals_are_told_apart(
    draw_nested: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
) -> None:
    found = []
    for seed in range(60):
        sections, villi = draw_nested(seed)
        of_section = villi.groupby(["slide", "section"], sort=False)["villus_height_um"].agg(["size", "var"])
        n_units = of_section["size"].to_numpy()
        rows = pd.DataFrame(
            {
                "value": sections["villus_height_um"],
                "animal": sections["animal"],
                "arm": sections["group"],
                "weight": 1.0,
                "n_units": n_units,
                "squares": of_section["var"].to_numpy() * (n_units - 1),
            }
        )
        found.append(_known(rows).components)
    # 60 studies of 15 animals scatter around the truth by 6, 4 and 1 %.
    assert np.mean(found, axis=0) == pytest.approx([100.0, 64.0, 900.0], rel=0.15)


def test_balanced_components_are_those_of_reml() -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    rng = np.random.default_rng(4)
    values = 90 + 5 * rng.normal(size=(2, 6, 1)) + 4 * rng.normal(size=(2, 6, 5))
    rows = _sections(values)
    design = np.column_stack([np.ones(len(rows)), rows["arm"]])
    fitted = MixedLM(rows["value"].to_numpy(), design, groups=rows["animal"].to_numpy()).fit(reml=True)
    reml = [float(np.asarray(fitted.cov_re)[0, 0]), float(fitted.scale)]
    assert _known(rows).components == pytest.approx(reml, rel=1e-4)


def test_one_section_an_animal_leaves_one_level() -> None:
    nested = _known(_sections(np.array([[[1.0], [3.0], [8.0]]])))
    assert nested.levels == ("animal",)
    assert nested.components == pytest.approx([np.var([1, 3, 8], ddof=1)])
    assert np.isnan(nested.section_correlation()[0])


def test_one_animal_an_arm_tells_nothing_between_animals() -> None:
    assert nested_variance(_sections(np.arange(6.0).reshape(2, 1, 3))) is None


def test_an_animal_in_two_arms_counts_in_each() -> None:
    rows = _sections(np.arange(8.0).reshape(2, 2, 2)).assign(animal=lambda t: t["animal"] % 2)
    assert list(_known(rows).counts[:1]) == [4]
