"""Print pytest's option that leaves pytest-qt out where Qt's system libraries are missing: it would stop every test."""

from __future__ import annotations

import sys

try:
    from PyQt6 import QtGui  # noqa: F401
except ImportError as error:
    sys.stderr.write(f"Qt does not load ({error}): viewer tests are skipped\n")
    sys.stdout.write("-p no:pytest-qt\n")
