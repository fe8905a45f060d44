"""Make the pictures of the README and the documentation: ``python docs/pictures.py``.

The drawn section comes from `histo.phantom` and is measured from its true label map. The study of the report's figures
is made up: crypts are 12 % deeper at day 7 and 30 % deeper at day 14, and nothing else differs.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from histo import Study
from histo.measure import measure_section
from histo.phantom import SectionSpec, draw_section
from histo.report.overlay import DrawnAxes, SectionView, draw_overlay
from histo.schema import table_schema

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


def made_up_sections() -> pd.DataFrame:
    """A sections table of three arms of five animals with eight sections each."""
    rng = np.random.default_rng(3)
    arms = [("control", "14", 1.0), ("EAE", "7", 1.12), ("EAE", "14", 1.3)]
    means = {
        "villus_height_um": 420.0,
        "crypt_depth_um": 95.0,
        "vh_cd": 4.4,
        "submucosa_um": 28.0,
        "muscularis_um": 38.0,
    }
    empty: dict[str, object] = {"string": "", "int64": 20, "float64": np.nan, "bool": True}
    blank = {column.name: empty[column.kind] for column in table_schema("sections").columns}
    rows = []
    for (group, timepoint, change), number in [(arm, number) for arm in arms for number in range(1, 6)]:
        of_animal = {name: mean * rng.normal(1.0, 0.06) for name, mean in means.items()}
        of_animal["crypt_depth_um"] *= change
        for section in range(1, 9):
            animal = f"{group}{timepoint}-{number}"
            identity = {"slide": animal, "section": f"s{section}", "animal": animal, "group": group}
            values = {name: value * rng.normal(1.0, 0.08) for name, value in of_animal.items()}
            rows.append(blank | identity | values | {"timepoint": timepoint, "segment": "ileum"})
    return pd.DataFrame(rows)


def write_report_figures(folder: Path) -> None:
    """Three figures of the report on a made-up study."""
    folder.mkdir(exist_ok=True)
    figures = {
        "forest": "forest_ileum",
        "superplot": "superplot_crypt_depth_um_ileum",
        "course": "course_crypt_depth_um_ileum",
    }
    with TemporaryDirectory() as made:
        Study(made_up_sections()).report(Path(made) / "report.html")
        for name, stem in figures.items():
            shutil.copy(Path(made) / "report_figures" / f"{stem}.svg", folder / f"{name}.svg")


def main() -> None:
    """Write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    picture = Image.fromarray(drawn_overlay())
    half = picture.resize((picture.width * 3 // 5, picture.height * 3 // 5), Image.Resampling.LANCZOS)
    half.save(IMAGES / "drawn_overlay.jpg", quality=88)
    write_report_figures(IMAGES / "report")


if __name__ == "__main__":
    main()
