"""What each choice in the structure model's recipe is worth, on real fields of sources that no variant saw.

Every variant is trained for the same few steps and differs from the first in one thing; all are judged on the same
fields. The budget is small (about ten minutes each on two cores): the table ranks choices and does not say how good a
finished model is; `real_fields` does. Speed is that of the network's forward on 512 px tiles, on two threads, in MPix/s
and in the area of tissue that those cover. Run ``python benchmarks/training_choices.py [NAME ...]``; trainings are kept
in ``runs/choices`` and never done twice, and the output is kept in ``benchmarks/results/training_choices.txt``. Needs
the pictures (HISTO_DATA, or ``../shared/data``).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from histo.nn import load_model
from histo.train import judge, run_training
from histo.train.agreement import POOLED, dice
from histo.train.export import write_weights
from histo.train.recipe import Recipe
from histo.train.run import open_run_of
from histo.types import Compartment

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "training_choices.txt"
RUNS = HERE.parent / "runs" / "choices"
STEPS = 200
HELD_OUT = ("anas", "md015", "qiepian", "tissuedeck", "unlv")
SHOWN = ("villus", "crypt", "submucosa", "muscularis", "lymphoid", "submucosal_gland", "tissue")

REFERENCE = Recipe.model_validate({
    "name": "reference",
    "seed": 5,
    "encoder": "efficientnet_lite0",
    "output_stride": 1,
    "start": "imagenet",
    "mpp": 2.0,
    "crop": 320,
    "tile": 768,
    "halo": 96,
    "drawn": {"sections": 60, "at_start": 60},
    "real": {
        "sets": [str(HERE.parent / "annotations" / "small-intestine-he-v1")],
        "share": 0.6,
        "held_out_sources": HELD_OUT,
    },
    "augmentation": {"coarse": 0.2},
    "loss": {"gap_weight": 4.0},
    "optimisation": {"steps": STEPS, "batch": 6, "learning_rate": 1e-3, "warmup_steps": 20, "ema_decay": 0.98},
})  # fmt: skip

VARIANTS: dict[str, dict[str, object]] = {
    "reference": {},
    "random-start": {"start": "random"},
    "mobilenet_v3_large": {"start": "random", "encoder": "mobilenet_v3_large"},
    "efficientnet_b0": {"start": "random", "encoder": "efficientnet_b0"},
    "regnet_y_400mf": {"start": "random", "encoder": "regnet_y_400mf"},
    "resnet18": {"start": "random", "encoder": "resnet18"},
    "mpp-1": {"mpp": 1.0},
    "half-size-output": {"output_stride": 2},
    "drawn-only": {"real": {"share": 0.0}},
    "real-only": {"real": {"share": 1.0}},
    "no-gap-weight": {"loss": {"gap_weight": 0.0}},
}


def variant(name: str) -> Recipe:
    """Make the reference's recipe with one thing changed."""
    entries = REFERENCE.model_dump()
    for key, value in VARIANTS[name].items():
        entries[key] = {**entries[key], **value} if isinstance(value, dict) else value
    return Recipe.model_validate({**entries, "name": name})


def speed(network: torch.nn.Module) -> float:
    """MPix/s of the forward on two threads, the best of three."""
    picture = torch.zeros(2, 3, 512, 512).to(memory_format=torch.channels_last)
    seconds = []
    with torch.inference_mode():
        for _ in range(4):
            began = perf_counter()
            network(picture)
            seconds.append(perf_counter() - began)
    return picture[:, 0].numel() / 1e6 / min(seconds)


def row(name: str) -> str:
    """Train a variant unless that is done, judge it, and say how it did."""
    recipe = variant(name)
    path = HERE / "training_choices.py"
    run = open_run_of(recipe, path, RUNS)
    if not run.is_finished:
        run_training(run)
        run = open_run_of(recipe, path, RUNS)
    folder = RUNS / name / "model"
    write_weights(run, folder)
    model = load_model(folder)
    total = np.sum([one.confusion for one in judge(model, run.prepare_fields().held_out)], axis=0)
    values = [dice(total, POOLED.get(part) or (Compartment.from_label(part),)) for part in SHOWN]
    fast = speed(model.network)
    millions = sum(weights.numel() for weights in model.network.parameters()) / 1e6
    cells = "".join(f"{value:10.2f}" for value in values)
    return f"{name:<20}{cells}{millions:8.1f}{fast:10.1f}{fast * recipe.mpp**2:10.1f}"


def main(names: list[str]) -> str:
    titles = "".join(f"{part[:9]:>10}" for part in SHOWN)
    lines = [
        f"{STEPS} steps each; Dice over the pixels of the fields of {', '.join(HELD_OUT)}",
        f"{'':<20}{titles}{'M par.':>8}{'MPix/s':>10}{'mm²/s':>10}",
    ]
    for name in names:
        lines.append(row(name))
        print(lines[-1], flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    data = Path(os.environ.get("HISTO_DATA", HERE.parents[1] / "shared" / "data"))
    if not data.is_dir():
        print(f"no real pictures: {data} is absent; set HISTO_DATA to their folder")
        sys.exit(0)
    os.environ["HISTO_DATA"] = str(data)
    report = main(sys.argv[1:] or list(VARIANTS))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(report + "\n", encoding="utf-8")
