"""Arms of a study: a group at a timepoint, their order, and which of them is the reference."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from histo.errors import InvalidArgument

__all__ = ["Arm", "arms_of", "find_reference", "natural_key", "reference_for", "segments_of"]

_CONTROL_NAMES = re.compile(r"^(control|controls|ctrl|ctl|naive|naïve|sham|wt|wild[ _-]?type|healthy)\b", re.IGNORECASE)
_SEGMENTS = ("duodenum", "jejunum", "ileum")
_TRUE = {"1", "1.0", "true", "yes", "y", "x", "control"}


@dataclass(frozen=True)
class Arm:
    """A group of animals at one timepoint; the timepoint is empty where the design has none.

    Examples
    --------
    >>> str(Arm("EAE", "14"))
    'EAE @ 14'
    """

    group: str
    timepoint: str = ""

    def __str__(self) -> str:
        return f"{self.group} @ {self.timepoint}" if self.timepoint else self.group


def natural_key(text: str) -> tuple[tuple[int, float, str], ...]:
    """Sort numbers inside a text as numbers, so that day 7 comes before day 14.

    Examples
    --------
    >>> sorted(["day 14", "day 7"], key=natural_key)
    ['day 7', 'day 14']
    """
    parts = re.findall(r"\d+(?:\.\d+)?|[^\d]+", text.strip().casefold())
    return tuple((0, float(part), "") if part[0].isdecimal() else (1, 0.0, part) for part in parts)


def arms_of(table: pd.DataFrame, reference: str = "") -> list[Arm]:
    """List the arms of a table with the columns group and timepoint: the reference group first, then by name and time.

    Rows without a group belong to no arm.
    """
    pairs = table.loc[table["group"] != "", ["group", "timepoint"]].drop_duplicates()
    arms = [Arm(group, timepoint) for group, timepoint in pairs.itertuples(index=False)]
    return sorted(arms, key=lambda arm: (arm.group != reference, natural_key(arm.group), natural_key(arm.timepoint)))


def segments_of(table: pd.DataFrame) -> list[str]:
    """List the segments of a table from the stomach on; names that anatomy does not know come last."""

    def key(segment: str) -> tuple[int, tuple[tuple[int, float, str], ...]]:
        name = segment.casefold()
        return (_SEGMENTS.index(name) if name in _SEGMENTS else len(_SEGMENTS), natural_key(segment))

    return sorted(table["segment"].unique(), key=key)


def find_reference(sections: pd.DataFrame, wanted: str = "") -> Arm:
    """Tell which group the others are compared against.

    Parameters
    ----------
    sections : DataFrame
        With group and timepoint; a column ``control`` that marks the control group's rows is used when it is there.
    wanted : str, optional
        A group, or a group and timepoint as ``"EAE @ 7"``.

    Returns
    -------
    Arm
        Its timepoint is empty when the reference is the whole group.

    Raises
    ------
    InvalidArgument
        If there is no group at all, the wanted one does not exist, or none or several could be the reference.
    """
    arms = arms_of(sections)
    groups = list(dict.fromkeys(arm.group for arm in arms))
    if not groups:
        raise InvalidArgument(
            "there are no groups to compare",
            expected="a design table that gives each slide its animal and group",
            next_step="Write one (columns slide, animal, group, segment) and pass it as design= or --design.",
        )
    if wanted:
        return _wanted_arm(arms, groups, wanted)
    marked = _marked_as_control(sections)
    candidates = marked or [group for group in groups if _CONTROL_NAMES.match(group)]
    if len(candidates) == 1:
        return Arm(candidates[0])
    raise InvalidArgument(
        "it cannot be told which group is the reference",
        expected="one group named control (or ctrl, naive, sham, wt, healthy), or one marked in the column control",
        got=f"groups {', '.join(groups)}" + (f"; candidates {', '.join(candidates)}" if candidates else ""),
        next_step=f"Name it: compare(reference={groups[0]!r}), or mark its rows in the design's column control.",
    )


def reference_for(arm: Arm, reference: Arm, arms: list[Arm]) -> Arm | None:
    """Choose the arm that `arm` is compared with: the reference at its own timepoint, or the only reference there is.

    Returns
    -------
    Arm or None
        None when the reference group was sampled at several timepoints, none of them the arm's: which of them would
        be right is for the investigator to say.
    """
    if reference.timepoint:
        return reference if reference in arms else None
    same_time = Arm(reference.group, arm.timepoint)
    if same_time in arms:
        return same_time
    of_group = [other for other in arms if other.group == reference.group]
    return of_group[0] if len(of_group) == 1 else None


def _wanted_arm(arms: list[Arm], groups: list[str], wanted: str) -> Arm:
    if wanted in groups:
        return Arm(wanted)
    for arm in arms:
        if str(arm) == wanted:
            return arm
    raise InvalidArgument(
        "there is no such reference",
        expected=f"one of {', '.join(dict.fromkeys([*groups, *map(str, arms)]))}",
        got=repr(wanted),
    )


def _marked_as_control(sections: pd.DataFrame) -> list[str]:
    if "control" not in sections.columns:
        return []
    is_control = sections["control"].map(lambda mark: str(mark).strip().casefold() in _TRUE)
    return sorted(set(sections.loc[is_control & (sections["group"] != ""), "group"]))
