"""Write TOML: the standard library only reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping

__all__ = ["write_toml"]


def write_toml(entries: Mapping[str, object]) -> str:
    """Write numbers, strings, booleans, lists of them and tables of all these as TOML.

    Parameters
    ----------
    entries : mapping
        Tables may be nested; a value of None is left out.

    Returns
    -------
    str

    Examples
    --------
    >>> print(write_toml({"name": "toy", "mpp": 1.0, "loss": {"weights": [1, 2]}}), end="")
    name = "toy"
    mpp = 1.0
    <BLANKLINE>
    [loss]
    weights = [1, 2]
    """
    return "".join(f"{line}\n" for line in _lines(entries, prefix=""))


def _lines(entries: Mapping[str, object], prefix: str) -> list[str]:
    lines = [
        f"{_key(key)} = {_value(value)}"
        for key, value in entries.items()
        if value is not None and not isinstance(value, Mapping)
    ]
    for key, value in entries.items():
        if isinstance(value, Mapping):
            path = f"{prefix}{_key(key)}"
            lines.extend([*([""] if lines or prefix else []), f"[{path}]", *_lines(value, prefix=f"{path}.")])
    return lines


def _key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() and key.isascii() else json.dumps(key)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    # A TOML string, number or boolean is written as JSON writes it, but for the delete character.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")
