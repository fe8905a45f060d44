"""All arms of a segment at once: which test the design asks for, why, and its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from histo.study.by_segment import table_by_segment
from histo.study.inference import Inference, adjust, blocked_permutation, compare_several, compare_two, trend
from histo.study.level.arm import Arm, arms_of
from histo.study.plan import AnalysisPlan
from histo.study.strata import NO_STRATA, Strata, choose_strata

__all__ = ["DesignKind", "choose_test", "overall_table"]

DesignKind = Literal[
    "one arm", "two groups", "several groups", "ordered timepoints", "followed animals", "followed groups"
]

_WHY: dict[DesignKind, str] = {
    "one arm": "there is nothing to compare",
    "two groups": "two groups of different animals: their labels are exchanged between animals",
    "several groups": "more than two groups that are in no order: one test of whether any differs, before any pair is "
    "looked at",
    "ordered timepoints": "one group at several timepoints after a reference: a trend in their order asks less of few "
    "animals than all pairs do",
    "followed animals": "the same animals at several timepoints: each is its own reference, and the trend is within "
    "animals",
    "followed groups": "several groups of animals that are seen several times: whole animals exchange their groups, "
    "with the mean of their timepoints",
}


@dataclass(frozen=True)
class _Asked:
    """One endpoint of one segment: the rows of its arms, in order, and how to test."""

    rows: pd.DataFrame
    arms: list[Arm]
    strata: Strata
    plan: AnalysisPlan

    @property
    def samples(self) -> list[pd.Series[float]]:
        """Each arm's values, by animal."""
        return [_of_arm(self.rows, arm).set_index("animal")["value"].dropna() for arm in self.arms]

    @property
    def blocks(self) -> list[list[str]] | None:
        """Each animal's stratum, arm by arm; none where animals are exchanged freely."""
        if not self.strata.names:
            return None
        return [[self.strata.of_animal[animal] for animal in values.index] for values in self.samples]


def choose_test(rows: pd.DataFrame, reference: Arm) -> DesignKind:
    """Tell from who was sampled when what the arms of a segment are.

    Parameters
    ----------
    rows : DataFrame
        With animal, group and timepoint.
    reference : Arm
        What the others are compared against.

    Examples
    --------
    >>> rows = pd.DataFrame({"animal": list("abcdef"), "group": ["control"] * 2 + ["EAE"] * 4,
    ...                      "timepoint": ["14", "14", "7", "7", "14", "14"]})
    >>> choose_test(rows, Arm("control"))
    'ordered timepoints'
    """
    arms = arms_of(rows, reference.group)
    groups = list(dict.fromkeys(arm.group for arm in arms))
    if len(arms) < 2:
        return "one arm"
    known = rows[rows["group"] != ""].drop_duplicates(["animal", "group", "timepoint"])
    if known.duplicated("animal").any():
        return "followed animals" if len(groups) == 1 else "followed groups"
    if len(arms) == 2:
        return "two groups"
    n_reference = sum(arm.group == reference.group for arm in arms)
    is_one_course = len(groups) == 1 or (len(groups) == 2 and n_reference == 1)
    return "ordered timepoints" if is_one_course else "several groups"


