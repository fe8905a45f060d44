"""Write what one section gives besides its rows: label map, objects, overlay."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from histo.batch.picture import read_picture
from histo.io import Slide
from histo.io.annotations import Annotation, axis_annotation, polygons_from_labels, write_geojson
from histo.io.labels import write_label_map
from histo.io.results import write_atomically
from histo.measure import SectionMeasures
from histo.report.overlay import DrawnAxes, SectionView, draw_cell_overlay, draw_overlay
from histo.tissue import Section
from histo.types import LabelMap, SectionId

__all__ = ["ScoredSection", "draw_section_overlay", "output_paths", "outputs_of", "write_section"]

_OVERLAY_SIDE = 1600


@dataclass(frozen=True, eq=False)
class ScoredSection:
    """One section with all that was found on it.

    Parameters
    ----------
    id : SectionId
        Slide and section.
    section : Section
        Its window on the slide.
    labels : LabelMap
        Its compartments.
    measures : SectionMeasures
        Its villi, crypts, units and layers.
    exclusions : DataFrame
        What was not measured, by reason.
    flags : tuple of str
        Remarks on its slide as a whole.
    stain : str
        How its slide is stained.
    has_structure : bool
        Whether `labels` parts the tissue into compartments, or only says where there is any.
    channels : tuple of str
        Fluorescence: the channels that are shown, that of the nuclei first.
    labels_from : str
        Where the design table gives `labels`: the name of the file.
    """

    id: SectionId
    section: Section
    labels: LabelMap
    measures: SectionMeasures
    exclusions: pd.DataFrame
    flags: tuple[str, ...] = ()
    stain: str = "he"
    has_structure: bool = True
    channels: tuple[str, ...] = ()
    labels_from: str = ""


def output_paths(section_id: SectionId) -> tuple[str, str, str]:
    """Name a section's label map, objects and overlay, relative to the results folder."""
    stem = f"{section_id.slide}_{section_id.section}"
    return f"labels/{stem}.ome.zarr", f"objects/{stem}.geojson", f"overlays/{stem}.png"


def outputs_of(results: Path, slide: str) -> list[Path]:
    """Find what stands in the results folder of any section of a slide."""
    found = []
    for pattern in output_paths(SectionId(slide, "s0")):
        folder, end = results / Path(pattern).parent, Path(pattern).name.removeprefix(f"{slide}_s0")
        name = re.compile(rf"{re.escape(slide)}_s\d+{re.escape(end)}")
        found += [path for path in sorted(folder.glob("*")) if name.fullmatch(path.name)]
    return found


def write_section(results: Path, scored: ScoredSection, overlay: NDArray[np.uint8]) -> tuple[str, ...]:
    """Write a section's label map, objects and overlay, each complete or not at all.

    Parameters
    ----------
    results : Path
        The results folder.
    scored : ScoredSection
        What was found.
    overlay : (rows, cols, 3) array of uint8
        It drawn over the section.

    Returns
    -------
    tuple of str
        Paths relative to `results`.
    """
    paths = output_paths(scored.id)
    label_map, objects, picture = (results / path for path in paths)
    write_label_map(label_map, scored.labels)
    write_geojson(objects, _annotations(scored))
    with write_atomically(picture) as unfinished:
        Image.fromarray(overlay).save(unfinished, format="PNG", compress_level=6)
    return paths


def _annotations(scored: ScoredSection) -> list[Annotation]:
    """Compartments as polygons, then villi and crypts as axes that carry their measures."""
    measures = scored.measures
    return [
        *polygons_from_labels(scored.labels),
        *_axes(measures.villi, measures.villus_lines, "villus_axis"),
        *_axes(measures.crypts, measures.crypt_lines, "crypt_axis"),
    ]


def _axes(
    objects: pd.DataFrame, lines: NDArray[np.float64], kind: Literal["villus_axis", "crypt_axis"]
) -> list[Annotation]:
    axes = []
    for row, points in zip(objects.to_dict("records"), lines, strict=True):
        if not np.isfinite(points).all():
            continue
        numbers = {str(name): float(value) for name, value in row.items() if isinstance(value, float | bool)}
        axis = axis_annotation(points, kind, name=row[f"{kind.removesuffix('_axis')}_id"], measurements=numbers)
        axes.append(replace(axis, properties={"reject_reason": row["reject_reason"]}))
    return axes


def draw_section_overlay(slide: Slide, scored: ScoredSection, cells: pd.DataFrame | None) -> NDArray[np.uint8]:
    """Draw what was measured over a section.

    Parameters
    ----------
    slide : Slide
        Open.
    scored : ScoredSection
        What was found.
    cells : DataFrame, optional
        Its cells, which are drawn where there is no structure to draw.

    Returns
    -------
    (rows, cols, 3) array of uint8
    """
    section, measures = scored.section, scored.measures
    shrink = max(1.0, max(section.height, section.width) / _OVERLAY_SIDE)
    mpp = slide.mpp * shrink
    height, width = max(1, round(section.height / shrink)), max(1, round(section.width / shrink))
    image = read_picture(slide, (section.row, section.col), (height, width), mpp=mpp, channels=scored.channels)
    view = SectionView(image, mpp, slide.mpp, section.row, section.col)
    if not scored.has_structure:
        points = np.zeros((0, 2)) if cells is None else cells[["row", "col"]].to_numpy(dtype=float)
        return draw_cell_overlay(view, scored.labels, points, title=str(scored.id))
    villi = DrawnAxes(measures.villus_lines, measures.villi["is_accepted"].to_numpy(bool))
    crypts = DrawnAxes(measures.crypt_lines, measures.crypts["is_accepted"].to_numpy(bool))
    return draw_overlay(view, scored.labels, villi, crypts, title=str(scored.id))
