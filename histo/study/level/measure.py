"""The measures that other tables than ``sections`` have of a section: columns, labels, units, minimum repeats."""

from __future__ import annotations

import re
from dataclasses import dataclass

from histo.types import Compartment

__all__ = ["MEASURE_TABLES", "WHOLE", "Measure", "MeasureTable", "column_name", "find_measure"]


@dataclass(frozen=True)
class Measure:
    """One column of a table with a row a section, or a row a part of it.

    Parameters
    ----------
    column : str
        Its name in that table.
    label : str
        What people call it.
    unit : str
        Unit to print behind a value; empty for a ratio.
    decimals : int
        Decimals worth printing.
    repeats : str
        Column of that table that counts what the value rests on; empty where there is no such count.
    repeat_noun : str
        What those are called.
    least : int
        How many are needed. These minima are ours: nobody has published any.
    """

    column: str
    label: str
    unit: str = ""
    decimals: int = 2
    repeats: str = ""
    repeat_noun: str = ""
    least: int = 0


@dataclass(frozen=True)
class MeasureTable:
    """A table whose measures can be laid beside the sections' own.

    Parameters
    ----------
    name : str
        The table.
    measures : tuple of Measure
        Its columns.
    tag : str
        Stands before the column's name, so that no two tables have the same: ``junction``.
    where, what : str
        Columns that say of which part of the section and of which marker a row is; empty where there are none.
    estimator : str
        How a section's value was made.
    is_of_cells : bool
        Whether only a run that counts cells has it.
    """

    name: str
    measures: tuple[Measure, ...]
    tag: str = ""
    where: str = ""
    what: str = ""
    estimator: str = ""
    is_of_cells: bool = False


def _of_junctions(column: str, label: str, unit: str = "", decimals: int = 2) -> Measure:
    return Measure(column, label, unit, decimals, "n_junctions", "junctions", 30)


def _of_polygons(column: str, label: str, unit: str = "", decimals: int = 2) -> Measure:
    return Measure(column, label, unit, decimals, "n_cells", "cells between junctions", 10)


def _of_edge(column: str, label: str, unit: str = "", decimals: int = 2) -> Measure:
    return Measure(column, label, unit, decimals, "edge_um", "µm of luminal edge", 200)


_AMOUNT = (
    Measure("positive_area_percent", "positive area", "%", 1),
    Measure("positive_pixels_per_mm2", "positive pixels", "/mm²", 0),
    Measure("mean_signal", "mean signal"),
    Measure("integrated_density_um2", "integrated density", "", 0),
    Measure("mean_signal_over_controls", "mean signal over controls"),
    Measure("positive_area_percent_over_controls", "positive area over controls"),
    Measure("positive_pixels_per_mm2_over_controls", "positive pixels over controls"),
)

