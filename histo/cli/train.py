"""``histo train``: make a model as a recipe says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histo.cli.console import print_table, stdout

__all__ = ["train"]


def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe, such as models/structure-v1/train.toml.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the model [default: the recipe's, or one beside it].")
    ] = None,
    leave_one_source_out: Annotated[
        bool, typer.Option("--leave-one-source-out", help="Judge the recipe: train it once without each source.")
    ] = False,
    runs: Annotated[Path, typer.Option(help="Where checkpoints, logs and drawn sections are kept.")] = Path("runs"),
    restart: Annotated[bool, typer.Option("--restart", help="Start over instead of going on.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that prepare pictures.")] = 1,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps [default: the fastest].")] = None,
) -> None:
    """Train a model, judge it on what was held out, and write its folder with card and metrics.

    Stopped at any moment, the same command goes on where it was and ends with the same weights.
    """
    from histo import train as room
    from histo.cli.dice_table import dice_table
    from histo.cli.stages import StageProgress

    with StageProgress() as progress:
        if leave_one_source_out:
            left_out = room.leave_one_source_out(
                recipe, folder=runs, resume=not restart, device=device, n_workers=workers, progress=progress
            )
        else:
            folder = room.train(
                recipe, out, folder=runs, resume=not restart, device=device, n_workers=workers, progress=progress
            )
    if leave_one_source_out:
        print_table(dice_table(left_out.judged), "Dice of each field, by a network that never saw its source")
        if left_out.calibration is not None:
            stdout.print(f"temperature {left_out.calibration.temperature:g}: put it into the recipe of a final model")
    else:
        stdout.print(str(folder), markup=False)
