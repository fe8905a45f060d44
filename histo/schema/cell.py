"""Tables of cells: each of them, and how many lie where."""

from __future__ import annotations

from histo.schema.column import ALONG, POINT, Table, count, flag, number, text

__all__ = ["CELLS", "CELL_PLACES", "CELL_RATIOS", "CLUSTERING", "DENSITIES", "FOLLICLES", "INFILTRATE"]

_WHERE = (
    "villus_lamina_propria, lamina_propria (crypt zone), mucosal_lamina_propria (both together), villus_epithelium, "
    "crypt, submucosa, muscularis"
)
_RELABELLED = "if as many cells were chosen by chance among all cells of the compartment, in µm"

CELLS = Table(
    "cells",
    "one cell, found by its nucleus; more columns for each marker: <marker>_intensity, and with a threshold "
    "<marker>_is_positive and <marker>_class (0 negative, 1, 2 or 3: 1+ to 3+), and one of yes and no for each "
    "phenotype; empty on slides that were not stained for it",
    (
        number("row", f"Row of the nucleus' centre, {POINT}."),
        number("col", f"Column of the nucleus' centre, {POINT}."),
        number("area_um2", "Area of the nucleus, µm²."),
        text(
            "cell_class",
            "epithelial, lymphocyte (all mononuclear inflammatory cells, plasma cells among them), granulocyte, "
            "stromal (fibroblast, endothelium, muscle) or other.",
        ),
        number("probability", "Probability of the cell's class, 0 to 1."),
        text(
            "compartment",
            "Compartment of the label map at the nucleus' centre; excluded where an exclusion lies over it, outside "
            "where the map has ended; empty on tissue without a label map.",
        ),
    ),
)

DENSITIES = Table(
    "densities",
    "one population of cells in one compartment",
    (
        text(
            "compartment",
            f"{_WHERE}, all without follicles; lymphoid (follicles, labelled or found); submucosal_gland, "
            "other_tissue; tissue, where no label map parts it; background, excluded and outside, which have counts "
            "but no density.",
        ),
        text(
            "population",
            "all; a cell class; inflammatory (lymphocyte and granulocyte); <marker>+ (positive of that marker); a "
            "phenotype by its name.",
        ),
        count("n_cells", "Cells counted."),
        number("area_mm2", "Area of the compartment that was seen, follicles left out, mm²."),
        number("cells_per_mm2", "Cells over area; missing where the compartment has no area."),
        number("ci_low_per_mm2", "Lower end of its 95 % interval (Poisson, exact); of this area, not of the animal."),
        number("ci_high_per_mm2", "Upper end of that interval."),
        number("wall_length_mm", "Length of the muscularis mucosae (the wall's line), mm."),
        number("cells_per_mm", "Cells over that length; missing without a wall."),
    ),
)

CELL_RATIOS = Table(
    "cell_ratios",
    "one ratio of two populations in one compartment",
    (
        text("compartment", f"{_WHERE}, without follicles; lymphoid (follicles); tissue, without a label map."),
        text(
            "ratio",
            "iel_per_100: lymphocytes per 100 epithelial cells of the villous epithelium; treg_fraction: Treg among "
            "CD4 positive cells; th17_treg_ratio: Th17 over Treg.",
        ),
        count("n_numerator", "Cells counted above the line."),
        count("n_denominator", "Cells counted below it."),
        number("value", "The ratio; missing where nothing was counted below the line."),
        number("ci_low", "Lower end of its 95 % interval (Wilson); of these cells, not of the animal."),
        number("ci_high", "Upper end of that interval; missing where it has none."),
    ),
)

INFILTRATE = Table(
    "infiltrate",
    "one piece of gut whose cells were counted",
    (
        count("n_cells", "Cells in compartments of tissue, follicles among them."),
        count("n_cells_left_out", "Cells on background, under exclusions and outside of the label map."),
        number("mucosa_inflammatory_per_mm2", "Inflammatory cells per mm² of lamina propria, villi and crypt zone."),
        number("submucosa_inflammatory_per_mm2", "Inflammatory cells per mm² of submucosa."),
        number("muscularis_inflammatory_per_mm2", "Inflammatory cells per mm² of muscularis."),
        number("iel_per_100", "Lymphocytes per 100 epithelial cells of the villous epithelium; granulocytes left out."),
        number("treg_fraction", "Treg among CD4 positive cells of the lamina propria; missing without phenotypes."),
        number("th17_treg_ratio", "Th17 over Treg in the lamina propria; missing without phenotypes."),
        count("n_follicles", "Lymphoid follicles, labelled or found from the cells."),
        number("follicle_area_mm2", "Their area, mm²."),
        text(
            "infiltrate_extent",
            "Deepest layer with more inflammatory cells than the study's controls: none, mucosa, submucosa, "
            "transmural; empty where it cannot be told.",
        ),
        text("infiltrate_extent_reason", "The densities and limits that say so, or why it cannot be told."),
    ),
)

FOLLICLES = Table(
    "follicles",
    "one lymphoid follicle or aggregate",
    (
        text("follicle_id", "Stable id within the section: f1, f2, ... from top left to bottom right."),
        flag("is_labelled", "Whether the label map shows it; else it was found as a dense aggregate of lymphocytes."),
        number("row", f"Row of its centre, {POINT}."),
        number("col", f"Column of its centre, {POINT}."),
        number("follicle_area_um2", "Its area, µm²."),
        count("n_cells", "Cells in it."),
        count("n_lymphocytes", "Lymphocytes in it."),
        number("lymphocytes_per_mm2", "Lymphocytes over area."),
        number("position_um", f"Position of its centre {ALONG}"),
    ),
)

CLUSTERING = Table(
    "clustering",
    "one population in one compartment at one distance: do its cells lie closer together than chance has it?",
    (
        text("compartment", "mucosal_lamina_propria, submucosa, muscularis; without follicles."),
        text("population", "As in densities."),
        count("n_cells", "Cells of this population."),
        number("radius_um", "Distance within which pairs are counted, µm."),
        number(
            "ripley_l_um",
            "Ripley's L, corrected for the edges of the compartment: as long as the radius where cells lie "
            "independently and evenly in it, longer where they cluster, in µm.",
        ),
        number("relabelled_l_um", f"What it would be on average {_RELABELLED}."),
        number("relabelled_low_um", f"Lower end of where 95 % of it would be {_RELABELLED}."),
        number("relabelled_high_um", f"Upper end of where 95 % of it would be {_RELABELLED}."),
        flag("is_clustered", "Whether it is above that upper end."),
    ),
)

CELL_PLACES = (
    number("position_um", f"Position of the nearest point of the wall {ALONG}"),
    number("distance_to_epithelium_um", "To the nearest villous or crypt epithelium, 0 inside it, µm."),
    number("distance_to_crypt_base_um", "To the nearest base of an accepted crypt, µm; missing without crypts."),
    text("follicle_id", "The follicle that it lies in; empty outside of follicles."),
)
"""What `histo.measure_infiltrate` adds to the cells."""
