"""Fill the pages that are made from code and data: tables, commands, failures, models, benchmarks, annotations."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from histo import errors
from histo.cli.app import COMMANDS
from histo.io.design import columns_markdown
from histo.schema import schema_markdown
from histo.score.markdown import profiles_markdown

ROOT = Path(__file__).parents[1]


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put what the code says in place of ``{{ name }}``."""
    if page.file.src_uri == "index.md":
        return _readme()
    makers = {
        "tables": schema_markdown,
        "scores": profiles_markdown,
        "design_columns": columns_markdown,
        "commands": _commands,
        "failures": _failures,
        "cards": _cards,
        "benchmarks": _benchmarks,
        "annotations": _annotations,
        "fields": _fields,
        "annotated_fields": _annotated_fields,
        "cell_gallery": _cell_gallery,
    }
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


def _benchmarks() -> str:
    parts = []
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        output = ROOT / "benchmarks" / "results" / f"{script.stem}.txt"
        if output.exists():
            doc = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
            printed = output.read_text(encoding="utf-8").rstrip()
            parts.append(f"## {script.stem}\n\n{doc}\n\n```text\n{printed}\n```")
    return "\n\n".join(parts)


def _annotations() -> str:
    parts = []
    for path in sorted((ROOT / "annotations").glob("*/dataset.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        fields = data["fields"]
        n_sources = len({field["source"] for field in fields})
        n_villi, n_crypts = (sum(field.get(f"n_{kind}_axes", 0) for field in fields) for kind in ("villus", "crypt"))
        parts += [
            f"## {data['name']}",
            f"{data.get('description', '').strip()}",
            f"{len(fields)} fields of {n_sources} sources, {n_villi} villi and {n_crypts} crypts with a centreline.",
            "| field | source | µm/px | villi | crypts | licence of the picture |\n|--|--|--|--|--|--|\n"
            + "\n".join(
                f"| {field['name']} | {field['source']} | {field['mpp']:g} | {field.get('n_villus_axes', 0)}"
                f" | {field.get('n_crypt_axes', 0)} | {field.get('licence', 'none stated')} |"
                for field in fields
            ),
        ]
    return "\n\n".join(parts)


def _fields() -> str:
    """Show each real field's map, in the order of the benchmark's rows."""
    pictures = sorted((ROOT / "docs" / "images" / "fields").glob("*.png"))
    return "\n\n".join(f"### {path.stem}\n\n![{path.stem}](images/fields/{path.name})" for path in pictures)


def _annotated_fields() -> str:
    """Show what fine-tuning on more and more fields gave, when it was last measured."""
    script, name = ROOT / "benchmarks" / "annotated_fields.py", "annotated_fields"
    output, figure = ROOT / "benchmarks" / "results" / f"{name}.txt", ROOT / "docs" / "images" / f"{name}.png"
    if not (output.exists() and figure.exists()):
        return f"`python benchmarks/{script.name}` measures it; it has not been run yet."
    doc = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    shown = f"![Dice against the number of fields learned from](images/{figure.name})"
    return f"{shown}\n\n{doc}\n\n```text\n{output.read_text(encoding='utf-8').rstrip()}\n```"


def _cell_gallery() -> str:
    """Show right and wrong cells, as last drawn."""
    shown = ROOT / "benchmarks" / "results" / "cell_gallery.md"
    if not shown.exists():
        return "`python benchmarks/cell_gallery.py` draws it; it has not been run yet."
    return shown.read_text(encoding="utf-8")
