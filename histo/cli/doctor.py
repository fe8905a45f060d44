"""``histo doctor``: is everything there that a score needs."""

from __future__ import annotations

from typing import Annotated

import typer

from histo.cli.console import print_json, stdout

__all__ = ["doctor"]


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """Show Python, versions, device, codecs, models, and which extra is missing for which format.

    Exit code 1 if something is missing that histo score needs.
    """
    from histo.cli import inventory

    models = inventory.describe_models()
    findings = {
        "system": inventory.describe_system(),
        "packages": inventory.describe_packages(),
        "devices": inventory.describe_devices(),
        "codecs": inventory.describe_codecs(),
        "extras": inventory.describe_extras(),
        "models": [{name: model[name] for name in ("name", "version", "sha256", "state")} for model in models],
    }
    problems = _problems(findings)
    if as_json:
        print_json({**findings, "problems": problems})
    else:
        _show(findings, problems)
    raise typer.Exit(int(bool(problems)))


def _problems(findings: dict[str, object]) -> list[str]:
    packages, codecs, models = findings["packages"], findings["codecs"], findings["models"]
    problems = []
    if isinstance(packages, dict):
        problems += [f"package {name} is missing" for name, found in packages.items() if found == "missing"]
    if isinstance(codecs, dict):
        problems += [f"{name} tiles cannot be decoded" for name, is_there in codecs.items() if not is_there]
    if isinstance(models, list):
        problems += [f"model {model['name']}: {model['state']}" for model in models if model["state"] != "ok"]
        if not models:
            problems.append("no model is installed")
    return problems


def _show(findings: dict[str, object], problems: list[str]) -> None:
    for heading, content in findings.items():
        stdout.print(f"[bold]{heading}[/]")
        if isinstance(content, dict):
            for name, value in content.items():
                stdout.print(f"  {name:<24}{_word(value)}", markup=False)
        elif isinstance(content, list):
            for entry in content:
                stdout.print(f"  {_line(entry)}", markup=False)
    for problem in problems:
        stdout.print(f"problem: {problem}", style="red", markup=False)
    stdout.print("everything that histo score needs is there" if not problems else f"{len(problems)} problems")


def _line(entry: dict[str, object]) -> str:
    if "extra" in entry:
        if entry["is_installed"]:
            return f"{entry['extra']:<24}installed: {entry['needed_for']}"
        return f'{entry["extra"]:<24}not installed: {entry["needed_for"]} (pip install "histo-gut[{entry["extra"]}]")'
    return f"{entry['name']:<24}version {entry['version']}, sha256 {str(entry['sha256'])[:12]}: {entry['state']}"


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
