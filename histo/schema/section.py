"""Tables of what was measured on the label map of one section."""

from __future__ import annotations

from histo.schema.column import ALONG, POINT, Table, count, flag, number, text

__all__ = ["CRYPTS", "EXCLUSIONS", "LAYERS", "SECTIONS", "UNITS", "VILLI"]

_REJECT = (
    "Why it was not accepted: tangential, fused, cut_at_border, detached, low_confidence, too_small, no_junction, "
    "incomplete (a crypt that ends above the lower 30 % of the way from junction to muscularis mucosae or, where no "
    "wall is seen beneath it, is less than half as deep as others of the section), no_layer; empty when accepted."
)

VILLI = Table(
    "villi",
    "one villus, accepted or not",
    (
        text("villus_id", "Stable id within the section: v1, v2, ... in order of position along the wall."),
        number("villus_height_um", "Length of the centreline from tip to villus-crypt junction, µm."),
        number("villus_width_um", "Width at half of the height, perpendicular to the centreline, µm."),
        number("villus_width_20_um", "Width at a fifth of the height from the junction, µm."),
        number("villus_width_80_um", "Width at four fifths of the height from the junction, µm."),
        number("villus_area_um2", "Area of villous epithelium and its lamina propria, µm²."),
        number("villus_perimeter_um", "Luminal contour from junction over the tip to junction, µm."),
        number("tip_row", f"Row of the tip, {POINT}."),
        number("tip_col", f"Column of the tip, {POINT}."),
        number("base_row", f"Row of the centreline's end at the villus-crypt junction, {POINT}."),
        number("base_col", f"Column of that end, {POINT}."),
        number("position_um", f"Position of the base {ALONG}"),
        flag("is_accepted", "Whether its axis is seen from base to tip, so that it counts."),
        text("reject_reason", _REJECT),
        number(
            "confidence",
            "0 to 1: mean probability of its pixels times geometric quality, which is 1 for a tube with two free sides "
            "all along, a foot as broad as itself and the area of length times width. Below 0.2, or with a mean "
            "probability below 0.5, it is rejected as low_confidence.",
        ),
    ),
)

CRYPTS = Table(
    "crypts",
    "one crypt, accepted or not",
    (
        text("crypt_id", "Stable id within the section: c1, c2, ... in order of position along the wall."),
        number("crypt_depth_um", "Length of the centreline from crypt base to villus-crypt junction, µm."),
        number("crypt_width_um", "Width at half of the depth, perpendicular to the centreline, µm."),
        number("crypt_width_20_um", "Width at a fifth of the depth from the junction, µm."),
        number("crypt_width_80_um", "Width at four fifths of the depth from the junction, µm."),
        number("crypt_area_um2", "Area of the crypt with its lumen, µm²."),
        number("crypt_perimeter_um", "Outline from the mouth over the base to the mouth, µm."),
        number("mouth_row", f"Row of the mouth at the villus-crypt junction, {POINT}."),
        number("mouth_col", f"Column of the mouth, {POINT}."),
        number("base_row", f"Row of the crypt's base, {POINT}."),
        number("base_col", f"Column of the crypt's base, {POINT}."),
        number("position_um", f"Position of the mouth {ALONG}"),
        flag("is_accepted", "Whether its axis is seen from base to mouth, so that it counts."),
        text("reject_reason", _REJECT),
        number(
            "confidence",
            "0 to 1: mean probability of its pixels times geometric quality, which is 1 for a tube with two free sides "
            "all along, twice as deep as wide and of the area of depth times width. Below 0.2, or with a mean "
            "probability below 0.5, it is rejected as low_confidence.",
        ),
    ),
)

UNITS = Table(
    "units",
    "one accepted villus with the accepted crypts at its foot",
    (
        text("unit_id", "Stable id within the section: u1, u2, ..."),
        text("villus_id", "The villus."),
        text("crypt_ids", "The crypts at its foot, joined by a space."),
        number("villus_height_um", "Height of the villus, µm."),
        number("crypt_depth_um", "Mean depth of the crypts, µm."),
        number("vh_cd", "Villus height over mean crypt depth of this unit."),
        number("position_um", f"Position of the unit {ALONG}"),
    ),
)

LAYERS = Table(
    "layers",
    "one position along the wall, every 10 µm",
    (
        number("position_um", f"Position {ALONG}"),
        number("row", f"Row of that point of the border, {POINT}."),
        number("col", f"Column of that point, {POINT}."),
        number(
            "mucosa_um",
            "Perpendicular to the border, from it to a line drawn taut over the tips of the villi, which bridges up to "
            "450 µm between tips of which neither is less than 0.6 times as high; µm.",
        ),
        number("crypt_zone_um", "Perpendicular to the border, from it to the villus-crypt junction, µm."),
        number(
            "submucosa_um",
            "Muscularis mucosae and submucosa, perpendicular to the border, µm; missing where there is none, and "
            "inside a fold, where the perpendicular runs into the other limb.",
        ),
        number(
            "muscularis_um", "Muscularis externa, perpendicular to its inner border, µm; missing where there is none."
        ),
    ),
)

