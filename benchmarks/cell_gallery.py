"""Show right and wrong cells on each real set, on pictures that the model never saw.

    HISTO_DATA=... python benchmarks/cell_gallery.py [--he nuclei-he-v1] [--fluorescence nuclei-if-v1] [--runs runs]

Of each set with truth two held-out pictures are shown, the one of median F1 and the worst, as they are and with what
became of each cell. All held-out pictures count in the table. Cells are matched by outlines (intersection over union
above 0.5) where these are known, else by centres within 6 µm; classes are judged where they are known. DAB tiles are
found and called end to end, with the threshold of the cells that people scored on the other tile. Where there is no
truth, what was found is shown. Pictures go to ``docs/images/cells``, table and captions to
``benchmarks/results/cell_gallery.md``, which the page *Cell gallery* takes in. A model that is not installed leaves out
its sets.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from parts.cell_panels import CLASSES, VERDICTS, Crop, Style, compose, draw_row, middle_crop, save_small
from parts.dab_cells import DEEPLIIF_MPP, KINDS, TILES, as_found, find_dab_cells, read_tile
from parts.held_out_cells import (
    FALSE,
    MISSED,
    RIGHT,
    WRONG_CLASS,
    JudgedCells,
    held_out_pictures,
    judge_cells,
    load_or_none,
    middle_and_worst,
)
from parts.pictures import find_pictures
from PIL import Image

import histo
from histo.measure import Threshold, Thresholds
from histo.nn import NucleiModel
from histo.segmentation.nuclei import CellOptions
from histo.train.nuclei import NucleiTruth, predict_field
from histo.types import CellClass

HERE = Path(__file__).parent
PICTURES = HERE.parent / "docs" / "images" / "cells"
RESULTS = HERE / "results" / "cell_gallery.md"
SHOWN_UM = 160.0
# Squares of mucosa without lettering: row, column, side in pixels, µm/px as in annotations/small-intestine-he-v1.
MUCOSA = {
    "Major-papilla-high-power-1-scaled.jpg": (Crop(560, 290, 400), 0.52),
    "tissuedeck_smallbowel_3.jpg": (Crop(530, 400, 360), 0.58),
}
QUPATH_COUNTS = "QuPath counted 331 (StarDist) and 319"
QUPATH = {"OS-1-detail": (0.2271, "he"), "OS-2-vsi": (0.346, "dab")}
CELL_STYLES = {str(member): CLASSES[member] for member in CellClass}
NO_TRUTH = NucleiTruth(np.zeros((0, 2)), np.zeros(0, np.uint8))


@dataclass(frozen=True)
class Exhibit:
    """What is shown of one set."""

    name: str
    says: str
    judged: list[JudgedCells]
    styles: dict[str, Style]
    crops: tuple[Crop, ...] = ()

    @property
    def has_truth(self) -> bool:
        """Whether anyone knows which cells are right."""
        return self.styles is VERDICTS

    def draw(self) -> None:
        """Write its picture."""
        shown = list(middle_and_worst(self.judged)) if self.has_truth else self.judged
        crops = self.crops or tuple(middle_crop(cells, SHOWN_UM) for cells in shown)
        rows = [draw_row(cells, crop, self.styles) for cells, crop in zip(shown, crops, strict=True)]
        n_bytes = save_small(compose(rows, self.styles), PICTURES / f"{self.name}.jpg")
        print(f"{self.name}: {n_bytes / 1000:.0f} kB", flush=True)

    def as_row(self) -> str:
        """Count over all of its pictures."""
        n = {verdict: sum(cells.count(verdict) for cells in self.judged) for verdict in VERDICTS}
        n_found = sum(len(cells.verdicts) for cells in self.judged)
        n_both, n_true = n[RIGHT] + n[WRONG_CLASS], sum(cells.n_true for cells in self.judged)
        if not self.has_truth:
            return f"| {self.name} | {len(self.judged)} | | {n_found} | | | | | |"
        counts = " | ".join(str(n[verdict]) for verdict in (RIGHT, WRONG_CLASS, MISSED, FALSE))
        f1 = f"{2 * n_both / max(n_true + n_found, 1):.2f}"
        return f"| {self.name} | {len(self.judged)} | {n_true} | {n_found} | {counts} | {f1} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--he", default="nuclei-he-v1", help="name or folder of the model for H&E and DAB")
    parser.add_argument("--fluorescence", default="nuclei-if-v1", help="of the model for fluorescence")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where prepared pictures are kept")
    options = parser.parse_args()
    find_pictures()
    data = Path(os.environ["HISTO_DATA"])
    exhibits: list[Exhibit] = []
    for name in (options.he, options.fluorescence):
        model = load_or_none(name)
        if model is None:
            continue
        exhibits += held_out_exhibits(model, name, options.runs)
        if model.spec.stain == "he":
            exhibits += [deepliif(model, data / "ihc-deepliif"), *qupath(model, data / "ihc-he-qupath")]
            exhibits.append(mucosa(model, data / "he-structure"))
    for exhibit in exhibits:
        exhibit.draw()
    if exhibits:
        RESULTS.write_text("\n".join(as_markdown(exhibits)) + "\n", encoding="utf-8")


def held_out_exhibits(model: NucleiModel, name: str, runs: Path) -> Iterator[Exhibit]:
    says = {
        "he-cells-crchisto": "Colon, H&E; centres and classes are known.",
        "he-nuclei-monuseg": "Several organs, H&E; outlines are known, classes are not.",
        "nuclei-dsb2018-stained": "Mixed stains and powers; outlines are known, µm/px is estimated.",
        "drawn": "A drawn section, H&E; centres and classes are known.",
    }
    for origin, pictures in held_out_pictures(name, runs).items():
        judged = [judge_cells(predict_field(model, picture), picture) for picture in pictures]
        caption = says.get(origin, "Fluorescence, mouse gut; outlines are known, µm/px is estimated.")
        yield Exhibit(origin, caption, judged, VERDICTS)


def deepliif(model: NucleiModel, folder: Path) -> Exhibit:
    tiles = [read_tile(folder, name) for name in TILES]
    judged = []
    for tile, other in zip(tiles, tiles[::-1], strict=True):
        cells = find_dab_cells(model, tile.image, DEEPLIIF_MPP, other.threshold())
        judged.append(judge_cells(as_found(cells, tile.image.shape), tile.as_field()))
    says = "Ki67 in DAB; the class is positive or negative, by a threshold from the other tile. µm/px is taken as 0.25."
    return Exhibit("ihc-deepliif", says, judged, VERDICTS)


def qupath(model: NucleiModel, folder: Path) -> Iterator[Exhibit]:
    for name, (mpp, stain) in QUPATH.items():
        image = np.asarray(tifffile.imread(folder / f"{name}.ome.tif"))
        if stain == "he":
            shown = found_only(model, name, image, mpp)
            says = f"H&E, no truth: {len(shown.verdicts)} cells found where {QUPATH_COUNTS} on the same field."
            yield Exhibit(name, says, [shown], CELL_STYLES)
            continue
        thresholds = Thresholds((Threshold("m", 0.3, 0.6, 0.9),))
        cells = as_found(find_dab_cells(model, image, mpp, thresholds), image.shape)
        called = np.array(KINDS, dtype=object)[cells.kind]
        share = 100 * np.mean(called == "positive")
        says = f"Ki67 in DAB, no truth: {len(called)} cells, {share:.0f} % positive at a given density of 0.3."
        styles = {kind: CLASSES[kind] for kind in KINDS}
        yield Exhibit(name, says, [JudgedCells(name, image, mpp, cells, called, NO_TRUTH)], styles)


def mucosa(model: NucleiModel, folder: Path) -> Exhibit:
    judged = []
    for name, (_, mpp) in MUCOSA.items():
        image = np.asarray(Image.open(folder / name).convert("RGB"))
        judged.append(found_only(model, name.removesuffix(".jpg"), image, mpp))
    says = "Small-intestinal mucosa, H&E, no truth: the classes as found. µm/px is estimated."
    return Exhibit("he-structure", says, judged, CELL_STYLES, tuple(crop for crop, _ in MUCOSA.values()))


def found_only(model: NucleiModel, name: str, image: np.ndarray, mpp: float) -> JudgedCells:
    """Find the cells of a picture without truth; their classes stand for verdicts."""
    cells = histo.detect_cells(image, mpp=mpp, outlines=True, options=CellOptions(model=model, device="cpu"))
    return JudgedCells(
        name, image, mpp, as_found(cells, image.shape), cells["cell_class"].to_numpy(dtype=object), NO_TRUTH
    )


def as_markdown(exhibits: list[Exhibit]) -> Iterator[str]:
    yield f"| set | pictures | true | found | {RIGHT} | {WRONG_CLASS} | {MISSED} | {FALSE} | F1 of finding |"
    yield "|--|--|--|--|--|--|--|--|--|"
    for exhibit in exhibits:
        yield exhibit.as_row()
    for exhibit in exhibits:
        yield f"\n## {exhibit.name}\n\n{exhibit.says}\n\n![{exhibit.name}](images/cells/{exhibit.name}.jpg)"


if __name__ == "__main__":
    main()
