"""``histo score``: a folder of slides in, measurements per animal and a report out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histo.cli.console import print_json, stdout

__all__ = ["score"]


def score(
    slides: Annotated[list[Path], typer.Argument(help="Slides, or folders that are searched for slides.")],
    out: Annotated[Path, typer.Option(help="Results folder; run again to go on where it stopped.")] = Path("results"),
    design: Annotated[
        Path | None, typer.Option(help="Table (CSV, TSV, Excel) of slide, animal, group, timepoint, segment.")
    ] = None,
    mpp: Annotated[float | None, typer.Option(help="µm per level-0 pixel, where files do not say it.")] = None,
    model: Annotated[str, typer.Option(help="Structure model; histo models lists them.")] = "structure-v1",
    workers: Annotated[int | None, typer.Option(min=1, help="Slides at a time; without it what fits.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps; without it the fastest.")] = None,
    any_stain: Annotated[bool, typer.Option("--any-stain", help="Score slides that are not H&E too, flagged.")] = False,
    cells: Annotated[bool, typer.Option("--cells", help="Find and count cells too, and grade sections.")] = False,
    nuclei_model: Annotated[str, typer.Option(help="With --cells: the model that finds them.")] = "nuclei-he-v1",
    profile: Annotated[list[str] | None, typer.Option(help="Rubric to grade by, or its file; repeat for more.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be scored.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Score slides: villi, crypts and wall layers, per section, animal and group.

    Exit code 0: all slides were scored; 1: some failed, and the table failures says which and why; 2: nothing could
    be done. The design table is checked whole before any work.
    """
    from histo.batch import Settings, plan, run
    from histo.batch.cells import load_cell_finder
    from histo.cli.progress import BatchProgress, show_plan, show_summary
    from histo.io.design import read_design

    planned = plan(slides, None if design is None else read_design(design), mpp)
    if dry_run:
        if cells:
            load_cell_finder(nuclei_model)
        raise typer.Exit(show_plan(planned, as_json=as_json))
    with BatchProgress(planned, is_quiet=as_json) as progress:
        settings = Settings(
            model=model,
            workers=workers,
            device=device,
            any_stain=any_stain,
            nuclei_model=nuclei_model if cells else None,
            profiles=tuple(profile or ()),
        )
        summary = run(planned, out, settings, progress)
    if as_json:
        print_json(summary.to_dict())
    else:
        show_summary(stdout, summary)
    raise typer.Exit(summary.exit_code)