MEASURE_TABLES = (
    MeasureTable(
        "infiltrate",
        (
            Measure("treg_fraction", "Treg among CD4 positive cells"),
            Measure("th17_treg_ratio", "Th17 over Treg"),
            Measure("n_follicles", "lymphoid follicles", "", 1),
            Measure("follicle_area_mm2", "area of follicles", "mm²", 3),
        ),
        estimator="all of the section's cells together",
        is_of_cells=True,
    ),
    MeasureTable(
        "cell_ratios",
        tuple(
            Measure(ratio, label, "", decimals, f"{ratio}_n", "cells below the line", 50)
            for ratio, label, decimals in (
                ("iel_per_100", "IEL per 100 epithelial cells", 1),
                ("treg_fraction", "Treg among CD4 positive cells", 2),
                ("th17_treg_ratio", "Th17 over Treg", 2),
            )
        ),
        where="compartment",
        estimator="all of the compartment's cells",
        is_of_cells=True,
    ),
    MeasureTable(
        "densities",
        (Measure("cells_per_mm2", "cells", "/mm²", 0),),
        where="compartment",
        what="population",
        estimator="all of the compartment's cells over its area",
        is_of_cells=True,
    ),
    MeasureTable(
        "positivity",
        (
            Measure("percent_positive", "positive cells", "%", 1, "n_cells", "cells", 50),
            Measure("h_score", "H-score", "", 0, "n_cells", "cells", 50),
        ),
        where="compartment",
        what="marker",
        estimator="all of the compartment's cells",
        is_of_cells=True,
    ),
    MeasureTable(
        "junction_fields",
        (
            Measure("network_length_mm_per_mm2", "junctions per area", "mm/mm²", 1),
            _of_junctions("gap_fraction", "share of gaps"),
            _of_junctions("gaps_per_mm", "gaps", "/mm", 1),
            _of_junctions("mean_gap_um", "length of a gap", "µm"),
            _of_junctions("mean_straightness", "straightness", "", 3),
            _of_junctions("mean_junction_um", "length of a junction", "µm"),
            _of_junctions("mean_width_um", "width", "µm"),
            _of_junctions("mean_intensity", "intensity"),
            _of_junctions("mean_intensity_over_controls", "intensity over controls"),
            _of_junctions("mean_interface_occupancy", "interface occupancy"),
            _of_junctions("mean_cluster_density", "cluster density"),
            _of_polygons("cells_per_mm2", "cells", "/mm²", 0),
            _of_polygons("mean_cell_um2", "area of a cell", "µm²", 1),
            _of_polygons("mean_perimeter_um", "perimeter of a cell", "µm", 1),
            _of_polygons("mean_roughness", "roughness of cells", "", 3),
            _of_polygons("mean_solidity", "solidity of cells", "", 3),
            _of_polygons("mean_neighbours", "neighbours of a cell"),
            Measure("ijoq_per_um", "IJOQ", "/µm", 4),
            Measure("tijor_per_um", "TiJOR", "/µm", 4),
            Measure("ijoq_original", "IJOQ as published", "", 4),
            Measure("tijor_original", "TiJOR as published", "", 4),
            Measure("straightness_original", "straightness as published", "", 3),
        ),
        tag="junction",
        where="compartment",
        what="marker",
        estimator="all of the field's junctions",
    ),
    MeasureTable("staining", _AMOUNT, tag="staining", what="marker", estimator="all of the stained area together"),
    MeasureTable(
        "staining_regions",
        (
            *_AMOUNT,
            _of_edge("apical_fraction", "apical fraction"),
            _of_edge("apical_mean", "apical signal"),
            _of_edge("basolateral_mean", "basolateral signal"),
            _of_edge("apical_basolateral_ratio", "apical over basolateral signal"),
            _of_edge("membrane_cytoplasm_ratio", "membrane over cytoplasm"),
            _of_edge("continuity", "continuity of the apical line"),
            _of_edge("line_strength", "strength of the apical line"),
            _of_edge("edge_positive", "share of positive edge"),
            _of_edge("gaps_per_100_um", "gaps of the apical line", "/100 µm"),
            _of_edge("mean_gap_um", "length of a gap of the apical line", "µm"),
            _of_edge("longest_gap_um", "longest gap of the apical line", "µm", 1),
            _of_edge("gradient", "rise from crypt base to villus tip"),
        ),
        tag="staining",
        where="region",
        what="marker",
        estimator="all of the region together",
    ),
    MeasureTable(
        "scores",
        (Measure("rank", "grade (rank)", "", 1),),
        tag="score",
        what="profile",
        estimator="grade of the section",
    ),
)
"""Tables with a number a section, or a part of it. Curves are not among them: layers, clustering, staining_profile."""

WHOLE = ("", "tissue")
"""What the columns `where` hold in rows of the whole section."""

PARTS = (*(compartment.label for compartment in Compartment), "mucosal_lamina_propria", "epithelium")
"""What they hold in rows of a part of it."""


def column_name(where: str, what: str, tag: str, column: str) -> str:
    """Name a measure of a part of the section, of a marker.

    Examples
    --------
    >>> column_name("villus_epithelium", "zo-1", "staining", "apical_fraction")
    'villus_epithelium_zo_1_staining_apical_fraction'
    """
    named = ("" if where in WHOLE else where, re.sub(r"[^0-9a-z]+", "_", what.casefold()).strip("_"), tag, column)
    return "_".join(filter(None, named))


def find_measure(name: str) -> tuple[MeasureTable, Measure, str, str] | None:
    """Read a name that `column_name` made.

    Returns
    -------
    table, measure, where, what : tuple
        Which column of which table, and of which part and marker; None where it is none of them.

    Examples
    --------
    >>> table, measure, where, what = find_measure("crypt_cd4_percent_positive")
    >>> table.name, measure.label, where, what
    ('positivity', 'positive cells', 'crypt', 'cd4')
    """
    found = []
    for table in MEASURE_TABLES:
        for measure in table.measures:
            suffix = column_name("", "", table.tag, measure.column)
            if name != suffix and not name.endswith(f"_{suffix}"):
                continue
            key = name.removesuffix(suffix).removesuffix("_")
            where = max((part for part in PARTS if key == part or key.startswith(f"{part}_")), key=len, default="")
            what = key.removeprefix(where).removeprefix("_")
            if (table.where or not where) and (table.what or not what):
                found.append((len(suffix), table, measure, where, what))
    return max(found, key=lambda item: item[0])[1:] if found else None
