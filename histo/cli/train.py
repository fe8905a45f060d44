"""``histo train``: make a model as a recipe says, or teach one what your own sections look like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from histo.cli.console import print_table, stderr, stdout
from histo.cli.dice_table import dice_table
from histo.errors import InvalidArgument

if TYPE_CHECKING:
    from histo.train import LeftOut, Progress

__all__ = ["train"]


def train(
    recipe: Annotated[Path | None, typer.Argument(help="Recipe, such as models/structure-v1/train.toml.")] = None,
    from_model: Annotated[str | None, typer.Option(help="Without a recipe: the model to go on from.")] = None,
    annotations: Annotated[
        list[Path] | None, typer.Option(help="With it: pictures and same-named .geojson of QuPath.")
    ] = None,
    hold_out: Annotated[
        list[str] | None, typer.Option(help="With it: source or field to judge by, not to learn.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the new model.")] = None,
    leave_one_source_out: Annotated[
        bool, typer.Option("--leave-one-source-out", help="Judge a recipe: train once without each source.")
    ] = False,
    runs: Annotated[Path, typer.Option(help="Where checkpoints and drawn sections are kept.")] = Path("runs"),
    restart: Annotated[bool, typer.Option("--restart", help="Start over instead of going on.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that prepare pictures.")] = 1,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps; without it the fastest.")] = None,
) -> None:
    """Train a model, judge it on what was held out, and write its folder with card and metrics.

    Stopped at any moment, the same command goes on where it was and ends with the same weights.
    Fine-tune: histo train --from-model structure-v1 --annotations my_set/ --hold-out m07
    """
    from histo import train as room
    from histo.cli.stages import StageProgress

    path = _recipe_path(recipe, from_model, annotations or [], out, hold_out or [])
    with StageProgress() as progress:
        settings: _Settings = {
            "folder": runs,
            "resume": not restart,
            "device": device,
            "n_workers": workers,
            "progress": progress,
        }
        if leave_one_source_out:
            _show_left_out(room.leave_one_source_out(path, **settings))
        else:
            folder = room.train(path, path.parent if from_model else out, **settings)
            _show_model(folder, is_compared=from_model is not None)


class _Settings(TypedDict):
    folder: Path
    resume: bool
    device: str | None
    n_workers: int
    progress: Progress


def _recipe_path(
    recipe: Path | None, from_model: str | None, annotations: list[Path], out: Path | None, hold_out: list[str]
) -> Path:
    """Return the recipe that was given, or write the one that fine-tunes."""
    from histo.train import write_fine_tuning_recipe

    if recipe is not None and from_model is None and not (annotations or hold_out):
        return recipe
    if recipe is None and from_model is not None and annotations:
        return write_fine_tuning_recipe(from_model, annotations, out, hold_out=hold_out)
    raise InvalidArgument(
        "what to train is not clear",
        expected="either a recipe, or --from-model MODEL with --annotations FOLDER",
        got="both" if recipe is not None else "--from-model alone" if from_model else "no recipe",
        next_step="histo train --help",
    )


def _show_left_out(left_out: LeftOut) -> None:
    print_table(
        dice_table(left_out.judged, "dice"), "Dice of each field, by a network that never saw a field of its source"
    )
    if left_out.calibration is not None:
        stdout.print(f"temperature = {left_out.calibration.temperature:g}  (for a recipe that holds nothing out)")


def _show_model(folder: Path, *, is_compared: bool) -> None:
    if is_compared:
        from histo.train import compare_with_start

        compared = compare_with_start(folder)
        if compared.empty:
            stderr.print("Nothing real was held out: how well it does on your sections is not known (--hold-out).")
        else:
            print_table(dice_table(compared, "before"), "Dice on the fields held out, before")
            print_table(dice_table(compared, "after"), "and after")
    stdout.print(str(folder), markup=False)
