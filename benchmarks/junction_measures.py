"""How exactly junction networks are measured, and what moves when field of view, pixel or direction change.

Drawn fields, whose curves, gaps and cells are known: once from maps that are exact, which judges tracing and measuring
alone, once from what is seen on the picture. Then the same tissue in four quarters and as one field, on pixels twice as
large, and turned: by how much does each number of the field move? IJOQ and TiJOR as published are beside ours. Then the
real sets and the tables that come with them. ``python benchmarks/junction_measures.py [--model NAME]``; without a model
junctions are seen by the ridge filter. The output is kept in ``benchmarks/results/junction_measures_<model>.txt``,
overlays in ``docs/images/junctions``. Real sets need HISTO_DATA, or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import tifffile
from parts.junction_fields import (
    JANAP_FIELDS,
    JANAP_MPP,
    WIS_FIELDS,
    WIS_MPP,
    ZO1_FIELDS,
    ZO1_MPP,
    course_of,
    enclosed_regions,
    matched,
    outline_labels,
    read_wis,
    read_zo1,
)
from parts.junction_pictures import draw_network
from parts.pictures import find_pictures
from PIL import Image

from histo.junction_maps import JunctionMaps
from histo.measure.junction import JunctionMeasures, measure_network, trace_network
from histo.phantom.junction import DrawnJunctions, MonolayerSpec, draw_monolayer
from histo.segmentation.junction import find_junctions

HERE = Path(__file__).parent
PICTURES = HERE.parent / "docs" / "images" / "junctions"
SIDE_UM, SEEDS, GAPS = 60.0, (31, 32), 0.2
WIDE_UM, TURNS = 120.0, (17.0, 45.0, 90.0)
WINDOW_PX = 640
# Of sets whose licence lets their pictures be shown.
SHOWN = (
    *(f"wis_{name}" for name in WIS_FIELDS),
    "zo1_MDCK_wt_Zo_1_1",
    "zo1_MDCK_Myo1c_KO_Zo_1_1",
)
EXTENSIVE = ("area_mm2", "n_junctions", "n_cells", "n_cells_cut")
See = Callable[[np.ndarray, float], JunctionMaps]
Say = Callable[[str], None]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--model", default="ridge")
    options.add_argument("--only", choices=("drawn", "moves", "wis", "zo1", "janap"), nargs="*")
    chosen = options.parse_args()
    lines: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        lines.append(text)

    def see(image: np.ndarray, mpp: float) -> JunctionMaps:
        return find_junctions(image.astype(np.float32), mpp=mpp, model=chosen.model)

    say(f"junctions seen by: {chosen.model}")
    parts = {"drawn": drawn_fields, "moves": moves, "wis": wis, "zo1": zo1, "janap": janap}
    for name, part in parts.items():
        if not chosen.only or name in chosen.only:
            say("")
            part(see, say)
    if not chosen.only:
        results = HERE / "results" / f"junction_measures_{Path(chosen.model).name}.txt"
        results.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def specs(side_um: float) -> dict[str, MonolayerSpec]:
    looks = {
        "plain": MonolayerSpec(),
        "control": MonolayerSpec.control(),
        "zigzag": MonolayerSpec.zigzag(),
        "flowers": MonolayerSpec.flowers(),
    }
    return {
        name: replace(
            spec, height_um=side_um, width_um=side_um, stain=replace(spec.stain, gap_fraction=GAPS), top_um=0.0
        )
        for name, spec in looks.items()
    }


def measured(maps: JunctionMaps, signal: np.ndarray) -> JunctionMeasures:
    return measure_network(trace_network(maps), signal.astype(np.float32))


def drawn_fields(see: See, say: Say) -> None:
    say(f"Drawn fields of {SIDE_UM:.0f} µm with gaps, {len(SEEDS)} of each kind: what is found less what is true")
    say(f"{'':9}{'µm/px':>6} {'maps':6}{'length %':>10}{'gap points':>12}{'straightness':>14}{'cells':>12}")
    for name, spec in specs(SIDE_UM).items():
        for mpp in (0.1, 0.2):
            fields = [draw_monolayer(spec, mpp=mpp, seed=seed) for seed in SEEDS]
            ways = {
                "exact": lambda one: course_of(one).maps(one.image.shape),
                "seen": lambda one: see(one.image, one.mpp),
            }
            for way, maps_of in ways.items():
                off = np.array([errors(one, measured(maps_of(one), one.image)) for one in fields])
                cells = f"{off[:, 3].sum():.0f}/{off[:, 4].sum():.0f}"
                say(
                    f"{name:9}{mpp:6.1f} {way:6}"
                    + "".join(
                        f"{mean:+{width}.{digits}f}"
                        for mean, width, digits in zip(off.mean(axis=0)[:3], (10, 12, 14), (2, 2, 3), strict=True)
                    )
                    + f"{cells:>12}"
                )


def errors(truth: DrawnJunctions, found: JunctionMeasures) -> tuple[float, ...]:
    """Length in per cent, gap fraction in points, straightness, whole cells found and true."""
    field, true = found.field.iloc[0], truth.field.iloc[0]
    return (
        100 * (field["network_length_mm_per_mm2"] / true["network_length_mm_per_mm2"] - 1),
        100 * (field["gap_fraction"] - true["gap_fraction"]),
        found.junctions.loc[found.junctions["is_whole"], "straightness"].mean() - true["mean_straightness"],
        field["n_cells"],
        true["n_cells"],
    )


def moves(see: See, say: Say) -> None:
    spec = specs(WIDE_UM)["plain"]
    say(f"One drawn tissue of {WIDE_UM:.0f} µm: by how much (%) each number of the field moves")
    columns = {}
    whole = draw_monolayer(spec, mpp=0.2, seed=SEEDS[0])
    for way in ("exact", "seen"):
        maps = exact if way == "exact" else lambda one: see(one.image, one.mpp)
        base = numbers(measured(maps(whole), whole.image))
        columns[f"{way}: view / 2"] = change(base, quarters(spec, maps))
        fine = draw_monolayer(spec, mpp=0.1, seed=SEEDS[0])
        columns[f"{way}: px / 2"] = change(base, numbers(measured(maps(fine), fine.image)))
    columns["exact: turned"] = turned(whole)
    table = pd.DataFrame(columns)
    say(table.round(2).to_string())
    ours = table[~table.index.str.endswith("_original")]
    say(
        "largest move of ours: "
        + "; ".join(f"{name} {ours[name].abs().max():.1f} % ({ours[name].abs().idxmax()})" for name in ours)
    )


def exact(drawn: DrawnJunctions) -> JunctionMaps:
    return course_of(drawn).maps(drawn.image.shape)


def numbers(measures: JunctionMeasures) -> pd.Series:
    return measures.field.iloc[0].drop([*EXTENSIVE, "compartment"]).astype(float)


def change(base: pd.Series, other: pd.Series) -> pd.Series:
    return 100 * (other / base - 1)


def quarters(spec: MonolayerSpec, maps: Callable[[DrawnJunctions], JunctionMaps]) -> pd.Series:
    """Measure the same tissue as four fields of half the width and height, and average."""
    half = WIDE_UM / 2
    found = []
    for top in (0.0, half):
        for left in (0.0, half):
            window = replace(spec, top_um=top, left_um=left, height_um=half, width_um=half)
            one = draw_monolayer(window, mpp=0.2, seed=SEEDS[0])
            found.append(numbers(measured(maps(one), one.image)))
    return pd.concat(found, axis=1).mean(axis=1)


def turned(whole: DrawnJunctions) -> pd.Series:
    """Turn the curves and measure what lies within the same circle: the largest move over all turns."""
    course, shape = course_of(whole), whole.image.shape
    straight = in_circle(measured(course.maps(shape), whole.image))
    worst = pd.Series(0.0, index=straight.index)
    for degrees in TURNS:
        picture = cv2.warpAffine(
            whole.image.astype(np.float32),
            cv2.getRotationMatrix2D(((shape[1] - 1) / 2, (shape[0] - 1) / 2), degrees, 1.0),
            shape[::-1],
            flags=cv2.INTER_LANCZOS4,
            borderMode=cv2.BORDER_REFLECT,
        )
        move = change(straight, in_circle(measured(course.turned(degrees, shape).maps(shape), picture)))
        worst = worst.where(worst.abs() > move.abs(), move)
    return worst


def in_circle(measures: JunctionMeasures) -> pd.Series:
    """Sum junctions and cells up whose middle lies in the circle that every turn of the field shows."""
    middle, radius = (np.array(measures.network.shape) - 1) / 2, 0.42 * min(measures.network.shape)
    junctions, cells = measures.junctions, measures.cells
    ends = junctions[["start_row", "start_col", "end_row", "end_col"]].to_numpy()
    junctions = junctions[np.hypot(*((ends[:, :2] + ends[:, 2:]) / 2 - middle).T) < radius]
    cells = cells[np.hypot(*(cells[["row", "col"]].to_numpy() - middle).T) < radius]
    length = junctions["length_um"].sum()
    return pd.Series(
        {
            "network_length_mm_per_mm2": length,
            "gap_fraction": junctions["gap_length_um"].sum() / length,
            "mean_straightness": junctions["straightness"].mean(),
            "mean_junction_um": junctions["length_um"].mean(),
            "mean_width_um": junctions["width_um"].mean(),
            "mean_intensity": junctions["mean_intensity"].mean(),
            "mean_interface_occupancy": junctions["interface_occupancy"].mean(),
            "mean_cluster_density": junctions["cluster_density"].mean(),
            "mean_cell_um2": cells["area_um2"].mean(),
            "mean_perimeter_um": cells["perimeter_um"].mean(),
            "mean_roughness": cells["roughness"].mean(),
            "mean_solidity": cells["solidity"].mean(),
            "mean_neighbours": cells["n_neighbours"].mean(),
        }
    )


def wis(see: See, say: Say) -> None:
    folder = Path(os.environ["HISTO_DATA"]) / "tj-wis"
    say(f"tj-wis (pixel size unknown, taken for {WIS_MPP} µm): cells seen whole, straightness, areas of matched cells")
    say(
        f"{'':18}{'cells':>7}{'table':>7}{'straightness':>14}{'plain':>7}{'as WIS':>8}{'table':>7}"
        f"{'matched':>9}{'area r':>8}"
    )
    for name in WIS_FIELDS:
        image, cells, branches, outlines = read_wis(folder, name)
        found = measured(see(image, WIS_MPP), image)
        field = found.field.iloc[0]
        pairs = list(matched(found.network.cell_labels, outline_labels(outlines, image.shape)))
        r = area_r(found.cells, pairs, cells["Area"].to_numpy())
        say(
            f"{name:18}{field['n_cells']:7.0f}{len(cells):7d}{field['mean_straightness']:14.3f}"
            f"{found.junctions['straightness'].mean():7.3f}{field['straightness_original']:8.3f}"
            f"{branches['Straightness'].mean():7.3f}{len(pairs):9d}{r:8.3f}"
        )
        save(image, found, f"wis_{name}")


def area_r(cells: pd.DataFrame, pairs: list[tuple[int, int]], truth: np.ndarray, column: str = "area_um2") -> float:
    """Correlate matched cells; the truth in the order of its numbers, 1 upwards."""
    if len(pairs) < 3:
        return float("nan")
    ours = cells.set_index("cell_id").loc[[found for found, _ in pairs], column]
    return float(np.corrcoef(ours, truth[[true - 1 for _, true in pairs]])[0, 1])


def zo1(see: See, say: Say) -> None:
    folder = Path(os.environ["HISTO_DATA"]) / "tj-zo1-mdck"
    say("tj-zo1-mdck: fields, and cells matched with the rows of the tables that a mesh of their mask belongs to")
    say(
        f"{'':22}{'cells':>6}{'µm²':>7}{'table':>7}{'straightness':>14}{'roughness':>11}{'circularity':>13}"
        f"{'table':>7}{'matched':>9}{'area r':>8}{'perim. r':>10}"
    )
    every = []
    for name in ZO1_FIELDS:
        image, mask, table = read_zo1(folder, name)
        found = measured(see(image, ZO1_MPP), image)
        meshes, known = enclosed_regions(mask, table, ZO1_MPP)
        truth = np.zeros_like(meshes)
        for number, row in enumerate(known.itertuples(), start=1):
            truth[meshes == row.label] = number
        pairs = list(matched(found.network.cell_labels, truth))
        rs = [area_r(found.cells, pairs, known[column].to_numpy(), column) for column in ("area_um2", "perimeter_um")]
        field = found.field.iloc[0]
        say(
            f"{name:22}{field['n_cells']:6.0f}{field['mean_cell_um2']:7.0f}{table['area_um2'].mean():7.0f}"
            f"{field['mean_straightness']:14.3f}{field['mean_roughness']:11.2f}{1 / field['mean_roughness']:13.3f}"
            f"{table['circularity'].mean():7.3f}{f'{len(pairs)}/{len(known)}':>9}{rs[0]:8.3f}{rs[1]:10.3f}"
        )
        ours = found.cells.set_index("cell_id").loc[[one for one, _ in pairs], ["area_um2", "perimeter_um"]].to_numpy()
        theirs = known[["area_um2", "perimeter_um"]].to_numpy()[[true - 1 for _, true in pairs]]
        every.append(np.hstack([ours, theirs]))
        save(image, found, f"zo1_{name}")
    pooled = np.vstack(every)
    rs = [np.corrcoef(pooled[:, at], pooled[:, at + 2])[0, 1] for at in (0, 1)]
    say(f"all fields: {len(pooled)} matched cells, area r {rs[0]:.3f}, perimeter r {rs[1]:.3f}")


def janap(see: See, say: Say) -> None:
    folder = Path(os.environ["HISTO_DATA"]) / "tj-bcatenin-janap"
    say("tj-bcatenin-janap: four fields, one of each condition on each substrate; n is 2 a group, so no test is made")
    shown = (
        "network_length_mm_per_mm2",
        "gap_fraction",
        "mean_straightness",
        "mean_width_um",
        "mean_interface_occupancy",
    )
    rows = {}
    for name in JANAP_FIELDS:
        image = tifffile.imread(folder / f"{name}_FITC.tif")
        found = measured(see(image, JANAP_MPP), image)
        rows[name] = found.field.iloc[0][list(shown)].astype(float)
        save(image, found, f"janap_{name}")
    table = pd.DataFrame(rows).T
    table.loc["TNF - control, soft"] = table.loc["TNF_soft"] - table.loc["control_soft"]
    table.loc["TNF - control, stiff"] = table.loc["TNF_stiff"] - table.loc["control_stiff"]
    say(table.round(3).to_string())


def save(image: np.ndarray, found: JunctionMeasures, name: str) -> None:
    if name not in SHOWN:
        return
    PICTURES.mkdir(parents=True, exist_ok=True)
    rows, cols = ((side - WINDOW_PX) // 2 for side in image.shape)
    window = np.s_[rows : rows + WINDOW_PX, cols : cols + WINDOW_PX]
    drawn = draw_network(image, found.network)[window]
    Image.fromarray(drawn).quantize(128, Image.Quantize.MAXCOVERAGE).save(PICTURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    find_pictures()
    sys.exit(main())
