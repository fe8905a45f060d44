"""The protocols that come with histo, and those of a lab's own: TOML files, read and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from histo.errors import InvalidProtocol, UnknownProtocol
from histo.study.protocol.model import Protocol

__all__ = ["list_protocols", "load_protocol"]

_NEXT_STEP = "docs/protocols.md describes the file; histo study --list-protocols names those to start from."


@cache
def list_protocols() -> tuple[str, ...]:
    """List the protocols that come with histo.

    Examples
    --------
    >>> "nouri2014" in list_protocols()
    True
    """
    shipped = files("histo.study.protocol").joinpath("data").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in shipped if entry.name.endswith(".toml")))


def load_protocol(protocol: str | PathLike[str]) -> Protocol:
    """Load a protocol.

    Parameters
    ----------
    protocol : str or path-like
        A name of `list_protocols`, or the path of a TOML file.

    Returns
    -------
    Protocol

    Raises
    ------
    UnknownProtocol
        If it is neither.
    InvalidProtocol
        If the file does not read or says what cannot be; the message lists all problems.

    Examples
    --------
    >>> [arm.name for arm in load_protocol("nouri2014").arms]
    ['control', 'EAE day 7', 'EAE day 14']
    """
    name = fspath(protocol)
    if name in list_protocols():
        return _shipped_protocol(name)
    path = Path(name)
    if path.suffix.lower() != ".toml" and not path.is_file():
        known = ", ".join(list_protocols())
        raise UnknownProtocol("there is no such protocol", expected=f"one of {known}, or a TOML file", got=repr(name))
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UnknownProtocol("there is no such protocol", file=path, expected="a TOML file", got="nothing") from error
    except (OSError, ValueError) as error:
        raise InvalidProtocol(
            "the protocol does not read", file=path, expected="a TOML file", got=str(error)
        ) from error
    return _read(text, path)


@cache
def _shipped_protocol(name: str) -> Protocol:
    file = files("histo.study.protocol").joinpath("data").joinpath(f"{name}.toml")
    return _read(file.read_text(encoding="utf-8"), f"{name}.toml")


def _read(text: str, file: str | PathLike[str]) -> Protocol:
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidProtocol("the protocol is not TOML", file=file, got=str(error), next_step=_NEXT_STEP) from error
    try:
        return Protocol.model_validate(entries)
    except ValidationError as error:
        lines = [
            f"\n  {_place(entries, problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        ]
        number = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        raise InvalidProtocol(f"the protocol has {number}:{''.join(lines)}", file=file, next_step=_NEXT_STEP) from error


def _place(entries: Mapping[str, Any], location: tuple[int | str, ...]) -> str:
    """Name an entry of a list rather than its number: ``endpoints villus length, unit``."""
    steps: list[str] = []
    found: Any = entries
    for step in location:
        inside = found[step] if _has(found, step) else None
        name = inside.get("name") if isinstance(step, int) and isinstance(inside, Mapping) else None
        if isinstance(name, str):
            steps[-1] += f" {name}"
        elif isinstance(step, int) and steps:
            steps[-1] += f" number {step + 1}"
        else:
            steps.append(str(step))
        found = inside
    return ", ".join(steps) or "protocol"


def _has(container: Any, step: int | str) -> bool:
    if isinstance(container, Mapping):
        return step in container
    return isinstance(container, list) and isinstance(step, int) and step < len(container)
