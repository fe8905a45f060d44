"""What a leaky gut shows in: the parts of the barrier composite, the measures of each, their direction and weight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from histo.errors import InvalidArgument
from histo.study.level.measure import find_measure

__all__ = ["BARRIER", "BarrierDefinition", "BarrierPart", "Measure"]


@dataclass(frozen=True)
class Measure:
    """A measure, or all measures of a pattern, and the direction in which it gets worse.

    Parameters
    ----------
    pattern : str
        Column of the sections table; ``*`` stands for any marker: ``*_apical_fraction``.
    worse : {1, -1}
        1 if a higher value is the worse barrier, -1 if a lower one is.
    label : str, optional
        What it is called in a sentence; without it as the endpoint is.
    """

    pattern: str
    worse: int
    label: str = ""


@dataclass(frozen=True)
class BarrierPart:
    """One part: its share of the composite and its measures, which count the same within it."""

    name: str
    weight: float
    measures: tuple[Measure, ...]

    def measures_in(self, columns: Iterable[str]) -> dict[str, Measure]:
        """Find the part's measures among columns, but for those of villi or crypts alone, which the whole holds."""
        return {
            column: measure
            for column in columns
            for measure in self.measures
            if fnmatchcase(column, measure.pattern) and not _is_of_a_region(column)
        }


@dataclass(frozen=True)
class BarrierDefinition:
    """How the composite is made.

    Parameters
    ----------
    parts : tuple of BarrierPart
        Weights are relative: those of the parts that were measured are scaled to sum to 1.
    minimum_controls : int, optional
        Animals of the reference that a measure needs before anything is expressed in their standard deviations.
    minimum_share : float, optional
        Share of the animals of both arms that must have a part for it to enter the composite; below, the part is told
        by itself and named as left out, so that the composite is not made of a few animals.

    Raises
    ------
    InvalidArgument
        If parts share a name, a weight is not above 0, or a number is out of its range.
    """

    parts: tuple[BarrierPart, ...]
    minimum_controls: int = 3
    minimum_share: float = 0.8

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        problems = [
            problem
            for problem, is_wrong in (
                ("two parts at least", len(names) < 2),
                ("each part once", len(set(names)) < len(names)),
                ("weights above 0", any(part.weight <= 0 for part in self.parts)),
                ("directions 1 or -1", any(m.worse not in (1, -1) for part in self.parts for m in part.measures)),
                ("minimum_controls of 3 or more", self.minimum_controls < 3),
                ("minimum_share above 0 and up to 1", not 0 < self.minimum_share <= 1),
            )
            if is_wrong
        ]
        if problems:
            raise InvalidArgument("the barrier composite cannot be made so", expected=", ".join(problems))


def _is_of_a_region(column: str) -> bool:
    found = find_measure(column)
    return found is not None and bool(found[3])


BARRIER = BarrierDefinition(
    (
        BarrierPart(
            "structure",
            0.25,
            (
                Measure("villus_height_um", -1),
                Measure("crypt_depth_um", 1),
                Measure("submucosa_um", 1),
                Measure("muscularis_um", 1),
            ),
        ),
        BarrierPart(
            "junction",
            0.25,
            (
                Measure("*continuity", -1),
                Measure("*apical_fraction", -1),
                Measure("*gap_fraction", 1),
                Measure("zonulin*_positive_area_percent", 1),
            ),
        ),
        BarrierPart(
            "infiltrate",
            0.25,
            (
                Measure("iel_per_100", 1),
                Measure("mucosa_inflammatory_per_mm2", 1),
                Measure("submucosa_inflammatory_per_mm2", 1),
            ),
        ),
        BarrierPart(
            "permeability",
            0.25,
            (
                Measure("na_f", 1, "Na-F in plasma"),
                Measure("fitc_bsa", 1, "FITC-BSA in plasma"),
                Measure("fitc_dextran", 1, "FITC-dextran in plasma"),
            ),
        ),
    )
)
"""histo's own composite: equal weights, as no source was found that gives others."""
