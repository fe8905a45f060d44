"""Where the real pictures lie that annotations are drawn on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def find_pictures() -> None:
    """Point HISTO_DATA to them; end the script, without failing, where there are none."""
    data = Path(os.environ.get("HISTO_DATA", ROOT.parent / "shared" / "data"))
    if not data.is_dir():
        print(f"no real pictures: {data} is absent; set HISTO_DATA to their folder")
        sys.exit(0)
    os.environ["HISTO_DATA"] = str(data)
