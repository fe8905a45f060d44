"""Fill the pages that are made from the code: tables, commands, failures, models."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from histo import errors
from histo.cli.app import COMMANDS
from histo.schema import schema_markdown

ROOT = Path(__file__).parents[1]


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put what the code says in place of ``{{ name }}``."""
    if page.file.src_uri == "index.md":
        return _readme()
    makers = {"tables": schema_markdown, "commands": _commands, "failures": _failures, "cards": _cards}
    for name, make in makers.items():
        marker = f"{{{{ {name} }}}}"
        if marker in markdown:
            markdown = markdown.replace(marker, make())
    return markdown


def _readme() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("](docs/", "](")
    return text.replace("[CONTRIBUTING.md](CONTRIBUTING.md)", "`CONTRIBUTING.md`")


def _commands() -> str:
    return "\n".join(f"## histo {name}\n\n```text\n{_help(name)}\n```\n" for name in COMMANDS)


def _help(name: str) -> str:
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "histo", name, "--help"], capture_output=True, text=True, check=True, env=environment
    )
    return "\n".join(line.rstrip() for line in run.stdout.strip("\n").splitlines())


def _failures() -> str:
    rows = [
        f"| `{kind.reason}` | {inspect.getdoc(kind).splitlines()[0]} |"  # type: ignore[union-attr]
        for _, kind in sorted(vars(errors).items())
        if inspect.isclass(kind) and issubclass(kind, errors.HistoError) and kind is not errors.HistoError
    ]
    return "\n".join(["| reason | what it means |", "|--|--|", *rows])


def _cards() -> str:
    cards = sorted((ROOT / "models").glob("*/CARD.md"))
    return "\n\n".join(card.read_text(encoding="utf-8").replace("\n# ", "\n## ") for card in cards)
