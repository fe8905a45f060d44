"""The command line: one file a subcommand, each parses, calls and maps to an exit code."""

from __future__ import annotations

from histo.cli.app import main

__all__ = ["main"]
