"""How exactly cells are counted where they lie, given their true places, and how long a million of them take.

Drawn mouse and human sections with an infiltrate of the whole wall hold known numbers of cells in compartments of known
area, both read off a drawing at 0.5 µm/px. The same cells are then counted on label maps of the same sections drawn at
0.5, 1 and 2 µm/px. Errors are in per cent of the truth: the largest of the sections, and their mean with its sign.
Beside them stands by how much the drawn density departs from the one asked for, which is chance. Then follicles are
taken off the map, and found again from the cells; the extent of drawn infiltrates is named beside drawn controls; and a
section of a million cells is timed, beside what a k-d tree takes to count pairs of its lymphocytes alone. Run ``python
benchmarks/infiltrate.py``; the output is kept in ``benchmarks/results/infiltrate.txt``.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from histo.measure import ControlLimits, InfiltrateMeasures, assign_phenotypes, measure_infiltrate
from histo.phantom import CellSpec, DrawnTruth, InflammatoryDensity, SectionSpec, draw_truth
from histo.phantom.cell_spec import Extent
from histo.types import CellClass, Compartment, LabelMap

RESULTS = Path(__file__).parent / "results" / "infiltrate.txt"
SEEDS = (21, 22, 23)
PIXELS = (0.5, 1.0, 2.0)
COMPARTMENTS = (
    Compartment.VILLUS_EPITHELIUM,
    Compartment.VILLUS_LAMINA_PROPRIA,
    Compartment.CRYPT,
    Compartment.LAMINA_PROPRIA,
    Compartment.SUBMUCOSA,
    Compartment.MUSCULARIS,
)
CELLS = CellSpec(
    lymphocyte_per_mm2=5200.0,
    granulocyte_per_mm2=900.0,
    crypt_zone=InflammatoryDensity(lymphocyte_per_mm2=3800.0, granulocyte_per_mm2=1400.0),
    submucosa=InflammatoryDensity(lymphocyte_per_mm2=1800.0, granulocyte_per_mm2=700.0),
    muscularis=InflammatoryDensity(lymphocyte_per_mm2=1200.0, granulocyte_per_mm2=500.0),
    iel_per_100=24.0,
)
ASKED = {
    Compartment.VILLUS_LAMINA_PROPRIA: 5200.0 + 900.0,
    Compartment.LAMINA_PROPRIA: 3800.0 + 1400.0,
    Compartment.SUBMUCOSA: 1800.0 + 700.0,
    Compartment.MUSCULARIS: 1200.0 + 500.0,
}
RULES = {"Treg": "CD4+ & Foxp3+", "Th17": "CD4+ & IL17+"}


def sections() -> dict[str, SectionSpec]:
    strip, human = SectionSpec.mouse(), SectionSpec.human()
    specs = {
        "mouse strip": replace(strip, wall=replace(strip.wall, bend_deg=15.0)),
        "mouse ring": SectionSpec.mouse("ring"),
        "human strip": replace(human, wall=replace(human.wall, length_um=2600.0)),
    }
    return {name: replace(spec, cells=CELLS, rotation_deg=20.0) for name, spec in specs.items()}


def on_slide(truth: DrawnTruth, slide_mpp: float) -> LabelMap:
    """Take the label map of a drawing for that of a finer slide."""
    return LabelMap(truth.labels.array, mpp=truth.labels.mpp, slide_mpp=slide_mpp)


def counted(truth: DrawnTruth, compartment: Compartment) -> tuple[int, float]:
    """Inflammatory cells that were drawn in a compartment, and its area in mm²."""
    here = truth.cells["compartment"] == compartment.label
    inflammatory = truth.cells["cell_class"].isin([member for member in CellClass if member.is_inflammatory])
    return int((here & inflammatory).sum()), truth.labels.area_um2(compartment) / 1e6


def errors(name: str, spec: SectionSpec, say: Callable[[str], None]) -> None:
    truths = {seed: draw_truth(spec, mpp=PIXELS[0], seed=seed) for seed in SEEDS}
    drawn = {c: [counted(truth, c) for truth in truths.values()] for c in COMPARTMENTS}
    iel = [true_iel(truth) for truth in truths.values()]
    for mpp in PIXELS:
        found = []
        for seed, truth in truths.items():
            coarse = truth if mpp == PIXELS[0] else draw_truth(spec, mpp=mpp, seed=seed)
            cells = truth.cells.drop(columns="compartment")
            found.append(measure_infiltrate(cells, on_slide(coarse, PIXELS[0])))
        for compartment in COMPARTMENTS:
            pairs = zip(found, drawn[compartment], strict=True)
            off = [100 * (one.density_per_mm2(compartment.label) / (n / area) - 1) for one, (n, area) in pairs if n]
            asked = ASKED.get(compartment)
            densities = [n / area for n, area in drawn[compartment]]
            chance = "" if asked is None else f"{100 * (np.mean(densities) / asked - 1):+7.1f}"
            n_cells = sum(n for n, _ in drawn[compartment])
            if off:
                say(row(name, mpp, compartment.label, n_cells, np.array(off)) + chance)
        off = [
            100 * (one.infiltrate["iel_per_100"].item() / value - 1) for one, (_, value) in zip(found, iel, strict=True)
        ]
        n_iel = sum(n for n, _ in iel)
        asked_iel = 100 * (np.mean([value for _, value in iel]) / CELLS.iel_per_100 - 1)
        say(row(name, mpp, "IEL/100", n_iel, np.array(off)) + f"{asked_iel:+7.1f}")


def true_iel(truth: DrawnTruth) -> tuple[int, float]:
    villous = truth.cells[truth.cells["compartment"] == "villus_epithelium"]
    counts = villous["cell_class"].value_counts()
    return int(counts["lymphocyte"]), 100 * counts["lymphocyte"] / counts["epithelial"]


def row(name: str, mpp: float, what: str, n: int, off: np.ndarray) -> str:
    return f"{name:<12}{mpp:>6.1f}  {what:<22}{n:>7}{np.abs(off).max():>9.2f}{off.mean():>+8.2f}"


def follicles(say: Callable[[str], None]) -> None:
    """Take follicles off the map and find them again."""
    spec = sections()["mouse ring"]
    spec = replace(spec, wall=replace(spec.wall, follicles=3, submucosa_um=90.0))
    say("\nFollicles taken off the map (drawn mouse rings, 1 µm/px): submucosa and lamina propria beside the truth")
    for seed in SEEDS:
        truth = draw_truth(spec, mpp=1.0, seed=seed)
        shown = measure_infiltrate(truth.cells, truth.labels)
        bare = truth.labels.array.copy()
        lymphoid = bare == Compartment.LYMPHOID
        bare[lymphoid] = Compartment.SUBMUCOSA
        found = measure_infiltrate(truth.cells, LabelMap(bare, mpp=1.0))
        area = found.follicles["follicle_area_um2"].sum() / max(lymphoid.sum(), 1)
        parts = [
            f"{layer} {100 * (found.density_per_mm2(layer) / shown.density_per_mm2(layer) - 1):+.1f} %"
            for layer in ("submucosa", "lamina_propria")
        ]
        left_in = inflammatory_in(truth, bare == Compartment.SUBMUCOSA) / shown.density_per_mm2("submucosa")
        say(
            f"  seed {seed}: {len(found.follicles)} found of {len(shown.follicles)}, {100 * area:.0f} % of their area; "
            f"{', '.join(parts)} (were they left in, the submucosa would be {left_in:.1f} times the truth)"
        )


def inflammatory_in(truth: DrawnTruth, mask: np.ndarray) -> float:
    """Density of inflammatory cells over a mask, follicles and all."""
    inflammatory = truth.cells[truth.cells["cell_class"].isin(["lymphocyte", "granulocyte"])]
    at = np.rint(inflammatory[["row", "col"]].to_numpy()).astype(int)
    inside = mask[np.clip(at[:, 0], 0, mask.shape[0] - 1), np.clip(at[:, 1], 0, mask.shape[1] - 1)]
    return float(inside.sum() / (mask.sum() / 1e6))


def extents(say: Callable[[str], None]) -> None:
    """Name the extent of drawn infiltrates beside drawn controls."""
    base = SectionSpec.mouse()
    base = replace(base, wall=replace(base.wall, length_um=1800.0))
    rng = np.random.default_rng(3)

    def measure(extent: Extent, seed: int, limits: ControlLimits | None) -> InfiltrateMeasures:
        # Animals differ: 7 % in the density of lymphocytes, as in drawn cohorts.
        factor = float(np.exp(rng.normal(0, 0.07)))
        cells = replace(base.cells, lymphocyte_per_mm2=base.cells.lymphocyte_per_mm2 * factor)
        truth = draw_truth(replace(base, cells=cells.infiltrated(extent)), mpp=2.0, seed=seed)
        return measure_infiltrate(truth.cells, truth.labels, limits=limits)

    controls = [measure("none", seed, None).infiltrate.assign(animal=str(seed)) for seed in range(5)]
    limits = ControlLimits.from_controls(pd.concat(controls))
    say("\nExtent of drawn infiltrates beside the limits of 5 drawn controls (mouse strips of 1.8 mm): named right")
    for number, extent in enumerate(get_args(Extent)):
        found = [
            measure(extent, 100 + 10 * number + seed, limits).infiltrate["infiltrate_extent"].item()
            for seed in range(4)
        ]
        say(f"  {extent:<11}{found.count(extent)} of {len(found)}" + other_names(found, extent))


def other_names(found: list[str], extent: str) -> str:
    others = sorted({name for name in found if name != extent})
    return f" (else {', '.join(others)})" if others else ""


def million(say: Callable[[str], None]) -> None:
    """Time a section of a million cells: one drawn ring, many times side by side."""
    truth = draw_truth(replace(SectionSpec.mouse("ring"), cells=CELLS), mpp=2.0, seed=5)
    n = int(np.ceil(1e6 / len(truth.cells)))
    columns = int(np.ceil(n**0.5))
    height, width = truth.labels.shape
    array = np.tile(truth.labels.array, (-(-n // columns), columns))
    parts = [
        truth.cells.assign(
            row=truth.cells["row"] + (i // columns) * height, col=truth.cells["col"] + (i % columns) * width
        )
        for i in range(n)
    ]
    cells = pd.concat(parts, ignore_index=True).iloc[:1_000_000]
    crypts = truth.crypts.assign(is_accepted=True)
    labels = LabelMap(array, mpp=2.0)
    phenotypes = assign_phenotypes(cells, RULES)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # Seconds of the processor: the machine may have other work.
    start = time.process_time()
    found = measure_infiltrate(cells, labels, phenotypes=phenotypes, crypts=crypts)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(
        f"\n{len(cells):,} cells on a map of {array.shape[0]:,} x {array.shape[1]:,} px of 2 µm: {seconds:.1f} s, "
        f"memory {before:,.0f} -> {peak:,.0f} MiB; {len(found.densities)} densities, {len(found.clustering)} of L"
    )
    peer(cells[found.cells["compartment"].isin(["villus_lamina_propria", "lamina_propria"])], seconds, say)


def peer(cells: pd.DataFrame, seconds: float, say: Callable[[str], None]) -> None:
    """Count pairs of the same lymphocytes with a k-d tree, which corrects for no edges."""
    radii = [20.0, 40.0, 80.0]
    start = time.process_time()
    for chosen in (cells["cell_class"] == "lymphocyte", cells["cell_class"].isin(["lymphocyte", "granulocyte"])):
        tree = cKDTree(cells.loc[chosen, ["row", "col"]].to_numpy() * 2.0)
        tree.count_neighbors(tree, radii)
    taken = time.process_time() - start
    say(
        f"Pairs of 2 populations of the lamina propria by scipy's k-d tree, without edges or limits: {taken:.1f} s;"
        f" all of the above took {seconds / taken:.2f} times as long (processor seconds, one thread)"
    )


def main() -> None:
    lines: list[str] = []

    def say(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    head = f"{'section':<12}{'µm/px':>6}  {'inflammatory cells of':<22}{'cells':>7}{'max %':>9}{'mean %':>8}"
    say(f"{head}  drawn/asked %")
    for name, spec in sections().items():
        errors(name, spec, say)
    follicles(say)
    extents(say)
    million(say)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
