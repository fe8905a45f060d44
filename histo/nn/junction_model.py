"""A junction model: its facts and its network, read from a folder."""

from __future__ import annotations

import os
from pathlib import Path

from histo.nn.junction_network import JunctionNet, build_junction_network
from histo.nn.junction_spec import JUNCTIONS_TASK, JunctionSpec
from histo.nn.model import read_parts
from histo.nn.task_model import TaskModel
from histo.nn.zoo import find_model_of

__all__ = ["JunctionModel", "load_junction_model", "read_junction_model"]


class JunctionModel(TaskModel[JunctionSpec, JunctionNet]):
    """A junction network in evaluation mode, with the facts that say how to use it."""


def read_junction_model(folder: Path) -> JunctionModel:
    """Read a junction model from its folder; nothing is unpickled.

    Parameters
    ----------
    folder : Path
        Holds ``model.toml`` and the weights file it names.

    Returns
    -------
    JunctionModel

    Raises
    ------
    CorruptModel
        If a file is absent or damaged, or the weights are not those that ``model.toml`` describes.
    """
    return JunctionModel(*read_parts(folder, JunctionSpec, lambda _: build_junction_network()))


def load_junction_model(name: str | os.PathLike[str]) -> JunctionModel:
    """Load a junction model, checking its weights against the sha256 on record.

    Parameters
    ----------
    name : str or path-like
        A model's name, or the path of a folder with a ``model.toml``.

    Returns
    -------
    JunctionModel
        In evaluation mode, on the CPU.

    Raises
    ------
    UnknownModel
        If there is none of this name, or it is a model of something else.
    CorruptModel
        If its files are damaged or do not agree with one another.
    """
    return read_junction_model(find_model_of(JUNCTIONS_TASK, name, example="junctions-v1"))
