"""The step after all slides: thresholds of junction proteins, what they call positive, and controls to compare with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from histo.batch.barrier import SLIDE_BARRIER_TABLES
from histo.batch.barrier_threshold import (
    KEY,
    BarrierRules,
    BarrierThresholds,
    Key,
    as_key,
    choose_barrier_thresholds,
    key_of,
    name_of,
)
from histo.batch.cell_assembly import join_tables
from histo.batch.positivity import lay_beside
from histo.batch.record import slide_folder
from histo.batch.staining import StainedSlide, flag_controls
from histo.errors import InvalidTable
from histo.io.results import read_table, write_table
from histo.measure.staining import StainThreshold, find_drift, judge_by, normalise_staining

__all__ = ["MeasuredStudy", "assemble_barrier"]

_KEY = ["slide", "section"]
_ORDER = "imaging_order"
_CENSUS = "staining_census"
_DRIFTING = "drifting"
_DRIFT_NOTE = "the signal changes with the order of imaging, as of stain that bleaches"
_OVER = "_over_controls"

_AMOUNTS = ("mean_signal", "positive_area_percent", "positive_pixels_per_mm2")
_BESIDE_CONTROLS = {"staining": _AMOUNTS, "staining_regions": _AMOUNTS, "junction_fields": ("mean_intensity",)}
_REGION_COLUMN = {"staining": "area_of", "staining_regions": "region"}

# What studies ask of a section, and how the columns begin behind the marker's name: by table and by region of it.
_ENDPOINTS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "staining": (
        (*_AMOUNTS, "integrated_density_um2", f"mean_signal{_OVER}", f"positive_pixels_per_mm2{_OVER}"),
        {"tissue": ""},
    ),
    "staining_regions": (
        (
            "apical_fraction",
            "apical_basolateral_ratio",
            "membrane_cytoplasm_ratio",
            "continuity",
            "gaps_per_100_um",
            "gradient",
        ),
        {"epithelium": "", "villus_epithelium": "villus_", "crypt": "crypt_"},
    ),
    "junction_fields": (
        (
            "network_length_mm_per_mm2",
            "gap_fraction",
            "mean_straightness",
            "mean_width_um",
            "cells_per_mm2",
            "mean_roughness",
            "ijoq_per_um",
            "tijor_per_um",
        ),
        {"": ""},
    ),
}


@dataclass(frozen=True, eq=False)
class MeasuredStudy:
    """What junction proteins say of the sections.

    Parameters
    ----------
    sections : DataFrame
        With columns for studies to ask about, ``zo_1_continuity``.
    notes : tuple of str
        Why pixels could not be judged or compared, and where the signal drifts.
    """

    sections: pd.DataFrame
    notes: tuple[str, ...]


def assemble_barrier(
    results: Path,
    sections: pd.DataFrame,
    slides: list[StainedSlide],
    rules: BarrierRules,
    *,
    is_control: pd.Series[bool],
    identify: Callable[[pd.DataFrame], pd.DataFrame],
) -> MeasuredStudy:
    """Judge the staining of all slides and write the tables of junctions and staining.

    Parameters
    ----------
    results : Path
        The results folder, with a folder for each finished slide.
    sections : DataFrame
        The sections table with its animals.
    slides : list of StainedSlide
        Those stained for junction proteins, in the order of their names.
    rules : BarrierRules
        Thresholds that were given.
    is_control : Series of bool
        Which sections are of control animals.
    identify : callable
        Fills animal, group, timepoint and segment in, given a table with slide and section.

    Returns
    -------
    MeasuredStudy
    """
    thresholds = choose_barrier_thresholds(results, slides, rules)
    write_table(results, "staining_thresholds", thresholds.table)
    names = [slide.name for slide in slides]
    tables = {name: identify(join_tables(results, name, names)) for name in SLIDE_BARRIER_TABLES if name != _CENSUS}
    facts = _facts(sections, slides, is_control)
    _judge(results, tables, slides, thresholds)
    tables["staining"], drifting = _flag_drift(tables["staining"], facts)
    withheld = drifting if rules.is_strict else []
    notes = [*thresholds.notes, *(f"{name_of(run)}: {_DRIFT_NOTE}" for run in drifting)]
    for name, columns in _BESIDE_CONTROLS.items():
        tables[name], why_not = _beside_controls(tables[name], facts, columns, withheld)
        # A region that controls lack has no value there; why a whole run has none is told of its sections and fields.
        notes += why_not if name != "staining_regions" else []
    for name, table in tables.items():
        write_table(results, name, table)
    measured = lay_beside(sections, _endpoints(tables))
    controls = {slide.name for slide in slides if slide.is_negative_control}
    return MeasuredStudy(flag_controls(measured, controls), tuple(dict.fromkeys(notes)))


def _facts(sections: pd.DataFrame, slides: list[StainedSlide], is_control: pd.Series[bool]) -> pd.DataFrame:
    """Say of each section in which run it was stained, whether it is a control, and when it was imaged."""
    known = sections[_KEY].assign(control=is_control, **({_ORDER: sections[_ORDER]} if _ORDER in sections else {}))
    runs = pd.DataFrame(
        [(slide.name, *slide.run, slide.preparation, slide.is_negative_control) for slide in slides],
        columns=["slide", *KEY[:-1], "is_negative_control"],
    )
    return known.merge(runs, on="slide")


def _with_facts(table: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Lay the facts beside the rows of a table, in its order."""
    own = table.drop(columns=[name for name in facts.columns if name in table and name not in _KEY])
    return own.merge(facts, on=_KEY, how="left", validate="many_to_one").set_index(table.index)


