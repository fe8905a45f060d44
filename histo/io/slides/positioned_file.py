"""A file that several threads read at once, each at a place of its own."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PositionedFile", "open_to_keep"]


class PositionedFile:
    """Reads bytes at an offset without a shared position.

    Parameters
    ----------
    path : Path
        The file; it stays open until `close`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._lock = threading.Lock()
        # Without buffering: every read goes to a place of its own.
        self._file = path.open("rb", buffering=0)
        # A slide that is dropped without being closed gives its file back quietly.
        self._finalizer = weakref.finalize(self, self._file.close)

    def read(self, offset: int, n_bytes: int) -> bytes:
        """Read exactly this many bytes.

        Raises
        ------
        EOFError
            If the file ends before them.
        """
        if offset < 0 or n_bytes < 0 or offset + n_bytes > self.size:
            raise EOFError(f"bytes {offset} to {offset + n_bytes} are wanted from a file of {self.size}")
        parts = []
        while n_bytes > 0:
            part = self._read_some(offset, n_bytes)
            if not part:
                raise EOFError(f"the file ends at byte {offset}")
            parts.append(part)
            offset += len(part)
            n_bytes -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_some(self, offset: int, n_bytes: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), n_bytes, offset)
        with self._lock:  # Windows has no pread
            self._file.seek(offset)
            return self._file.read(n_bytes) or b""

    def close(self) -> None:
        """Give the file back; reading afterwards raises ValueError."""
        self._finalizer()


@contextmanager
def open_to_keep(path: Path) -> Iterator[PositionedFile]:
    """Open a file that stays open after the block, unless the block fails."""
    file = PositionedFile(path)
    try:
        yield file
    except BaseException:
        file.close()
        raise
