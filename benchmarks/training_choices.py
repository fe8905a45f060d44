"""What each choice in the structure model's recipe is worth, on real fields of sources that no variant saw.

Every variant is trained for the same few steps and differs from the first in one thing; all are judged on the same
fields and, at one µm/px, learn from the same drawings. The budget is small (some five minutes each on two cores): the
table ranks choices and does not say how good a finished model is; `real_fields` does. Dice is over the pixels of all
fields. A centreline drawn by hand counts as found as in `real_fields`: that is what a second head for outlines or for
distances to the edge is to help with. Speed is that of the network's forward on 512 px tiles, on two threads, in MPix/s
and in the area of tissue that those cover. Run ``python benchmarks/training_choices.py [NAME ...]`` (``--steps`` for
another budget); what is trained and judged is kept in ``runs/choices`` and never done twice, and the output is kept in
``benchmarks/results/training_choices.txt``. Needs the pictures (HISTO_DATA, or ``../shared/data``).
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from parts.pictures import find_pictures
from parts.short_training import outcome_of, seconds_of, trained

from histo.train.recipe import Recipe

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "training_choices.txt"
RUNS = HERE.parent / "runs" / "choices"
STEPS = 250
HELD_OUT = ("anas", "md015", "qiepian", "tissuedeck", "unlv")
SHOWN = ("villus", "crypt", "submucosa", "muscularis", "lymphoid", "submucosal_gland", "tissue")

REFERENCE = Recipe.model_validate({
    "name": "reference",
    "seed": 5,
    "encoder": "efficientnet_lite0",
    "output_stride": 1,
    "start": "imagenet",
    "mpp": 2.0,
    "crop": 288,
    "tile": 768,
    "halo": 96,
    "drawn": {"sections": 40, "at_start": 40, "held_out": 0},
    "real": {
        "sets": ["../annotations/small-intestine-he-v1"],
        "share": 0.6,
        "held_out_sources": HELD_OUT,
    },
    "augmentation": {"coarse": 0.2},
    "loss": {"gap_weight": 4.0, "balance": 0.2},
    "optimisation": {
        "steps": STEPS,
        "batch": 4,
        "learning_rate": 1e-3,
        "warmup_steps": 20,
        "ema_decay": 0.98,
        "checkpoint_every": 50,
    },
})  # fmt: skip

VARIANTS: dict[str, dict[str, object]] = {
    "reference": {},
    "outline-head": {"loss": {"second_head": "outline"}},
    "distance-head": {"loss": {"second_head": "distance"}},
    "no-gap-weight": {"loss": {"gap_weight": 0.0}},
    "drawn-only": {"real": {"share": 0.0}},
    "real-only": {"real": {"share": 1.0}},
    "half-size-output": {"output_stride": 2},
    "mpp-1": {"mpp": 1.0},
    "random-start": {"start": "random"},
    "mobilenet_v3_large": {"start": "random", "encoder": "mobilenet_v3_large"},
    "efficientnet_b0": {"start": "random", "encoder": "efficientnet_b0"},
    "regnet_y_400mf": {"start": "random", "encoder": "regnet_y_400mf"},
    "resnet18": {"start": "random", "encoder": "resnet18"},
}


def variant(name: str, steps: int) -> Recipe:
    """Make the reference's recipe with one thing changed."""
    entries = REFERENCE.model_dump()
    entries["optimisation"] |= {"steps": steps, "warmup_steps": min(20, steps)}
    for key, value in VARIANTS[name].items():
        entries[key] = {**entries[key], **value} if isinstance(value, dict) else value
    return Recipe.model_validate({**entries, "name": f"{name}-{steps}-steps"})


def speed(network: torch.nn.Module) -> float:
    """MPix/s of the forward on two threads, the best of three."""
    torch.set_num_threads(2)
    picture = torch.zeros(2, 3, 512, 512).to(memory_format=torch.channels_last)
    seconds = []
    with torch.inference_mode():
        for _ in range(4):
            began = perf_counter()
            network(picture)
            seconds.append(perf_counter() - began)
    return picture[:, 0].numel() / 1e6 / min(seconds)


def row(name: str, steps: int) -> str:
    """Train a variant unless that is done, judge it, and say how it did."""
    recipe = variant(name, steps)
    run = trained(recipe, HERE, RUNS)
    model, outcome = outcome_of(run)
    path = run.folder / "speed.json"
    if not path.is_file():
        path.write_text(json.dumps(speed(model.network)), encoding="utf-8")
    fast = json.loads(path.read_text(encoding="utf-8"))
    millions = sum(weights.numel() for weights in model.network.parameters()) / 1e6
    cells = "".join(f"{outcome.dice(part):10.2f}" for part in SHOWN)
    found = "".join(f"{f'{n}/{n_all}':>10}" for n, n_all in zip(outcome.found, outcome.drawn, strict=True))
    return (
        f"{name:<20}{outcome.n_fields:8}{cells}{found}{np.median(seconds_of(run)):8.2f}{millions:8.1f}{fast:8.1f}"
        f"{fast * recipe.mpp**2:8.1f}"
    )


def main(names: list[str], steps: int) -> None:
    """Print a line a variant; the results file is renewed after each, so that one can stop at any time."""
    titles = "".join(f"{part[:9]:>10}" for part in (*SHOWN, "villi", "crypts"))
    lines = [
        f"{steps} steps each; judged on the fields of {', '.join(HELD_OUT)}; villi, crypts: centrelines found",
        f"{'':<20}{'n fields':>8}{titles}{'s/step':>8}{'M par.':>8}{'MPix/s':>8}{'mm²/s':>8}",
    ]
    print("\n".join(lines))
    for name in names:
        lines.append(row(name, steps))
        print(lines[-1], flush=True)
        if steps == STEPS and names == list(VARIANTS):
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(VARIANTS)}; all of them without any")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each training")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(VARIANTS):
        parser.error(f"no variant {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}")
    find_pictures()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    main(asked.names or list(VARIANTS), asked.steps)
