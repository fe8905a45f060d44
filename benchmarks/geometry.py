"""How exactly lengths are measured on label maps whose truth is known, and how long that takes.

Drawn mouse and human sections (strips straight and bent, rings and Swiss rolls, turned, at 0.5, 1 and 2 µm/px, several
of each) are measured; every measured villus and crypt is matched to the drawn one by its free end, every place of the
wall to the nearest drawn one. Errors are in per cent of the truth. Run ``python benchmarks/geometry.py``; the output is
kept in ``benchmarks/results/geometry.txt``. ``--seeds`` says how many are drawn of each; the output says so too. With
``--keep FOLDER`` it can be stopped and goes on where it was, for what was measured by the same code is kept there;
``--minutes`` stops it by itself, and only a run that comes to its end writes its output.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from histo.measure import SectionMeasures, measure_layers, measure_section
from histo.phantom import DrawnTruth, SectionSpec, draw_truth
from histo.types import Compartment, LabelMap

RESULTS = Path(__file__).parent / "results" / "geometry.txt"
MATCH_UM = 25.0
TURNS = (0.0, 17.0, 30.0, 45.0, 60.0, 90.0)
PIXELS = (0.5, 1.0, 2.0)
SIDES = (1000, 2000, 4000, 8000)
N_TIMES = 3
LAYERS = ("mucosa", "crypt_zone", "submucosa", "muscularis")
COLUMNS = ("villus height", "crypt depth", "mucosa", "crypt zone", "submucosa", "muscularis", "VH:CD")


@dataclass(frozen=True)
class Case:
    """A kind of section, which of them are drawn, and how it is turned."""

    name: str
    spec: SectionSpec
    turn: float
    mpp: float
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """What came out of one section: errors by column, shares of villi and crypts accepted, a section's means."""

    errors: dict[str, np.ndarray]
    accepted: np.ndarray
    junction_um: np.ndarray
    means: dict[str, float]

    def write(self, path: Path) -> None:
        """Keep it in a file."""
        means = {f"mean of {name}": mean for name, mean in self.means.items()}
        np.savez(path, accepted=self.accepted, junction_um=self.junction_um, **self.errors, **means)

    @classmethod
    def read(cls, path: Path) -> Outcome:
        """Read a file of `write`."""
        with np.load(path) as kept:
            means = {name.removeprefix("mean of "): float(kept[name]) for name in kept if name.startswith("mean of ")}
            return cls({name: kept[name] for name in COLUMNS}, kept["accepted"], kept["junction_um"], means)


@dataclass
class Found:
    """What came out of all cases, for the summary."""

    errors: dict[str, list[np.ndarray]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    medians: list[dict[str, object]] = field(default_factory=list)
    junction_um: list[np.ndarray] = field(default_factory=list)


@dataclass(frozen=True)
class Kept:
    """Outcomes of earlier runs of the same code, and the time until which new ones are made."""

    folder: Path | None
    until: float

    def outcome(self, case: Case, seed: int) -> Outcome:
        """Look up what came out of a section, or measure it."""
        path = self.folder and self.folder / f"{code_digest()}-{case.name}-{case.turn:g}-{case.mpp:g}-{seed}.npz"
        if path and path.exists():
            return Outcome.read(path)
        if time.monotonic() > self.until:
            sys.exit("time is up; the same call goes on from here")
        made = measure_case(case, seed)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.write(path)
        return made


def code_digest() -> str:
    """Hash of the code that draws and measures, as it was loaded."""
    modules = {
        name: module for name, module in sys.modules.items() if name.startswith(("histo.measure", "histo.phantom"))
    }
    files = (module.__file__ for _, module in sorted(modules.items()))
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files if file)).hexdigest()[:12]


def measure_case(case: Case, seed: int) -> Outcome:
    drawn = draw_truth(case.spec, mpp=case.mpp, seed=seed)
    measures = measure_section(drawn.labels)
    columns = [
        errors(drawn.villi, measures.villi, "tip", "villus_height_um", case.mpp),
        errors(drawn.crypts, measures.crypts, "base", "crypt_depth_um", case.mpp),
        *(layer_errors(drawn.layers, measures.layers, f"{layer}_um", case.mpp) for layer in LAYERS),
        ratio_errors(drawn, measures, case.mpp),
    ]
    accepted = np.array([table["is_accepted"].mean() for table in (measures.villi, measures.crypts)])
    away = junction_errors_um(drawn, measures, case.mpp)
    return Outcome(dict(zip(COLUMNS, columns, strict=True)), accepted, away, values(measures))


