from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from histo.errors import CorruptModel, InvalidArgument, UnknownModel
from histo.io import slide_from_array
from histo.nn import Canvas, NucleiModel, list_models, load_nuclei_model, nuclei_canvas, nuclei_grid, predict_nuclei
from histo.nn.convolution import fuse_for_prediction
from histo.nn.nuclei_canvas import measure_brightness
from histo.nn.nuclei_network import REACH_PX, build_nuclei_network
from histo.nn.nuclei_spec import NucleiSpec, least_halo_px
from histo.nn.spec import read_spec

WriteUntrained = Callable[..., Path]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def untrained(tmp_path: Path, write_untrained_nuclei: WriteUntrained) -> NucleiModel:
    return load_nuclei_model(write_untrained_nuclei(tmp_path / "nuclei-toy"))


def test_no_output_depends_on_a_pixel_beyond_the_reach() -> None:
    network = build_nuclei_network(2).eval()
    for row, col in ((72, 71), (73, 73)):
        image = torch.randn(1, 3, 288, 288, requires_grad=True)
        torch.autograd.backward(network(image)[0, :, row, col].sum())
        assert image.grad is not None
        touched = image.grad[0].abs().sum(dim=0).nonzero() - torch.tensor([2 * row, 2 * col])
        assert touched.abs().max() <= REACH_PX


def test_a_fused_network_says_the_same() -> None:
    torch.manual_seed(0)
    network = build_nuclei_network(3)
    network(torch.randn(2, 3, 64, 64))  # so that its normalisation is not that of an empty network
    image = torch.randn(1, 3, 64, 96)
    with torch.inference_mode():
        assert torch.allclose(fuse_for_prediction(network)(image), network.eval()(image), atol=1e-4)


def test_any_grid_of_tiles_finds_the_very_same_nuclei(untrained: NucleiModel) -> None:
    rng = np.random.default_rng(4)
    image = rng.integers(60, 250, size=(24, 37, 3), dtype=np.uint8).repeat(9, axis=0).repeat(9, axis=1)
    canvas = nuclei_canvas(slide_from_array(image, mpp=1.0), 1.0, "he")
    found = []
    for tile, halo in ((416, 144), (352, 144)):
        spec = untrained.spec.model_copy(update={"tile": tile, "halo": halo})
        tiles = list(predict_nuclei(replace(untrained, spec=spec), canvas, canvas.whole, device="cpu", n_at_once=1))
        parts = [(t.centre, t.nuclei.area_px[t.is_own], t.nuclei.probability[t.is_own]) for t in tiles]
        rows = np.concatenate([np.column_stack(part) for part in parts])
        found.append(rows[np.lexsort(rows.T)])
    assert len(found[0]) > 30
    assert np.array_equal(found[0], found[1])


@pytest.mark.parametrize(("side", "tile"), [(100, 400), (128, 416), (129, 368), (5000, 416)])
def test_tiles_are_no_larger_than_a_small_canvas_needs(untrained: NucleiModel, side: int, tile: int) -> None:
    grid = nuclei_grid(untrained, Canvas(40, side, lambda *window: np.zeros(window[2:], np.uint8)))
    assert (grid.tile, grid.halo) == (tile, untrained.spec.halo)


