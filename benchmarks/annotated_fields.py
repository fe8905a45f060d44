"""What annotating one's own fields buys: Dice against the number of fields that a network is fine-tuned on.

A network that never saw the source `abdo` is fine-tuned, as ``histo train --from-model`` does it, on 1, 2, 4 and 6
fields of it, and judged on two others that lie on other slides: duodenum and ileum. The first four to learn from are
windows of one jejunum slide, taken in three orders; the last two are windows of one colon slide. With 0 fields stands
the network as it was. So the table says what a laboratory's first annotated slides are worth for its next ones. Minutes
are those of the training steps, on the CPU of the run. Run ``python benchmarks/annotated_fields.py [MODEL]`` with the
folder of a network that never saw the source, such as the ``model`` of its fold in ``histo train
--leave-one-source-out``; without one it begins with ``structure-drawn``. What is trained is kept in
``runs/annotated_fields`` and never done twice; the table is kept in ``benchmarks/results/annotated_fields.txt``, the
figure in ``docs/images/annotated_fields.png``. Needs the pictures (HISTO_DATA, or ``../shared/data``).
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from parts.pictures import find_pictures
from parts.short_training import Outcome, judge_on, outcome_of, seconds_of, trained

from histo.nn import load_model
from histo.train import Recipe, read_recipe, write_fine_tuning_recipe
from histo.train.annotationset import AnnotatedField, read_annotation_set
from histo.train.run import open_run_of

ROOT = Path(__file__).parents[1]
SET = ROOT / "annotations" / "small-intestine-he-v1"
DRAWN = ROOT / "models" / "structure-drawn"
SHIPPED = ROOT / "models" / "structure-v1" / "train.toml"
RESULTS = ROOT / "benchmarks" / "results" / "annotated_fields.txt"
FIGURE = ROOT / "docs" / "images" / "annotated_fields.png"
RUNS = ROOT / "runs" / "annotated_fields"

JUDGED = ("abdo_duodenum", "abdo_ileum")
ORDERS = (
    ("abdo_jejunum", "abdo_jejunum_fold", "abdo_jejunum_right", "abdo_jejunum_tip"),
    ("abdo_jejunum_right", "abdo_jejunum_tip", "abdo_jejunum", "abdo_jejunum_fold"),
    ("abdo_jejunum_fold", "abdo_jejunum_right", "abdo_jejunum_tip", "abdo_jejunum"),
)
LAST = ("abdo_colon_NEG", "abdo_colon_right_NEG")
COUNTS = (1, 2, 4, 6)
SHOWN = {"villus": "#8e44ad", "crypt": "#1f77b4", "submucosa": "#e6a817", "muscularis": "#c0392b"}


@dataclass(frozen=True)
class Point:
    """One fine-tuning.

    Parameters
    ----------
    order : int
        In which the fields were taken; 0 where that makes no difference.
    n_fields : int
        Learned from.
    outcome : Outcome
        On the fields judged by.
    minutes : float
        Of all steps.
    """

    order: int
    n_fields: int
    outcome: Outcome
    minutes: float

    @property
    def line(self) -> str:
        """A row of the table."""
        dice = [self.outcome.dice(part) for part in SHOWN]
        cells = "".join(f"{value:12.2f}" for value in (*dice, np.mean(dice)))
        found = "".join(f"{f'{n}/{n_all}':>8}" for n, n_all in zip(self.outcome.found, self.outcome.drawn, strict=True))
        return f"{self.n_fields:8}{self.order or '-':>8}{cells}{found}{self.minutes:10.1f}"


def choices() -> Iterator[tuple[int, tuple[str, ...]]]:
    """Go through the fields to learn from, each set of them once, with the number of the order."""
    seen = set()
    for order, names in enumerate(ORDERS, start=1):
        for count in COUNTS:
            chosen = (*names, *LAST)[:count]
            if frozenset(chosen) not in seen:
                seen.add(frozenset(chosen))
                yield order if count < len(names) else 0, chosen


def write_set(folder: Path, fields: list[AnnotatedField]) -> None:
    """Write a set of some of the annotated fields; JSON's strings and numbers are TOML's too."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f'name = "{SET.name}"\n'
    for field in fields:
        entries = field.model_dump(exclude_none=True)
        text += "\n[[fields]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in entries.items())
    (folder / "dataset.toml").write_text(text, encoding="utf-8")


