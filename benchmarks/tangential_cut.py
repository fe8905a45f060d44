"""What an oblique cut does to villus heights, crypt depths and layers, and what rejecting profiles buys.

Villus fields are drawn in three dimensions (mouse with villi that stand straight up, mouse and human with villi that
sway as in life) and cut by planes that lean from the perpendicular by 0 to 60 degrees, in random directions and places;
every section is measured. Bias is the mean over all profiles against the mean of all villi of the field, in per cent;
beside it stand the standard deviation between the means of sections, in per cent of the truth, and the number of
profiles. ``every`` are all profiles that the edge of the map does not cut, ``standing`` those of them that reach the
junction, ``accepted`` those that histo counts, ``whole`` those whose axis in space stays within a quarter of its width
of the plane: what a perfect judge would keep. The wall lies along the rows of pixels, so that layers are rounded to
them. Run ``python benchmarks/tangential_cut.py``; the table is kept in ``benchmarks/results/tangential_cut.txt``, the
figure in ``docs/images/tangential_cut.png``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.spatial import cKDTree

from histo.measure import measure_section
from histo.phantom.villus_field import CutPlane, VillusField, VillusFieldSpec, cut_field, draw_villus_field
from histo.report.overlay import ACCEPTED_RGB, REJECTED_RGB
from histo.types import Compartment

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "tangential_cut.txt"
FIGURE = ROOT / "docs" / "images" / "tangential_cut.png"

ANGLES_DEG = (0, 5, 10, 15, 20, 30, 45, 60)
SHOWN_DEG, SHOWN_SEED = (0, 10, 20, 45), 1
N_FIELDS, N_PLANES = 4, 3
LENGTH_UM = 1800.0
MPP = 2.0
TIP_MATCH_UM = 40.0
CHOICES = ("every", "standing", "accepted", "whole")
COLOURS = {"every": "0.55", "standing": "#e66101", "accepted": "#00963c", "whole": "black"}
LINES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *(("mouse", choice, {"color": colour, "marker": "o", "markersize": 4}) for choice, colour in COLOURS.items()),
    ("mouse, upright villi", "accepted", {"color": COLOURS["accepted"], "linestyle": "--", "linewidth": 1}),
    ("human", "accepted", {"color": COLOURS["accepted"], "linestyle": ":", "linewidth": 1.4}),
)
LAYERS = ("crypt_zone", "submucosa", "muscularis")


@dataclass(frozen=True)
class Sections:
    """All sections at one angle through the fields of one kind.

    Parameters
    ----------
    villi, crypts, layers, units : DataFrame
        Rows of all sections, with the section's number; villi and crypts also say whether they are ``whole``.
    true_height_um, true_depth_um : float
        Means of the fields.
    """

    villi: pd.DataFrame
    crypts: pd.DataFrame
    layers: pd.DataFrame
    units: pd.DataFrame
    true_height_um: float
    true_depth_um: float


def specs() -> Iterator[tuple[str, VillusFieldSpec]]:
    mouse = VillusFieldSpec.mouse()
    yield "mouse, upright villi", replace(mouse, lean_deg=0.0, bend_deg=0.0)
    yield "mouse", mouse
    yield "human", VillusFieldSpec.human()


def cut_all(fields: list[VillusField], angle_deg: float) -> Sections:
    """Cut every field by planes of one angle and measure them."""
    rng = np.random.default_rng(7)
    tables: dict[str, list[pd.DataFrame]] = {"villi": [], "crypts": [], "layers": [], "units": []}
    for field in fields:
        for _ in range(N_PLANES):
            cut = cut_field(field, any_plane(field.spec, angle_deg, rng), mpp=MPP)
            measures = measure_section(cut.labels)
            found = {
                "villi": with_truth(measures.villi, cut.villi, ("tip", "base"), field.spec.villus_width_um),
                "crypts": with_truth(measures.crypts, cut.crypts, ("base", "mouth"), field.spec.crypt_width_um),
                "layers": measures.layers,
                "units": measures.units,
            }
            for name, table in found.items():
                tables[name].append(table.assign(section=len(tables[name])))
    return Sections(
        **{name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()},
        true_height_um=float(np.mean([field.villi.height_um.mean() for field in fields])),
        true_depth_um=float(np.mean([field.crypts.depth_um.mean() for field in fields])),
    )


def any_plane(spec: VillusFieldSpec, angle_deg: float, rng: np.random.Generator) -> CutPlane:
    """Lay a plane of the angle in any direction, somewhere near the field's middle."""
    azimuth = float(rng.uniform(0, 360))
    return plane_at(spec, angle_deg, azimuth, rng.uniform(-2, 2, 2) * spec.villus_pitch_um)


