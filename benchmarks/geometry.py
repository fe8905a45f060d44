"""How exactly lengths are measured on label maps whose truth is known, and how long that takes.

Drawn mouse and human sections (strip and ring, turned, at 0.5, 1 and 2 µm/px) are measured; every measured villus and
crypt is matched to the drawn one by its free end, every place of the wall to the nearest drawn one. Errors are in per
cent of the truth. Run ``python benchmarks/geometry.py``; the output is kept in ``benchmarks/results/geometry.txt``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from histo.measure import SectionMeasures, measure_section
from histo.phantom import DrawnSection, SectionSpec, draw_section
from histo.types import Compartment, LabelMap

RESULTS = Path(__file__).parent / "results" / "geometry.txt"
MATCH_UM = 25.0


def sections() -> Iterator[tuple[str, SectionSpec, float]]:
    strip = SectionSpec.mouse()
    strip = replace(strip, wall=replace(strip.wall, length_um=2000.0))
    for turn in (0.0, 17.0, 45.0):
        for mpp in (0.5, 1.0, 2.0):
            yield f"mouse strip, turned {turn:.0f}", replace(strip, rotation_deg=turn), mpp
    for mpp in (1.0, 2.0):
        yield "mouse ring", SectionSpec.mouse("ring"), mpp
    for turn in (0.0, 30.0):
        for mpp in (1.0, 2.0):
            yield f"human strip, turned {turn:.0f}", replace(SectionSpec.human(), rotation_deg=turn), mpp
    yield "mouse roll", SectionSpec.mouse("roll"), 2.0


def errors(true: pd.DataFrame, measured: pd.DataFrame, end: str, length: str, mpp: float) -> np.ndarray:
    """Relative errors of accepted rows whose free end lies at that of an accepted drawn one."""
    measured = measured[measured["is_accepted"]]
    true = true[true["is_accepted"]]
    if measured.empty or true.empty:
        return np.zeros(0)
    ends = [f"{end}_row", f"{end}_col"]
    away, index = cKDTree(measured[ends].to_numpy()).query(true[ends].to_numpy())
    is_match = away * mpp <= MATCH_UM
    return measured[length].to_numpy()[index[is_match]] / true[length].to_numpy()[is_match] - 1


def layer_errors(true: pd.DataFrame, measured: pd.DataFrame, layer: str, mpp: float) -> np.ndarray:
    if measured.empty:
        return np.zeros(0)
    away, index = cKDTree(measured[["row", "col"]].to_numpy()).query(true[["row", "col"]].to_numpy())
    is_match = away * mpp <= MATCH_UM
    error = measured[layer].to_numpy()[index[is_match]] / true[layer].to_numpy()[is_match] - 1
    return error[np.isfinite(error)]


def ratio_errors(drawn: DrawnSection, measures: SectionMeasures, mpp: float) -> np.ndarray:
    """Relative errors of the units whose villus and crypts were all found among the drawn ones that are sound."""
    height = dict(true_lengths(drawn.villi, measures.villi, "villus", "tip", mpp))
    depth = dict(true_lengths(drawn.crypts, measures.crypts, "crypt", "base", mpp))
    found = []
    for unit in measures.units.itertuples():
        crypts = unit.crypt_ids.split()
        if unit.villus_id in height and all(crypt in depth for crypt in crypts):
            found.append(unit.vh_cd / (height[unit.villus_id] / np.mean([depth[crypt] for crypt in crypts])) - 1)
    return np.array(found)


def true_lengths(
    true: pd.DataFrame, measured: pd.DataFrame, what: str, end: str, mpp: float
) -> Iterator[tuple[str, float]]:
    """Id of each measured row that lies at a sound drawn one, and that one's true length."""
    true = true[true["is_accepted"]]
    if true.empty or measured.empty:
        return
    ends = [f"{end}_row", f"{end}_col"]
    away, index = cKDTree(true[ends].to_numpy()).query(measured[ends].to_numpy())
    length = {"villus": "villus_height_um", "crypt": "crypt_depth_um"}[what]
    for row in np.flatnonzero(away * mpp <= MATCH_UM):
        yield measured[f"{what}_id"].iloc[row], true[length].iloc[index[row]]