def cases(n_seeds: int) -> Iterator[Case]:
    strip = _long(SectionSpec.mouse(), 1600.0)
    bent = replace(strip, wall=replace(strip.wall, bend_deg=25.0))
    kinds = (
        ("mouse strip", strip, TURNS, PIXELS),
        ("mouse strip, bent", bent, (0.0, 45.0), PIXELS),
        ("mouse ring", SectionSpec.mouse("ring"), (0.0, 30.0), PIXELS),
        ("human strip", SectionSpec.human(), (0.0, 30.0, 90.0), (1.0, 2.0)),
        ("mouse roll", _long(SectionSpec.mouse("roll"), 9000.0), (0.0,), (0.5, 1.0)),
        ("mouse roll", SectionSpec.mouse("roll"), (0.0, 30.0), (2.0,)),
    )
    for name, spec, turns, pixels in kinds:
        for turn in turns:
            for mpp in pixels:
                n = min(n_seeds, 2) if spec.shape == "roll" else n_seeds
                yield Case(name, replace(spec, rotation_deg=turn), turn, mpp, tuple(range(11, 11 + n)))


def _long(spec: SectionSpec, length_um: float) -> SectionSpec:
    return replace(spec, wall=replace(spec.wall, length_um=length_um))


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


def ratio_errors(drawn: DrawnTruth, measures: SectionMeasures, mpp: float) -> np.ndarray:
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
        return "     -              "
    return f"{100 * np.median(np.abs(error)):5.2f} {100 * np.mean(error):+6.2f} ({error.size:5d})"


def junction_errors_um(drawn: DrawnTruth, measures: SectionMeasures, mpp: float) -> np.ndarray:
    """Distance of the measured junction from the true one, at every true place but the last few of a cut end."""
    border = drawn.layers[["row", "col"]].to_numpy()
    way = np.gradient(border, axis=0)
    normal = np.stack([-way[:, 1], way[:, 0]], axis=1) / np.linalg.norm(way, axis=1)[:, None]
    true = (border + normal * drawn.layers[["crypt_zone_um"]].to_numpy() / mpp)[2:-2]
    points = measures.junction.points
    if len(points) < 2:
        return np.zeros(0)
    fine = np.concatenate([points[:-1] + share * np.diff(points, axis=0) for share in np.arange(0.0, 1.0, 0.1)])
    return cKDTree(fine).query(true)[0] * mpp


def accuracy(found: Found, n_seeds: int, kept: Kept) -> Iterator[str]:
    yield f"drawn of each kind of section, turn and µm/px: {n_seeds} (at most 2 rolls)"
    yield "median absolute error %, bias % (n); last column: villi/crypts accepted"
    yield f"{'section':18} {'turn':>4} {'µm/px':>5}  " + "  ".join(f"{name:20}" for name in COLUMNS)
    for case in cases(n_seeds):
        outcomes = [kept.outcome(case, seed) for seed in case.seeds]
        pooled = {name: np.concatenate([outcome.errors[name] for outcome in outcomes]) for name in COLUMNS}
        for name in COLUMNS:
            found.errors[name].append(pooled[name])
        for seed, outcome in zip(case.seeds, outcomes, strict=True):
            found.junction_um.append(outcome.junction_um)
            found.medians.append({"name": case.name, "mpp": case.mpp, "seed": seed, "turn": case.turn, **outcome.means})
        text = "  ".join(in_words(pooled[name]) for name in COLUMNS)
        villi, crypts = np.mean([outcome.accepted for outcome in outcomes], axis=0)
        yield f"{case.name:18} {case.turn:4.0f} {case.mpp:5.1f}  {text}  {villi:.2f}/{crypts:.2f}"
    for label, of in (("worst median absolute error %", _median), ("worst bias %", _bias)):
        worst = "  ".join(f"{max((of(e) for e in found.errors[name]), key=abs):<20.2f}" for name in COLUMNS)
        yield f"{label:31} {worst}"
    for label, of in (("all: median absolute error %", _median), ("all: bias %", _bias)):
        yield f"{label:31} " + "  ".join(f"{of(np.concatenate(found.errors[name])):<20.2f}" for name in COLUMNS)
    away = np.concatenate(found.junction_um)
    yield (
        f"villus-crypt junction: median {np.median(away):.2f} µm from the true curve, 99 of 100 places within "
        f"{np.percentile(away, 99):.2f} µm (n {len(away)})"
    )


def _median(error: np.ndarray) -> float:
    return 100 * float(np.median(np.abs(error))) if error.size else 0.0


def _bias(error: np.ndarray) -> float:
    return 100 * float(np.mean(error)) if error.size else 0.0


def values(measures: SectionMeasures) -> dict[str, float]:
    """Say what a section's row would: means over villi and crypts, medians along the wall."""
    villi, crypts = (table[table["is_accepted"]] for table in (measures.villi, measures.crypts))
    return {
        "villus height": villi["villus_height_um"].mean(),
        "crypt depth": crypts["crypt_depth_um"].mean(),
        **{layer: measures.layers[f"{layer}_um"].median() for layer in LAYERS},
        "VH:CD": measures.units["vh_cd"].mean(),
    }