@pytest.mark.parametrize("n_at_once", [1, 2, 3, 5, 8, 64])
@pytest.mark.parametrize("halo", [160, 400, 640])
def test_tiles_in_work_take_no_more_than_the_memory_for_them(
    untrained: NucleiModel, n_at_once: int, halo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = untrained.spec.model_copy(update={"tile": 1792, "halo": halo})
    model, canvas = replace(untrained, spec=spec), Canvas(9000, 9000, lambda *window: np.zeros(window[2:], np.uint8))
    in_work: list[int] = []

    def count(_: object, tiles: object, n_threads: int, n_waiting: int) -> list[None]:
        in_work.append(n_threads)
        return []

    monkeypatch.setattr("histo.nn.nuclei_predict.map_on_threads", count)
    assert list(predict_nuclei(model, canvas, canvas.whole, device="cpu", n_at_once=n_at_once)) == []
    grid = nuclei_grid(model, canvas, device="cpu", n_at_once=n_at_once)
    assert 1 <= in_work[0] <= n_at_once
    # 1.2 GiB, at 300 bytes a pixel.
    assert in_work[0] * grid.tile**2 * 300 <= 1.2 * 2**30
    assert 2 * halo < grid.tile <= 1792


def test_empty_glass_holds_no_nuclei(untrained: NucleiModel) -> None:
    canvas = nuclei_canvas(slide_from_array(np.full((90, 90, 3), 240, np.uint8), mpp=1.0), 1.0, "he")
    assert list(predict_nuclei(untrained, canvas, canvas.whole, device="cpu")) == []


def test_a_nuclei_model_is_listed_beside_the_others(
    tmp_path: Path, write_untrained_nuclei: WriteUntrained, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_untrained_nuclei(tmp_path / "nuclei-toy")
    monkeypatch.setenv("HISTO_MODELS", str(tmp_path))
    assert {"nuclei-toy", "structure-v1"} <= {spec.name for spec in list_models()}
    assert load_nuclei_model("nuclei-toy").name == "nuclei-toy"


def test_a_model_of_something_else_is_refused() -> None:
    with pytest.raises(UnknownModel, match="does not find nuclei"):
        load_nuclei_model("structure-v1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("halo = 144", "halo = 96"), "must be 144 or more"),
        (('classes = ["epithelial", "lymphocyte"]', 'classes = ["enterocyte", "stromal"]'), "not classes of cells"),
        (('classes = ["epithelial", "lymphocyte"]', 'classes = ["stromal"]'), "at least two"),
        (("tile = 416", "tile = 288"), "leaves nothing"),
        (("threshold = 0.3", "threshold = 1.0"), "threshold"),
    ],
)
def test_facts_that_no_nuclei_model_can_have_are_refused(
    tmp_path: Path, write_untrained_nuclei: WriteUntrained, change: tuple[str, str], message: str
) -> None:
    path = write_untrained_nuclei(tmp_path / "nuclei-toy") / "model.toml"
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(CorruptModel, match=message):
        read_spec(path, NucleiSpec)


def test_weights_of_other_classes_are_refused(tmp_path: Path, write_untrained_nuclei: WriteUntrained) -> None:
    folder = write_untrained_nuclei(tmp_path / "nuclei-toy")
    path = folder / "model.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"epithelial", ', '"epithelial", "stromal", '))
    with pytest.raises(CorruptModel, match="do not fit"):
        load_nuclei_model(folder)


def test_the_halo_grows_with_finer_pixels() -> None:
    assert least_halo_px(1.0) == 144
    assert least_halo_px(0.25) == 192
    assert NucleiSpec.model_fields["halo"].default == least_halo_px(0.5)


def test_brightness_is_of_the_tissue_not_of_the_glass() -> None:
    counts = np.full((200, 200), 100.0)
    counts[:10, :10] = np.linspace(1000, 2000, 100).reshape(10, 10)
    brightness = measure_brightness(counts)
    assert brightness.black == pytest.approx(100)
    assert 1400 <= brightness.white <= 2000
    assert brightness.as_grey(np.array([50, 100, 2000])).tolist() == [0, 0, 255]


def test_the_channel_of_the_nuclei_must_be_clear() -> None:
    slide = slide_from_array(np.zeros((64, 64, 2), np.uint16) + np.arange(64, dtype=np.uint16)[:, None, None], mpp=0.35)
    with pytest.raises(InvalidArgument, match="not clear"):
        nuclei_canvas(slide, 0.35, "fluorescence")
    with pytest.raises(InvalidArgument, match="no such channel"):
        nuclei_canvas(slide, 0.35, "fluorescence", "DAPI")
    canvas = nuclei_canvas(slide, 0.35, "fluorescence", 1)
    assert canvas.read(0, 0, 64, 64)[[0, -1], 5, 2].tolist() == [0, 255]
