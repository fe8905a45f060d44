"""Calls into decoders that others wrote: their errors become ours, their warnings and log lines stay inside."""

from __future__ import annotations

import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from os import PathLike

from histo.errors import HistoError, UnreadableSlide

__all__ = ["FOREIGN_ERRORS", "foreign_code"]

# What tifffile, imagecodecs, Pillow, zarr, pydicom and czifile were seen to raise on damaged files. SyntaxError is
# Pillow's word for a broken PNG and the XML parser's for broken XML.
FOREIGN_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

_is_inside: ContextVar[bool] = ContextVar("histo_reads_a_foreign_format", default=False)
_warnings_lock = threading.RLock()
_logger = logging.getLogger(__name__)


class _PassOnAsDebug(logging.Filter):
    """Turns what a decoder logs about our file into a debug line of ours; leaves the caller's own use of it alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not _is_inside.get():
            return True
        _logger.debug("%s: %s", record.name, record.getMessage())
        return False


for _name in ("tifffile", "pydicom", "czifile", "PIL.Image"):
    logging.getLogger(_name).addFilter(_PassOnAsDebug())


@contextmanager
def foreign_code(path: str | PathLike[str], doing: str) -> Iterator[None]:
    """Run someone else's reader on a slide.

    Parameters
    ----------
    path : path-like
        The slide, for the message.
    doing : str
        What is being tried, in the words of a sentence: ``"reading the TIFF header"``.

    Raises
    ------
    UnreadableSlide
        In place of whatever the reader raises. Errors of ours pass unchanged.
    """
    token = _is_inside.set(True)
    try:
        # The warnings filters belong to the whole process, so only one thread may exchange them at a time.
        with _warnings_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except HistoError:
        raise
    except FOREIGN_ERRORS as error:
        raise UnreadableSlide(
            f"{doing} failed",
            file=path,
            got=f"{type(error).__name__}: {one_line(error)}",
            next_step="The file is damaged or not what its name says; copy it again or export it anew.",
        ) from error
    finally:
        _is_inside.reset(token)


def one_line(error: BaseException) -> str:
    """Squeeze an error's text into one short line."""
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:197] + "..."
