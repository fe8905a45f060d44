"""Files and folders that appear complete or not at all."""

from __future__ import annotations

import logging
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from histo.errors import InvalidArgument

__all__ = ["remove_unfinished", "write_atomically"]

_log = logging.getLogger(__name__)
_LEFTOVER = re.compile(r"^\.(?P<name>.+)\.[0-9a-f]{12}\.(?P<state>unfinished|replaced)$")


@contextmanager
def write_atomically(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write beside the place where a file or folder will stand, and move it there when it is whole.

    The body makes a file, or a folder, at the path that it is given. When it ends, everything is flushed to the disk
    and takes the place of what stood at `path`; when it raises, nothing changes. A file replaces a file in one step.
    A folder cannot: the old one is renamed first, so for an instant there is none, and `remove_unfinished` puts the old
    one back should the process die in between.

    Parameters
    ----------
    path : path-like
        Where the result shall stand. Missing parent folders are made.

    Yields
    ------
    Path
        Where to write: a name that does not exist yet, in the same folder, so that moving is renaming.

    Raises
    ------
    InvalidArgument
        If the parent is not a folder, or the body wrote nothing.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> target = Path(mkdtemp()) / "run.json"
    >>> with write_atomically(target) as unfinished:
    ...     _ = unfinished.write_text("{}")
    ...     target.exists()
    False
    >>> target.read_text()
    '{}'
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InvalidArgument(
            "cannot write into what is not a folder", file=target.parent, next_step="Name another results folder."
        ) from error
    token = uuid.uuid4().hex[:12]
    unfinished = target.with_name(f".{target.name}.{token}.unfinished")
    try:
        yield unfinished
        if not unfinished.exists():
            raise InvalidArgument("nothing was written", file=target, expected=f"a file or folder at {unfinished}")
        _flush(unfinished)
        _move(unfinished, target, token)
    finally:
        _remove(unfinished)


def remove_unfinished(folder: str | os.PathLike[str]) -> list[Path]:
    """Clear what a killed process left behind in a folder, and put back what it had set aside.

    Only call it while nobody writes into the folder.

    Parameters
    ----------
    folder : path-like
        Searched itself, not its subfolders. It need not exist.

    Returns
    -------
    list of Path
        What was removed or put back, in order of name.
    """
    folder = Path(folder)
    cleared = []
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        leftover = _LEFTOVER.match(entry.name)
        if leftover is None:
            continue
        target = folder / leftover["name"]
        if leftover["state"] == "replaced" and not target.exists():
            entry.rename(target)
            _log.warning("put back %s, which an interrupted run had set aside", target)
        else:
            _remove(entry)
        cleared.append(entry)
    return cleared


def _move(unfinished: Path, target: Path, token: str) -> None:
    aside = target.with_name(f".{target.name}.{token}.replaced")
    is_set_aside = target.exists() and (unfinished.is_dir() or target.is_dir())
    if is_set_aside:
        target.rename(aside)
    try:
        unfinished.replace(target)
    except OSError:
        if is_set_aside:
            aside.rename(target)
        raise
    _flush_entry(target.parent)
    _remove(aside)


def _flush(path: Path) -> None:
    if path.is_dir():
        for inner in path.iterdir():
            _flush(inner)
    _flush_entry(path)


def _flush_entry(path: Path) -> None:
    """Ask the disk to keep a file's bytes, or a folder's list of names."""
    if path.is_dir() and os.name != "posix":  # Windows cannot open a folder, and keeps its names by itself
        return
    # Windows flushes only what is open for writing.
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
