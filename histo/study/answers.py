"""Everything that was asked of a study at once, and the files that hold it."""

from __future__ import annotations

import os
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from histo.errors import InvalidArgument
from histo.io.results import write_table
from histo.study.tables import QUESTIONS, StudyTables
from histo.study.tidy import write_tidy

__all__ = ["Answers", "Asking", "answer", "write_answers"]


@dataclass(frozen=True)
class Asking:
    """What is asked.

    Parameters
    ----------
    endpoint : str, optional
        One endpoint; without it those of the plan.
    reference : str, optional
        Group, or group and timepoint, to compare against.
    questions : tuple of str, optional
        Named questions; ``all`` stands for every one. Without any, those of the protocol.
    margin : float, optional
        Smallest difference of the endpoint that would matter: equivalence is tested against it.
    is_as_published : bool, optional
        Whether p-values on sections are shown beside the right ones.
    """

    endpoint: str | None = None
    reference: str | None = None
    questions: tuple[str, ...] = ()
    margin: float | None = None
    is_as_published: bool = False

    def __post_init__(self) -> None:
        if self.margin is not None and self.endpoint is None:
            raise InvalidArgument(
                "a margin is of one endpoint", got="no endpoint", next_step="Name it, or put margins into a protocol."
            )


@dataclass(frozen=True)
class Answers:
    """The tables that answer it; those that nobody asked for are None, as all arms at once where one endpoint was."""

    groups: pd.DataFrame
    contrasts: pd.DataFrame
    overall: pd.DataFrame | None = None
    questions: pd.DataFrame | None = None
    as_published: pd.DataFrame | None = None

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Those that there are, by their names in the schema."""
        return {name: table for name, table in vars(self).items() if table is not None}

    def records(self) -> dict[str, list[dict[Hashable, object]]]:
        """Arrange them for JSON; what is missing is null."""
        return {
            name: table.astype(object).where(table.notna(), None).to_dict("records")
            for name, table in self.tables.items()
        }


def answer(study: StudyTables, asking: Asking) -> Answers:
    """Answer everything that is asked of a study.

    Raises
    ------
    InvalidArgument
        If the endpoint, the reference or a question does not exist.
    """
    groups, contrasts = study.groups(), study.compare(asking.endpoint, asking.reference)
    groups = groups[groups["endpoint"].isin(contrasts["endpoint"])].reset_index(drop=True)
    as_published = study.as_published(asking.endpoint, asking.reference) if asking.is_as_published else None
    overall = study.overall(asking.reference) if asking.endpoint is None else None
    return Answers(groups, contrasts, overall, _questions(study, asking), as_published)


def write_answers(folder: str | os.PathLike[str], study: StudyTables, answers: Answers, *, is_tidy: bool) -> list[Path]:
    """Write the tables as Parquet and CSV, and if wanted the animals for R and Prism.

    Returns
    -------
    list of Path
        What was written.
    """
    tables = {"animals": study.animals(), **answers.tables}
    written = [write_table(folder, name, table) for name, table in tables.items()]
    if is_tidy:
        written += write_tidy(folder, study.animals(), study.sections, study.reference().group)
    return written


def _questions(study: StudyTables, asking: Asking) -> pd.DataFrame | None:
    """Answer the named questions, and those of equivalence; a protocol's own without being asked."""
    names = QUESTIONS if "all" in asking.questions else asking.questions
    parts = [study.questions(names)] if names or study.protocol is not None else []
    if asking.margin is not None and asking.endpoint is not None:
        parts.append(study.equivalence(asking.endpoint, asking.margin))
    elif study.protocol is not None and study.protocol.margins:
        parts.append(study.equivalence())
    return pd.concat(parts, ignore_index=True) if parts else None
