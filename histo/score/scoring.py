"""Score a section by a rubric, and say which measure crossed which cut-off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import pandas as pd

from histo.errors import InvalidArgument
from histo.score.baseline import Baseline
from histo.score.comparison import Comparison, Missing, compare
from histo.score.library import load_profile
from histo.score.profile import Grade, Profile

__all__ = ["SectionScore", "score_section"]


@dataclass(frozen=True)
class SectionScore:
    """What a rubric says of one section.

    Parameters
    ----------
    profile : Profile
        The rubric.
    label : str
        What the grade is called: the rubric's name, or ``Marsh-like`` in another species.
    grade : str or None
        The grade; of several scales each with its name. None when the section cannot be scored.
    rank : int or None
        Its place in the rubric's order of severity; None when it has none, or there are several scales.
    reason : str
        Why there is no grade, and what to do; empty when there is one.
    comparisons : tuple of Comparison
        All that could be compared, in the order of the profile.
    species : str
        The species of the section; empty if it was not said.
    """

    profile: Profile
    label: str
    grade: str | None
    rank: int | None
    reason: str
    comparisons: tuple[Comparison, ...]
    species: str = ""

    @property
    def crossed(self) -> list[Comparison]:
        """The cut-offs that were crossed."""
        return [comparison for comparison in self.comparisons if comparison.is_crossed]

    def explain(self) -> str:
        """Say in sentences what the grade is, what was crossed and what not, and from which source.

        Returns
        -------
        str
            Lines of text.
        """
        title = f"{self.label} {self.grade}" if self.grade is not None else f"{self.label}: {self.reason}"
        extends = f", extends {self.profile.extends}" if self.profile.extends else ""
        name = f"(profile {self.profile.id}, version {self.profile.version}{extends})"
        lines = [f"{title} {name}", *self._meanings()]
        lines += [f"- {comparison}" for comparison in sorted(self.comparisons, key=lambda c: not c.is_crossed)]
        return "\n".join([*lines, *self._species_note()])

    def __str__(self) -> str:
        return self.explain()

    def _meanings(self) -> list[str]:
        if self.grade is None:
            return []
        crossed = [comparison.finding for comparison in self.crossed]
        return [grade.meaning for grade in self.profile.grades if grade.fits(crossed)]

    def _species_note(self) -> list[str]:
        made_for, elsewhere = self.profile.species, self.profile.label_elsewhere
        if made_for in ("any", self.species):
            return []
        if self.species:
            return [f"The criteria are of the {made_for}; in the {self.species} the grade is {elsewhere!r}."]
        return [f"The criteria are of the {made_for}; in another species the grade is {elsewhere!r}."]


def score_section(
    measures: Mapping[Any, Any] | pd.Series[Any],
    *,
    profile: str | PathLike[str] | Profile = "marsh-oberhuber",
    controls: Baseline | None = None,
    species: str = "",
) -> SectionScore:
    """Score one section by a rubric.

    Parameters
    ----------
    measures : mapping or Series
        The section's measures by column of the ``sections`` table, such as a row of it; what a person read from the
        slide may stand there too. None or not-a-number is a measure that is missing.
    profile : str, path-like or Profile
        A name of `histo.score.list_profiles`, a TOML file, or a profile.
    controls : Baseline, optional
        The study's controls, for cut-offs that are relative to them.
    species : str, optional
        ``"human"``, ``"mouse"``, ...: what the section is of, so that criteria made for another species are named so.

    Returns
    -------
    SectionScore
        Without a grade when an input or the controls are missing, or when no grade fits; the reason says which and what
        to do.

    Raises
    ------
    UnknownProfile, InvalidProfile
        If there is no such profile, or it has problems.
    InvalidArgument
        If a measure has a value that it cannot have, or the measures are no mapping.

    Examples
    --------
    >>> score = score_section({"iel_per_100": 41, "vh_cd": 1.4}, profile="corazza-villanacci")
    >>> score.grade is None
    True
    >>> "no controls were given" in score.reason
    True
    """
    rubric = profile if isinstance(profile, Profile) else load_profile(profile)
    if not isinstance(measures, Mapping | pd.Series):
        raise InvalidArgument("measures are by column", expected="a mapping or Series", got=type(measures).__name__)
    by_column: dict[Any, Any] = dict(measures.items())
    compared = [compare(rubric, finding, by_column, controls) for finding in rubric.findings]
    comparisons = tuple(item for item in compared if isinstance(item, Comparison))
    missing = list(dict.fromkeys(str(item) for item in compared if isinstance(item, Missing)))
    grades = [] if missing else _fitting(rubric, [item.finding for item in comparisons if item.is_crossed])
    is_whole = not missing and None not in grades
    of_species = species.strip().casefold()
    return SectionScore(
        profile=rubric,
        label=rubric.label_elsewhere if of_species and rubric.species not in ("any", of_species) else rubric.label,
        grade=_joined(grades) if is_whole else None,
        rank=grades[0].rank if is_whole and len(grades) == 1 and grades[0] is not None else None,
        reason="" if is_whole else _reason(rubric, missing, comparisons),
        comparisons=comparisons,
        species=of_species,
    )


def _fitting(rubric: Profile, crossed: list[str]) -> list[Grade | None]:
    """Find the grade of each scale; a profile holds no two that fit together."""
    return [
        next((grade for grade in rubric.grades if grade.scale == scale and grade.fits(crossed)), None)
        for scale in rubric.scales
    ]


def _joined(grades: list[Grade | None]) -> str:
    return "; ".join(f"{grade.scale} {grade.grade}".strip() for grade in grades if grade is not None)


def _reason(rubric: Profile, missing: list[str], comparisons: tuple[Comparison, ...]) -> str:
    if missing:
        return f"cannot be scored: {' '.join(missing)}"
    crossed = [item.finding for item in comparisons if item.is_crossed]
    unfit = [
        scale
        for scale in rubric.scales
        if not any(grade.scale == scale and grade.fits(crossed) for grade in rubric.grades)
    ]
    found = "; ".join(item.says if item.is_crossed else f"not {item.says}" for item in comparisons)
    of_scale = f" of {', '.join(unfit)}" if any(unfit) else ""
    hints = _nearest(rubric, crossed, unfit)
    return f"cannot be scored: no grade{of_scale} fits these findings together ({found}).{hints}"


def _nearest(rubric: Profile, crossed: list[str], unfit: list[str]) -> str:
    """Say what the grades that are one finding away would need."""
    hints = []
    for grade in rubric.grades:
        wanted = grade.wants(crossed)
        excluded = [name for name in grade.none_of if name in crossed]
        if grade.scale in unfit and len(wanted) + len(excluded) == 1:
            finding = rubric.finding_named((wanted or excluded)[0])
            hints.append(f" Grade {grade.grade} would need {'' if wanted else 'not '}{finding.says}.")
    return "".join(hints)
