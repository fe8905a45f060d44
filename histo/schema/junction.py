"""Tables of junction networks: each junction, each cell, and the field."""

from __future__ import annotations

from histo.schema.column import Table, count, flag, number, text

__all__ = ["JUNCTIONS", "JUNCTION_CELLS", "JUNCTION_FIELDS"]

_PX = "pixel of the field, whole numbers are centres"
_WEIGHT = (
    "Inverse of the chance that a field of this size shows it whole (Horvitz and Thompson); 0 where the border cuts it."
)
_WHERE = "Where most of it lies, villus_epithelium or crypt; empty without a label map."
_MEAN = "mean over whole {what}, each by its inclusion_weight"
_OF_JUNCTIONS, _OF_CELLS = _MEAN.format(what="junctions"), _MEAN.format(what="cells")
_BY_LENGTH = "mean over the network's length"
_RISING = "that rises over half of the field's usual contrast of stained junctions"

JUNCTIONS = Table(
    "junctions",
    "one contact of two cells, from corner to corner; what the field's border cuts is measured as far as it is seen",
    (
        text("junction_id", "Stable id within the field: j1, j2, ... from top to bottom."),
        text("compartment", _WHERE),
        count("cell_a", "The one cell, cell_id."),
        count("cell_b", "The other cell."),
        number("length_um", "Length of the curve, bridged gaps included, µm."),
        number("chord_um", "Straight distance of its ends, µm; 0 for a ring."),
        number("straightness", "chord_um over length_um: 1 straight, 0 a ring."),
        number("tortuosity", "length_um over chord_um; missing for a ring."),
        number(
            "width_um",
            "Full width at half maximum of its mean profile where it is stained, µm; the pixel's width is taken off, "
            "the optical blur is not.",
        ),
        number("mean_intensity", "Mean signal over background in a band of 0.5 µm to both sides, gaps included."),
        number("integrated_intensity", "Signal over background, summed over length and width, signal times µm²."),
        number("background", "Signal 1 to 1.6 µm to both sides: the mean of the two sides' medians."),
        number("continuity", "Share of the length that is stained."),
        count("n_gaps", "Gaps."),
        number("gap_length_um", "Their length together, µm."),
        number(
            "gap_spacing_um", "Mean distance along it from the middle of a gap to the next's, µm; missing below two."
        ),
        number(
            "interface_occupancy",
            f"Share of that band {_RISING} (after Junction Mapper, whose unit is per cent of a dilated interface).",
        ),
        number(
            "cluster_density",
            f"Mean signal over background of the part of that band {_RISING}; missing where none does (after Junction "
            "Mapper, which leaves the background in).",
        ),
        flag("is_whole", "Whether the field shows all of it."),
        number("inclusion_weight", _WEIGHT),
        number("start_row", f"Row of its start, {_PX}."),
        number("start_col", f"Column of its start, {_PX}."),
        number("end_row", f"Row of its end, {_PX}."),
        number("end_col", f"Column of its end, {_PX}."),
    ),
)

JUNCTION_CELLS = Table(
    "junction_cells",
    "one cell between junctions; of one that the field's border cuts, what is seen",
    (
        count("cell_id", "Its label, 1 upwards from top left to bottom right."),
        text("compartment", _WHERE),
        number("row", f"Row of its centre of mass, {_PX}."),
        number("col", f"Column of its centre of mass, {_PX}."),
        number("area_um2", "Area within the curves of its junctions, µm²."),
        number("perimeter_um", "Length of its junctions, those around an island inside it among them, µm."),
        number("roughness", "perimeter_um² / (4 pi area_um2): 1 for a circle; missing for a cell that is cut."),
        number("solidity", "Area over that of its convex hull; missing for a cell that is cut."),
        count("n_neighbours", "Different cells that it has a junction with."),
        number("coverage", "Share of its perimeter that is stained."),
        flag("touches_border", "Whether the field's border cuts it."),
        number("inclusion_weight", _WEIGHT),
    ),
)

JUNCTION_FIELDS = Table(
    "junction_fields",
    "one field; columns that end in _original move with field of view and pixel, and are there to compare with papers",
    (
        text("compartment", "villus_epithelium or crypt, a row each; empty without a label map: the whole field."),
        number("area_mm2", "Area of the field, or of that compartment in it, mm²."),
        number("network_length_mm_per_mm2", "Length of all junctions in the field per area, mm per mm²."),
        number("gap_fraction", "Share of that length that is not stained."),
        number("gaps_per_mm", "Gaps per mm of network; one that runs over the field's border counts one half."),
        number("mean_gap_um", "Length of all gaps over their number, µm; missing without gaps."),
        number("mean_straightness", f"Straightness, {_OF_JUNCTIONS}; rings left out."),
        number("mean_junction_um", f"Length, {_OF_JUNCTIONS}, µm."),
        number("mean_width_um", f"Width, {_BY_LENGTH}, µm."),
        number("mean_intensity", f"Signal over background, {_BY_LENGTH}."),
        number("mean_interface_occupancy", f"Interface occupancy, {_BY_LENGTH}."),
        number("mean_cluster_density", f"Cluster density, {_BY_LENGTH}."),
        count("n_junctions", "Junctions seen whole."),
        count("n_cells", "Cells seen whole."),
        count("n_cells_cut", "Cells that the border cuts."),
        number("cells_per_mm2", "Cells per mm²; those that the border cuts count in part, so that fields add up."),
        number("mean_cell_um2", "Area, the inverse of cells_per_mm2, µm²."),
        number("mean_perimeter_um", "Perimeter, twice the network's length over the number of cells, µm."),
        number("mean_roughness", f"Roughness, {_OF_CELLS}."),
        number("mean_solidity", f"Solidity, {_OF_CELLS}."),
        number("mean_neighbours", f"Neighbours, {_OF_CELLS}."),
        number(
            "ijoq_per_um",
            "Stained junctions crossed per µm of straight test line, mean over all lines of all directions: 2 / pi "
            "times the stained length per area (Crofton).",
        ),
        number(
            "tijor_per_um",
            "Junctions crossed per µm of closed test line, gaps included: 2 / pi times the network's length per area, "
            "whatever the test line's shape, size and place.",
        ),
        number(
            "ijoq_original",
            "IJOQ as published: half the colour changes per pixel along lines over the thresholded picture, resized to "
            "512 pixels a side (1024 above 50 cells a side); calibrated on this picture alone.",
        ),
        number(
            "tijor_original",
            "TiJOR: crossings of the thresholded network with squares that grow around the middle, per pixel of their "
            "perimeter, mean over squares.",
        ),
        number(
            "straightness_original",
            "Straightness as the intestinal barrier macro of WIS-MICC has it: chord over length along pixels, plain "
            "mean over all branches, cut ones too.",
        ),
    ),
)