def overall_table(
    animals: pd.DataFrame,
    endpoints: tuple[str, ...],
    reference: Arm,
    plan: AnalysisPlan,
    covariates: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Test all arms of each segment at once, by the test that the design asks for.

    Parameters
    ----------
    animals : DataFrame
        The ``animals`` table.
    endpoints : tuple of str
        One family in each segment.
    reference : Arm
        What `histo.study.level.arm.find_reference` found; it is the first step of an order.
    plan : AnalysisPlan
        Level, relabelings, seed, and the correction: Benjamini-Hochberg where it says so, else Holm, for these tests
        do not all relabel the same animals.
    covariates : DataFrame, optional
        As in `histo.study.contrast.contrasts_table`.

    Returns
    -------
    DataFrame
        The ``overall`` table.
    """
    known = pd.DataFrame() if covariates is None else covariates
    return table_by_segment(
        "overall",
        animals,
        endpoints,
        lambda of_segment: _in_segment(of_segment, endpoints, reference, plan, known),
    )


def _in_segment(
    animals: pd.DataFrame,
    endpoints: tuple[str, ...],
    reference: Arm,
    plan: AnalysisPlan,
    covariates: pd.DataFrame,
) -> list[dict[str, object]]:
    segment = str(animals["segment"].iloc[0])
    kind = choose_test(animals, reference)
    arms = arms_of(animals, reference.group)
    strata = NO_STRATA
    if not covariates.empty and kind in ("two groups", "several groups", "ordered timepoints"):
        strata = choose_strata(covariates, *([*dict.fromkeys(_of_arm(animals, arm)["animal"])] for arm in arms))
    results = [
        _tested(kind, _Asked(animals[animals["endpoint"] == endpoint], arms, strata, plan)) for endpoint in endpoints
    ]
    method: Literal["holm", "bh"] = "bh" if plan.correction == "bh" else "holm"
    adjusted = adjust([result.p for result in results], method)
    family = f"{'Holm' if method == 'holm' else 'Benjamini-Hochberg'} over {len(endpoints)} endpoints, within "
    return [
        {
            "endpoint": endpoint,
            "segment": segment,
            "arms": "; ".join(map(str, arms)),
            "design": kind,
            "why": _WHY[kind],
            **{name: getattr(result, name) for name in _TAKEN},
            "p_adjusted": p_adjusted,
            "correction": family + (segment or "the study") if len(endpoints) > 1 and np.isfinite(result.p) else "none",
            "n_animals": _n_animals(animals, endpoint),
        }
        for endpoint, result, p_adjusted in zip(endpoints, results, adjusted.tolist(), strict=True)
    ]


_TAKEN = ("estimate", "ci_low", "ci_high", "effect_size", "test", "statistic", "df", "p", "p_plain", "note")


def _tested(kind: DesignKind, asked: _Asked) -> Inference:
    if kind == "one arm" or sum(sample.size > 1 for sample in asked.samples) < 2:
        return Inference("none", note="fewer than two arms have two animals with a value")
    if kind == "followed groups":
        return _of_followed_groups(asked)
    if kind == "followed animals":
        return _trend(asked, [sample.index.tolist() for sample in asked.samples])
    if kind == "ordered timepoints":
        found = _trend(asked, asked.blocks)
    elif kind == "two groups":
        found = _of_two(asked)
    else:
        found = _of_several(asked)
    named = found.test.replace("strata", " and ".join(asked.strata.names)) if asked.strata.names else found.test
    return replace(found, test=named, note="; ".join(filter(None, (found.note, asked.strata.note))))


def _trend(asked: _Asked, blocks: list[list[str]] | None) -> Inference:
    plan = asked.plan
    return trend(asked.samples, blocks=blocks, level=plan.level, max_relabelings=plan.max_relabelings, seed=plan.seed)


def _of_two(asked: _Asked) -> Inference:
    a, b = asked.samples
    strata = None if asked.blocks is None else (asked.blocks[0], asked.blocks[1])
    plan = asked.plan
    return compare_two(a, b, strata=strata, level=plan.level, max_relabelings=plan.max_relabelings, seed=plan.seed)


def _of_several(asked: _Asked) -> Inference:
    """Leave out arms of one animal, which have no scatter of their own."""
    kept = [(str(arm), place) for place, arm in enumerate(asked.arms) if asked.samples[place].size > 1]
    strata = None if asked.blocks is None else {name: asked.blocks[place] for name, place in kept}
    return compare_several(
        {name: asked.samples[place] for name, place in kept},
        strata=strata,
        max_relabelings=asked.plan.max_relabelings,
        seed=asked.plan.seed,
    )


def _of_followed_groups(asked: _Asked) -> Inference:
    groups = list(dict.fromkeys(arm.group for arm in asked.arms))
    known = asked.rows[asked.rows["group"] != ""]
    return blocked_permutation(
        known.assign(group=pd.Categorical(known["group"], groups)),
        factor="group",
        repeat="timepoint",
        level=asked.plan.level,
        max_relabelings=asked.plan.max_relabelings,
        seed=asked.plan.seed,
    )


def _of_arm(rows: pd.DataFrame, arm: Arm) -> pd.DataFrame:
    return rows[(rows["group"] == arm.group) & (rows["timepoint"] == arm.timepoint)]


def _n_animals(animals: pd.DataFrame, endpoint: str) -> int:
    with_value = animals[(animals["endpoint"] == endpoint) & animals["value"].notna()]
    return int(with_value["animal"].nunique())
