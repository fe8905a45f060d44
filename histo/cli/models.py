"""``histo models``: which models there are, and whether they are whole."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer

from histo.cli.console import print_json, print_table, stdout

__all__ = ["models"]


def models(as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """List the models, what they were trained and validated on, and whether their weights have the sha256 on record.

    Exit code 1 if one is not whole.
    """
    from histo.cli.inventory import describe_models

    described = describe_models()
    if as_json:
        print_json(described)
    elif not described:
        stdout.print("no model is installed; HISTO_MODELS names a folder of models, histo train makes one")
    else:
        table = pd.DataFrame(described)
        table["sha256"] = table["sha256"].str[:12]
        for name in ("trained_on", "validated_on"):
            table[name] = [", ".join(sets) or "nothing real yet" for sets in table[name]]
        print_table(table[["name", "task", "mpp", "state", "sha256", "trained_on", "validated_on", "licence"]])
    raise typer.Exit(int(any(model["state"] != "ok" for model in described)))
