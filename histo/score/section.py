"""One line for a section: counts, means and spreads of what was measured in it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from histo.measure import SectionMeasures, find_gaps
from histo.types import Compartment, LabelMap

__all__ = ["summarise_section"]

_FEW_VILLI = 5
_LOW_CONFIDENCE = 0.7
_LOW_ACCEPTANCE = 0.3
# Found on drawn mucosae cut at known angles and on real fields; see docs/oblique_cuts.md.
_MANY_PIECES = 0.75
_MANY_ISLANDS = 0.5
_ENOUGH_TO_TELL = 10
_UNTOLD = ("cut_at_border", "too_small")


def summarise_section(measures: SectionMeasures, labels: LabelMap) -> dict[str, object]:
    """Summarise the measures of one section.

    VH:CD is the mean of the paired units' ratios; the ratio of the means, which differs from it, stands beside it as
    `vh_cd_of_means`. Layers are given as median and interquartile range along the wall, with the share of it
    and the stretches where they are missing. A measure that no accepted
    row carries is not a number.

    Parameters
    ----------
    measures : SectionMeasures
        Tables of `histo.measure.measure_section`.
    labels : LabelMap
        The label map that they were measured on.

    Returns
    -------
    dict
        Columns of the sections table that the measures and the label map can tell; stain, model and the source of the
        pixel size are for the caller to add.
    """
    villi = measures.villi[measures.villi["is_accepted"]]
    crypts = measures.crypts[measures.crypts["is_accepted"]]
    height, depth = _mean(villi["villus_height_um"]), _mean(crypts["crypt_depth_um"])
    wall_mm = measures.wall_length_um / 1000.0
    confidence = _confidence(labels)
    rows, cols = labels.shape
    scale = labels.mpp / labels.slide_mpp
    return {
        "slide_mpp": labels.slide_mpp,
        "label_mpp": labels.mpp,
        "flags": " ".join(_flags(measures, len(villi), len(crypts), confidence)),
        "confidence": confidence,
        "tissue_area_mm2": labels.area_um2(*list(Compartment)[1:]) / 1e6,
        "wall_length_mm": wall_mm,
        "n_villi": len(measures.villi),
        "n_villi_accepted": len(villi),
        "n_crypts": len(measures.crypts),
        "n_crypts_accepted": len(crypts),
        "villi_rejected": _reasons(measures.villi),
        "crypts_rejected": _reasons(measures.crypts),
        "n_units": len(measures.units),
        "villus_height_um": height,
        "villus_height_sd_um": _sd(villi["villus_height_um"]),
        "villus_width_um": _mean(villi["villus_width_um"]),
        "crypt_depth_um": depth,
        "crypt_depth_sd_um": _sd(crypts["crypt_depth_um"]),
        "vh_cd": _mean(measures.units["vh_cd"]),
        "vh_cd_of_means": height / depth if depth > 0 else float("nan"),
        **_layer_columns(measures.layers),
        "villi_per_mm": _n_standing(measures.villi) / wall_mm if wall_mm > 0 else float("nan"),
        "crypts_per_mm": len(measures.crypts) / wall_mm if wall_mm > 0 else float("nan"),
        "surface_amplification": measures.luminal_length_um / 1000.0 / wall_mm if wall_mm > 0 else float("nan"),
        "row": float(labels.origin[0]),
        "col": float(labels.origin[1]),
        "height": rows * scale,
        "width": cols * scale,
    }


def _n_standing(villi: pd.DataFrame) -> int:
    """Count villi whose foot is seen: a plane that leaves a villus shows its top as an island beside its stump."""
    return int((~villi["reject_reason"].isin(["detached", "too_small"])).sum())


def _reasons(table: pd.DataFrame) -> str:
    """Count rejected rows by reason, the most frequent first, ties by name."""
    counts = table.loc[~table["is_accepted"], "reject_reason"].value_counts()
    return " ".join(f"{reason}={n}" for reason, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _layer_columns(layers: pd.DataFrame) -> dict[str, float]:
    columns: dict[str, float] = {}
    for layer in ("mucosa", "submucosa", "muscularis"):
        values = layers[f"{layer}_um"].dropna().to_numpy(dtype=float)
        low, median, high = np.percentile(values, [25, 50, 75]) if values.size else (np.nan, np.nan, np.nan)
        columns[f"{layer}_um"] = float(median)
        columns[f"{layer}_iqr_um"] = float(high - low)
        columns[f"{layer}_missing"] = 1.0 - values.size / len(layers) if len(layers) else float("nan")
        columns[f"{layer}_gaps"] = len(find_gaps(layers, f"{layer}_um"))
    return columns


def _flags(measures: SectionMeasures, n_villi: int, n_crypts: int, confidence: float) -> list[str]:
    """Name what a reader of the section's numbers should know, in a fixed order."""
    n_found = len(measures.villi)
    known = {
        "no_wall": measures.wall_length_um <= 0,
        "few_villi": n_villi < _FEW_VILLI,
        "few_crypts": n_crypts < _FEW_VILLI,
        "many_rejected": n_found > 0 and n_villi < _LOW_ACCEPTANCE * n_found,
        "oblique": _share_of(measures.crypts, "tangential", "no_junction", "incomplete") >= _MANY_PIECES
        or _share_of(measures.villi, "detached") >= _MANY_ISLANDS,
        "no_muscularis": bool(measures.layers["muscularis_um"].isna().all()),
        "low_confidence": confidence < _LOW_CONFIDENCE,
    }
    return [flag for flag, applies in known.items() if applies]


def _share_of(table: pd.DataFrame, *reasons: str) -> float:
    """Share of the rows that lie whole on the map that were rejected for these reasons; 0 where there are too few."""
    told = table[~table["reject_reason"].isin(_UNTOLD)]
    return float(told["reject_reason"].isin(reasons).mean()) if len(told) >= _ENOUGH_TO_TELL else 0.0


def _confidence(labels: LabelMap) -> float:
    """Mean probability of the tissue's labels; 1 for a map drawn by hand, not a number without tissue."""
    tissue = labels.array != Compartment.BACKGROUND
    if not tissue.any():
        return float("nan")
    return 1.0 if labels.confidence is None else float(labels.confidence[tissue].mean() / 255.0)


def _mean(values: pd.Series) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _sd(values: pd.Series) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")
