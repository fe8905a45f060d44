"""Tables of barrier staining: the field, the epithelium by region, along the crypt-villus axis, gaps of the edge."""

from __future__ import annotations

from histo.schema.column import POINT, Table, count, flag, number, text

__all__ = ["STAINING", "STAINING_CENSUS", "STAINING_GAPS", "STAINING_PROFILE", "STAINING_REGIONS"]

_REGION = "epithelium (both together), villus_epithelium or crypt"
_SIGNAL = "in counts of the camera (fluorescence) or optical density (DAB), background taken off"
_MISSING_THRESHOLD = "missing without a threshold from controls or the study"
_PIXELS = (
    "Depends on the size of a pixel: the same section at half the µm/px has four times as many. Compare only pictures "
    "of one µm/px, and report it with positive_area_percent and integrated_density_um2"
)

_AMOUNT = (
    number("positive_area_percent", f"Share of the area that is positive, percent; {_MISSING_THRESHOLD}."),
    number(
        "positive_pixels_per_mm2",
        f"Pixels of this picture above the threshold over the area in mm²; {_MISSING_THRESHOLD}. {_PIXELS}.",
    ),
    number("mean_signal", f"Mean of the signal over the area, {_SIGNAL}."),
    number(
        "integrated_density_um2",
        "Signal summed over the area times the area of a pixel: optical density (or counts) times µm². Grows with the "
        "area; over area_mm2 it does not.",
    ),
)

STAINING = Table(
    "staining",
    "one stained field or section",
    (
        text("stain", "fluorescence or dab."),
        number("pixel_um", "Side of a pixel of the picture that was measured, µm."),
        text("area_of", "tissue (all compartments but background) with a label map, field without."),
        number("area_mm2", "Area of that, mm²."),
        number(
            "positive_above",
            f"Signal above background from where a pixel is positive; {_MISSING_THRESHOLD}.",
        ),
        text("threshold_from", "What the threshold rests on, in words; empty without one."),
        *_AMOUNT,
        number("background", "Level that was taken off, in counts or optical density."),
        text(
            "background_from",
            "given, lumen (labelled background), dark (the darkest part of the field, even enough to be empty) or "
            "none_seen: the field is full, and its darkest part was taken, so that ratios are too high or too low.",
        ),
        number("noise", "Standard deviation from pixel to pixel where nothing is drawn, in units of the signal."),
        number(
            "counterstain_leak",
            "Share of the haematoxylin found in the DAB of the stroma and taken off everywhere; missing in "
            "fluorescence and without a label map.",
        ),
        number("saturated_percent", "Pixels of the area at the end of the camera's scale (DAB: black), percent."),
        number(
            "finest_detail_um",
            "Width (standard deviation) of the blur that the sharpest details show, µm; missing where nothing stands "
            "out of the noise.",
        ),
        number(
            "unevenness",
            "How much brighter one end of the field is than the other by a slope across it, over the mean: "
            "uneven light, or one side bleached. Differences along the crypt-villus axis do not count. Missing where "
            "stained parts lie in fewer than six of 16 parts of the field (14 without a label map).",
        ),
        text("flags", "saturated, out_of_focus, uneven, no_background_seen, stain_not_found, joined by a space."),
    ),
)

