"""Many sections and many rubrics: the ``scores`` table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike

import pandas as pd

from histo.errors import InvalidArgument
from histo.schema import IDENTITY, check_table, empty_table, table_schema
from histo.score.baseline import Baseline
from histo.score.library import load_profile
from histo.score.profile import Profile
from histo.score.scoring import SectionScore, score_section

__all__ = ["score_table"]


def score_table(
    sections: pd.DataFrame,
    profiles: Iterable[str | PathLike[str] | Profile],
    controls: Baseline | Mapping[str, Baseline] | None = None,
    *,
    species: str = "",
) -> pd.DataFrame:
    """Score all sections of a study by some rubrics.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table; more columns, such as what a person read from the slides, are inputs too.
    profiles : iterable of str, path-like or Profile
        The rubrics.
    controls : Baseline, or mapping of str to Baseline, optional
        The study's controls, by segment if there are several: see `histo.score.control_baselines`.
    species : str, optional
        The species of all sections.

    Returns
    -------
    DataFrame
        The ``scores`` table: one row a section and profile, in the order of the sections, then of the profiles. Where a
        section cannot be scored, the grade is empty and the reason says why.

    Raises
    ------
    UnknownProfile, InvalidProfile, InvalidArgument
        As `score_section`.
    InvalidTable
        If the sections lack an identity column.
    """
    rubrics = [entry if isinstance(entry, Profile) else load_profile(entry) for entry in profiles]
    columns = table_schema("scores").columns
    checked = check_table(sections, IDENTITY)
    identity = [column.name for column in IDENTITY]
    rows = []
    for measures in checked.to_dict("records"):
        ground = controls.get(measures["segment"]) if isinstance(controls, Mapping) else controls
        for rubric in rubrics:
            try:
                score = score_section(measures, profile=rubric, controls=ground, species=species)
            except InvalidArgument as error:
                section = f"{measures['slide']}/{measures['section']}"
                parts = {"expected": error.expected, "got": error.got, "next_step": error.next_step}
                raise InvalidArgument(f"{section}: {error.what}", **parts) from error
            rows.append({**{name: measures[name] for name in identity}, **_row(score)})
    return check_table(pd.DataFrame(rows), columns) if rows else empty_table(columns)


def _row(score: SectionScore) -> dict[str, object]:
    return {
        "profile": score.profile.id,
        "version": score.profile.version,
        "label": score.label,
        "grade": score.grade or "",
        "rank": float("nan") if score.rank is None else float(score.rank),
        "reason": score.reason,
        "explanation": score.explain(),
    }