def in_words(error: np.ndarray) -> str:
    if error.size == 0:
        return "     -           "
    return f"{100 * np.median(np.abs(error)):5.2f} {100 * np.mean(error):+6.2f} ({error.size:4d})"


def accuracy() -> Iterator[str]:
    names = ["villus height", "crypt depth", "mucosa", "crypt zone", "submucosa", "muscularis", "VH:CD"]
    yield "median absolute error %, bias % (n)"
    yield f"{'section':24} {'µm/px':>5}  " + "  ".join(f"{name:19}" for name in names) + "  accepted"
    for name, spec, mpp in sections():
        drawn = draw_section(spec, mpp=mpp, seed=11)
        measures = measure_section(drawn.labels)
        columns = [
            errors(drawn.villi, measures.villi, "tip", "villus_height_um", mpp),
            errors(drawn.crypts, measures.crypts, "base", "crypt_depth_um", mpp),
            *(
                layer_errors(drawn.layers, measures.layers, f"{layer}_um", mpp)
                for layer in ("mucosa", "crypt_zone", "submucosa", "muscularis")
            ),
            ratio_errors(drawn, measures, mpp),
        ]
        accepted = f"{measures.villi['is_accepted'].mean():.2f}/{measures.crypts['is_accepted'].mean():.2f}"
        yield (f"{name:24} {mpp:5.1f}  " + "  ".join(in_words(column) for column in columns) + f"  {accepted}")


def ring_identity() -> str:
    """Thickness of a ring's muscularis against its area over the mean of its two perimeters."""
    mpp, inner, outer = 1.0, 700.0, 735.0
    centre = (np.arange(1560) + 0.5) * mpp - 780.0
    radius = np.hypot(centre[:, None], centre[None])
    array = np.zeros(radius.shape, dtype=np.uint8)
    for reach, compartment in (
        (outer, Compartment.MUSCULARIS),
        (inner, Compartment.SUBMUCOSA),
        (650.0, Compartment.LAMINA_PROPRIA),
        (550.0, Compartment.BACKGROUND),
    ):
        array[radius < reach] = compartment
    labels = LabelMap(array, mpp=mpp)
    identity = labels.area_um2(Compartment.MUSCULARIS) / (np.pi * (inner + outer))
    measured = float(measure_section(labels).layers["muscularis_um"].median())
    drawn = outer - inner
    return f"ring: muscularis {measured:.3f} µm, area over mean perimeter {identity:.3f} µm, drawn {drawn:.3f} µm"


def cost() -> Iterator[str]:
    """Processor time for maps of growing area, filled with drawn rings."""
    ring = draw_section(SectionSpec.mouse("ring"), mpp=1.0, seed=5).labels.array
    side = max(ring.shape)
    tile = np.zeros((side, side), dtype=np.uint8)
    tile[: ring.shape[0], : ring.shape[1]] = ring
    for n in (1000, 2000, 4000):
        copies = -(-n // side)
        labels = LabelMap(np.tile(tile, (copies, copies))[:n, :n], mpp=1.0)
        start, wall = time.process_time(), time.perf_counter()
        measures = measure_section(labels)
        spent, wall = time.process_time() - start, time.perf_counter() - wall
        yield (
            f"{n:5d} x {n:<5d} px at 1 µm/px: {spent:6.2f} s of processor, {wall:6.2f} s of wall clock, "
            f"{spent / n**2 * 1e6:.3f} s per Mpx, {len(measures.villi)} villi, {len(measures.crypts)} crypts"
        )


def main() -> None:
    lines = []
    for part in (accuracy(), [ring_identity()], cost()):
        for line in part:
            print(line, flush=True)
            lines.append(line)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
