"""``histo evaluate``: how well a model agrees with truth that it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histo.cli.console import print_json, print_table

__all__ = ["evaluate"]


def evaluate(
    model: Annotated[str, typer.Argument(help="A model's name or folder; histo models lists them.")] = "structure-v1",
    annotations: Annotated[
        list[Path] | None,
        typer.Option("--annotations", help="Folder of annotated fields; may be given several times."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps; without it the fastest.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Judge a structure model on drawn sections, and on annotated fields if you name some.

    Name only fields that the model was not trained on: its card says which those are.
    """
    from histo.cli.stages import StageProgress
    from histo.train import evaluate as judge

    with StageProgress() as progress:
        table = judge(model, annotations or (), device=device, progress=progress)
    if as_json:
        print_json(table.to_dict("records"))
    else:
        print_table(table)
