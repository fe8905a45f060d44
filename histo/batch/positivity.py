"""From counts of judged cells to the tables of a study: positivity, densities, ratios, and columns of the sections."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from histo.batch.cells import TISSUE
from histo.measure.infiltrate.interval import poisson_interval
from histo.measure.infiltrate.ratio import t_cell_ratios
from histo.measure.infiltrate.region import MUCOSAL_LAMINA_PROPRIA, REGIONS
from histo.measure.positivity import rate_positivity
from histo.schema import CELL_RATIOS, DENSITIES, IDENTITY, POSITIVITY, check_table, empty_table
from histo.types import Compartment

__all__ = ["lay_beside", "population_densities", "population_ratios", "section_measures", "tabulate_positivity"]

_KEY = ["slide", "section"]
_NO_TISSUE = (Compartment.BACKGROUND.label, "excluded", "outside")
_OF_T_CELLS = (MUCOSAL_LAMINA_PROPRIA, "villus_lamina_propria", "lamina_propria", "submucosa", "lymphoid", TISSUE)
# A row of the densities table and the compartments of cells that it sums over.
_PARTS = pd.DataFrame(
    [
        *(
            (name, Compartment(code).label)
            for name, codes in REGIONS.items()
            for code in codes
            if name not in _NO_TISSUE
        ),
        *((name, name) for name in _NO_TISSUE),
        (TISSUE, ""),
    ],
    columns=["compartment", "part"],
    dtype="str",
)


def tabulate_positivity(counts: pd.DataFrame, controls: set[str]) -> pd.DataFrame:
    """Make the positivity table.

    Parameters
    ----------
    counts : DataFrame
        ``slide``, ``section``, ``compartment`` (empty on tissue that no map parts), ``marker`` and the counts of
        `histo.measure.positivity.count_positivity`.
    controls : set of str
        Slides that were stained without the antibody.

    Returns
    -------
    DataFrame
        Slide, section and the columns of `histo.schema.POSITIVITY`: of each section and marker first all of its tissue,
        then its compartments.
    """
    on_tissue = counts[~counts["compartment"].isin(_NO_TISSUE)]
    if on_tissue.empty:
        return empty_table((*IDENTITY[:2], *POSITIVITY.columns))
    whole = on_tissue.drop(columns="compartment").groupby([*_KEY, "marker"], sort=True).sum().reset_index()
    parted = on_tissue[on_tissue["compartment"] != ""]
    rows = pd.concat([whole.assign(compartment=TISSUE, is_part=False), parted.assign(is_part=True)], ignore_index=True)
    rows = rows.sort_values([*_KEY, "marker", "is_part", "compartment"], ignore_index=True)
    rated = rate_positivity(rows).assign(is_negative_control=rows["slide"].isin(controls))
    table = rated.drop(columns=["is_part", "n_weak", "n_moderate", "n_strong"])
    return check_table(table, (*IDENTITY[:2], *POSITIVITY.columns))


def population_densities(
    densities: pd.DataFrame, counts: pd.DataFrame, populations: Mapping[str, list[str]]
) -> pd.DataFrame:
    """Count cells that are positive of a marker, or of a phenotype, per area of each compartment.

    Parameters
    ----------
    densities : DataFrame
        The densities table without them, of which the areas are taken.
    counts : DataFrame
        ``slide``, ``section``, ``compartment`` (empty on tissue that no map parts), ``population`` and ``n_cells``.
    populations : mapping of str to list of str
        What each slide's cells were judged by; none found counts as 0.

    Returns
    -------
    DataFrame
        Further rows of the densities table.
    """
    asked = pd.DataFrame(
        [(slide, name, place) for slide, names in populations.items() for place, name in enumerate(names)],
        columns=["slide", "population", "place"],
    ).astype({"slide": "str", "population": "str"})
    rows = densities[densities["population"] == "all"].drop(columns=["population", "n_cells"])
    rows = rows.reset_index(drop=True).reset_index(names="order").merge(asked, on="slide")
    keys = [*_KEY, "part", "population"]
    parted = rows[["order", "place", *_KEY, "population", "compartment"]].merge(_PARTS, on="compartment")
    found = counts.rename(columns={"compartment": "part"})[[*keys, "n_cells"]]
    parted = parted.merge(found.astype(dict.fromkeys(keys, "str")), on=keys, how="left")
    n_cells = parted.assign(n_cells=parted["n_cells"].fillna(0)).groupby(["order", "place"])["n_cells"].sum()
    rows = rows.merge(n_cells.astype(np.int64).reset_index(), on=["order", "place"])
    # Of each section population by population, as the others stand there.
    first = rows.groupby(_KEY)["order"].transform("min")
    rows = rows.assign(first=first).sort_values(["first", "place", "order"], ignore_index=True)
    return check_table(_with_rates(rows)[densities.columns], DENSITIES.columns)


def population_ratios(densities: pd.DataFrame) -> pd.DataFrame:
    """Put T cells in relation to one another wherever they were counted.

    Parameters
    ----------
    densities : DataFrame
        Rows of `population_densities`.

    Returns
    -------
    DataFrame
        Slide, section and the columns of the cell ratios table.
    """
    rows: list[dict[str, object]] = []
    here = densities[densities["compartment"].isin(_OF_T_CELLS)]
    for (slide, section, compartment), found in here.groupby([*_KEY, "compartment"], sort=False):
        n = dict(zip(found["population"], found["n_cells"], strict=True))
        rows += [{"slide": slide, "section": section} | row for row in t_cell_ratios(str(compartment), n)]
    columns = (*IDENTITY[:2], *CELL_RATIOS.columns)
    return check_table(pd.DataFrame(rows), columns) if rows else empty_table(columns)


def section_measures(sections: pd.DataFrame, positivity: pd.DataFrame, densities: pd.DataFrame) -> pd.DataFrame:
    """Lay what was counted on a section's tissue beside its other measures, for studies to ask about.

    Parameters
    ----------
    sections : DataFrame
        The sections table.
    positivity : DataFrame
        The positivity table.
    densities : DataFrame
        Rows of `population_densities`.

    Returns
    -------
    DataFrame
        The sections with ``<marker>_percent_positive``, ``<marker>_h_score``, ``<marker>_positive_per_mm2`` and
        ``<phenotype>_per_mm2``; empty where a section was not stained for it, and on negative controls. A marker that
        was stained with DAB and with fluorescent dyes has columns for each: ``<marker>_dab_percent_positive``.
    """
    study = positivity[(positivity["compartment"] == TISSUE) & ~positivity["is_negative_control"]]
    per_mm2 = _per_mm2(sections, densities, set(positivity.loc[positivity["is_negative_control"], "slide"]))
    values = [
        *(
            study[[*_KEY]].assign(what=study["marker"], name=study["marker"] + f"_{rate}", value=study[rate])
            for rate in ("percent_positive", "h_score")
        ),
        per_mm2,
    ]
    return lay_beside(sections, pd.concat(values, ignore_index=True))


def lay_beside(sections: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """Lay measures of markers beside the other measures of the sections, a column each.

    Parameters
    ----------
    sections : DataFrame
        The sections table.
    measures : DataFrame
        ``slide``, ``section``, ``what`` was measured (how the name begins), ``name`` of the column and ``value``.

    Returns
    -------
    DataFrame
        A copy with the columns; what was stained with DAB and with fluorescence has a column for each, as the two may
        not be averaged.
    """
    if measures.empty:
        return sections
    keys = pd.MultiIndex.from_frame(measures[_KEY])
    long = measures.assign(stain=sections.set_index(_KEY)["stain"].reindex(keys).to_numpy())
    is_twofold = long.groupby("what")["stain"].transform("nunique") > 1
    told_apart = [
        f"{what}_{stain}{name.removeprefix(what)}"
        for what, stain, name in zip(long["what"], long["stain"], long["name"], strict=True)
    ]
    long["name"] = long["name"].where(~is_twofold, pd.Series(told_apart, index=long.index))
    places = pd.MultiIndex.from_frame(sections[_KEY])
    columns = {
        str(name): rows.set_index(_KEY)["value"].reindex(places).to_numpy()
        for name, rows in long.groupby("name", sort=False)
    }
    return sections.assign(**columns)


def _per_mm2(sections: pd.DataFrame, densities: pd.DataFrame, controls: set[str]) -> pd.DataFrame:
    """Count each population over all of a section's tissue."""
    summed_twice = densities["compartment"] == MUCOSAL_LAMINA_PROPRIA
    on_tissue = densities[~summed_twice & ~densities["compartment"].isin(_NO_TISSUE)]
    on_tissue = on_tissue[~on_tissue["slide"].isin(controls)]
    n_cells = on_tissue.groupby([*_KEY, "population"], sort=True)["n_cells"].sum().reset_index()
    area = sections.set_index(_KEY)["tissue_area_mm2"].reindex(pd.MultiIndex.from_frame(n_cells[_KEY])).to_numpy()
    population = n_cells["population"]
    is_marker = population.str.endswith("+")
    what = population.str.removesuffix("+").str.lower()
    name = (what + "_positive_per_mm2").where(is_marker, what + "_per_mm2")
    return n_cells[_KEY].assign(what=what, name=name, value=n_cells["n_cells"] / np.where(area > 0, area, np.nan))


def _with_rates(rows: pd.DataFrame) -> pd.DataFrame:
    n_cells = rows["n_cells"].to_numpy()
    room = rows["area_mm2"].where(rows["area_mm2"] > 0)
    wall = rows["wall_length_mm"].where(room.notna() & (rows["wall_length_mm"] > 0))
    low, high = poisson_interval(n_cells)
    return rows.assign(
        cells_per_mm2=n_cells / room,
        ci_low_per_mm2=low / room,
        ci_high_per_mm2=high / room,
        cells_per_mm=n_cells / wall,
    )
