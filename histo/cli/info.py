"""``histo info``: what histo sees in a file, or why it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histo.cli.console import print_json, stdout
from histo.errors import HistoError

__all__ = ["info"]


def info(
    files: Annotated[list[Path], typer.Argument(help="Slides, or folders that are searched for slides.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show format, size, levels, channels and µm/px of slides, and where the µm/px was found.

    Exit code 1 if any file cannot be read; a missing µm/px is no failure here, but histo score will want it.
    """
    from histo.batch import plan

    planned = plan(files)
    described = [_describe(slide.path) for slide in planned.slides]
    if as_json:
        print_json(described)
    else:
        for facts in described:
            _show(facts)
        for file in planned.ignored:
            stdout.print(f"{file.path}: left aside, {file.reason}", style="dim", markup=False)
    raise typer.Exit(int(any("error" in facts for facts in described)))


def _describe(path: Path) -> dict[str, object]:
    from histo.io import open_slide

    try:
        with open_slide(path) as slide:
            found = slide.pixel_size
            facts: dict[str, object] = {
                "path": str(path),
                "name": slide.name,
                "format": slide.format,
                "rows": slide.shape[0],
                "cols": slide.shape[1],
                "levels": [{"rows": level.shape[0], "cols": level.shape[1]} for level in slide.levels],
                "channels": list(slide.channels),
                "dtype": str(slide.dtype),
                "is_brightfield": slide.is_brightfield,
                "mpp": None if found is None else found.mpp,
                "mpp_source": None if found is None else found.source,
            }
            if found is None:
                facts["mpp_problem"] = _mpp_problem(slide)
            return facts
    except HistoError as error:
        return {"path": str(path), "error": error.reason, "message": str(error)}


def _mpp_problem(slide: object) -> str:
    try:
        return f"{slide.mpp}"  # type: ignore[attr-defined]
    except HistoError as error:
        return str(error)


def _show(facts: dict[str, object]) -> None:
    stdout.print(str(facts["path"]), style="bold", markup=False)
    if "error" in facts:
        stdout.print(f"  {facts['error']}: {facts['message']}", style="red", markup=False)
        return
    levels = facts["levels"]
    sizes = ", ".join(f"{level['rows']} x {level['cols']}" for level in levels) if isinstance(levels, list) else ""
    channels = facts["channels"]
    names = ", ".join(channels) if isinstance(channels, list) else ""
    light = "brightfield" if facts["is_brightfield"] else "not brightfield"
    mpp = f"{facts['mpp']:.4g} ({facts['mpp_source']})" if facts["mpp"] is not None else facts["mpp_problem"]
    for name, value in (
        ("format", facts["format"]),
        ("levels", f"{sizes} px (rows x cols)"),
        ("channels", f"{names}; {facts['dtype']}; {light}"),
        ("µm/px", mpp),
    ):
        stdout.print(f"  {name:<9}{value}", markup=False)
