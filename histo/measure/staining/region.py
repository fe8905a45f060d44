"""Rows of the tables of epithelium: by region, along the axis, gap by gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.measure.grid import to_slide
from histo.measure.staining.amount import measure_amount
from histo.measure.staining.axis import CryptVillusAxis
from histo.measure.staining.band import REGIONS, EpitheliumPixels
from histo.measure.staining.edge import STEP_UM
from histo.measure.staining.line import ApicalLine, find_gaps_of
from histo.measure.staining.threshold import StainThreshold
from histo.schema import STAINING_GAPS, STAINING_PROFILE, STAINING_REGIONS, check_table, empty_table
from histo.types import Compartment, LabelMap

__all__ = ["StainedEpithelium", "signals_by_region", "tabulate_gaps", "tabulate_profile", "tabulate_regions"]

Floats = NDArray[np.float64]

# A mean of less than this share of the noise is none: how it is spread is chance.
_LEAST_SIGNAL = 0.25
_STRETCHES = {Compartment.CRYPT: 10, Compartment.VILLUS_EPITHELIUM: 10}
_NAMES: dict[str, tuple[Compartment, ...]] = {
    "epithelium": REGIONS,
    **{region.label: (region,) for region in REGIONS},
}


@dataclass(frozen=True, eq=False)
class StainedEpithelium:
    """All that the tables of epithelium are made of.

    Parameters
    ----------
    labels : LabelMap
    signal : (n,) float32 array
        Signal of the pixels, background taken off.
    noise : float
        Standard deviation from pixel to pixel.
    mpp : float
        µm per pixel of the picture.
    pixels : EpitheliumPixels
    axis : CryptVillusAxis
    lines : mapping of Compartment to tuple of ApicalLine
    membrane_ratio : mapping of str to float
        By name of the region.
    threshold : StainThreshold or None
    """

    labels: LabelMap
    signal: NDArray[np.float32]
    noise: float
    mpp: float
    pixels: EpitheliumPixels
    axis: CryptVillusAxis
    lines: Mapping[Compartment, tuple[ApicalLine, ...]]
    membrane_ratio: Mapping[str, float]
    threshold: StainThreshold | None

    def places(self, line: ApicalLine) -> Floats:
        """Position on the crypt-villus axis of the points of a line."""
        return self.axis.positions(line.edge.points_um, line.edge.region)


def tabulate_regions(stained: StainedEpithelium, profile: pd.DataFrame) -> pd.DataFrame:
    """Make the table of regions: both together, villous epithelium, crypts."""
    rows = [_region_row(stained, name, regions, profile) for name, regions in _NAMES.items()]
    return check_table(pd.DataFrame(rows), STAINING_REGIONS.columns)


def signals_by_region(stained: StainedEpithelium) -> tuple[dict[str, NDArray[np.floating]], dict[str, Floats]]:
    """Give the signal of the pixels of each region, and the brightest signal across each point of its edge."""
    pixels = stained.pixels
    inside = pixels.inside > 0
    areas = {name: stained.signal[inside & np.isin(pixels.region, regions)] for name, regions in _NAMES.items()}
    edges = {
        name: np.concatenate([np.zeros(0), *(line.peak for line in _told_lines(stained, regions))])
        for name, regions in _NAMES.items()
    }
    return areas, edges


def tabulate_profile(stained: StainedEpithelium) -> pd.DataFrame:
    """Make the table of stretches of the crypt-villus axis; empty where no axis is seen."""
    rows = []
    pixels = stained.pixels
    for region, n in _STRETCHES.items():
        begin, end = stained.axis.span(region)
        own = pixels.region == region
        if not begin < end or not np.isfinite(pixels.axis[own]).any():
            continue
        lines = [line for line in stained.lines[region] if not line.is_hidden]
        at_edge = np.concatenate([np.zeros(0), *(stained.places(line) for line in lines)])
        is_seen = np.concatenate([np.zeros(0, dtype=bool), *(line.is_seen for line in lines)])
        limits = np.linspace(begin, end, n + 1)
        for low, high in pairwise(limits):
            # The tip and the base themselves belong to the last and first stretch.
            here = own & _between(pixels.axis, low, high)
            on_edge = _between(at_edge, low, high)
            share = _shares(stained, here)
            rows.append({
                "region": region.label,
                "axis_from": low,
                "axis_to": high,
                "area_mm2": float(pixels.inside[here].sum()) * stained.mpp**2 / 1e6,
                "mean_signal": share["mean_signal"],
                "apical_fraction": share["apical_fraction"],
                "edge_um": np.count_nonzero(on_edge) * STEP_UM,
                "continuity": _mean(is_seen[on_edge]),
            })  # fmt: skip
    table = pd.DataFrame(rows) if rows else empty_table(STAINING_PROFILE.columns)
    return check_table(table, STAINING_PROFILE.columns)


def tabulate_gaps(stained: StainedEpithelium) -> pd.DataFrame:
    """Make the table of gaps."""
    rows = []
    for lines in stained.lines.values():
        for line in (line for line in lines if not line.is_hidden):
            places = stained.places(line)
            n = len(line.is_seen)
            for gap in find_gaps_of(line):
                middle = (gap.first + ((gap.last - gap.first) % n) // 2) % n
                row, col = to_slide(stained.labels, line.edge.points_um[middle])
                rows.append({
                    "region": line.edge.region.label,
                    "row": row,
                    "col": col,
                    "gap_um": gap.length_um,
                    "is_cut": gap.is_cut,
                    "axis": places[middle],
                })  # fmt: skip
    table = pd.DataFrame(rows) if rows else empty_table(STAINING_GAPS.columns[1:])
    return check_table(table.assign(gap_id=np.arange(1, len(table) + 1)), STAINING_GAPS.columns)


def _region_row(
    stained: StainedEpithelium, name: str, regions: tuple[Compartment, ...], profile: pd.DataFrame
) -> dict[str, float | str]:
    pixels = stained.pixels
    own = np.isin(pixels.region, regions)
    inside = own & (pixels.inside > 0)
    n_all = sum(pixels.area_px[region] for region in regions)
    return {
        "region": name,
        **measure_amount(stained.signal[inside], stained.mpp, stained.threshold),
        "measured_percent": 100.0 * np.count_nonzero(inside) / n_all if n_all else float("nan"),
        **_shares(stained, own),
        "membrane_cytoplasm_ratio": stained.membrane_ratio[name],
        **_line_columns(stained, regions),
        "gradient": _gradient(profile[profile["region"].isin([region.label for region in regions])], stained.noise),
    }


def _shares(stained: StainedEpithelium, own: NDArray[np.bool_]) -> dict[str, float]:
    """Apical and basolateral signal; what the lumen's side holds is the apical line's, but adds no area."""
    pixels = stained.pixels
    signal, inside = stained.signal[own].astype(float), pixels.inside[own].astype(float)
    apical = pixels.apical[own].astype(float)
    # Sums of numpy's own: a dot product is shared out among threads, and its last bits tell how many there are.
    apical_sum = float((signal * apical).sum())
    total = float((signal * pixels.weight[own]).sum())
    mean = _over(total, float(inside.sum()))
    amount = {"mean_signal": mean, "integrated_density_um2": total * stained.mpp**2}
    if not mean > _LEAST_SIGNAL * stained.noise:
        names = ("apical_fraction", "apical_mean", "basolateral_mean", "apical_basolateral_ratio")
        return {**amount, **dict.fromkeys(names, float("nan"))}
    apical_mean = _over(apical_sum, float((apical * inside).sum()))
    basolateral_mean = _over(total - apical_sum, float(((1 - apical) * inside).sum()))
    return {
        **amount,
        "apical_fraction": _over(apical_sum, total),
        "apical_mean": apical_mean,
        "basolateral_mean": basolateral_mean,
        "apical_basolateral_ratio": _over(apical_mean, basolateral_mean),
    }


def _line_columns(stained: StainedEpithelium, regions: tuple[Compartment, ...]) -> dict[str, float]:
    every = [line for region in regions for line in stained.lines[region]]
    lines = _told_lines(stained, regions)
    seen = np.concatenate([np.zeros(0, dtype=bool), *(line.is_seen for line in lines)])
    peak = np.concatenate([np.zeros(0), *(line.peak for line in lines)])
    integral = np.concatenate([np.zeros(0), *(line.integral_um for line in lines)])
    edge_um = float(sum(line.edge.length_um for line in lines))
    gaps = [gap for line in lines for gap in find_gaps_of(line)]
    whole = [gap.length_um for gap in gaps if not gap.is_cut]
    above = stained.threshold.positive_above if stained.threshold else float("nan")
    return {
        "edge_um": float(sum(line.edge.length_um for line in every)),
        "continuity": _mean(seen),
        "line_strength": float(np.median(integral[seen])) if seen.any() else 0.0 if lines else float("nan"),
        "edge_positive": _mean(peak > above) if stained.threshold else float("nan"),
        "gaps_per_100_um": _over(100.0 * sum(0.5 if gap.is_cut else 1.0 for gap in gaps), edge_um),
        "mean_gap_um": float(np.mean(whole)) if whole else float("nan"),
        "longest_gap_um": max((gap.length_um for gap in gaps), default=0.0 if lines else float("nan")),
    }


def _told_lines(stained: StainedEpithelium, regions: tuple[Compartment, ...]) -> list[ApicalLine]:
    """Lines of which it can be told where they are seen."""
    return [line for region in regions for line in stained.lines[region] if not line.is_hidden]


def _gradient(profile: pd.DataFrame, noise: float) -> float:
    """Slope of a line through the profile, each stretch by its area, over the mean; the axis stretched to 0 to 1."""
    known = profile[profile["area_mm2"] > 0]
    if len(known) < 3:
        return float("nan")
    begin, end = float(profile["axis_from"].min()), float(profile["axis_to"].max())
    place = ((known["axis_from"] + known["axis_to"]).to_numpy() / 2 - begin) / (end - begin)
    weight, signal = known["area_mm2"].to_numpy(), known["mean_signal"].to_numpy()
    slope = float(np.polyfit(place, signal, 1, w=np.sqrt(weight))[0])
    mean = float(np.average(signal, weights=weight))
    return slope / mean if mean > _LEAST_SIGNAL * noise else float("nan")


def _between(values: Floats, low: float, high: float) -> NDArray[np.bool_]:
    return np.asarray((values >= low) & ((values < high) | (high == 1.0)))


def _mean(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else float("nan")


def _over(one: float, other: float) -> float:
    return one / other if other > 0 else float("nan")
