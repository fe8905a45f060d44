"""``python -m histo`` is the command ``histo``."""

from __future__ import annotations

import sys

from histo.cli import main

if __name__ == "__main__":
    sys.exit(main())
