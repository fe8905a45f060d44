from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
import torch

import histo
from histo.errors import InvalidArgument, MissingPixelSize, UnknownModel
from histo.io import slide_from_array
from histo.nn import NucleiModel, load_nuclei_model
from histo.phantom import SectionSpec, draw_section
from histo.schema import CELLS
from histo.segmentation.nuclei import CellOptions, detect_cells, stream_cells
from histo.types import Compartment, LabelMap


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, write_untrained_nuclei: Callable[..., Path]) -> NucleiModel:
    return load_nuclei_model(write_untrained_nuclei(tmp_path_factory.mktemp("models") / "nuclei-toy"))


@pytest.fixture(scope="module")
def glow(tmp_path_factory: pytest.TempPathFactory, write_untrained_nuclei: Callable[..., Path]) -> NucleiModel:
    folder = tmp_path_factory.mktemp("models") / "nuclei-glow"
    return load_nuclei_model(write_untrained_nuclei(folder, stain="fluorescence"))


def noise(rows: int, cols: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 250, size=(rows // 8, cols // 8, channels), dtype=np.uint8)
    return coarse.repeat(8, axis=0).repeat(8, axis=1)


def as_rows(cells: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(cells.itertuples(index=False, name=None))


def test_any_tile_grid_gives_the_same_cells_of_a_drawn_section(model: NucleiModel) -> None:
    spec = SectionSpec.mouse()
    short = replace(spec, wall=replace(spec.wall, length_um=150.0), villi=replace(spec.villi, height_um=140.0))
    drawn = draw_section(short, mpp=1.0, seed=3)
    image = np.ascontiguousarray(drawn.image[-250:, :300], np.uint8)
    labels = drawn.labels.crop(drawn.labels.shape[0] - 250, 0, 250, 300)
    labels = replace(labels, origin=(0.0, 0.0))
    found = []
    for tile, halo in ((416, 144), (352, 144)):
        other = replace(model, spec=model.spec.model_copy(update={"tile": tile, "halo": halo}))
        options = CellOptions(model=other, device="cpu")
        markers = {"red": image[..., 0]}
        found.append(detect_cells(image, mpp=1.0, labels=labels, markers=markers, outlines=True, options=options))
    assert len(found[0]) > 50
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)
    assert found[0]["compartment"].nunique() > 2


def test_any_tile_grid_gives_the_same_cells_at_pixels_that_do_not_divide_evenly(model: NucleiModel) -> None:
    found = []
    for tile in (320, 352):
        other = replace(model, spec=model.spec.model_copy(update={"tile": tile}))
        found.append(detect_cells(noise(96, 160), mpp=0.73, options=CellOptions(model=other, device="cpu")))
    assert len(found[0]) > 5
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)


def test_cells_are_the_same_when_many_threads_leave_memory_for_small_tiles_only(
    model: NucleiModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("histo.nn.nuclei_predict._PX_IN_WORK", 500**2)
    found, n_tiles = [], []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        told: list[tuple[int, int]] = []
        options = CellOptions(model=model, device="cpu", progress=lambda done, total: told.append((done, total)))  # noqa: B023
        found.append(detect_cells(noise(136, 200), mpp=1.0, options=options))
        assert told[-1][0] == told[-1][1]
        n_tiles.append(told[-1][1])
    torch.set_num_threads(1)
    assert n_tiles[1] > n_tiles[0]
    assert len(found[0]) > 30
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)


def test_each_cell_is_a_row_of_the_schema(model: NucleiModel) -> None:
    image = noise(160, 200)
    labels = LabelMap(np.full((80, 50), Compartment.CRYPT, np.uint8), mpp=2.0, slide_mpp=1.0)
    cells = detect_cells(
        image, mpp=1.0, labels=labels, markers={"red": image[..., 0]}, outlines=True, options=CellOptions(model=model)
    )
    names = [column.name for column in CELLS.columns]
    assert list(cells.columns)[: len(names)] == names
    assert set(cells["compartment"]) == {"crypt", "outside"}
    assert (cells.loc[cells["col"] < 99, "compartment"] == "crypt").all()
    assert set(cells["cell_class"]) <= {"epithelial", "lymphocyte"}
    assert cells["probability"].between(0, 1).all()
    assert cells["red_intensity"].between(60, 250).all()
    drawn = shapely.from_wkb(cells["outline"].to_numpy())
    assert shapely.is_valid(drawn).all()
    assert np.corrcoef(shapely.area(drawn), cells["area_um2"])[0, 1] > 0.95
    away = np.hypot(
        shapely.get_x(shapely.centroid(drawn)) - cells["col"], shapely.get_y(shapely.centroid(drawn)) - cells["row"]
    )
    assert away.max() < 2.0


def test_a_cell_lies_at_the_same_place_when_pixels_are_half_as_large(model: NucleiModel) -> None:
    image = noise(96, 120)
    coarse = detect_cells(image, mpp=1.0, options=CellOptions(model=model))
    fine = detect_cells(image.repeat(2, axis=0).repeat(2, axis=1), mpp=0.5, options=CellOptions(model=model))
    assert len(fine) == len(coarse)
    assert np.allclose(fine["row"], 2 * coarse["row"] + 0.5)
    assert np.allclose(fine["area_um2"], coarse["area_um2"])


def test_a_part_of_a_slide_has_the_same_cells_as_in_the_whole(model: NucleiModel) -> None:
    slide = slide_from_array(noise(240, 240), mpp=1.0)
    whole = detect_cells(slide, options=CellOptions(model=model))
    part = detect_cells(slide, section=Part(64, 32, 96, 128), options=CellOptions(model=model))
    inner = whole["row"].between(70, 154) & whole["col"].between(38, 154)
    assert set(as_rows(whole[inner])) <= set(as_rows(part)) <= set(as_rows(whole))


class Part:
    def __init__(self, row: int, col: int, height: int, width: int) -> None:
        self.row, self.col, self.height, self.width = row, col, height, width


def test_parts_of_a_stream_are_the_whole(model: NucleiModel) -> None:
    image = noise(96, 200)
    told: list[tuple[int, int]] = []
    options = CellOptions(model=model, progress=lambda done, total: told.append((done, total)))
    parts = list(stream_cells(image, mpp=1.0, options=options))
    assert len(parts[0]) == 0
    assert told[-1][0] == told[-1][1] == len(parts) - 1
    whole = detect_cells(image, mpp=1.0, options=CellOptions(model=model))
    assert sorted(as_rows(pd.concat(parts[1:]))) == as_rows(whole)


def test_any_tile_grid_gives_the_same_contrast_and_it_is_that_of_the_whole_picture(model: NucleiModel) -> None:
    image = noise(128, 264)
    red = image[..., 0]
    found = []
    for tile in (416, 352):
        other = replace(model, spec=model.spec.model_copy(update={"tile": tile}))
        options = CellOptions(model=other, device="cpu", measures=("contrast",))
        found.append(detect_cells(image, mpp=1.0, markers={"red": red}, options=options))
    assert len(found[0]) > 30
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)
    plain = detect_cells(image, mpp=1.0, markers={"red": red}, options=CellOptions(model=model, device="cpu"))
    pd.testing.assert_frame_equal(found[0].drop(columns="red_contrast"), plain, check_exact=True)
    # Contrast is the median over the mean nearby: about 1 in noise, and the more the brighter the nucleus.
    assert found[0]["red_contrast"].median() == pytest.approx(1.0, abs=0.15)
    assert found[0]["red_contrast"].corr(found[0]["red_nucleus_median"]) > 0.8


