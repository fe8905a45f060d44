"""``histo score``: a folder of slides in, measurements per animal and a report out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histo.cli.console import print_json, stdout

__all__ = ["score"]


def score(
    slides: Annotated[list[Path], typer.Argument(help="Slides, or folders searched for them.", show_default=False)],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Results (default: results); run again to go on.", show_default=False)
    ] = Path("results"),
    design: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Table of slide, animal, group, stain, marker, ...")
    ] = None,
    mpp: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="µm per pixel, where a file does not say.")
    ] = None,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="Structure model (default: structure-v1).", show_default=False)
    ] = "structure-v1",
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="Slides at a time.")] = None,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="cpu, cuda, cuda:1 or mps.")] = None,
    any_stain: Annotated[bool, typer.Option("--any-stain", help="Structure of other stains too, flagged.")] = False,
    cells: Annotated[bool, typer.Option("--cells", help="Cells of H&E slides too, and grades.")] = False,
    nuclei_model: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Finds cells; one a stain, repeat for both.")
    ] = None,
    junction_model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Sees junctions of monolayers; or ridge, a filter.")
    ] = None,
    staining_mpp: Annotated[
        float,
        typer.Option(metavar="NUMBER", help="µm per pixel of barrier staining (default: 0.5).", show_default=False),
    ] = 0.5,
    strict_staining: Annotated[
        bool, typer.Option("--strict-staining", help="Refuse saturated, blurred, uneven stains.")
    ] = False,
    staining_thresholds: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Those of an earlier run, of barrier staining.")
    ] = None,
    phenotypes: Annotated[Path | None, typer.Option(metavar="FILE", help="Rules of phenotypes (TOML).")] = None,
    thresholds: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Thresholds of an earlier run, to judge by.")
    ] = None,
    profile: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Rubric to grade by, or its file; repeat.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be scored.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Score slides: structure and cells of H&E; cells, markers and junctions of other stains.

    Exit code 0: all slides were scored; 1: some failed, and the table failures says why; 2: nothing could be done.
    """
    from histo.batch import Settings, plan, run
    from histo.cli.progress import BatchProgress, show_plan, show_summary
    from histo.io.design import read_design

    planned = plan(slides, None if design is None else read_design(design), mpp)
    settings = Settings(
        model=model,
        workers=workers,
        device=device,
        any_stain=any_stain,
        cells=cells,
        nuclei_models=tuple(nuclei_model or ()),
        junction_model=junction_model,
        staining_mpp=staining_mpp,
        strict_staining=strict_staining,
        staining_thresholds=None if staining_thresholds is None else str(staining_thresholds),
        phenotypes=None if phenotypes is None else str(phenotypes),
        thresholds=None if thresholds is None else str(thresholds),
        profiles=tuple(profile or ()),
    )
    if dry_run:
        from histo.batch.barrier_threshold import read_barrier_rules
        from histo.batch.cell_finder import choose_cell_finders
        from histo.batch.engine import read_cell_rules
        from histo.batch.junction_finder import choose_junction_finder

        finders = choose_cell_finders(planned, settings)
        choose_junction_finder(planned, settings)
        read_cell_rules(planned, settings)
        read_barrier_rules(settings)
        raise typer.Exit(show_plan(planned, finders, as_json=as_json))
    with BatchProgress(planned, is_quiet=as_json) as progress:
        summary = run(planned, out, settings, progress)
    if as_json:
        print_json(summary.to_dict())
    else:
        show_summary(stdout, summary)
    raise typer.Exit(summary.exit_code)
