"""Judge a model picture by picture, and add up by set what was found and what was not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

import pandas as pd

__all__ = ["Counts", "PictureJudgement", "judge_pictures", "tabulate_judgements"]


class Counts(Protocol):
    """How much is there, how much was found, and how well the two agree; those of several pictures may be added."""

    @property
    def n_true(self) -> int:
        """How much is there."""

    @property
    def n_found(self) -> int:
        """How much was found."""

    @property
    def precision(self) -> float:
        """Share of the found that is there."""

    @property
    def recall(self) -> float:
        """Share of what is there that was found."""

    def __add__(self, other: Self, /) -> Self:
        """Count two pictures together."""


Counted = TypeVar("Counted", bound=Counts)
Judged = TypeVar("Judged")


@dataclass(frozen=True)
class PictureJudgement(Generic[Counted]):
    """One picture's agreement.

    Parameters
    ----------
    origin, name : str
        Set and picture.
    agreements : dict of str to Counts
        By what was judged.
    """

    origin: str
    name: str
    agreements: dict[str, Counted]


def judge_pictures(
    folders: Sequence[Path], judge: Callable[[Path], Judged], progress: Callable[[int, int], None] | None = None
) -> list[Judged]:
    """Judge one picture after the other.

    Parameters
    ----------
    folders : sequence of Path
        One picture each.
    judge : callable
        Judges the picture of a folder.
    progress : callable, optional
        Called with the number of pictures judged, and of all.

    Returns
    -------
    list
        What `judge` says of each.
    """
    judgements = []
    for n_done, folder in enumerate(folders, start=1):
        judgements.append(judge(folder))
        if progress is not None:
            progress(n_done, len(folders))
    return judgements


def tabulate_judgements(
    judgements: Iterable[PictureJudgement[Counted]], score: Callable[[Counted], float]
) -> pd.DataFrame:
    """Add the judgements of each set up.

    Parameters
    ----------
    judgements : iterable of PictureJudgement
        Of pictures of any sets.
    score : callable
        One number for what was counted of a set.

    Returns
    -------
    DataFrame
        One row per set and what was judged: `origin`, `what`, `score`, `precision`, `recall`, `n_true`, `n_found`,
        `n_pictures`; counts are added up before scores are taken.
    """
    judged = list(judgements)
    rows = []
    for origin in dict.fromkeys(entry.origin for entry in judged):
        own = [entry.agreements for entry in judged if entry.origin == origin]
        for what in dict.fromkeys(name for agreements in own for name in agreements):
            parts = [agreements[what] for agreements in own if what in agreements]
            whole = reduce(add, parts)
            scores = score(whole), whole.precision, whole.recall
            rows.append((origin, what, *scores, whole.n_true, whole.n_found, len(parts)))
    columns = ["origin", "what", "score", "precision", "recall", "n_true", "n_found", "n_pictures"]
    return pd.DataFrame(rows, columns=columns)
