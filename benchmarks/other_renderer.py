"""Drawn H&E that looks like nothing the model was trained on: other anatomies, renderer settings out of their range.

Each line draws the same six sections, none of them trained on, with one setting of the renderer pushed beyond what
training drew it from; the first line leaves the settings as training had them and is what the others compare with.
Dice is over the pixels of the six. Run ``python benchmarks/other_renderer.py``; the output is kept in
``benchmarks/results/other_renderer.txt``.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from histo.nn import load_model, predict_labels
from histo.phantom import draw_section, random_spec
from histo.phantom.spec import Appearance
from histo.train.agreement import POOLED, confusion_matrix, dice
from histo.types import Compartment

RESULTS = Path(__file__).parent / "results" / "other_renderer.txt"
SEEDS = range(91_000, 91_006)
SHOWN = ("villus", "crypt", "submucosa", "muscularis", "tissue")

# Beside each: what histo.phantom.random_spec draws.
SETTINGS: dict[str, dict[str, object]] = {
    "as in training": {},
    "other dyes": {  # within 0.06 of (0.65, 0.70, 0.29) and (0.16, 0.88, 0.40), as standard deviations
        "haematoxylin": (0.48, 0.82, 0.30),
        "eosin": (0.04, 0.99, 0.10),
    },
    "very pale": {"blue_strength": 0.45, "colour_strength": 0.4},  # 0.55 to 1.5, 0.5 to 1.7
    "very dark": {"blue_strength": 1.8, "colour_strength": 2.1},
    "yellow glass": {"glass": (0.94, 0.90, 0.70)},  # grey within 0.012
    "rough ground": {"contrast": 2.1, "ground_spread": 0.6},  # 0.6 to 1.6, 0.05 to 0.45
    "out of focus": {"blur_um": 2.2},  # 0.3 to 1.4 µm
    "noisy camera": {"noise": 0.04},  # 0.003 to 0.02
    "uneven light": {"shading": 0.35},  # 0 to 0.2
}


def judge(model_name: str) -> str:
    model = load_model(model_name)
    specs = [random_spec(np.random.default_rng(seed)) for seed in SEEDS]
    lines = [
        f"{model_name} {model.spec.sha256[:12]}, {len(specs)} sections a line, Dice",
        f"{'renderer':<16}" + "".join(f"{name:>12}" for name in SHOWN),
    ]
    for name, setting in SETTINGS.items():
        total = np.zeros((len(Compartment),) * 2, np.int64)
        for seed, spec in zip(SEEDS, specs, strict=True):
            look: Appearance = replace(spec.appearance, **setting)  # type: ignore[arg-type]
            drawn = draw_section(replace(spec, appearance=look), mpp=model.spec.mpp, seed=seed, stain="he")
            labels, _ = predict_labels(model, drawn.image, model.spec.mpp)
            total += confusion_matrix(drawn.labels.array, labels)
        values = [dice(total, POOLED.get(part) or (Compartment.from_label(part),)) for part in SHOWN]
        lines.append(f"{name:<16}" + "".join(f"{value:12.3f}" for value in values))
    return "\n".join(lines)


if __name__ == "__main__":
    report = judge(*(sys.argv[1:] or ["structure-v1"]))
    print(report)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(report + "\n", encoding="utf-8")
