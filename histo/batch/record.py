"""What stands beside a finished slide: from what, with what, when and how it was scored."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from histo.errors import CorruptResults
from histo.io.results import sha256_of

__all__ = ["RECORD_NAME", "Fingerprint", "InputFile", "SlideRecord", "read_record", "slide_folder"]

RECORD_NAME = "done.json"


@dataclass(frozen=True)
class InputFile:
    """A slide as it was when it was scored.

    Parameters
    ----------
    sha256 : str
        Of its content; of all files in order of their names where the slide is a folder.
    n_bytes : int
        Its size.
    modified_ns : int
        When it was last modified, nanoseconds of the system's clock.
    """

    sha256: str
    n_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> InputFile:
        """Describe the file or folder at this path, reading all of it."""
        return cls(sha256_of(path), *_stamp(path))

    def is_stamp_of(self, path: Path) -> bool:
        """Tell from size and time alone whether the file is still the same."""
        return (self.n_bytes, self.modified_ns) == _stamp(path)


@dataclass(frozen=True)
class Fingerprint:
    """All that a slide's results depend on besides the slide: when it changes, the slide is scored again.

    Parameters
    ----------
    version : str
        Of histo.
    model : str
        Name of the model.
    model_sha256 : str
        Of its weights.
    mpp : float, optional
        µm/px that was given by hand or by the design table.
    stain, marker : str
        Stain and markers that the design table gives; empty if it does not.
    any_stain : bool
        Whether structure is looked for on slides that are not H&E too.
    nuclei_model, nuclei_sha256 : str
        Name of the model that finds cells, and sha256 of its weights; empty if none are looked for, the sha256 also if
        it is not installed.
    preparation : str
        As the design table gives it.
    labels_sha256 : str
        Of the compartments that the design table gives.
    junction_model, junction_sha256 : str
        What sees junctions, as above; empty where none are looked for, the sha256 also of the ridge filter.
    staining_mpp : float
        µm/px at which the staining of a section is measured; 0 where none is.
    strict_staining : bool
        Whether pictures that cannot be measured well are refused.
    """

    version: str
    model: str
    model_sha256: str
    mpp: float | None = None
    stain: str = ""
    marker: str = ""
    any_stain: bool = False
    nuclei_model: str = ""
    nuclei_sha256: str = ""
    preparation: str = ""
    labels_sha256: str = ""
    junction_model: str = ""
    junction_sha256: str = ""
    staining_mpp: float = 0.0
    strict_staining: bool = False


@dataclass(frozen=True)
class SlideRecord:
    """The record of one finished slide.

    Parameters
    ----------
    slide : str
        Its name.
    path : str
        As it was given.
    input : InputFile
        What was read.
    fingerprint : Fingerprint
        What it was scored with.
    device : str
        Where the network ran.
    seconds : float
        How long it took.
    finished : str
        When, ISO 8601 in UTC.
    sections : tuple of str
        Its sections.
    outputs : tuple of str
        Files and folders outside its own folder, relative to the results folder.
    """

    slide: str
    path: str
    input: InputFile
    fingerprint: Fingerprint
    device: str
    seconds: float
    finished: str
    sections: tuple[str, ...]
    outputs: tuple[str, ...]

    def to_json(self) -> str:
        """Write it as JSON, one line a field."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def is_current(self, results: Path, fingerprint: Fingerprint) -> bool:
        """Tell whether scoring again with this fingerprint would give the same, and all results are still there."""
        return self.fingerprint == fingerprint and all((results / output).exists() for output in self.outputs)


def _stamp(path: Path) -> tuple[int, int]:
    """Size and last change; of a folder the sum and the latest of its files."""
    files = [entry for entry in path.rglob("*") if entry.is_file()] if path.is_dir() else [path]
    stats = [file.stat() for file in files]
    return sum(stat.st_size for stat in stats), max((stat.st_mtime_ns for stat in stats), default=0)


def slide_folder(results: Path, slide: str) -> Path:
    """Name the folder that holds the parts of one slide."""
    return results / "slides" / slide


def read_record(results: Path, slide: str) -> SlideRecord | None:
    """Read the record of a slide.

    Parameters
    ----------
    results : Path
        The results folder.
    slide : str
        The slide's name.

    Returns
    -------
    SlideRecord or None
        None if the slide is not finished.

    Raises
    ------
    CorruptResults
        If there is a record that does not read.
    """
    path = slide_folder(results, slide) / RECORD_NAME
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        entries["input"] = InputFile(**entries["input"])
        entries["fingerprint"] = Fingerprint(**entries["fingerprint"])
        entries["sections"], entries["outputs"] = tuple(entries["sections"]), tuple(entries["outputs"])
        return SlideRecord(**entries)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CorruptResults(
            "the record of a finished slide does not read",
            file=path,
            got=str(error),
            next_step="Delete the slide's folder and score again.",
        ) from error
