"""The measures that other tables than ``sections`` have of a section: columns, labels, units, minimum repeats."""

from __future__ import annotations

import re
from dataclasses import dataclass

from histo.types import Compartment

__all__ = ["MEASURE_TABLES", "Measure", "MeasureTable", "column_name", "find_measure"]


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
    called : str
        What stands for the column in the name of the endpoint; by default its name.
    """

    column: str
    label: str
    unit: str = ""
    decimals: int = 2
    repeats: str = ""
    repeat_noun: str = ""
    least: int = 0
    called: str = ""

    @property
    def name(self) -> str:
        """Last part of the endpoint's name."""
        return self.called or self.column


@dataclass(frozen=True)
class MeasureTable:
    """A table whose measures can be laid beside the sections' own.

    Parameters
    ----------
    name : str
        The table.
    measures : tuple of Measure
        Its columns.
    where, what : str
        Columns that say of which part of the section and of which marker a row is; empty where there are none.
    whole : tuple of str
        What stands in the column `where` of rows whose endpoints go without the name of a part.
    estimator : str
        How a section's value was made.
    is_of_cells : bool
        Whether only a run that counts cells has it.
    """

    name: str
    measures: tuple[Measure, ...]
    where: str = ""
    what: str = ""
    whole: tuple[str, ...] = ("", "tissue")
    estimator: str = ""
    is_of_cells: bool = False


def _of_junctions(column: str, label: str, unit: str = "", decimals: int = 2) -> Measure:
    return Measure(column, label, unit, decimals, "n_junctions", "junctions", 30)


def _of_polygons(column: str, label: str, unit: str = "", decimals: int = 2) -> Measure:
    return Measure(column, label, unit, decimals, "n_cells", "cells between junctions", 10)


def _of_edge(column: str, label: str, unit: str = "", *, called: str = "") -> Measure:
    return Measure(column, label, unit, 2, "edge_um", "µm of luminal edge", 200, called)


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
        (Measure("cells_per_mm2", "", "/mm²", 0, called="per_mm2"),),
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
        where="compartment",
        what="marker",
        estimator="all of the field's junctions",
    ),
    MeasureTable("staining", _AMOUNT, what="marker", estimator="all of the stained area together"),
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
            _of_edge("mean_gap_um", "length of a gap of the apical line", "µm", called="mean_line_gap_um"),
            _of_edge("longest_gap_um", "longest gap of the apical line", "µm", called="longest_line_gap_um"),
            _of_edge("gradient", "rise from crypt base to villus tip"),
        ),
        where="region",
        what="marker",
        whole=("epithelium",),
        estimator="all of the region together",
    ),
    MeasureTable(
        "scores",
        (Measure("rank", "grade (rank)", "", 1, called="score_rank"),),
        what="profile",
        estimator="grade of the section",
    ),
)
"""Tables with a number a section, or a part of it. Curves are not among them: layers, clustering, staining_profile."""

_PARTS = (*(compartment.label for compartment in Compartment), "mucosal_lamina_propria", "villus", "epithelium")


def column_name(what: str, where: str, name: str) -> str:
    """Name a measure of a marker in a part of the section; the epithelium of villi goes by ``villus``.

    Examples
    --------
    >>> column_name("zo-1", "villus_epithelium", "continuity")
    'zo_1_villus_continuity'
    """
    marker = re.sub(r"[^0-9a-z]+", "_", what.casefold()).strip("_")
    return "_".join(filter(None, (marker, where.removesuffix("_epithelium"), name)))


def find_measure(name: str) -> tuple[MeasureTable, Measure, str, str] | None:
    """Read a name that `column_name` made.

    Returns
    -------
    table, measure, what, where : tuple
        Which column of which table, of which marker and part; None where it is none of them.

    Examples
    --------
    >>> table, measure, what, where = find_measure("cd4_crypt_percent_positive")
    >>> table.name, measure.label, what, where
    ('positivity', 'positive cells', 'cd4', 'crypt')
    """
    found = []
    for table in MEASURE_TABLES:
        for measure in table.measures:
            if name != measure.name and not name.endswith(f"_{measure.name}"):
                continue
            key = name.removesuffix(measure.name).removesuffix("_")
            where = max((part for part in _PARTS if key == part or key.endswith(f"_{part}")), key=len, default="")
            what = key.removesuffix(where).removesuffix("_")
            if (table.where or not where) and (table.what or not what):
                found.append((len(measure.name), table, measure, what, where))
    return max(found, key=lambda item: item[0])[1:] if found else None
