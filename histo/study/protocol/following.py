"""Follow a protocol: choose its arms, segments and endpoints from a study's sections, and say what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from histo.errors import InvalidArgument
from histo.study.level.aggregate import animals_table
from histo.study.plan import AnalysisPlan
from histo.study.protocol.model import Protocol, ProtocolEndpoint
from histo.study.wording import plural

__all__ = ["Followed", "follow"]


@dataclass(frozen=True)
class Followed:
    """A study's sections as a protocol wants them.

    Parameters
    ----------
    sections : DataFrame
        The protocol's arms and segments only, its groups and timepoints in its own spelling; normalised endpoints are
        columns of their own.
    plan : AnalysisPlan
        Its decisions, with those of its endpoints that were measured.
    remarks : tuple of str
        What the protocol asks for and the study lacks, and what the study has and the protocol does not ask for.
    """

    sections: pd.DataFrame
    plan: AnalysisPlan
    remarks: tuple[str, ...]


def follow(protocol: Protocol, sections: pd.DataFrame) -> Followed:
    """Choose what a protocol asks for.

    Parameters
    ----------
    protocol : Protocol
        The protocol.
    sections : DataFrame
        The ``sections`` table, with animals.

    Raises
    ------
    InvalidArgument
        If no section is of the reference arm, none of another, or no endpoint was measured: then there is nothing to
        compare, and the message says what was there.
    """
    chosen, remarks = _choose_arms(protocol, sections)
    chosen, of_segments = _choose_segments(protocol, chosen)
    present = [entry for entry in protocol.endpoints if _is_measured(chosen, entry)]
    if not present:
        raise InvalidArgument(
            f"no endpoint of the protocol {protocol.id} was measured",
            expected=", ".join(f"{entry.name} (column {entry.column})" for entry in protocol.endpoints),
            got="none of these columns with a value, in the protocol's arms and segments",
            next_step="Score slides of the stain that they need, or choose another protocol.",
        )
    missing = [
        f"{entry.name} was not measured (column {entry.column})" for entry in protocol.endpoints if entry not in present
    ]
    plan = protocol.plan([entry.endpoint for entry in present])
    for entry in present:
        if entry.normalisation == "ratio_to_control":
            chosen[entry.endpoint] = _over_control(protocol, chosen, entry, plan)
    return Followed(chosen, plan, (*remarks, *of_segments, *missing))


def _choose_arms(protocol: Protocol, sections: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Keep the sections of the protocol's arms, named as it names them."""
    known = sections[sections["animal"] != ""]
    pairs = known[["group", "timepoint"]].drop_duplicates().itertuples(index=False, name=None)
    arm_of = {pair: next((arm for arm in protocol.arms if arm.fits(*pair)), None) for pair in pairs}
    keys = pd.Series(list(zip(known["group"], known["timepoint"], strict=True)), index=known.index, dtype=object)
    arms = keys.map(arm_of)
    found = {arm.name for arm in arm_of.values() if arm is not None}
    if protocol.reference.name not in found or len(found) < 2:
        lacking = [arm.name for arm in protocol.arms if arm.name not in found]
        present = [f"{group} @ {timepoint}" if timepoint else group for group, timepoint in arm_of]
        raise InvalidArgument(
            f"the arms of the protocol {protocol.id} are not in the study: {', '.join(lacking)}",
            expected="; ".join(
                f"{arm.name}: group {arm.group}{f' at timepoint {arm.timepoint}' if arm.timepoint else ''}"
                for arm in protocol.arms
            ),
            got=", ".join(present) or "no animal: the results know no design table",
            next_step="Name group and timepoint so in the design table (--design), or write a protocol of your own.",
        )
    chosen = known[arms.notna()].copy()
    own = arms[arms.notna()]
    chosen["group"] = pd.Series([arm.group for arm in own], index=chosen.index, dtype="str")
    chosen["timepoint"] = pd.Series(
        [arm.timepoint or timepoint for arm, timepoint in zip(own, chosen["timepoint"], strict=True)],
        index=chosen.index,
        dtype="str",
    )
    remarks = [f"{arm.name} was not sampled" for arm in protocol.arms if arm.name not in found]
    others = [str(group) for (group, _), arm in arm_of.items() if arm is None]
    if others:
        n_left = int(arms.isna().sum())
        remarks.append(f"{plural(n_left, 'section')} of other arms left out: {', '.join(dict.fromkeys(others))}")
    return chosen, remarks


def _choose_segments(protocol: Protocol, sections: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    names = sections["segment"].str.casefold()
    is_asked = names.isin(protocol.segments)
    remarks = [f"{segment} was not sampled" for segment in protocol.segments if segment not in set(names)]
    if not is_asked.all():
        others = ", ".join(sorted({name or "no segment given" for name in names[~is_asked]}))
        remarks.append(f"{plural(int((~is_asked).sum()), 'section')} of other segments left out: {others}")
    return sections[is_asked].assign(segment=names[is_asked]), remarks


def _is_measured(sections: pd.DataFrame, entry: ProtocolEndpoint) -> bool:
    return entry.column in sections.columns and bool(sections[entry.column].notna().any())


def _over_control(
    protocol: Protocol, sections: pd.DataFrame, entry: ProtocolEndpoint, plan: AnalysisPlan
) -> pd.Series[float]:
    """Divide by the mean over the reference's animals in the same segment; missing where that is not above 0."""
    animals = animals_table(sections, [entry.column], plan)
    reference = protocol.reference
    is_reference = (animals["group"] == reference.group) & (
        (animals["timepoint"] == reference.timepoint) | (reference.timepoint == "")
    )
    means = animals[is_reference].groupby("segment")["value"].mean()
    divisor = sections["segment"].map(means).astype(float)
    return sections[entry.column].astype(float) / divisor.where(divisor > 0, np.nan)
