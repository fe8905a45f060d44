"""Whether batches, cages and sexes are mixed among the groups, or stand for them."""

from __future__ import annotations

from itertools import combinations

import pandas as pd

__all__ = ["confounding"]

_FACTORS = {"batch": "batches", "cage": "cages", "sex": "sexes"}
_MOST_PAIRS = 6


def confounding(table: pd.DataFrame) -> tuple[str, ...]:
    """Say which comparisons of groups cannot be told from a comparison of batches, cages or sexes.

    Two arms (a group at a timepoint) of which no batch holds animals of both can be compared only if batches do not
    differ, which such a study cannot show (Leek et al. 2010, Nat Rev Genet 11: 733-739, on batches). A factor
    of which every level is one animal is not looked at: it is the animal.

    Parameters
    ----------
    table : DataFrame
        A design's table, or the sections table, with animal, group and, as far as they are there, timepoint, batch,
        cage and sex; a row a slide or section.

    Returns
    -------
    tuple of str
        A sentence for each factor; empty when all is mixed or nothing is known.
    """
    sentences = []
    timepoints = _texts(table, "timepoint")
    groups = _texts(table, "group")
    arms = groups.where(timepoints == "", groups + " @ " + timepoints)
    for factor in _FACTORS:
        known = pd.DataFrame(
            {"animal": _texts(table, "animal"), "group": groups, "arm": arms, "level": _texts(table, factor)}
        )
        animals = known[(known != "").all(axis=1)].drop_duplicates()
        if animals[["animal", "level"]].drop_duplicates()["level"].duplicated().any():
            sentences.append(_sentence(animals, factor))
    return tuple(filter(None, sentences))


def _sentence(animals: pd.DataFrame, factor: str) -> str:
    """Word the confounding of one factor, wholly or of some pairs of arms; empty if there is none."""
    of_group = _levels_by(animals, "group")
    consequence = f"a difference between them may be one between {_FACTORS[factor]}"
    if len(of_group) > 1 and not any(one & other for one, other in combinations(of_group.values(), 2)):
        said = "; ".join(f"{group}: {', '.join(sorted(levels))}" for group, levels in of_group.items())
        return f"{factor} is wholly confounded with group ({said}): {consequence}"
    pairs = [
        f"{first} and {second}"
        for (first, one), (second, other) in combinations(_levels_by(animals, "arm").items(), 2)
        if not one & other
    ]
    if not pairs:
        return ""
    more = f" and {len(pairs) - _MOST_PAIRS} more pairs" if len(pairs) > _MOST_PAIRS else ""
    shown = "; ".join(pairs[:_MOST_PAIRS]) + more
    return (
        f"{factor} is confounded with timepoint or group for {shown}, which have no {factor} in common: {consequence}"
    )


def _levels_by(animals: pd.DataFrame, name: str) -> dict[str, set[str]]:
    return {str(key): set(rows["level"]) for key, rows in animals.groupby(name, sort=False)}


def _texts(table: pd.DataFrame, name: str) -> pd.Series[str]:
    if name not in table:
        return pd.Series("", index=table.index, dtype="str")
    return table[name].fillna("").astype("str").str.strip()
