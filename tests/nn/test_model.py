from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from histo.errors import CorruptModel
from histo.nn import ModelSpec, read_model, write_model
from histo.nn.spec import read_spec, write_spec


def test_a_model_reads_back_with_the_weights_it_was_written_with(model_folder: Path) -> None:
    weights = read_model(model_folder).network.state_dict()
    for name, tensor in load_file(model_folder / "weights.safetensors").items():
        assert torch.equal(weights[name], tensor), name


def test_a_description_reads_back_equal(model_folder: Path, tmp_path: Path) -> None:
    spec = read_spec(model_folder / "model.toml", ModelSpec).model_copy(
        update={"licence": 'for "research" only\n', "halo": 0}
    )
    write_spec(tmp_path / "model.toml", spec)
    assert read_spec(tmp_path / "model.toml", ModelSpec) == spec


def test_the_same_weights_give_the_same_file(model_folder: Path, tmp_path: Path) -> None:
    model = read_model(model_folder)
    assert write_model(tmp_path, model.network.state_dict(), model.spec).sha256 == model.spec.sha256


def _replace(old: str, new: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "model.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return damage


def _flip_a_bit(folder: Path) -> None:
    path = folder / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _reseal(content: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Damage the weights and put the new hash on record, as somebody who tampers would."""

    def damage(folder: Path) -> None:
        import hashlib

        path, toml = folder / "weights.safetensors", folder / "model.toml"
        old = hashlib.sha256(path.read_bytes()).hexdigest()
        path.write_bytes(content(path.read_bytes()))
        new = hashlib.sha256(path.read_bytes()).hexdigest()
        toml.write_text(toml.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "model.toml").unlink(), "description does not read"),
        (lambda folder: (folder / "model.toml").write_bytes(b"\xff\xfe"), "description does not read"),
        (lambda folder: (folder / "model.toml").write_text("name ="), "description does not read"),
        (lambda folder: (folder / "model.toml").write_text(""), "mpp: Field required"),
        (_replace("mpp = 1.0", "mpp = -1"), "mpp: Input should be greater than 0"),
        (_replace("halo = 32", "halo = 64"), "leaves nothing of a tile"),
        (_replace("tile = 128", "tile = 100"), "tile: Input should be a multiple of 32"),
        (_replace('"crypt"', '"cript"'), "not compartments: cript"),
        (_replace('"crypt"', '"background"'), "each once"),
        (_replace("mobilenet_v3_small", "vgg16"), "encoder: Value error, must be one of"),
        (_replace("mobilenet_v3_small", "mobilenet_v3_large"), "do not fit|not those of this network"),
        (_replace('"weights.safetensors"', '"../weights.safetensors"'), "file: String should match"),
        (_replace('"weights.safetensors"', '"weights.pkl"'), "file: String should match"),
        (_replace('licence = "BSD-3-Clause"', "colour = 1"), "licence: Field required; colour: Extra inputs"),
        (lambda folder: (folder / "weights.safetensors").unlink(), "weights do not read"),
        (_flip_a_bit, "expected sha256"),
        (_reseal(lambda content: content[:1000]), "do not fit"),
        (_reseal(lambda content: b""), "do not fit"),
        (_reseal(lambda content: content[8:]), "do not fit"),
    ],
)
def test_a_damaged_model_is_refused(
    damage: Callable[[Path], None], message: str, model_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "toy"
    shutil.copytree(model_folder, folder)
    damage(folder)
    with pytest.raises(CorruptModel, match=message) as caught:
        read_model(folder)
    assert str(folder) in str(caught.value)
    assert caught.value.next_step
