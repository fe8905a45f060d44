"""Make the pictures of the README and the documentation: ``python docs/pictures.py``.

The drawn section comes from `histo.phantom` and is measured from its true label map.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histo.measure import measure_section
from histo.phantom import SectionSpec, draw_section
from histo.report.overlay import DrawnAxes, SectionView, draw_overlay

IMAGES = Path(__file__).parent / "images"


def drawn_overlay() -> NDArray[np.uint8]:
    """A strip of drawn mouse jejunum with what was measured on it."""
    mouse = SectionSpec.mouse()
    spec = replace(mouse, wall=replace(mouse.wall, length_um=1500.0))
    drawn = draw_section(spec, mpp=1.0, seed=12)
    measures = measure_section(drawn.labels)
    view = SectionView(drawn.image, 1.0, 1.0)
    villi = DrawnAxes(measures.villus_lines, measures.villi["is_accepted"].to_numpy(bool))
    crypts = DrawnAxes(measures.crypt_lines, measures.crypts["is_accepted"].to_numpy(bool))
    overlay = draw_overlay(view, drawn.labels, villi, crypts, title="drawn mouse jejunum")
    plain = np.full_like(overlay, 255)
    plain[: drawn.image.shape[0]] = drawn.image
    return np.hstack([plain, np.full((len(overlay), 12, 3), 255, np.uint8), overlay])


def main() -> None:
    """Write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    picture = Image.fromarray(drawn_overlay())
    half = picture.resize((picture.width * 3 // 5, picture.height * 3 // 5), Image.Resampling.LANCZOS)
    half.save(IMAGES / "drawn_overlay.jpg", quality=88)


if __name__ == "__main__":
    main()
