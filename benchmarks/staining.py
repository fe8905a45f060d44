"""How exactly barrier staining is measured in drawn sections of gut, and whether it stays when the picture changes.

Drawn mouse sections hold an apical line of known strength with known gaps, lateral membranes, cytoplasm and stroma,
read off the protein before the lens. They are measured in fluorescence and DAB on the true label map; errors are in per
cent of the truth, the largest of the sections and their mean with its sign. Beside each stands the plain way: the share
of signal within 3 µm, and of edge pixels above Otsu's threshold of the field, no background taken off. Then the same
sections are drawn on pixels twice as large, cut in half, and turned by 90 degrees. Last, two real pictures are measured
on rough masks that this script makes by thresholds and points set by hand, for the pictures on the docs' page alone.
Run ``python benchmarks/staining.py``; the output is kept in ``benchmarks/results/staining.txt``, the pictures in
``docs/images/barrier``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from parts.staining_pictures import COLON_MPP, GALLBLADDER_MPP, colon, gallbladder, grey, save, with_lines
from skimage.filters import threshold_otsu

from histo.measure.staining import StainingMeasures, measure_staining
from histo.phantom.junction import BarrierSpec, DrawnBarrier, draw_barrier_section
from histo.stain import dab_density
from histo.types import Compartment, LabelMap

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "staining.txt"
PICTURES = ROOT / "docs" / "images" / "barrier"
DATA = Path(os.environ.get("HISTO_DATA", ROOT.parent / "shared" / "data"))
SEEDS = (31, 32, 33)
MPP = 0.5
DRAWN = (
    ("zo1", "fluorescence"),
    ("zo1", "dab"),
    ("occludin", "fluorescence"),
    ("occludin", "dab"),
    ("cadherin", "fluorescence"),
    ("zonulin", "dab"),
)
PICTURED = (("zo1", "fluorescence"), ("occludin", "dab"))
COLUMNS = (
    "apical_fraction",
    "apical_basolateral_ratio",
    "continuity",
    "gaps_per_100_um",
    "mean_gap_um",
    "membrane_cytoplasm_ratio",
)
REGIONS = ("villus_epithelium", "crypt")


def spec_of(protein: str) -> BarrierSpec:
    spec: BarrierSpec = getattr(BarrierSpec, protein)()
    return replace(spec, section=replace(spec.section, wall=replace(spec.section.wall, length_um=400.0)))


def measured(drawn: DrawnBarrier) -> StainingMeasures:
    stain = "dab" if drawn.image.ndim == 3 else "fluorescence"
    return measure_staining(drawn.image, mpp=drawn.mpp, stain=stain, labels=drawn.labels)


def plain(drawn: DrawnBarrier) -> dict[str, float]:
    """Apical fraction and continuity of villi as a script of ten lines would have them."""
    signal = dab_density(drawn.image).dab if drawn.image.ndim == 3 else drawn.image.astype(np.float32)
    epithelium = drawn.labels.mask(Compartment.VILLUS_EPITHELIUM)
    inside = (~drawn.labels.mask(Compartment.BACKGROUND)).astype(np.uint8)
    depth_um = cv2.distanceTransform(inside, cv2.DIST_L2, 5) * drawn.mpp
    edge = epithelium & (depth_um <= 1.5 * drawn.mpp)
    return {
        "apical_fraction": float(signal[epithelium & (depth_um <= 3.0)].sum() / signal[epithelium].sum()),
        "continuity": float(np.mean(signal[edge] > threshold_otsu(signal))),
    }


def accuracy(protein: str, stain: str, say: Callable[[str], None]) -> list[DrawnBarrier]:
    rows, beside, sections = [], [], []
    for seed in SEEDS:
        drawn = draw_barrier_section(spec_of(protein), mpp=MPP, seed=seed, stain=stain)
        truth, found = drawn.regions.set_index("region"), measured(drawn).regions.set_index("region")
        for region in REGIONS:
            error = {name: 100 * (found.loc[region, name] / truth.loc[region, name] - 1) for name in COLUMNS}
            rows.append({"region": region, **error})
        beside.append(
            {name: 100 * (value / truth.loc["villus_epithelium", name] - 1) for name, value in plain(drawn).items()}
        )
        sections.append(drawn)
    errors = pd.DataFrame(rows).set_index("region")
    for region in REGIONS:
        cells = [_cell(errors.loc[region, name]) for name in COLUMNS]
        say(f"{protein:9} {stain:13} {region:18} " + " ".join(f"{cell:>14}" for cell in cells))
    cells = [_cell(pd.DataFrame(beside)[name]) if name in beside[0] else "" for name in COLUMNS]
    say(f"{'':9} {'':13} {'villi, plain way':18} " + " ".join(f"{cell:>14}" for cell in cells))
    return sections


def _short(name: str) -> str:
    return name.replace("_ratio", "").replace("basolateral", "baso").replace("_100_um", "").replace("cytoplasm", "cyt")


def _cell(errors: pd.Series) -> str:
    known = errors.dropna()
    return "cannot be told" if known.empty else f"{known.abs().max():.1f} ({known.mean():+.1f})"


def steadiness(say: Callable[[str], None]) -> None:
    """Change what must not matter, and say by how much each measure of villi moves, largest of the sections."""
    names = ("mean_signal", "apical_fraction", "apical_basolateral_ratio", "continuity", "line_strength", "gradient")
    moves: dict[str, list[dict[str, float]]] = {"pixels of 1 µm": [], "half of the field": [], "turned by 90°": []}
    for seed in SEEDS:
        spec = spec_of("occludin")
        drawn = draw_barrier_section(spec, mpp=MPP, seed=seed)
        coarse = draw_barrier_section(spec, mpp=2 * MPP, seed=seed)
        whole = measured(drawn).regions.set_index("region").loc["villus_epithelium"]
        rows, cols = drawn.image.shape
        changed = {
            "pixels of 1 µm": (coarse.image, coarse.labels),
            "half of the field": (drawn.image[:, : cols // 2], drawn.labels.crop(0, 0, rows, cols // 2)),
            "turned by 90°": (np.rot90(drawn.image).copy(), LabelMap(np.rot90(drawn.labels.array).copy(), mpp=MPP)),
        }
        for what, (image, labels) in changed.items():
            row = measure_staining(image, mpp=labels.mpp, labels=labels).regions.set_index("region")
            other = row.loc["villus_epithelium"]
            moves[what].append({name: abs(100 * (other[name] / whole[name] - 1)) for name in names})
    say(f"\n{'moved by, %':20} " + " ".join(f"{name:>24}" for name in names))
    for what, found in moves.items():
        worst = pd.DataFrame(found).max()
        say(f"{what:20} " + " ".join(f"{worst[name]:>24.1f}" for name in names))


def picture_drawn(drawn: DrawnBarrier, name: str) -> None:
    rows, cols = drawn.image.shape[:2]
    window = np.s_[rows // 2 - 100 : rows // 2 + 500, cols // 2 - 350 : cols // 2 + 350]
    picture = drawn.image if drawn.image.ndim == 3 else grey(drawn.image)
    lined = with_lines(picture, drawn.labels, measured(drawn).lines, drawn.mpp)
    between = np.full((600, 10, 3), 255, np.uint8)
    save(np.concatenate([picture[window], between, lined[window]], axis=1), PICTURES / name)


def real(say: Callable[[str], None]) -> None:
    names = (*COLUMNS[:3], "membrane_cytoplasm_ratio", "measured_percent")
    say("\nreal pictures on rough masks; µm/px guessed from nuclei; no truth")
    image, labels = colon()
    found = measure_staining(image, mpp=COLON_MPP, stain="dab", labels=labels)
    save(with_lines(image, labels, found.lines, COLON_MPP, 2), PICTURES / "colon_dab.jpg")
    pictures = {"colon, DAB": (found, "crypt")}
    if DATA.is_dir():
        signal, labels = gallbladder(DATA)
        found = measure_staining(signal, mpp=GALLBLADDER_MPP, labels=labels)
        save(with_lines(grey(signal), labels, found.lines, GALLBLADDER_MPP), PICTURES / "gallbladder_fluorescence.jpg")
        pictures["gallbladder, fluorescence"] = (found, "villus_epithelium")
    for what, (found, region) in pictures.items():
        row, field = found.regions.set_index("region").loc[region], found.field.iloc[0]
        values = ", ".join(f"{name} {row[name]:.3g}" for name in names)
        say(f"{what}: {values}; saturated {field['saturated_percent']:.2g} %, flags: {field['flags'] or 'none'}")


def main() -> None:
    start = time.perf_counter()
    lines: list[str] = []

    def say(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    say(f"errors in per cent of the truth, largest of {len(SEEDS)} drawn sections (mean with its sign), {MPP} µm/px")
    say(f"{'':42} " + " ".join(f"{_short(name):>14}" for name in COLUMNS))
    for protein, stain in DRAWN:
        sections = accuracy(protein, stain, say)
        if (protein, stain) in PICTURED:
            picture_drawn(sections[0], f"drawn_{protein}_{stain}.jpg")
    steadiness(say)
    real(say)
    say(f"\nin {time.perf_counter() - start:.0f} s")
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
