"""What can only be said of a section beside the others: extent of its infiltrate, and its scores."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from histo.batch.stain import NO_STRUCTURE
from histo.errors import HistoError, InvalidArgument, UnitOfAnalysisError
from histo.measure.infiltrate import ControlLimits
from histo.measure.infiltrate.extent import grade_extent
from histo.schema import empty_table, table_schema
from histo.score import Baseline, Profile, control_baselines, load_profile, score_table
from histo.study.level.arm import find_reference

__all__ = ["SECTION_MEASURES", "choose_profiles", "control_rows", "grade_extents", "has_structure", "score_sections"]

SECTION_MEASURES = (
    "iel_per_100",
    "mucosa_inflammatory_per_mm2",
    "submucosa_inflammatory_per_mm2",
    "muscularis_inflammatory_per_mm2",
)
"""Columns of the infiltrate table that are joined to the sections, because rubrics and studies ask for them."""

_MOUSE = ("mouse-infiltrate", "marsh-like-mouse")
_BY_SPECIES = {"mouse": _MOUSE, "human": ("marsh-oberhuber",)}


def choose_profiles(wanted: tuple[str, ...], species: str, *, has_cells: bool) -> list[Profile]:
    """Say by which rubrics sections are scored.

    Parameters
    ----------
    wanted : tuple of str
        Names or files of profiles; they go before all else.
    species : str
        Of the sections; empty if the design does not say, which counts as mouse.
    has_cells : bool
        Whether cells were counted: without, nothing is scored that nobody asked for.

    Raises
    ------
    UnknownProfile, InvalidProfile
        If one does not exist or does not read.
    """
    usual = _BY_SPECIES.get(species, _MOUSE) if has_cells else ()
    return [load_profile(name) for name in dict.fromkeys(wanted or usual)]


def control_rows(sections: pd.DataFrame) -> pd.Series[bool]:
    """Mark the sections of controls: those marked in the column ``control``, else those of the reference group.

    Returns
    -------
    Series of bool
        All False where it cannot be told.
    """
    if "control" in sections.columns and (marked := sections["control"].eq(True)).any():
        return marked & (sections["animal"] != "")
    try:
        reference = find_reference(sections)
    except InvalidArgument:
        return pd.Series(False, index=sections.index)
    return (sections["group"] == reference.group) & (sections["animal"] != "")


def has_structure(sections: pd.DataFrame) -> pd.Series[bool]:
    """Mark the sections with a label map: extents and rubrics speak of compartments."""
    return ~sections["flags"].fillna("").str.split().map(lambda flags: NO_STRUCTURE in flags).astype(bool)


def grade_extents(infiltrate: pd.DataFrame, is_control: pd.Series[bool]) -> pd.DataFrame:
    """Say of each section how deep its infiltrate reaches, beside the controls of its segment.

    Parameters
    ----------
    infiltrate : DataFrame
        The infiltrate table of all sections, with their animals.
    is_control : Series of bool
        Which of its rows are of controls.

    Returns
    -------
    DataFrame
        A copy with extent and reason; the reason says so where a segment has too few controls.
    """
    graded = infiltrate.copy()
    for _, rows in infiltrate.groupby("segment"):
        try:
            limits = ControlLimits.from_controls(rows[is_control[rows.index]])
        except UnitOfAnalysisError as error:
            graded.loc[rows.index, "infiltrate_extent_reason"] = f"{error.what}: {error.got}"
            continue
        for index, row in rows.iterrows():
            densities = {layer: float(row[f"{layer}_inflammatory_per_mm2"]) for layer in limits.by_layer}
            graded.loc[index, ["infiltrate_extent", "infiltrate_extent_reason"]] = grade_extent(densities, limits)
    return graded


def score_sections(
    sections: pd.DataFrame, is_control: pd.Series[bool], wanted: tuple[str, ...], *, has_cells: bool
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Score every section by the rubrics of its species.

    Parameters
    ----------
    sections : DataFrame
        The sections table with its animals; a column ``species`` of the design says of what they are.
    is_control : Series of bool
        Which of them are controls, for cut-offs that are relative to them.
    wanted : tuple of str
        Profiles that were asked for.
    has_cells : bool
        Whether cells were counted.

    Returns
    -------
    table : DataFrame
        The scores table, in the order of the sections, then of the profiles.
    notes : tuple of str
        Why cut-offs relative to controls, or all scores, are missing.
    """
    species = _species_of(sections)
    parts, notes = [empty_table(table_schema("scores").columns)], []
    chosen = {name: choose_profiles(wanted, name, has_cells=has_cells) for name in species.unique()}
    if not any(chosen.values()):
        return parts[0], ()
    controls, why_none = _baselines(sections, is_control)
    if why_none:
        notes.append(why_none)
    for name, profiles in chosen.items():
        try:
            scored = score_table(_with_readings(sections[species == name], profiles), profiles, controls, species=name)
        except HistoError as error:
            notes.append(f"no scores{f' of the {name}' if name else ''}: {error}")
            continue
        of_row = np.repeat(np.flatnonzero(species == name), len(profiles))
        parts.append(scored.set_axis(of_row, axis=0))
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True), tuple(notes)


def _species_of(sections: pd.DataFrame) -> pd.Series[str]:
    if "species" not in sections.columns:
        return pd.Series("", index=sections.index, dtype="str")
    return sections["species"].fillna("").astype("str").str.strip().str.casefold()


def _baselines(sections: pd.DataFrame, is_control: pd.Series[bool]) -> tuple[dict[str, Baseline], str]:
    try:
        return control_baselines(sections, is_control), ""
    except UnitOfAnalysisError as error:
        return {}, f"cut-offs relative to controls cannot be used: {error.got} (expected {error.expected})"


def _with_readings(sections: pd.DataFrame, profiles: Iterable[Profile]) -> pd.DataFrame:
    """Read as numbers what a person saw and wrote into the design table; what is no number stays, and is refused."""
    numbers = {}
    for name in {item.column for profile in profiles for item in profile.inputs} & set(sections.columns):
        if not pd.api.types.is_numeric_dtype(sections[name]):
            text = sections[name].fillna("").astype("str").str.strip()
            read = pd.to_numeric(text, errors="coerce")
            numbers[name] = read if (read.notna() | (text == "")).all() else sections[name]
    return sections.assign(**numbers)
