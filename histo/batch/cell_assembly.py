"""The step after all slides: thresholds, judged cells, and the tables of cells of a whole study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from histo.batch.cell_file import CELL_FILE_NAME, join_cells
from histo.batch.cells import SLIDE_CELL_TABLES, TISSUE
from histo.batch.judgement import CellJudge
from histo.batch.positivity import (
    population_densities,
    population_ratios,
    section_measures,
    tabulate_positivity,
)
from histo.batch.record import slide_folder
from histo.batch.staining import StainedSlide, flag_controls
from histo.batch.thresholds import GivenThresholds, choose_thresholds
from histo.io.results import read_table, write_table
from histo.measure import PhenotypeRules
from histo.measure.infiltrate.region import MUCOSAL_LAMINA_PROPRIA
from histo.schema import empty_table, table_schema

__all__ = ["CellRules", "CountedStudy", "assemble_cells", "join_tables"]

_KEY = ["slide", "section"]
_OF_T_CELLS = ("treg_fraction", "th17_treg_ratio")


@dataclass(frozen=True, eq=False)
class CellRules:
    """By what the cells of a study are judged, beyond its slides.

    Parameters
    ----------
    phenotypes : PhenotypeRules
        Named rules on markers.
    thresholds : dict of str to Thresholds
        Those that were given, by stain.
    """

    phenotypes: PhenotypeRules = field(default_factory=lambda: PhenotypeRules(()))
    thresholds: GivenThresholds = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CountedStudy:
    """What cells say of the sections.

    Parameters
    ----------
    sections : DataFrame
        With what was counted of markers and phenotypes.
    infiltrate : DataFrame
        The infiltrate table.
    notes : tuple of str
        Why markers could not be judged.
    """

    sections: pd.DataFrame
    infiltrate: pd.DataFrame
    notes: tuple[str, ...]


def assemble_cells(
    results: Path,
    sections: pd.DataFrame,
    slides: tuple[list[str], list[StainedSlide]],
    rules: CellRules,
    *,
    identify: Callable[[pd.DataFrame], pd.DataFrame],
) -> CountedStudy:
    """Judge all cells and write the tables of cells but the infiltrate, which needs the controls.

    Parameters
    ----------
    results : Path
        The results folder, with a folder for each finished slide.
    sections : DataFrame
        The sections table with its animals.
    slides : (list of str, list of StainedSlide)
        Those whose cells were found, in the order of their names, and those of them with markers.
    rules : CellRules
        Phenotypes, and thresholds that were given.
    identify : callable
        Fills animal, group, timepoint and segment in, given a table with slide and section.

    Returns
    -------
    CountedStudy
    """
    counted, stained = slides
    thresholds = choose_thresholds(results, stained, rules.thresholds)
    write_table(results, "thresholds", thresholds.table)
    judge = CellJudge(stained, thresholds, rules.phenotypes)
    parts = [slide_folder(results, name) / CELL_FILE_NAME for name in counted]
    join_cells(results / CELL_FILE_NAME, parts, lambda rows: judge.judge(identify(rows)), judge.added)

    tables = {name: join_tables(results, name, counted) for name in SLIDE_CELL_TABLES}
    controls = {slide.name for slide in stained if slide.is_negative_control}
    tables["positivity"] = identify(tabulate_positivity(judge.marker_counts, controls))
    found = population_densities(tables["densities"], judge.population_counts, judge.populations)
    ratios = population_ratios(found)
    tables["densities"] = pd.concat([tables["densities"], found], ignore_index=True)
    tables["cell_ratios"] = pd.concat([tables["cell_ratios"], identify(ratios)], ignore_index=True)
    infiltrate = _with_t_cells(tables.pop("infiltrate"), ratios)
    for name, table in tables.items():
        write_table(results, name, identify(_in_order(table, sections)))
    measured = section_measures(sections, tables["positivity"], found)
    on_tissue = ratios[(ratios["compartment"] == TISSUE) & ~ratios["slide"].isin(controls)]
    for name in on_tissue["ratio"].unique():
        measured[name] = _of_section(on_tissue, name).reindex(_section_keys(measured)).to_numpy()
    return CountedStudy(flag_controls(measured, controls), identify(infiltrate), thresholds.notes)


def join_tables(results: Path, name: str, slides: list[str]) -> pd.DataFrame:
    """Put the rows of one table of all these slides together."""
    parts = [read_table(slide_folder(results, slide), name) for slide in slides]
    return pd.concat(parts, ignore_index=True) if parts else empty_table(table_schema(name).columns)


def _in_order(table: pd.DataFrame, sections: pd.DataFrame) -> pd.DataFrame:
    """Bring rows into the order of their sections; those of one section stay as they stand."""
    places = pd.Series(range(len(sections)), index=_section_keys(sections))
    place = places.reindex(_section_keys(table)).to_numpy()
    return table.iloc[place.argsort(kind="stable")].reset_index(drop=True)


def _with_t_cells(infiltrate: pd.DataFrame, ratios: pd.DataFrame) -> pd.DataFrame:
    """Fill in the ratios of T cells in the lamina propria, which phenotypes tell."""
    here = ratios[ratios["compartment"] == MUCOSAL_LAMINA_PROPRIA]
    filled = infiltrate.set_index(_KEY)
    for name in _OF_T_CELLS:
        filled[name] = _of_section(here, name).reindex(filled.index).combine_first(filled[name])
    return filled.reset_index()[infiltrate.columns]


def _of_section(ratios: pd.DataFrame, name: str) -> pd.Series[float]:
    return ratios[ratios["ratio"] == name].set_index(_KEY)["value"]


def _section_keys(table: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(table[_KEY])
