from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from histo.io import Slide
from histo.phantom import CellSpec, DrawnSection, SectionSpec, draw_section, write_slide
from histo.schema import CELLS, check_table
from histo.segmentation.marker import measure_markers
from histo.segmentation.nuclei import CellOptions
from histo.segmentation.nuclei.place import compartments_at
from histo.stain import dab_density, describe_dab
from histo.types import LabelMap

MPP = 1.0
STAINED = """slide,animal,group,timepoint,segment,stain,marker,negative_control
d1,a1,control,0,jejunum,dab,CD4,no
d2,a2,EAE,14,jejunum,dab,CD4,no
d3,a1,control,0,jejunum,dab,CD4,yes
f1,a1,control,0,jejunum,fluorescence,CD4=Alexa 488; Foxp3=Cy5,
f2,a2,EAE,14,jejunum,if,CD4=1; Foxp3=cy5; nuclei=DAPI,
h1,a1,control,0,jejunum,he,,
"""


def _spec(**cells: float) -> SectionSpec:
    mouse = SectionSpec.mouse()
    return replace(mouse, wall=replace(mouse.wall, length_um=900.0), cells=CellSpec(**cells))


def _write(folder: Path, name: str, drawn: DrawnSection, channels: tuple[str, ...] = ()) -> None:
    write_slide(folder / f"{name}.ome.tif", drawn, channels)
    drawn.cells.to_parquet(folder / f"{name}.truth.parquet")


@pytest.fixture(scope="session")
def stained_slides_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three DAB slides, the last a negative control, two of fluorescence and one of H&E, their design and truth."""
    folder = tmp_path_factory.mktemp("stained")
    for number, share in ((1, 0.3), (2, 0.6), (3, 0.0)):
        _write(folder, f"d{number}", draw_section(_spec(cd4=share), mpp=MPP, seed=number, stain="dab"))
    for number, share in ((1, 0.3), (2, 0.6)):
        drawn = draw_section(_spec(cd4=share, foxp3=0.4), mpp=MPP, seed=10 + number, stain="fluorescence")
        _write(folder, f"f{number}", drawn, ("DAPI", "Alexa 488", "Cy5", "ZO1"))
    _write(folder, "h1", draw_section(_spec(), mpp=MPP, seed=20))
    (folder / "animals.csv").write_text(STAINED, encoding="utf-8")
    return folder


def _labels(cells: pd.DataFrame, shape: tuple[int, int]) -> np.ndarray:
    """Paint each nucleus as a disc of its area."""
    drawn = np.zeros(shape, np.int32)
    for number, (row, col, area) in enumerate(cells[["row", "col", "area_um2"]].to_numpy(), start=1):
        cv2.circle(drawn, (round(col), round(row)), max(1, round(np.sqrt(area / np.pi) / MPP)), number, -1)
    return drawn


def _find_true_cells(
    slide: Slide,
    *,
    stain: str,
    markers: Mapping[str, str],
    labels: LabelMap,
    section: Any,
    options: CellOptions,
) -> pd.DataFrame:
    """Stand in for `detect_cells`: the true nuclei of a drawn slide, measured as the real ones are."""
    assert slide.path is not None
    cells = pd.read_parquet(slide.path.with_name(slide.path.name.replace(".ome.tif", ".truth.parquet")))
    cells = cells[[column.name for column in CELLS.columns]]
    picture = slide.read(0, 0, *slide.shape)
    if stain == "dab":
        pictures = {options.dab_marker: dab_density(picture, describe_dab(picture, vectors=options.dab_vectors)).dab}
    else:
        pictures = {name: picture[..., slide.channels.index(channel)] for name, channel in markers.items()}
    nuclei = _labels(cells, slide.shape)
    measured = measure_markers(nuclei, pictures, MPP, sites=options.sites).set_index("label")
    measured = measured.reindex(np.arange(1, len(cells) + 1)).reset_index(drop=True)
    at = cells[["row", "col"]].to_numpy()
    placed = check_table(cells.assign(compartment=compartments_at(at, labels)), CELLS.columns)
    return pd.concat([placed, measured.drop(columns="is_cut_at_border")], axis=1)[measured["ring_area_um2"].notna()]


@pytest.fixture(scope="session")
def find_true_cells() -> Callable[..., pd.DataFrame]:
    """A stand-in for `detect_cells` that finds the true nuclei of drawn slides."""
    return _find_true_cells
