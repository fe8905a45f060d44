"""How well junctions are seen: the network, where there is one, beside the ridge filter in the same run.

Judged on what the network of ``models/junctions-v1/train.toml`` is not trained on: two pictures of ``tj-zo1-mdck``
(masks by machine), one of ``tj-wis`` (outlines of cells by machine), drawn monolayers and drawn gut sections (all
known). Lines count as met within 3 pixels of the picture. The settings of the ridge filter were chosen on pictures and
seeds that the network is trained on.

Run ``python benchmarks/junctions.py [--model NAME]``; the output is kept in ``benchmarks/results/junctions.txt``,
overlays in ``docs/images/junctions``. Real sets need HISTO_DATA, or ``../shared/data``. What is measured on junctions
once they are seen is judged by ``junction_measures.py``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
from parts.pictures import ROOT, find_pictures
from PIL import Image

from histo.errors import UnknownModel
from histo.io import open_slide, slide_from_array
from histo.junction_maps import JunctionMaps
from histo.nn import load_junction_model, see_junctions
from histo.segmentation.junction import find_junctions, ridge_junctions
from histo.train.drawn import drawing_digest
from histo.train.junction import (
    JunctionField,
    JunctionRecipe,
    judge_junction_maps,
    junction_table,
    load_junction_field,
    read_junction_recipe,
)
from histo.train.junction.drawn import Drawing
from histo.train.junction.evaluation import GAPS, JunctionJudgement
from histo.train.junction.prepare import read_junction_field
from histo.train.junction.reader import list_junction_pictures
from histo.train.junction.truth import Known, thin

RECIPE = ROOT / "models" / "junctions-v1" / "train.toml"
RESULTS = Path(__file__).parent / "results" / "junctions.txt"
PICTURES = ROOT / "docs" / "images" / "junctions"
N_MONOLAYERS, N_SECTIONS = 8, 2
SIDE_PX = 400
STAINED, GAP = (0, 230, 0), (255, 60, 60)
# Sets without a truth: the part of each that is shown, and how. Pixel sizes are estimated from nuclei of about 8 µm.
# The first channel is that of the membranes.
SHOWN = (
    ("if-membrane-tissue/Gallbladder_Normal_Tissue.tif", 0.12, "fluorescence", (250, 60)),
    ("ihc-colon/skimage_ihc.png", 0.5, "dab", (0, 0)),
)
See = Callable[[JunctionField], JunctionMaps]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--model", default="junctions-v1")
    options.add_argument("--runs", type=Path, default=ROOT / "runs", help="where drawn fields are kept")
    chosen = options.parse_args()
    find_pictures()
    recipe = read_junction_recipe(RECIPE)
    fields = [*real_fields(recipe), *drawn_fields(recipe, chosen.runs / "junctions")]
    ways: dict[str, See] = {"ridge filter": see_ridges}
    lines = []
    try:
        model = load_junction_model(chosen.model)
        ways[model.name] = lambda field: see_junctions(model, slide_from_array(np.asarray(field.image), mpp=field.mpp))
    except UnknownModel:
        lines += [f"There is no model {chosen.model} yet: the ridge filter stands alone.", ""]
    for name, see in ways.items():
        lines += [*judge(name, see, fields), ""]
    print("\n".join(lines))
    RESULTS.write_text("\n".join(lines), encoding="utf-8")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, picture in overlays(chosen.model if len(ways) > 1 else "ridge"):
        Image.fromarray(picture).quantize(256).save(PICTURES / f"seen_{name}.png", optimize=True)
    return 0


def real_fields(recipe: JunctionRecipe) -> list[JunctionField]:
    found = []
    for entry in recipe.sets:
        pictures = list_junction_pictures(Path(os.environ["HISTO_DATA"]) / entry.folder, entry.reader)
        found += [read_junction_field(entry, name, path) for name, path in pictures.items() if entry.holds_out(name)]
    return found


def drawn_fields(recipe: JunctionRecipe, folder: Path) -> list[JunctionField]:
    first, digest = recipe.drawn.held_out_seed, drawing_digest(junctions=True)
    kinds = [(number, False) for number in range(N_MONOLAYERS)] + [(number, True) for number in range(N_SECTIONS)]
    drawings = [Drawing(first + number, is_section, recipe.drawn, folder, digest) for number, is_section in kinds]
    return [load_junction_field(drawing.draw()) for drawing in drawings]


def see_ridges(field: JunctionField) -> JunctionMaps:
    return ridge_junctions(np.asarray(field.image, np.float32), field.mpp)


def judge(name: str, see: See, fields: list[JunctionField]) -> list[str]:
    judged: list[JunctionJudgement] = []
    seconds = 0.0
    for field in fields:
        began = perf_counter()
        maps = see(field)
        seconds += perf_counter() - began
        judged.append(judge_junction_maps(maps, field))
    n_mpx = sum(field.image.size for field in fields) / 1e6
    table = junction_table(judged)
    lines = [f"{name}: {len(fields)} fields, {n_mpx:.1f} million pixels, {n_mpx / seconds:.2f} a second"]
    lines += [f"{'set':16}{'what':24}{'Dice':>7}{'precision':>11}{'recall':>8}{'pictures':>10}"]
    for row in table.to_dict(orient="records"):
        scores = f"{row['dice']:7.3f}{row['precision']:11.3f}{row['recall']:8.3f}"
        lines.append(f"{row['origin']:16}{row['what']:24}{scores}{row['n_pictures']:10d}")
    return lines + [f"  {field.name}: {_of_picture(entry, field)}" for entry, field in zip(judged, fields, strict=True)]


def _of_picture(judged: JunctionJudgement, field: JunctionField) -> str:
    said = ", ".join(f"{what} {entry.dice:.3f}" for what, entry in judged.agreements.items() if what != GAPS)
    if GAPS not in judged.agreements:
        return said
    gaps = judged.agreements[GAPS]
    is_asked = field.truth.lines_that_are(Known.STAINED | Known.GAP) & (field.truth.known & Known.DOUBTED == 0)
    n_line = max(int(is_asked.sum()), 1)
    return f"{said}; gap fraction {gaps.n_true / n_line:.3f} drawn, {gaps.n_found / n_line:.3f} seen"


def overlays(model: str) -> Iterator[tuple[str, np.ndarray]]:
    for place, mpp, stain, (top, left) in SHOWN:
        with open_slide(Path(os.environ["HISTO_DATA"]) / place, mpp=mpp) as slide:
            pixels = slide.read(top, left, min(SIDE_PX, slide.shape[0]), min(SIDE_PX, slide.shape[1]))
        shown = pixels if stain == "dab" else pixels[..., 0]
        maps = find_junctions(shown, mpp=mpp, stain=stain, model=model)
        yield Path(place).stem, draw_over(shown, maps)


def draw_over(image: np.ndarray, maps: JunctionMaps) -> np.ndarray:
    """Lay the picture beside itself with thinned lines on it: green where stained, red where not."""
    low, high = np.percentile(image, [0.5, 99.7])
    grey = np.clip((image.astype(float) - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    plain = grey if grey.ndim == 3 else np.repeat(grey[..., None], 3, axis=2)
    large = cv2.resize(plain, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    drawn = large.copy()
    centreline, present = (
        cv2.resize(part, drawn.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
        for part in (maps.centreline, maps.present)
    )
    lines = thin(centreline)
    drawn[lines & present] = STAINED
    drawn[lines & ~present] = GAP
    return np.hstack([large, drawn])


if __name__ == "__main__":
    sys.exit(main())