def plane_at(
    spec: VillusFieldSpec, angle_deg: float, azimuth_deg: float, place_um: np.ndarray, length_um: float = LENGTH_UM
) -> CutPlane:
    """Lay a plane that leans about a place at half the height of the villi."""
    aside = np.array([-np.sin(np.deg2rad(azimuth_deg)), np.cos(np.deg2rad(azimuth_deg))])
    x, y = place_um - 0.5 * spec.villus_height_um * np.tan(np.deg2rad(angle_deg)) * aside
    return CutPlane(angle_deg, azimuth_deg, (float(x), float(y)), length_um)


def with_truth(measured: pd.DataFrame, true: pd.DataFrame, ends: tuple[str, str], width_um: float) -> pd.DataFrame:
    """Say of each profile whether it shows a whole axis: both ends lie at those of one that stays in the plane."""
    whole = true[true["axis_off_um"] <= 0.25 * width_um]
    is_whole = np.zeros(len(measured), dtype=bool)
    if len(whole) and len(measured):
        columns = [f"{end}_{axis}" for end in ends for axis in ("row", "col")]
        theirs, ours = whole[columns].to_numpy(), measured[columns].to_numpy()
        away, index = cKDTree(theirs[:, :2]).query(ours[:, :2])
        foot = np.linalg.norm(theirs[index, 2:] - ours[:, 2:], axis=1)
        is_whole = np.maximum(away, foot) * MPP <= TIP_MATCH_UM
    return measured.assign(is_whole=is_whole)


def chosen(table: pd.DataFrame, choice: str) -> pd.DataFrame:
    reason = table["reject_reason"]
    is_seen = ~reason.isin(["cut_at_border", "too_small"])
    return table[
        {
            "every": is_seen,
            "standing": is_seen & ~reason.isin(["detached", "no_junction"]),
            "accepted": table["is_accepted"],
            "whole": is_seen & table["is_whole"],
        }[choice]
    ]


def bias(table: pd.DataFrame, column: str, truth: float) -> tuple[float, float, int]:
    """Bias and standard deviation between sections, per cent of the truth, and the number of rows."""
    table = table[table[column].notna()]
    if table.empty:
        return np.nan, np.nan, 0
    of_section = table.groupby("section")[column].mean()
    spread = float(of_section.std()) if len(of_section) > 1 else np.nan
    return 100 * (float(table[column].mean()) / truth - 1), 100 * spread / truth, len(table)


def height_bias(cut: Sections, choice: str) -> tuple[float, float, int]:
    return bias(chosen(cut.villi, choice), "villus_height_um", cut.true_height_um)


def depth_bias(cut: Sections, choice: str) -> tuple[float, float, int]:
    return bias(chosen(cut.crypts, choice), "crypt_depth_um", cut.true_depth_um)


def in_words(error: tuple[float, float, int]) -> str:
    mean, spread, n = error
    return f"{'-':>6} {'':>5} {n:5d}" if n == 0 else f"{mean:+6.1f} {spread:5.1f} {n:5d}"


def table_lines(name: str, spec: VillusFieldSpec, all_sections: dict[int, Sections]) -> Iterator[str]:
    yield ""
    some = all_sections[0]
    yield (
        f"{name}: villi {some.true_height_um:.0f} µm, crypts {some.true_depth_um:.0f} µm (true means); "
        f"{N_FIELDS * N_PLANES} sections of {LENGTH_UM / 1000:g} mm an angle"
    )
    yield f"{'':5} {'villus height: bias %, SD between sections %, n':74}"
    yield f"{'angle':5} " + " ".join(f"{choice:>18}" for choice in CHOICES) + f" {'whole of accepted %':>20}"
    for angle, cut in all_sections.items():
        words = [in_words(height_bias(cut, choice)) for choice in CHOICES]
        yield f"{angle:5d} " + " ".join(words) + f" {whole_share(cut.villi):>20}"
    yield f"{'':5} {'crypt depth':74}"
    for angle, cut in all_sections.items():
        words = [in_words(depth_bias(cut, choice)) for choice in CHOICES]
        yield f"{angle:5d} " + " ".join(words) + f" {whole_share(cut.crypts):>20}"
    yield f"{'':5} {'VH:CD':>18} " + " ".join(f"{layer:>18}" for layer in LAYERS) + f" {'1/cos - 1, %':>20}"
    truth = thickness_um(spec)
    for angle, cut in all_sections.items():
        words = [in_words(bias(cut.units, "vh_cd", cut.true_height_um / cut.true_depth_um))]
        words += [in_words(bias(cut.layers, f"{layer}_um", truth[layer])) for layer in LAYERS]
        yield f"{angle:5d} " + " ".join(words) + f" {100 * stretch(angle):20.1f}"


def whole_share(table: pd.DataFrame) -> str:
    accepted = chosen(table, "accepted")
    return f"{100 * accepted['is_whole'].mean():.0f}" if len(accepted) else "-"


