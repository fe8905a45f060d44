"""What a slide file looks like from outside, and what the slide is called."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from histo.io.slides import SLIDE_SUFFIXES, slide_name

__all__ = ["is_slide_like", "slide_names"]

# Formats that histo knows of but does not read: they end among the failures and not nowhere.
_NOT_READ = (".mrxs", ".vms", ".vmu", ".scn", ".bif", ".svslide", ".vsi", ".lif", ".nd2", ".isyntax", ".jp2", ".dicom")


def is_slide_like(path: Path) -> bool:
    """Tell whether a file, or a Zarr folder, has the extension of a slide or an image.

    Parameters
    ----------
    path : Path
        What was found in a folder.

    Examples
    --------
    >>> is_slide_like(Path("m07.ome.tif")), is_slide_like(Path("animals.csv"))
    (True, False)
    """
    name = path.name.lower()
    if path.is_dir():
        return name.endswith(".zarr")
    return name.endswith((*SLIDE_SUFFIXES, *_NOT_READ)) and not name.endswith(".zarr")


def slide_names(paths: list[Path]) -> tuple[list[str], list[str]]:
    """Give every slide a name of its own.

    Slides whose files are called the same get their extension behind the name, or where that does not tell them apart
    the folders they lie in before it, joined by two underscores. Upper and lower case count as the same, as they do on
    many disks.

    Parameters
    ----------
    paths : list of Path
        Different files.

    Returns
    -------
    names : list of str
        In the order of `paths`.
    notes : list of str
        One sentence for each name that several files had.

    Examples
    --------
    >>> slide_names([Path("a/1.svs"), Path("b/1.svs"), Path("b/2.svs")])[0]
    ['a__1', 'b__1', '2']
    >>> slide_names([Path("1.svs"), Path("1.png")])[0]
    ['1-svs', '1-png']
    """
    names = [slide_name(path) for path in paths]
    clashes = _clashing(names)
    notes = []
    for clash in sorted(clashes):
        members = [index for index, name in enumerate(names) if name.casefold() == clash]
        others = {name.casefold() for index, name in enumerate(names) if index not in members}
        for index, name in zip(members, _told_apart([paths[i] for i in members], others), strict=True):
            names[index] = name
        notes.append(f"{len(members)} slides are called {clash}; they are now {', '.join(names[i] for i in members)}")
    return names, notes


def _clashing(names: list[str]) -> set[str]:
    counts = Counter(name.casefold() for name in names)
    return {name for name, count in counts.items() if count > 1}


def _told_apart(paths: list[Path], taken: set[str]) -> list[str]:
    whole = [(*path.resolve().parts[1:-1], slide_name(path)) for path in paths]
    extensions = [path.name[len(slide_name(path)) + 1 :] for path in paths]
    for depth in range(1, max(map(len, whole)) + 1):
        plain = ["__".join(parts[-depth:]) for parts in whole]
        extended = [f"{name}-{extension}" for name, extension in zip(plain, extensions, strict=True)]
        for names in (plain, extended):
            folded = {name.casefold() for name in names}
            if len(folded) == len(names) and not folded & taken:
                return names
    return [f"{'__'.join(parts)}-{number}" for number, parts in enumerate(whole, start=1)]
