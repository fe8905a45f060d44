"""A made-up study in the layout of the reference study, whose true values stand in this file."""

from __future__ import annotations

import numpy as np
import pandas as pd

TRUE_MEAN = {
    "villus_height_um": 420.0,
    "crypt_depth_um": 95.0,
    "vh_cd": 4.4,
    "submucosa_um": 28.0,
    "muscularis_um": 38.0,
    "mucosa_um": 520.0,
    "villus_width_um": 92.0,
    "vh_cd_of_means": 4.4,
    "villi_per_mm": 8.5,
    "crypts_per_mm": 19.0,
}
TRUE_CHANGE = {
    ("crypt_depth_um", "7"): 0.12,
    ("crypt_depth_um", "14"): 0.30,
    ("submucosa_um", "14"): 0.25,
    ("muscularis_um", "14"): 0.20,
    ("vh_cd", "14"): -0.22,
    ("vh_cd_of_means", "14"): -0.22,
}
ARMS = (("control", "14"), ("EAE", "7"), ("EAE", "14"))
SEGMENTS = ("jejunum", "duodenum", "ileum")
SHRINKS_TOWARDS_ILEUM = {"duodenum": 1.1, "jejunum": 1.0, "ileum": 0.6}


def draw_sections_table(
    *,
    seed: int = 0,
    arms: tuple[tuple[str, str], ...] = ARMS,
    segments: tuple[str, ...] = SEGMENTS,
    n_animals: int = 5,
    sections_per_animal: tuple[int, int] = (7, 9),
    animal_cv: float = 0.06,
    section_cv: float = 0.08,
    has_effects: bool = True,
) -> pd.DataFrame:
    """Draw a sections table: animals scatter around their group, sections around their animal."""
    rng = np.random.default_rng(seed)
    rows = []
    for group, timepoint in arms:
        for number in range(1, n_animals + 1):
            animal = f"{group[:1].upper()}{timepoint}-{number}"
            of_animal = {name: rng.normal(1.0, animal_cv) for name in TRUE_MEAN}
            for segment in segments:
                n_sections = int(rng.integers(sections_per_animal[0], sections_per_animal[1] + 1))
                for piece in range(1, n_sections + 1):
                    row: dict[str, object] = {
                        "slide": f"{animal}_{segment}",
                        "section": f"s{piece}",
                        "animal": animal,
                        "group": group,
                        "timepoint": timepoint,
                        "segment": segment,
                    }
                    for name, mean in TRUE_MEAN.items():
                        change = TRUE_CHANGE.get((name, timepoint), 0.0) if has_effects and group != "control" else 0.0
                        shrink = SHRINKS_TOWARDS_ILEUM.get(segment, 1.0) if name.startswith(("villus_h", "vh")) else 1.0
                        row[name] = mean * shrink * (1 + change) * of_animal[name] * rng.normal(1.0, section_cv)
                    rows.append(row | _book_keeping(rng))
    return pd.DataFrame(rows)


def _book_keeping(rng: np.random.Generator) -> dict[str, object]:
    n_villi, n_crypts = int(rng.integers(9, 22)), int(rng.integers(20, 45))
    n_villi_accepted, n_crypts_accepted = n_villi - int(rng.integers(0, 8)), n_crypts - int(rng.integers(3, 12))
    return {
        "stain": "he",
        "slide_mpp": 0.5,
        "mpp_source": "OME PhysicalSizeX",
        "label_mpp": 1.0,
        "model": "structure-v1 0123456789ab",
        "flags": "few_villi" if n_villi_accepted < 5 else "",
        "confidence": float(rng.uniform(0.82, 0.97)),
        "tissue_area_mm2": float(rng.uniform(0.6, 1.4)),
        "excluded_mm2": 0.0,
        "wall_length_mm": float(rng.uniform(2.5, 4.5)),
        "n_villi": n_villi,
        "n_villi_accepted": n_villi_accepted,
        "n_crypts": n_crypts,
        "n_crypts_accepted": n_crypts_accepted,
        "villi_rejected": "",
        "crypts_rejected": "",
        "n_units": n_villi_accepted,
        "villus_height_sd_um": float(rng.uniform(20, 60)),
        "crypt_depth_sd_um": float(rng.uniform(8, 20)),
        "mucosa_iqr_um": float(rng.uniform(20, 60)),
        "submucosa_iqr_um": float(rng.uniform(4, 9)),
        "muscularis_iqr_um": float(rng.uniform(4, 9)),
        **{f"{layer}_missing": 0.02 for layer in ("mucosa", "submucosa", "muscularis")},
        **dict.fromkeys(("mucosa_gaps", "submucosa_gaps", "muscularis_gaps"), 1),
        "row": float(rng.integers(0, 4000)),
        "col": float(rng.integers(0, 4000)),
        "surface_amplification": 6.5,
        "height": 3200.0,
        "width": 3200.0,
    }
