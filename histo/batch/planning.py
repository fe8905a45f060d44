"""Find every slide among files and folders, before any work is done."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from math import nan
from pathlib import Path

from histo.batch.lock import LOCK_NAME
from histo.batch.naming import is_slide_like, slide_names
from histo.errors import InvalidArgument
from histo.io.design import (
    JUNCTION_PROTEINS,
    Design,
    Panel,
    StainedMarker,
    as_junction_protein,
    as_slide,
    read_panel,
)

__all__ = ["IgnoredFile", "Plan", "PlannedSlide", "plan"]


@dataclass(frozen=True)
class PlannedSlide:
    """A slide that will be scored.

    Parameters
    ----------
    name : str
        What it is called in every table; unique within the plan.
    path : Path
        Where it lies, as it was given.
    mpp : float, optional
        µm/px that was given by hand or in the design table.
    stain : str, optional
        Stain that the design table gives; empty if it does not.
    marker : str, optional
        Markers that the design table gives, as `histo.io.design.read_panel` reads them.
    preparation : str, optional
        ``monolayer`` where the design table says so.
    labels : str, optional
        Path of its compartments, where the design table gives them.
    """

    name: str
    path: Path
    mpp: float | None = None
    stain: str = ""
    marker: str = ""
    preparation: str = ""
    labels: str = ""

    @property
    def is_scored_by_cells(self) -> bool:
        """Whether its cells are looked for: the design table calls it DAB or fluorescence, of more than junctions."""
        return self._shows_markers and (bool(self.panel.markers) or not self.junction_markers)

    @property
    def panel(self) -> Panel:
        """Its markers of cells; none where its stain is not known to show any."""
        return self._read_panel().of_cells

    @property
    def junction_markers(self) -> tuple[StainedMarker, ...]:
        """Its markers of junctions and epithelium."""
        return self._read_panel().of_junctions

    @property
    def is_monolayer(self) -> bool:
        """Whether its junctions are seen from above."""
        return self.preparation == "monolayer" and bool(self.junction_markers)

    @property
    def _shows_markers(self) -> bool:
        return self.stain in {"dab", "fluorescence"}

    def _read_panel(self) -> Panel:
        return read_panel(self.marker, self.stain) if self._shows_markers else Panel()


@dataclass(frozen=True)
class IgnoredFile:
    """A file in a given folder that is not taken for a slide, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Plan:
    """The slides of a batch, what was left aside, and the study's design.

    Parameters
    ----------
    slides : tuple of PlannedSlide
        Sorted by name.
    ignored : tuple of IgnoredFile
        Files in the given folders that are not slides.
    design : Design, optional
        Which animal, group and timepoint each slide belongs to.
    notes : tuple of str
        What the user should know before the work begins: slides without a row in the design, rows without a slide,
        slides of the same name, batches or cages that stand for groups.
    """

    slides: tuple[PlannedSlide, ...]
    ignored: tuple[IgnoredFile, ...] = ()
    design: Design | None = None
    notes: tuple[str, ...] = ()


def plan(paths: Iterable[str | os.PathLike[str]], design: Design | None = None, mpp: float | None = None) -> Plan:
    """Find every slide in these files and folders.

    Folders are searched with all that is in them. A file that is named itself is always taken for a slide, and so
    either scored or reported as failed; in a folder only files with the extension of an image are.

    Parameters
    ----------
    paths : iterable of path-like
        Files and folders; an OME-Zarr folder is one slide.
    design : Design, optional
        The design table, as `histo.io.read_design` gives it.
    mpp : float, optional
        µm/px of every slide; the design table's column ``mpp`` goes before it.

    Returns
    -------
    Plan
        Slides in order of their names.

    Raises
    ------
    InvalidArgument
        If there is no slide at all.
    """
    found, ignored = _search([Path(path) for path in paths])
    if not found:
        raise InvalidArgument(
            "no slide was found",
            expected="at least one file with the extension of a slide or an image",
            got=f"{len(ignored)} other files",
            next_step="Name the files themselves, or the folder that they lie in.",
        )
    names, notes = slide_names(found)
    slides = [_planned(name, path, design, mpp) for name, path in zip(names, found, strict=True)]
    if design is not None:
        notes += [*_mismatches(names, design), *_misspelt(slides)]
        notes += [f"{design.path.name}: {warning}" for warning in design.warnings]
    return Plan(tuple(sorted(slides, key=lambda slide: slide.name)), tuple(ignored), design, tuple(notes))


def _misspelt(slides: list[PlannedSlide]) -> list[str]:
    """Name markers of cells that are spelt almost like a protein of junctions."""
    near = {
        name: get_close_matches(name, JUNCTION_PROTEINS, n=1, cutoff=0.8)
        for slide in slides
        for name in slide.panel.names
        if not as_junction_protein(name)
    }
    return [
        f"marker {name!r} is looked for in cells; if it is {found[0]}, write that"
        for name, found in near.items()
        if found
    ]


def _search(paths: list[Path]) -> tuple[list[Path], list[IgnoredFile]]:
    found: dict[Path, Path] = {}
    ignored: list[IgnoredFile] = []
    for path in paths:
        candidates = [path] if not path.is_dir() or is_slide_like(path) else _walk(path, ignored)
        for candidate in candidates:
            identity = candidate.resolve()
            if identity in found:
                ignored.append(IgnoredFile(candidate, f"the same file as {found[identity]}"))
            else:
                found[identity] = candidate
    return list(found.values()), ignored


def _walk(folder: Path, ignored: list[IgnoredFile]) -> Iterator[Path]:
    """Yield the slides of a folder; links to folders are followed, but no folder is entered twice."""
    entered = set()
    for here, folders, files in os.walk(folder, followlinks=True):
        place = Path(here)
        identity = place.resolve()
        if identity in entered:
            folders.clear()
            continue
        entered.add(identity)
        if LOCK_NAME in files:
            ignored.append(IgnoredFile(place, "a results folder of histo"))
            folders.clear()
            continue
        slides_in_folders = sorted(name for name in folders if is_slide_like(place / name))
        folders[:] = sorted(name for name in folders if name not in slides_in_folders and not name.startswith("."))
        yield from (place / name for name in slides_in_folders)
        for name in sorted(files):
            if name.startswith("."):
                ignored.append(IgnoredFile(place / name, "a hidden file"))
            elif is_slide_like(place / name):
                yield place / name
            else:
                ignored.append(IgnoredFile(place / name, f"not an image: {Path(name).suffix or 'no extension'}"))


def _planned(name: str, path: Path, design: Design | None, mpp: float | None) -> PlannedSlide:
    """Take what is said of the slide from the design: from any row of it, as all its sections have the same."""
    if design is None:
        return PlannedSlide(name, path, mpp)
    rows = design.table[design.table["slide"] == as_slide(name)].to_dict("records")
    mpps = [float(row["mpp"]) for row in rows if row.get("mpp", nan) > 0]
    said = {
        key: next((str(row[key]) for row in rows if row.get(key)), "")
        for key in ("stain", "marker", "preparation", "labels")
    }
    if said["labels"]:
        said["labels"] = str(design.path.parent / said["labels"])
    return PlannedSlide(name, path, mpps[0] if mpps else mpp, **said)


def _mismatches(names: list[str], design: Design) -> list[str]:
    return [f"{design.path.name}: {problem}" for problem in design.check_against(names)]
