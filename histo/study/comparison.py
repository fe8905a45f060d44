"""Two arms of a study side by side: whose values, and what their animals may exchange."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.study.level.arm import Arm, arms_of, reference_for
from histo.study.strata import NO_STRATA, Strata, choose_strata

__all__ = ["Comparison", "comparisons_of"]


@dataclass(frozen=True)
class Comparison:
    """Two arms in one segment.

    Parameters
    ----------
    segment : str
        Where.
    reference : Arm or None
        a; None where it cannot be told.
    comparison : Arm
        b.
    values_a, values_b : DataFrame
        A value for each endpoint (row) and animal (column), missing where there is none.
    n_sections : Series
        Sections behind both, by endpoint.
    strata : Strata
        Within what animals exchange their labels.
    """

    segment: str
    reference: Arm | None
    comparison: Arm
    values_a: pd.DataFrame
    values_b: pd.DataFrame
    n_sections: pd.Series[int]
    strata: Strata

    @cached_property
    def is_paired(self) -> bool:
        """Whether animals are on both sides, which then are compared with themselves."""
        return bool(self.values_a.columns.intersection(self.values_b.columns).size)

    @cached_property
    def sides(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Both tables of values; of paired animals those that are on both sides, in one order."""
        if not self.is_paired:
            return self.values_a, self.values_b
        both = self.values_a.columns.intersection(self.values_b.columns)
        a, b = self.values_a[both], self.values_b[both]
        has_both = a.notna().to_numpy() & b.notna().to_numpy()
        return a.where(has_both), b.where(has_both)

    @cached_property
    def labels(self) -> tuple[NDArray[np.object_], NDArray[np.object_]] | None:
        """Within what labels are exchanged: the animal itself, strata, or nothing."""
        names = tuple(side.columns.to_numpy(dtype=object) for side in self.sides)
        if self.is_paired:
            return names[0], names[1]
        if not self.strata.names:
            return None
        of_animal: Mapping[str, str] = self.strata.of_animal
        first, second = (np.array([of_animal[animal] for animal in of_side], dtype=object) for of_side in names)
        return first, second

    def values_of(self, endpoint: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return one endpoint's values on both sides, missing where an animal has none."""
        a, b = (side.loc[endpoint].to_numpy(dtype=float) for side in self.sides)
        return a, b

    @property
    def contrast(self) -> str:
        """Name it: ``EAE @ 7 - control @ 7``."""
        return f"{self.comparison} - {self.reference or 'none'}"


def comparisons_of(
    rows: pd.DataFrame, segment: str, endpoints: tuple[str, ...], reference: Arm, covariates: pd.DataFrame
) -> Iterator[Comparison]:
    """Put every arm of a segment beside the reference.

    Parameters
    ----------
    rows : DataFrame
        The segment's rows of the ``animals`` table.
    segment : str
        Its name.
    endpoints : tuple of str
        What is compared.
    reference : Arm
        What `histo.study.level.arm.find_reference` found.
    covariates : DataFrame
        What `histo.study.strata.covariates_of_animals` gathered; may be empty.
    """
    arms = arms_of(rows, reference.group)
    compared = [arm for arm in arms if arm.group != reference.group or (reference.timepoint and arm != reference)]
    for arm in compared:
        against = reference_for(arm, reference, arms)
        a, b = _values(rows, against, endpoints), _values(rows, arm, endpoints)
        strata = NO_STRATA if covariates.empty else choose_strata(covariates, list(a.columns), list(b.columns))
        yield Comparison(segment, against, arm, a, b, _n_sections(rows, against, arm, endpoints), strata)


def _values(rows: pd.DataFrame, arm: Arm | None, endpoints: tuple[str, ...]) -> pd.DataFrame:
    if arm is None:
        return pd.DataFrame(index=list(endpoints))
    chosen = rows[(rows["group"] == arm.group) & (rows["timepoint"] == arm.timepoint)]
    return chosen.pivot_table(
        index="endpoint", columns="animal", values="value", aggfunc="first", observed=True, sort=False
    ).reindex(list(endpoints))


def _n_sections(
    rows: pd.DataFrame, reference: Arm | None, comparison: Arm, endpoints: tuple[str, ...]
) -> pd.Series[int]:
    """Count the sections behind the animals that have a value."""
    arms = [(arm.group, arm.timepoint) for arm in (reference, comparison) if arm is not None]
    is_behind = pd.MultiIndex.from_frame(rows[["group", "timepoint"]]).isin(arms) & rows["value"].notna()
    counts: pd.Series[int] = rows[is_behind].groupby("endpoint")["n_sections"].sum().reindex(list(endpoints))
    return counts.fillna(0).astype(int)
