"""The profiles that come with histo, and those of a lab's own: TOML files, read and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from histo.errors import InvalidProfile, UnknownProfile
from histo.score.profile import Profile

__all__ = ["list_profiles", "load_profile"]

_KEYS = {"sources": ("key",), "inputs": ("name",), "findings": ("name",), "grades": ("scale", "grade")}
_NEXT_STEP = "docs/scores.md describes the file; histo.score.list_profiles() names those to start from."


@cache
def list_profiles() -> tuple[str, ...]:
    """List the profiles that come with histo.

    Examples
    --------
    >>> "marsh-oberhuber" in list_profiles()
    True
    """
    shipped = files("histo.score").joinpath("profiles").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in shipped if entry.name.endswith(".toml")))


def load_profile(profile: str | PathLike[str]) -> Profile:
    """Load a profile.

    A file may begin with ``extends = {id = "marsh-oberhuber", version = "1"}``: it then takes over that profile, and
    states only what differs. Sources, inputs, findings and grades replace those of the same name.

    Parameters
    ----------
    profile : str or path-like
        A name of `list_profiles`, or the path of a TOML file.

    Returns
    -------
    Profile

    Raises
    ------
    UnknownProfile
        If it is neither.
    InvalidProfile
        If the file does not read or says what cannot be; the message lists all problems.

    Examples
    --------
    >>> load_profile("marsh-oberhuber").finding_named("iel_raised").limit
    '30'
    """
    name = fspath(profile)
    if name in list_profiles():
        return _shipped_profile(name)
    path = Path(name)
    if path.suffix.lower() != ".toml" and not path.is_file():
        raise UnknownProfile(
            "there is no such profile", expected=f"one of {', '.join(list_profiles())}, or a TOML file", got=repr(name)
        )
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UnknownProfile("there is no such profile", file=path, expected="a TOML file", got="nothing") from error
    except (OSError, ValueError) as error:
        raise InvalidProfile("the profile does not read", file=path, expected="a TOML file", got=str(error)) from error
    return _checked(_whole(text, path), path)


@cache
def _shipped_profile(name: str) -> Profile:
    return _checked(_shipped_entries(name), f"{name}.toml")


def _shipped_entries(name: str) -> dict[str, Any]:
    file = files("histo.score").joinpath("profiles").joinpath(f"{name}.toml")
    return _whole(file.read_text(encoding="utf-8"), f"{name}.toml")


def _whole(text: str, file: str | PathLike[str]) -> dict[str, Any]:
    """Read TOML, and put it over the profile that it extends."""
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidProfile("the profile is not TOML", file=file, got=str(error), next_step=_NEXT_STEP) from error
    extended = entries.get("extends")
    if extended is None:
        return entries
    if not isinstance(extended, Mapping) or set(extended) != {"id", "version"}:
        raise InvalidProfile(
            "extends names a profile and its version",
            file=file,
            expected='extends = {id = "marsh-oberhuber", version = "1"}',
            got=repr(extended),
        )
    if extended["id"] not in list_profiles():
        raise InvalidProfile(
            "it extends a profile that histo does not bring",
            file=file,
            expected=f"one of {', '.join(list_profiles())}",
            got=repr(extended["id"]),
        )
    base = _shipped_entries(extended["id"])
    if base["version"] != extended["version"]:
        raise InvalidProfile(
            f"it extends another version of {extended['id']}",
            file=file,
            expected=f"version {base['version']!r}, the one that histo brings",
            got=repr(extended["version"]),
            next_step="Look at what changed, then name the new version.",
        )
    return _overlaid(base, entries)


def _overlaid(base: dict[str, Any], entries: dict[str, Any]) -> dict[str, Any]:
    """Replace what has the same name, and add the rest."""
    whole = {**base, **entries}
    for kind, keys in _KEYS.items():
        if not isinstance(entries.get(kind), list):
            continue
        merged = {_named(entry, keys): entry for entry in base[kind]}
        merged.update({_named(entry, keys): entry for entry in entries[kind]})
        whole[kind] = list(merged.values())
    return whole


def _named(entry: object, keys: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(str(entry.get(key, "")) for key in keys) if isinstance(entry, Mapping) else (id(entry),)


def _checked(entries: dict[str, Any], file: str | PathLike[str]) -> Profile:
    try:
        return Profile.model_validate(entries)
    except ValidationError as error:
        lines = [
            f"\n  {_place(entries, problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        ]
        number = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        raise InvalidProfile(f"the profile has {number}:{''.join(lines)}", file=file, next_step=_NEXT_STEP) from error


def _place(entries: dict[str, Any], location: tuple[int | str, ...]) -> str:
    """Name the entry rather than its number: ``findings iel_raised, threshold``."""
    if not location:
        return "profile"
    kind, *rest = location
    if rest and isinstance(rest[0], int):
        entry = entries[str(kind)][rest[0]]
        name = " ".join(part for part in _named(entry, _KEYS.get(str(kind), ())) if isinstance(part, str) and part)
        rest[0] = name or f"number {rest[0] + 1}"
        return ", ".join([f"{kind} {rest[0]}", *map(str, rest[1:])])
    return ", ".join(map(str, location))