def test_foci_are_measured_against_the_noise_of_the_slide(
    tmp_path: Path, write_untrained_nuclei: Callable[..., Path]
) -> None:
    model = load_nuclei_model(write_untrained_nuclei(tmp_path / "nuclei-fine", mpp=0.5))
    image = noise(64, 96)
    of_noise = []
    for level in (1.0, 4.0):
        options = CellOptions(model=model, measures=("foci",), foci_noise={"red": level})
        of_noise.append(detect_cells(image, mpp=0.5, markers={"red": image[..., 0]}, options=options)["red_foci"])
    assert len(of_noise[0]) > 3
    assert np.allclose(of_noise[0], 4 * of_noise[1])
    with pytest.raises(InvalidArgument, match=r"noise of the slide.*for red.*estimate_foci_noise"):
        detect_cells(
            image, mpp=0.5, markers={"red": image[..., 0]}, options=CellOptions(model=model, measures=("foci",))
        )


def test_a_measure_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="contrast or foci"):
        CellOptions(measures=("texture",))  # type: ignore[arg-type]


def test_empty_glass_gives_an_empty_table_with_all_columns(model: NucleiModel) -> None:
    glass = np.full((100, 100, 3), 240, np.uint8)
    cells = detect_cells(
        glass, mpp=1.0, markers={"red": glass[..., 0]}, outlines=True, options=CellOptions(model=model)
    )
    assert len(cells) == 0
    assert {"row", "cell_class", "red_intensity", "outline"} <= set(cells.columns)


def test_a_fluorescence_channel_is_named_and_others_are_measured(glow: NucleiModel) -> None:
    image = np.uint16(20) * noise(160, 160, channels=3).astype(np.uint16)
    slide = slide_from_array(image, mpp=1.0)
    options = CellOptions(model=glow, nuclei_channel=0)
    cells = detect_cells(slide, stain="fluorescence", markers={"cd4": "channel 1"}, options=options)
    assert len(cells) > 10
    assert set(cells["cell_class"]) == {"other"}
    assert cells["cd4_intensity"].between(1200, 5000).all()


def test_the_density_of_dab_is_measured_where_it_is_brown(model: NucleiModel) -> None:
    image = np.full((160, 240, 3), 240, np.uint8)
    image[:, :120] = noise(160, 120)
    image[::2, 120:] = (120, 70, 30)
    cells = detect_cells(image, mpp=1.0, stain="dab", options=CellOptions(model=model, dab_marker="cd3"))
    assert "cd3_intensity" in cells.columns
    assert len(cells) > 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, MissingPixelSize, "detect_cells"),
        ({"mpp": 1.0, "stain": "pas"}, InvalidArgument, "unknown stain"),
        ({"mpp": 1.0, "stain": "fluorescence"}, InvalidArgument, "not made for this stain"),
        ({"mpp": 1.0, "markers": {"red": np.zeros((3, 3))}}, InvalidArgument, "does not lie on the slide"),
        ({"mpp": 1.0, "markers": {"red": "rouge"}}, InvalidArgument, "not a channel"),
        ({"mpp": 1.0, "section": Part(500, 0, 9, 9)}, InvalidArgument, "outside of the slide"),
    ],
)
def test_what_cannot_be_done_is_said(
    model: NucleiModel, arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        detect_cells(noise(64, 64), options=CellOptions(model=model), **arguments)  # type: ignore[arg-type]


def test_a_ring_too_wide_for_the_rim_of_a_tile_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="too wide"):
        CellOptions(ring_um=8.0)


def test_a_model_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("histo.segmentation.nuclei.options.DEFAULT_MODELS", {"he": "nuclei-none-v0"})
    with pytest.raises(UnknownModel, match=r"nuclei-none-v0.*not installed.*histo train models/nuclei-none-v0"):
        histo.detect_cells(noise(64, 64), mpp=1.0)
