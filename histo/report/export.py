"""The folder beside the page: each figure as SVG and its numbers as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

from histo.io.results import write_atomically
from histo.report.figure import DrawnFigure

__all__ = ["figures_folder", "write_figures"]

_INDEX = "index.csv"
_COLUMNS = ("figure", "title", "shows", "svg", "csv")


def figures_folder(page: Path) -> Path:
    """Name the folder of a page's figures: ``report_figures`` beside ``report.html``.

    Examples
    --------
    >>> figures_folder(Path("results/report.html")).as_posix()
    'results/report_figures'
    """
    return page.with_name(f"{page.stem}_figures")


def write_figures(folder: Path, figures: Iterable[DrawnFigure]) -> Path:
    """Write figures, their numbers and an index of them.

    What an earlier report left there and this one no longer has is removed; files that no report wrote stay.

    Parameters
    ----------
    folder : Path
        Made when it is missing.
    figures : iterable of DrawnFigure
        Each with a name of its own.

    Returns
    -------
    Path
        The index: name, title and description of each figure, and its two files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = _indexed(folder / _INDEX)
    rows = []
    for figure in figures:
        files = {f"{figure.name}.svg": figure.svg, f"{figure.name}.csv": figure.csv}
        for name, content in files.items():
            _write(folder / name, content)
        rows.append((figure.name, figure.title, figure.alt, *files))
    written = {name for row in rows for name in row[3:]}
    for name in before - written:
        (folder / name).unlink(missing_ok=True)
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(rows)
    _write(folder / _INDEX, buffer.getvalue())
    return folder / _INDEX


def _indexed(index: Path) -> set[str]:
    """List the files of an earlier report; names that lead elsewhere are none of its."""
    if not index.is_file():
        return set()
    with index.open(encoding="utf-8", errors="replace", newline="") as lines:
        names = {row.get(kind) or "" for row in csv.DictReader(lines) for kind in ("svg", "csv")}
    return {name for name in names if name == Path(name).name and name.endswith((".svg", ".csv")) and name != _INDEX}


def _write(path: Path, content: str) -> None:
    with write_atomically(path) as unfinished:
        unfinished.write_text(content, encoding="utf-8", newline="")