SECTIONS = Table(
    "sections",
    "one piece of gut that was scored",
    (
        text("stain", "Stain: he, dab, fluorescence."),
        number("slide_mpp", "µm per level-0 pixel that every length rests on."),
        text("mpp_source", "Where that value was found."),
        number("label_mpp", "µm per pixel of the label map."),
        text("model", "Model that made the label map, with the first 12 characters of its sha256; empty without one."),
        text(
            "flags",
            "Quality remarks joined by a space: few_villi, low_confidence, out_of_focus, oblique (three of four crypts "
            "are seen in part only, or half of the villi without a base, as where the plane of the cut leans), "
            "no_structure (no label map could be made, as of fluorescence, so there are cells but neither villi nor "
            "layers), negative_control, ...",
        ),
        number("confidence", "0 to 1: mean probability of the tissue's labels; missing without a label map."),
        number(
            "tissue_area_mm2",
            "Area of all compartments but background; without a label map, of the tissue found on the overview, mm².",
        ),
        number("excluded_mm2", "Labelled as tissue, but excluded; by reason in the table exclusions, mm²."),
        number("wall_length_mm", "Length of the mucosa-submucosa border, mm."),
        count("n_villi", "Villi found."),
        count("n_villi_accepted", "Villi that count."),
        count("n_crypts", "Crypts found."),
        count("n_crypts_accepted", "Crypts that count."),
        text("villi_rejected", "How many do not count for each reason: detached=4 tangential=2; empty of none."),
        text("crypts_rejected", "The same of crypts."),
        count("n_units", "Villi paired with crypts at their foot."),
        number("villus_height_um", "Mean over accepted villi, µm."),
        number("villus_height_sd_um", "Standard deviation over accepted villi, µm."),
        number("villus_width_um", "Mean over accepted villi, µm."),
        number("crypt_depth_um", "Mean over accepted crypts, µm."),
        number("crypt_depth_sd_um", "Standard deviation over accepted crypts, µm."),
        number("vh_cd", "Mean of the units' villus height over crypt depth: the section's VH:CD."),
        number("vh_cd_of_means", "Mean villus height over mean crypt depth; not the same number, shown beside it."),
        number("mucosa_um", "Median mucosa thickness along the wall, µm."),
        number("mucosa_iqr_um", "Its interquartile range, µm."),
        number("mucosa_missing", "Share of the wall's length, 0 to 1, that has no mucosa thickness."),
        count("mucosa_gaps", "Stretches of at least 50 µm of wall that have none."),
        number("submucosa_um", "Median submucosa thickness along the wall, µm."),
        number("submucosa_iqr_um", "Its interquartile range, µm."),
        number("submucosa_missing", "Share of the wall's length, 0 to 1, that has no submucosa thickness."),
        count("submucosa_gaps", "Stretches of at least 50 µm of wall that have none."),
        number("muscularis_um", "Median muscularis thickness along the wall, µm."),
        number("muscularis_iqr_um", "Its interquartile range, µm."),
        number("muscularis_missing", "Share of the wall's length, 0 to 1, that has no muscularis thickness."),
        count("muscularis_gaps", "Stretches of at least 50 µm of wall that have none."),
        number(
            "villi_per_mm",
            "Villi that stand on the wall, whether their height counts or not, per mm of muscularis mucosae (the "
            "wall's line). Islands without a base (`detached`) and specks (`too_small`) are not counted.",
        ),
        number(
            "crypts_per_mm",
            "Crypt profiles found, pieces and those cut across too, per mm of muscularis mucosae (the wall's line).",
        ),
        number(
            "surface_amplification",
            "Length of the mucosa's border with the lumen over the length of the muscularis mucosae (the wall's line); "
            "pieces of villi cut off from their base count.",
        ),
        number("row", f"Top row of the section's window, {POINT}."),
        number("col", f"Left column of the window, {POINT}."),
        number("height", "Height of the window, level-0 pixels."),
        number("width", "Width of the window, level-0 pixels."),
    ),
)

EXCLUSIONS = Table(
    "exclusions",
    "one reason for which a part of a section's window was not measured",
    (
        text("reason", "Code: text, pen, fold, blur, glass, ..., as in the excluded layer of the label map."),
        text("meaning", "The reason in words."),
        flag("hides_tissue", "Whether gut may lie under it, so that villi, crypts and layers that reach it are cut."),
        count("n_patches", "Connected patches."),
        number("area_mm2", "Their area, mm²."),
        number("tissue_mm2", "The part of it that the model had labelled as tissue, mm²: what is lost."),
    ),
)
