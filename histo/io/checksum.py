"""The sha256 of a file, or of a folder that stands for one."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from histo.errors import InvalidArgument

__all__ = ["sha256_of"]

_OF_FILE_BROWSERS = {".DS_Store", "Thumbs.db", "desktop.ini"}


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Compute the sha256 of a file, or of a folder's tree.

    A file is streamed, so memory stays flat. A folder (OME-Zarr, DICOM) is hashed as the list of its files in the order
    of their relative paths, each with its own sha256: the same on every machine and file system, whatever the times
    and permissions. Files that file browsers leave behind (``.DS_Store``, ``Thumbs.db``) are not counted.

    Parameters
    ----------
    path : path-like
        File or folder.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    InvalidArgument
        If there is neither a file nor a folder at this path.
    """
    path = Path(path)
    if path.is_dir():
        return _sha256_of_tree(path)
    if not path.is_file():
        raise InvalidArgument(
            "there is nothing to take the sha256 of", file=path, next_step="Check the path; was it moved since?"
        )
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sha256_of_tree(folder: Path) -> str:
    files = [
        Path(parent) / name for parent, _, names in os.walk(folder) for name in names if name not in _OF_FILE_BROWSERS
    ]
    tree = hashlib.sha256()
    for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in files):
        # The null byte ends a name as no character of a name can, so two trees never give the same list.
        tree.update(f"{sha256_of(file)} {name}\0".encode("utf-8", "surrogateescape"))
    return tree.hexdigest()
