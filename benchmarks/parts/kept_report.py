"""A benchmark's lines, shown as they come and kept at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path


def show_and_keep(lines: Iterable[str], path: Path) -> None:
    start = time.perf_counter()
    kept = []
    for line in lines:
        print(line, flush=True)
        kept.append(line)
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    print(f"{time.perf_counter() - start:.0f} s; written to {path}")
