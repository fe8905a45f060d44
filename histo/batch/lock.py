"""One process at a time writes into a results folder."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from histo.errors import ResultsInUse

__all__ = ["LOCK_NAME", "locked"]

LOCK_NAME = ".histo.lock"
"""The file that also tells a results folder from a folder of slides."""

log = logging.getLogger(__name__)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a results folder for this process; the operating system lets go of it even after ``kill -9``.

    Parameters
    ----------
    folder : Path
        The results folder; made if it is not there.

    Raises
    ------
    ResultsInUse
        If another process holds it, or it cannot be written into.
    """
    path = folder / LOCK_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise ResultsInUse(
            "the results folder cannot be written into",
            file=folder,
            got=str(error),
            next_step="Choose another folder with --out.",
        ) from error
    with file:
        _take(file, folder)
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield


def _take(file: TextIO, folder: Path) -> None:
    try:
        _lock_without_waiting(file)
    except (BlockingIOError, PermissionError) as error:
        file.seek(0)
        raise ResultsInUse(
            "another histo writes into this results folder",
            file=folder,
            got=file.read().strip() or None,
            next_step="Wait until it has ended, or choose another folder with --out.",
        ) from error
    except OSError as error:
        log.warning("%s cannot be locked (%s): take care that no second histo writes there", folder, error)


if sys.platform == "win32":
    import msvcrt

    def _lock_without_waiting(file: TextIO) -> None:
        # Far behind the text, which others must be able to read while the byte is held.
        os.lseek(file.fileno(), 1 << 30, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock_without_waiting(file: TextIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
