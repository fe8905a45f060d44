"""``histo demo``: a drawn study and real pictures, scored, with a report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from histo.cli.console import stdout

__all__ = ["demo"]


def demo(
    out: Annotated[Path, typer.Option(help="Where slides, results and reports go.")] = Path("demo-results"),
    model: Annotated[str, typer.Option(help="Structure model; histo models lists them.")] = "structure-v1",
    workers: Annotated[int | None, typer.Option(min=1, help="Slides at a time; without it what fits.")] = None,
) -> None:
    """Draw a study of 15 animals in 3 groups, score it, compare the groups, and write the report.

    Then the same on real pictures: one that comes with scikit-image, and H&E of small intestine if HISTO_DATA names a
    folder that has some. Their µm/px is an estimate.
    """
    from histo.batch import Settings, plan, run
    from histo.cli.progress import BatchProgress, show_summary
    from histo.cli.real_pictures import plan_real_pictures
    from histo.cli.stages import StageProgress
    from histo.io.design import read_design
    from histo.phantom import CohortSpec, draw_cohort

    slides, design = out / "slides", out / "slides" / "animals.csv"
    if not design.is_file():
        with StageProgress() as progress:
            draw_cohort(
                slides,
                CohortSpec.small(),
                seed=2014,
                n_workers=workers or os.cpu_count() or 1,
                progress=lambda done, total: progress("drawing slides", done, total),
            )
    drawn = plan([slides], read_design(design))
    real = plan_real_pictures(out / "real-pictures")
    summaries = []
    for title, planned, folder in (("drawn study", drawn, "study"), ("real pictures", real, "real")):
        stdout.print(f"[bold]{title}[/]")
        # The colon picture is neither H&E nor small intestine: it is scored to show what then comes out, flagged.
        settings = Settings(model=model, workers=workers, any_stain=planned is real)
        with BatchProgress(planned) as batch_progress:
            summaries.append(run(planned, out / folder, settings, batch_progress))
        show_summary(stdout, summaries[-1])
    raise typer.Exit(max(summary.exit_code for summary in summaries))
