"""Find models by name, wherever they lie."""

from __future__ import annotations

import os
from pathlib import Path

import histo
from histo.errors import UnknownModel
from histo.nn.junction_spec import JUNCTIONS_TASK, JunctionSpec
from histo.nn.model import SPEC_FILE, Model, read_model
from histo.nn.nuclei_spec import NUCLEI_TASK, NucleiSpec
from histo.nn.spec import ModelSpec, parse_facts, read_facts

__all__ = ["find_model", "find_model_of", "list_models", "load_model", "models_folders"]


def models_folders() -> list[Path]:
    """Say where models are looked for: the only place that knows.

    Returns
    -------
    list of Path
        ``HISTO_MODELS`` first, if it is set; then the models that came with the package: those inside an installed
        wheel, or those of a checkout. A name found twice is taken from the first.
    """
    package = Path(histo.__file__).parent
    given = [Path(entry) for entry in os.environ.get("HISTO_MODELS", "").split(os.pathsep) if entry]
    shipped = package / "_models"
    return [*given, shipped if shipped.is_dir() else package.parent / "models"]


def find_model(name: str | os.PathLike[str]) -> Path:
    """Find a model's folder.

    Parameters
    ----------
    name : str or path-like
        A model's name, or the path of a folder with a ``model.toml``.

    Returns
    -------
    Path

    Raises
    ------
    UnknownModel
        If there is none; the message lists those there are.
    """
    folders = _model_folders()
    if str(name) in folders:
        return folders[str(name)]
    if (Path(name) / SPEC_FILE).is_file():
        return Path(name)
    raise UnknownModel(
        "no model of this name",
        expected=f"one of {', '.join(folders) or '(none is installed)'}, or the path of a model's folder",
        got=repr(str(name)),
        next_step="histo models lists them; HISTO_MODELS names a folder with more.",
    )


def find_model_of(task: str, name: str | os.PathLike[str], *, example: str) -> Path:
    """Find the folder of a model that was made for a task; the message names an example of one.

    Raises
    ------
    UnknownModel
        If there is none of this name, or it is a model of something else.
    CorruptModel
        If its ``model.toml`` does not read.
    """
    folder = find_model(name)
    found = read_facts(folder / SPEC_FILE).get("task")
    if found != task:
        raise UnknownModel(
            f"this model does not find {task}",
            file=folder / SPEC_FILE,
            expected=f'task = "{task}"',
            got=f"task = {found!r}",
            next_step=f"Name a model of {task}, such as {example}; histo models lists them.",
        )
    return folder


def list_models() -> list[ModelSpec | NucleiSpec | JunctionSpec]:
    """List the models there are, by name, whatever they find.

    Raises
    ------
    CorruptModel
        If the ``model.toml`` of one does not read.
    """
    return [_read_any_spec(folder / SPEC_FILE) for folder in _model_folders().values()]


def load_model(name: str | os.PathLike[str]) -> Model:
    """Load a model, checking its weights against the sha256 on record.

    Parameters
    ----------
    name : str or path-like
        A model's name, or the path of a folder with a ``model.toml``.

    Returns
    -------
    Model
        In evaluation mode, on the CPU.

    Raises
    ------
    UnknownModel
        If there is none of this name; the message lists those there are.
    CorruptModel
        If its files are damaged or do not agree with one another.
    """
    return read_model(find_model(name))


def _read_any_spec(path: Path) -> ModelSpec | NucleiSpec | JunctionSpec:
    entries = read_facts(path)
    if entries.get("task") == NUCLEI_TASK:
        return parse_facts(entries, NucleiSpec, path)
    if entries.get("task") == JUNCTIONS_TASK:
        return parse_facts(entries, JunctionSpec, path)
    return parse_facts(entries, ModelSpec, path)


def _model_folders() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for parent in models_folders():
        for path in sorted(parent.glob(f"*/{SPEC_FILE}")):
            found.setdefault(path.parent.name, path.parent)
    return dict(sorted(found.items()))
