from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import histo
from histo.errors import UnknownModel
from histo.nn import find_model, list_models, load_model, models_folders


@pytest.fixture
def models(model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    shutil.copytree(model_folder, folder / "toy")
    monkeypatch.setenv("HISTO_MODELS", str(folder))
    return folder


def test_a_model_is_found_by_name(models: Path) -> None:
    assert find_model("toy") == models / "toy"
    assert load_model("toy").name == "toy"
    assert "toy" in [spec.name for spec in list_models()]


def test_a_model_is_found_by_path(model_folder: Path) -> None:
    assert load_model(model_folder).name == "toy"


def test_an_unknown_model_is_answered_with_those_there_are(models: Path) -> None:
    with pytest.raises(UnknownModel, match=r"toy.*'toi'"):
        load_model("toi")


def test_shipped_models_lie_in_the_checkout_or_in_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HISTO_MODELS", raising=False)
    package = Path(histo.__file__).parent
    assert models_folders() in ([package / "_models"], [package.parent / "models"])
