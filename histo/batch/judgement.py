"""Judge all cells of a study by its thresholds and rules, a part of a section at a time, and count them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from histo.batch.staining import StainedSlide
from histo.batch.thresholds import StudyThresholds
from histo.measure import PhenotypeRules, Thresholds, apply_thresholds, assign_phenotypes
from histo.measure.positivity import count_positivity
from histo.types import Compartment

__all__ = ["CellJudge"]

_KEY = ["slide", "section"]
_LYMPHOID = Compartment.LYMPHOID.label


class CellJudge:
    """Says of each cell of what it is positive and which phenotypes it has, and keeps count.

    Parameters
    ----------
    slides : iterable of StainedSlide
        The slides with markers.
    thresholds : StudyThresholds
        What they are judged by.
    rules : PhenotypeRules
        Phenotypes; each is told of on the slides on which all of its markers are judged.
    """

    def __init__(self, slides: Iterable[StainedSlide], thresholds: StudyThresholds, rules: PhenotypeRules) -> None:
        self._slides = {slide.name: slide for slide in slides}
        self._thresholds = {
            name: Thresholds(tuple(each for each in thresholds.by_run[slide.run] if each.marker in slide.panel.names))
            for name, slide in self._slides.items()
        }
        self._rules = {name: _rules_within(rules, found) for name, found in self._thresholds.items()}
        self._markers: list[pd.DataFrame] = []
        self._phenotypes: list[pd.DataFrame] = []

    @property
    def added(self) -> dict[str, type[bool] | type[int]]:
        """Columns that any cell may get."""
        columns: dict[str, type[bool] | type[int]] = {}
        for found in self._thresholds.values():
            for each in found:
                columns |= {f"{each.marker}_is_positive": bool, f"{each.marker}_class": int}
        for rules in self._rules.values():
            columns |= {name: bool for name, _ in rules}
        return columns

    def judge(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Judge some cells of one section.

        Parameters
        ----------
        cells : DataFrame
            With the identity, ``compartment``, ``follicle_id`` and what was measured.

        Returns
        -------
        DataFrame
            A copy with ``<marker>_is_positive``, ``<marker>_class`` and the phenotypes, where its slide has them.
        """
        slide = str(cells["slide"].iloc[0]) if len(cells) else ""
        thresholds = self._thresholds.get(slide)
        if not thresholds:
            return cells
        judged = apply_thresholds(cells, thresholds)
        where = judged[_KEY].assign(compartment=_counted_in(cells))
        for threshold in thresholds:
            columns = [threshold.column, f"{threshold.marker}_is_positive", f"{threshold.marker}_class"]
            counts = count_positivity(pd.concat([where, judged[columns]], axis=1), threshold, by=(*_KEY, "compartment"))
            self._markers.append(counts.assign(marker=threshold.marker))
        if len(self._rules[slide]):
            found = assign_phenotypes(judged, self._rules[slide])
            counts = found.groupby([where[name] for name in where.columns], sort=True).sum().reset_index()
            names = [name for name, _ in self._rules[slide]]
            self._phenotypes.append(counts.melt([*_KEY, "compartment"], names, "population", "n_cells"))
            judged = pd.concat([judged, found], axis=1)
        return judged

    @property
    def populations(self) -> dict[str, list[str]]:
        """What each slide's cells are judged by: ``cd4+``, ..., then phenotypes."""
        return {
            name: [*(f"{each.marker}+" for each in found), *(phenotype for phenotype, _ in self._rules[name])]
            for name, found in self._thresholds.items()
        }

    @property
    def population_counts(self) -> pd.DataFrame:
        """Cells so far: a row a section, compartment and population, with ``n_cells``."""
        markers, phenotypes = self.marker_counts, _added_up(self._phenotypes, "population")
        positive = markers[[*_KEY, "compartment"]].assign(
            population=markers["marker"] + "+", n_cells=markers["n_positive"]
        )
        return pd.concat([positive, phenotypes], ignore_index=True)

    @property
    def marker_counts(self) -> pd.DataFrame:
        """Cells so far: a row a section, compartment and marker, with the counts of `count_positivity`."""
        return _added_up(self._markers, "marker")


def _counted_in(cells: pd.DataFrame) -> pd.Series[str]:
    """Say where cells count: in their compartment, or in the follicle that was found there."""
    in_follicle = (cells["follicle_id"].fillna("") != "").to_numpy()
    return cells["compartment"].fillna("").where(~in_follicle, _LYMPHOID)


def _rules_within(rules: PhenotypeRules, thresholds: Thresholds) -> PhenotypeRules:
    judged = {each.marker.casefold() for each in thresholds}
    return PhenotypeRules(
        tuple((name, rule) for name, rule in rules if {marker.casefold() for marker in rule.markers} <= judged)
    )


def _added_up(parts: list[pd.DataFrame], what: str) -> pd.DataFrame:
    if not parts:
        names = pd.DataFrame({name: pd.Series(dtype="str") for name in (*_KEY, "compartment", what)})
        return names.assign(n_cells=0, n_positive=0)
    return pd.concat(parts).groupby([*_KEY, "compartment", what], sort=True).sum().reset_index()