def _judge(
    results: Path, tables: dict[str, pd.DataFrame], slides: list[StainedSlide], thresholds: BarrierThresholds
) -> None:
    """Fill in what is positive, and which slides are negative controls; a slide's census at a time."""
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in _REGION_COLUMN}
    pixel_um = tables["staining"].set_index([*_KEY, "marker"])["pixel_um"]
    for slide in slides:
        census = read_table(slide_folder(results, slide.name), _CENSUS)
        for name, column in _REGION_COLUMN.items():
            of_slide = tables[name][tables[name]["slide"] == slide.name]
            for (section, marker), rows in of_slide.groupby(["section", "marker"], sort=False):
                here = census[(census["section"] == section) & (census["marker"] == marker)]
                threshold = thresholds.by_key.get(key_of(slide, str(marker)))
                if threshold is None:
                    parts[name].append(rows)
                    continue
                side = float(pixel_um.loc[[(slide.name, str(section), str(marker))]].iloc[0])
                parts[name].append(
                    _judge_section(threshold, here, rows.assign(region=rows[column]), side)[rows.columns]
                )
    controls = {slide.name for slide in slides if slide.is_negative_control}
    for name, judged in parts.items():
        tables[name] = pd.concat(judged).sort_index() if judged else tables[name]
    for name in _BESIDE_CONTROLS:
        tables[name] = tables[name].assign(is_negative_control=tables[name]["slide"].isin(controls))


def _judge_section(
    threshold: StainThreshold, census: pd.DataFrame, rows: pd.DataFrame, pixel_um: float
) -> pd.DataFrame:
    judged = judge_by(threshold, census, rows, pixel_um)
    if "positive_above" not in judged:
        return judged
    return judged.assign(positive_above=threshold.positive_above, threshold_from=threshold.origin)


def _flag_drift(staining: pd.DataFrame, facts: pd.DataFrame) -> tuple[pd.DataFrame, list[Key]]:
    """Flag the runs whose signal rises or falls with the order of imaging, where the design tells it."""
    if _ORDER not in facts:
        return staining, []
    joined = _with_facts(staining, facts)
    found = find_drift(joined, order=_ORDER, by=KEY)
    drifting = [as_key(row) for row in found.loc[found["is_drifting"], KEY].itertuples(index=False)]
    is_drifting = pd.MultiIndex.from_frame(joined[KEY].astype("str")).isin(drifting)
    flags = (staining["flags"] + f" {_DRIFTING}").str.strip()
    return staining.assign(flags=staining["flags"].where(~is_drifting, flags)), drifting


def _beside_controls(
    table: pd.DataFrame, facts: pd.DataFrame, columns: tuple[str, ...], withheld: list[Key]
) -> tuple[pd.DataFrame, list[str]]:
    """Put each value over the mean of its run's control animals, where that can be done, and say why where not."""
    filled, notes = table.copy(), []
    joined = _with_facts(table, facts).rename(columns={"is_negative_control": "negative_control"})
    by = [*KEY, *(["region"] if "region" in table else [])]
    for key, rows in joined.groupby(by, sort=True):
        run = as_key(key[: len(KEY)])
        if not (rows["control"] & ~rows["negative_control"]).any():
            notes.append(
                f"{name_of(run)}: nothing is put beside controls, as the run has no section of a control animal"
            )
            continue
        for column in columns:
            if run in withheld or rows[column].isna().all():
                continue
            try:
                found = normalise_staining(rows, by=(), columns=[column])
                filled.loc[rows.index, f"{column}{_OVER}"] = found[f"{column}{_OVER}"]
            except InvalidTable as error:
                notes.append(f"{name_of(run)}: {column} is not put beside controls: {error}")
    return filled, notes


def _endpoints(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """List what studies may ask of sections: which section, what was stained for, the column's name, its value."""
    parts = [pd.DataFrame({"slide": [], "section": [], "what": [], "name": [], "value": []})]
    for name, (measures, beginnings) in _ENDPOINTS.items():
        table = tables[name]
        table = table[~table["is_negative_control"]]
        for region, beginning in beginnings.items():
            rows = table[table[_REGION_COLUMN[name]] == region] if region else table
            what = rows["marker"].str.replace("-", "_")
            parts += [
                rows[_KEY].assign(what=what, name=what + f"_{beginning}{measure}", value=rows[measure])
                for measure in measures
            ]
    return pd.concat(parts, ignore_index=True).dropna(subset="value").reset_index(drop=True)
