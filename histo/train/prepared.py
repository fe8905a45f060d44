"""Pictures that were brought to one form, apart into what is learned from and what is judged by."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from histo.errors import InvalidRecipe

__all__ = ["PreparedFields", "check_held_out_names", "find_set_folder"]


@dataclass(frozen=True)
class PreparedFields:
    """Where a recipe's pictures lie.

    Parameters
    ----------
    trained : dict of str to list of Path
        By set, pictures to learn from.
    held_out : dict of str to list of Path
        By set, pictures to judge by.
    digest : str
        Of the pictures and truths trained on.
    """

    trained: dict[str, list[Path]]
    held_out: dict[str, list[Path]]
    digest: str


def find_set_folder(folder: str, beside: Path) -> Path:
    """Find a set: beside the recipe, or in the folder that ``HISTO_DATA`` names."""
    data = os.environ.get("HISTO_DATA")
    near = beside / folder
    return Path(data) / folder if data and not near.is_dir() else near


def check_held_out_names(set_name: str, held_out: Sequence[str], pictures: Collection[str]) -> None:
    """Check that the pictures that a set holds out are there.

    Raises
    ------
    InvalidRecipe
        If one is not.
    """
    missing = [name for name in held_out if name not in pictures and name != "*"]
    if missing:
        raise InvalidRecipe(
            f"pictures that are to be held out of {set_name} are not there",
            got=", ".join(missing),
            expected=f"names such as {next(iter(pictures))}",
        )