def fine_tuning(model: Path, names: tuple[str, ...], name: str, steps: int | None) -> tuple[Recipe, Path]:
    """Make the recipe that a laboratory with these fields would get, and say where it lies."""
    by_name = {field.name: field for field in read_annotation_set(SET).fields}
    # Sets are told apart by the names of their folders: a network that has learned from the fields is refused.
    own = RUNS / "sets" / name / SET.name
    write_set(own, [by_name[each] for each in (*names, *JUDGED)])
    path = write_fine_tuning_recipe(model, [own], RUNS / "recipes" / name, hold_out=JUDGED)
    recipe, shipped = read_recipe(path), read_recipe(SHIPPED)
    # The network of a fold has no recipe beside it: it takes what the shipped one has.
    settings = recipe.optimisation.model_copy(update={} if steps is None else {"steps": steps})
    same = {"crop": shipped.crop, "loss": shipped.loss, "augmentation": shipped.augmentation}
    return recipe.model_copy(update={"optimisation": settings, **same}), path.parent


def points(model: Path, steps: int | None) -> Iterator[Point]:
    """Go through all fine-tunings, doing those that are not done."""
    start = load_model(model)
    kind = f"{start.spec.sha256[:8]}{'' if steps is None else f'-{steps}-steps'}"
    for number, (order, names) in enumerate(choices()):
        recipe, beside = fine_tuning(model, names, f"order-{order}-{len(names)}-fields-{kind}", steps)
        if number == 0:
            fields = open_run_of(recipe, beside / "train.toml", RUNS).prepare_fields()
            yield Point(0, 0, judge_on(start, fields), 0.0)
        run = trained(recipe, beside, RUNS)
        yield Point(order, len(names), outcome_of(run)[1], sum(seconds_of(run)) / 60)


def draw_figure(done: list[Point], path: Path) -> None:
    """Plot each compartment's Dice, every order as a dot and their mean as a line."""
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    counts = sorted({point.n_fields for point in done})
    for part, colour in SHOWN.items():
        dice = {count: [point.outcome.dice(part) for point in done if point.n_fields == count] for count in counts}
        axes.plot(counts, [np.mean(values) for values in dice.values()], color=colour, label=part)
        for count, values in dice.items():
            axes.plot([count] * len(values), values, "o", color=colour, markersize=4)
    axes.set(xlabel="annotated fields learned from", ylabel="Dice on two fields of other slides", ylim=(0, 1))
    axes.set_xticks(counts)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def main(model: Path, steps: int | None) -> None:
    """Print a line a fine-tuning; table and figure are renewed after each, so that one can stop at any time."""
    trial = RUNS / f"trial-{steps}-steps"
    table, figure = (RESULTS, FIGURE) if steps is None else (trial.with_suffix(".txt"), trial.with_suffix(".png"))
    titles = "".join(f"{part:>12}" for part in (*SHOWN, "mean"))
    lines = [
        f"from {model.name if model.name != 'model' else model.parent.name}, judged on {', '.join(JUDGED)}",
        f"{'n fields':>8}{'order':>8}{titles}{'villi':>8}{'crypts':>8}{'minutes':>10}",
    ]
    print("\n".join(lines))
    done = []
    for point in points(model, steps):
        done.append(point)
        lines.append(point.line)
        print(lines[-1], flush=True)
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text("\n".join(lines) + "\n", encoding="utf-8")
        draw_figure(done, figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "model", nargs="?", type=Path, default=ROOT / "models" / "structure-drawn", help="to begin with"
    )
    parser.add_argument("--steps", type=int, help="of each fine-tuning, to try it; the results are then kept apart")
    asked = parser.parse_args()
    find_pictures()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    main(asked.model, asked.steps)
