from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from histo.errors import CorruptModel, InvalidArgument, UnknownModel
from histo.io import slide_from_array
from histo.nn import (
    Canvas,
    JunctionSpec,
    junction_canvas,
    junction_grid,
    list_models,
    load_junction_model,
    predict_junctions,
    write_model,
)
from histo.nn.convolution import fuse_for_prediction
from histo.nn.junction_network import REACH_PX, build_junction_network
from histo.nn.spec import read_spec


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An untrained model."""
    torch.manual_seed(1)
    spec = JunctionSpec(name="toy", mpp=0.2, sha256="0" * 64, licence="BSD-3-Clause", trained_on=("drawn fields",))
    write_model(tmp_path / "toy", build_junction_network().state_dict(), spec)
    return tmp_path / "toy"


def test_no_output_depends_on_a_pixel_beyond_the_reach() -> None:
    torch.manual_seed(0)
    network = build_junction_network().eval()
    for row, col in ((128, 143), (137, 135)):
        image = torch.randn(1, 3, 272, 272, requires_grad=True)
        torch.autograd.backward(network(image)[0, :, row, col].sum())
        assert image.grad is not None
        touched = image.grad[0].abs().sum(dim=0).nonzero() - torch.tensor([row, col])
        assert touched.abs().max() <= REACH_PX


def test_a_fused_network_says_the_same() -> None:
    torch.manual_seed(0)
    network = build_junction_network()
    network(torch.randn(2, 3, 64, 64))  # so that its normalisation is not that of an empty network
    image = torch.randn(1, 3, 64, 96)
    with torch.inference_mode():
        assert torch.allclose(fuse_for_prediction(network)(image), network.eval()(image), atol=1e-4)


def test_a_junction_model_is_listed_and_loaded_beside_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTO_MODELS", str(folder.parent))
    assert {"toy", "structure-v1"} <= {spec.name for spec in list_models()}
    assert load_junction_model("toy").spec.mpp == 0.2


def test_a_model_of_something_else_is_refused() -> None:
    with pytest.raises(UnknownModel, match="does not find junctions"):
        load_junction_model("structure-v1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((f"halo = {REACH_PX}", "halo = 96"), "must be 112 or more"),
        (("tile = 1280", "tile = 224"), "leaves nothing"),
        (("mpp = 0.2", "mpp = 0.0"), "mpp"),
    ],
)
def test_facts_that_no_junction_model_can_have_are_refused(folder: Path, change: tuple[str, str], message: str) -> None:
    path = folder / "model.toml"
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(CorruptModel, match=message):
        read_spec(path, JunctionSpec)


def test_the_grey_scale_is_that_of_the_whole_field_and_no_window_changes_it() -> None:
    counts = np.random.default_rng(0).integers(200, 3000, (90, 120), dtype=np.uint16)
    counts[:, 60:] += 1000
    canvas = junction_canvas(slide_from_array(counts, mpp=0.2), 0.2)
    whole = canvas.read(0, 0, 90, 120)
    np.testing.assert_array_equal(canvas.read(30, 40, 20, 50), whole[30:50, 40:90])
    assert whole.min() == 0
    assert whole.max() == 255
    np.testing.assert_array_equal(whole[..., 0], whole[..., 2])


def test_the_grey_scale_hardly_moves_when_the_field_grows_tenfold() -> None:
    lines = np.zeros((300, 300), np.float32)
    lines[::30] = 100.0
    greys = []
    for repeats in (1, 10):
        slide = slide_from_array(np.tile(lines, (repeats, repeats)), mpp=0.2)
        greys.append(junction_canvas(slide, 0.2).read(0, 0, 60, 60))
    assert abs(int(greys[0][30, 5, 0]) - int(greys[1][30, 5, 0])) <= 2


def test_brown_is_shown_bright() -> None:
    image = np.full((60, 60, 3), 240, np.uint8)
    image[28:32] = (120, 80, 50)
    grey = junction_canvas(slide_from_array(image, mpp=0.2), 0.2, "dab").read(0, 0, 60, 60)
    assert grey[30].min() > 200
    assert grey[:20].max() < 20


def test_dab_of_one_channel_and_unknown_stains_are_refused() -> None:
    slide = slide_from_array(np.zeros((20, 20), np.uint16), mpp=0.2)
    with pytest.raises(InvalidArgument, match="brightfield RGB"):
        junction_canvas(slide, 0.2, "dab")
    with pytest.raises(InvalidArgument, match="unknown stain"):
        junction_canvas(slide, 0.2, "he")  # type: ignore[arg-type]


@pytest.mark.parametrize("n_at_once", [1, 2, 8, 64])
def test_tiles_in_work_take_no_more_than_the_memory_for_them(
    folder: Path, n_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_junction_model(folder)
    canvas = Canvas(9000, 9000, lambda *window: np.zeros((*window[2:], 3), np.uint8))
    in_work: list[int] = []

    def count(_: object, tiles: object, n_threads: int, n_waiting: int) -> list[None]:
        in_work.append(n_threads)
        return []

    monkeypatch.setattr("histo.nn.junction_predict.map_on_threads", count)
    assert list(predict_junctions(model, canvas, canvas.whole, device="cpu", n_at_once=n_at_once)) == []
    grid = junction_grid(model, canvas, device="cpu", n_at_once=n_at_once)
    assert 1 <= in_work[0] <= n_at_once
    # 1 GiB, at 600 bytes a pixel.
    assert in_work[0] * grid.tile**2 * 600 <= 2**30
    assert 2 * REACH_PX < grid.tile <= 1280