def stretch(angle_deg: float | np.ndarray) -> np.ndarray:
    return 1 / np.cos(np.deg2rad(angle_deg)) - 1


def thickness_um(spec: VillusFieldSpec) -> dict[str, float]:
    return {"crypt_zone": spec.crypt_zone_um, "submucosa": spec.submucosa_um, "muscularis": spec.muscularis_um}


def draw_figure(results: dict[str, dict[int, Sections]]) -> None:
    """Draw four sections of the same mucosa, and below them the biases."""
    figure = Figure(figsize=(13, 8.2), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.15, 1))
    field = draw_villus_field(VillusFieldSpec.mouse(), seed=SHOWN_SEED)
    for axes, angle in zip(above.subplots(1, len(SHOWN_DEG), sharey=True), SHOWN_DEG, strict=True):
        draw_section(axes, field, angle)
    heights, depths, counts, layers = below.subplots(1, 4)
    draw_biases(heights, results, height_bias, "villus height, bias %")
    draw_biases(depths, results, depth_bias, "crypt depth, bias %")
    draw_counts(counts, results["mouse"])
    draw_layers(layers, results["human"], VillusFieldSpec.human())
    for axes in (heights, depths, counts, layers):
        axes.set_xlabel("angle of the cut, degrees")
        axes.spines[["top", "right"]].set_visible(False)
    below.legend(handles=heights.get_lines()[1:], loc="outside upper left", ncols=len(LINES), frameon=False, fontsize=9)
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=110)


def draw_section(axes: Axes, field: VillusField, angle_deg: int) -> None:
    """Show the compartments of a cut, with the axes that count in green and the others in red."""
    cut = cut_field(field, plane_at(field.spec, angle_deg, 25.0, np.array([60.0, 0.0]), 1000.0), mpp=MPP)
    measures = measure_section(cut.labels)
    colours = np.array([compartment.rgb for compartment in Compartment], np.uint8)
    rows, cols = cut.labels.shape
    axes.imshow(colours[cut.labels.array], extent=(0, cols * MPP, 0, rows * MPP), interpolation="nearest")
    for table, lines in ((measures.villi, measures.villus_lines), (measures.crypts, measures.crypt_lines)):
        for is_accepted, line in zip(table["is_accepted"], lines, strict=True):
            x, y = (line[:, 1] + 0.5) * MPP, (rows - line[:, 0] - 0.5) * MPP
            axes.plot(x, y, color=np.array(ACCEPTED_RGB if is_accepted else REJECTED_RGB) / 255, linewidth=1.6)
    axes.set(title=f"cut at {angle_deg} degrees", xlim=(0, cols * MPP), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def draw_biases(
    axes: Axes,
    results: dict[str, dict[int, Sections]],
    bias_of: Callable[[Sections, str], tuple[float, float, int]],
    label: str,
) -> None:
    axes.axhline(0, color="0.6", linewidth=0.8)
    for name, choice, style in LINES:
        biases = [bias_of(cut, choice)[0] for cut in results[name].values()]
        axes.plot(list(results[name]), biases, label=f"{name}: {choice}", **style)
    axes.set(ylabel=label, ylim=(-85, 15))


def draw_counts(axes: Axes, cuts: dict[int, Sections]) -> None:
    length_mm = N_FIELDS * N_PLANES * LENGTH_UM / 1000
    for choice, colour in COLOURS.items():
        counts = [len(chosen(cut.villi, choice)) / length_mm for cut in cuts.values()]
        axes.plot(list(cuts), counts, "o-", color=colour, markersize=4)
    axes.set(ylabel="villi per mm of wall", ylim=(0, 15))


def draw_layers(axes: Axes, cuts: dict[int, Sections], spec: VillusFieldSpec) -> None:
    smooth = np.linspace(0, max(ANGLES_DEG), 100)
    axes.plot(smooth, 100 * stretch(smooth), color="0.6", label="1/cos - 1")
    for layer, marker in zip(LAYERS, "os^", strict=True):
        biases = [bias(cut.layers, f"{layer}_um", thickness_um(spec)[layer])[0] for cut in cuts.values()]
        axes.plot(list(cuts), biases, marker, markersize=5, label=f"human: {layer.replace('_', ' ')}")
    axes.set(ylabel="layer thickness, bias %")
    axes.legend(frameon=False)


def main() -> None:
    results = {}
    lines = [f"fields cut at {MPP:g} µm/px"]
    print(lines[0])
    for name, spec in specs():
        fields = [draw_villus_field(spec, seed=seed) for seed in range(N_FIELDS)]
        results[name] = {angle: cut_all(fields, angle) for angle in ANGLES_DEG}
        for line in table_lines(name, spec, results[name]):
            print(line, flush=True)
            lines.append(line)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draw_figure(results)


if __name__ == "__main__":
    main()