def rotation(found: Found) -> Iterator[str]:
    """How far turning a section moves its values from their mean over all turns."""
    table = pd.DataFrame(found.medians)
    names = [name for name in table.columns if name not in ("name", "mpp", "seed", "turn")]
    yield "rotation: largest move of a section's value from its mean over the turns, %"
    for (name, mpp), group in table.groupby(["name", "mpp"]):
        if group["turn"].nunique() < 2:
            continue
        by_section = group.groupby("seed")[names]
        moved = (group[names] / by_section.transform("mean") - 1).abs().max() * 100
        text = ", ".join(f"{column} {moved[column]:.2f}" for column in names)
        yield f"  {name:18} {mpp:3.1f} µm/px, {group['turn'].nunique()} turns: {text}"


def roll_positions(n_seeds: int) -> Iterator[str]:
    """Position along the gut of every villus in Swiss rolls, whole and torn, against the true arc length."""
    for title, n_tears in (("whole", 0), ("torn across all turns at 3 places", 3)):
        found = []
        for seed in range(21, 21 + n_seeds):
            drawn = draw_truth(SectionSpec.mouse("roll"), mpp=2.0, seed=seed)
            array = torn(drawn.labels.array, drawn.labels.mpp, n_tears, seed)
            measures = measure_section(LabelMap(array, mpp=2.0))
            true, rows = drawn.villi, measures.villi.dropna(subset="position_um")
            away, index = cKDTree(rows[["tip_row", "tip_col"]]).query(true[["tip_row", "tip_col"]])
            length = drawn.layers["position_um"].max() + 5.0
            position = rows["position_um"].to_numpy()[index]
            error = np.abs(position - (length - true["position_um"].to_numpy())) / length
            found.append(error[away * 2.0 <= MATCH_UM])
        error = 100 * np.concatenate(found)
        yield (
            f"Swiss-roll position error, {title}: median {np.median(error):.3f} %, largest {error.max():.3f} % of the "
            f"true arc length ({error.size} villi, {n_seeds} rolls)"
        )


def torn(array: np.ndarray, mpp: float, n: int, seed: int) -> np.ndarray:
    """Cut wedge-free cracks of 400 µm from the middle to the edge."""
    rng = np.random.default_rng(seed)
    rows, cols = np.indices(array.shape, dtype=np.float32)
    row, col = rows - array.shape[0] / 2, cols - array.shape[1] / 2
    out = array.copy()
    for angle in rng.uniform(0, 2 * np.pi) + np.arange(n) * 2 * np.pi / max(n, 1):
        across = np.abs(row * np.cos(angle) - col * np.sin(angle)) * mpp
        out[(across < 200.0) & (row * np.sin(angle) + col * np.cos(angle) > 0)] = 0
    return out


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
    """Processor time for maps of growing area, filled with drawn rings: the best of several."""
    ring = draw_truth(SectionSpec.mouse("ring"), mpp=1.0, seed=5).labels.array
    side = max(ring.shape)
    tile = np.zeros((side, side), dtype=np.uint8)
    tile[: ring.shape[0], : ring.shape[1]] = ring
    best_by: dict[str, list[float]] = {"measure_layers": [], "measure_section": []}
    for n in SIDES:
        copies = -(-n // side)
        labels = LabelMap(np.ascontiguousarray(np.tile(tile, (copies, copies))[:n, :n]), mpp=1.0)
        for call in (measure_layers, measure_section):
            spent, wall = min(timed(call, labels) for _ in range(N_TIMES))
            best_by[call.__name__].append(spent)
            yield (
                f"{call.__name__:15} {n:5d} x {n:<5d} px at 1 µm/px, best of {N_TIMES}: {spent:6.2f} s of processor, "
                f"{wall:6.2f} s of wall clock, {spent / n**2 * 1e6:.3f} s per Mpx"
            )
    for name, best in best_by.items():
        slope = np.polyfit(np.log(np.square(SIDES)), np.log(best), 1)[0]
        last = np.log(best[-1] / best[-2]) / np.log((SIDES[-1] / SIDES[-2]) ** 2)
        yield (
            f"{name}: cost grows with area to the power {slope:.2f} from {SIDES[0]} to {SIDES[-1]} px a side, "
            f"{last:.2f} from {SIDES[-2]} (1 is linear)"
        )


def timed(call: Callable[[LabelMap], object], labels: LabelMap) -> tuple[float, float]:
    """Seconds of processor and of wall clock."""
    start, wall = time.process_time(), time.perf_counter()
    call(labels)
    return time.process_time() - start, time.perf_counter() - wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="sections of each kind (2)")
    parser.add_argument("--keep", type=Path, help="folder to keep what was measured in, to go on from")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="measure no further case after these")
    given = parser.parse_args()
    found = Found()
    kept = Kept(given.keep, time.monotonic() + 60 * given.minutes)
    lines = []
    for part in (
        accuracy(found, given.seeds, kept),
        rotation(found),
        roll_positions(given.seeds),
        [ring_identity()],
        cost(),
    ):
        for line in part:
            print(line, flush=True)
            lines.append(line)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