STAINING_REGIONS = Table(
    "staining_regions",
    "one region of the epithelium of a stained section",
    (
        text("region", f"{_REGION}."),
        number("area_mm2", "Area of the region's epithelium that was measured, mm²."),
        number(
            "measured_percent",
            "That area over all of the region's, percent: epithelium whose luminal edge is not seen (fused villi, "
            "sheets cut along themselves, crypts without a centreline) is left out.",
        ),
        *_AMOUNT,
        number(
            "apical_fraction",
            "Signal within the apical band (apical_um of the luminal edge; in crypts of the lumen, which lies on the "
            "centreline) over the signal of the whole epithelium measured, 0 to 1; missing, as the three following, "
            "where the mean signal is below a quarter of the noise.",
        ),
        number("apical_mean", f"Mean signal of the apical band, {_SIGNAL}."),
        number("basolateral_mean", f"Mean signal of the rest of the epithelium, {_SIGNAL}."),
        number("apical_basolateral_ratio", "apical_mean over basolateral_mean."),
        number(
            "membrane_cytoplasm_ratio",
            "Mean signal on lateral membranes over that between them, 2 µm and more off the apical band and the base. "
            "Membranes are those given, or else ridges of the signal found on one half of the pixels and measured on "
            "the other, for which granules in rows pass too. Missing above 0.5 µm/px without those given, or where no "
            "membrane stands out.",
        ),
        number("edge_um", "Length of the luminal edge that was followed, µm; in crypts both sides of the lumen."),
        number(
            "continuity",
            "Share of the edge on which the apical line is seen: reaches half of its own median strength over the "
            "cytoplasm beneath, 0 to 1; 0 where no line stands out of the noise; missing, as all of gaps, where "
            "membranes or granules beneath the edge would hide one.",
        ),
        number(
            "line_strength",
            "Signal of the line, over that of the cytoplasm, integrated across the edge: median where it is seen, in "
            "counts or optical density times µm, which blur and pixel size leave as it is.",
        ),
        number("edge_positive", f"Share of the edge whose line is above the threshold, 0 to 1; {_MISSING_THRESHOLD}."),
        number("gaps_per_100_um", "Gaps in 100 µm of edge; one cut off by the field's end counts half."),
        number("mean_gap_um", "Mean length of gaps seen from end to end, µm; missing without one."),
        number("longest_gap_um", "Length of the longest gap, cut off or not, µm; 0 without one."),
        number(
            "gradient",
            "Rise of the mean signal from crypt base (0) to villus tip (1), by a straight line through the profile, "
            "over its mean; 0 where it is even. Of a region: over its own part of the axis, stretched to 0 to 1.",
        ),
    ),
)

STAINING_PROFILE = Table(
    "staining_profile",
    "one stretch of the crypt-villus axis of a stained section",
    (
        text("region", "crypt or villus_epithelium."),
        number("axis_from", "Where the stretch begins: 0 at crypt bases, 1 at villus tips."),
        number("axis_to", "Where it ends."),
        number("area_mm2", "Area of epithelium in it, mm²."),
        number("mean_signal", f"Mean signal of that, {_SIGNAL}."),
        number("apical_fraction", "As in staining_regions, of the stretch."),
        number("edge_um", "Length of luminal edge in it, µm."),
        number("continuity", "As in staining_regions, of the stretch."),
    ),
)

STAINING_GAPS = Table(
    "staining_gaps",
    "one gap of the apical line along the luminal edge",
    (
        count("gap_id", "1, 2, ... along the edges in turn."),
        text("region", "villus_epithelium or crypt."),
        number("row", f"Row of the gap's middle, {POINT}."),
        number("col", f"Column of the gap's middle, {POINT}."),
        number("gap_um", "Length along the edge, µm."),
        flag("is_cut", "Whether the edge that was followed ends in it, so that it is longer than this."),
        number("axis", "Where it lies from crypt base (0) to villus tip (1); missing where no axis is seen."),
    ),
)

STAINING_CENSUS = Table(
    "staining_census",
    "one step of signal in one region of a stained section; each slide keeps its own in its folder, to be "
    "judged by the threshold that is set when all slides are done",
    (
        text("region", "field, tissue, or as in staining_regions."),
        text("part", "area: pixels are counted; edge: points of the luminal edge, by the brightest signal across it."),
        count(
            "step",
            "Number of the step: 128 to an octave of the signal over background, each above its lower end; below 0 as "
            "above, with a minus; 0 where there is no signal.",
        ),
        count("n", "Pixels, or points."),
    ),
)
