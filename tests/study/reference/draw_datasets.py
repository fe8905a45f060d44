"""Draw the data sets on which histo and independent programs are compared: ``datasets.json``, read by all of them.

Run with ``python tests/study/reference/draw_datasets.py``. Values are rounded, so that every program reads the same
numbers; what the groups truly are plays no part in the comparison, only that the sets are of the kinds that occur:
equal and unequal numbers, unequal scatter, ties, missing cells, repeated animals, three levels.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

DATASETS = Path(__file__).parent / "datasets.json"
SEGMENTS = ("duodenum", "jejunum", "ileum")
GROUPS = ("control", "EAE 7", "EAE 14")

Values = list[float]
Frame = dict[str, list[float] | list[str]]


def main() -> None:
    rng = np.random.default_rng(2014)
    datasets = {
        "villus_5_5": {"a": normal(rng, 410, 30, 5), "b": normal(rng, 365, 30, 5)},
        "crypt_4_7": {"a": normal(rng, 92, 4, 4), "b": normal(rng, 104, 12, 7)},
        "tied_5_5": {"a": [3.0, 4.0, 4.0, 5.0, 6.0], "b": [5.0, 6.0, 6.0, 7.0, 4.0]},
        "equal_6_6": {"a": normal(rng, 50, 3, 6), "b": normal(rng, 50.5, 3, 6)},
        "five_endpoints_5_5": draw_endpoints(rng),
        "three_4_4_4": {"values": [normal(rng, mean, 8, 4) for mean in (90, 96, 108)]},
        "three_3_4_5": {"values": [normal(rng, mean, sd, n) for mean, sd, n in ((90, 4, 3), (97, 8, 4), (103, 14, 5))]},
        "three_tied_4_4_4": {"values": [[1.0, 2.0, 2.0, 3.0], [2.0, 3.0, 3.0, 5.0], [3.0, 4.0, 5.0, 5.0]]},
        # Hollander and Wolfe, Nonparametric Statistical Methods, table 6.6: three degrees of motivation.
        "motivation_6_6_6": {"values": [[40, 35, 38, 43, 44, 41], [38, 40, 47, 44, 40, 42], [48, 40, 45, 43, 46, 44]]},
        "pairs_8": draw_pairs(rng),
        "pairs_tied_8": {"x": [0.0, 0, 0, 1, 1, 2, 3, 4], "y": [81.0, 86, 84, 86, 93, 90, 101, 99]},
        "segments": draw_segments(rng, n_animals=(5, 5, 5), n_missing=0),
        "segments_unbalanced": draw_segments(rng, n_animals=(4, 5, 6), n_missing=7),
        "followed": draw_followed(rng, n_animals=4, timepoints=(0, 7, 14)),
        "followed_pairs": draw_followed(rng, n_animals=8, timepoints=(0, 14)),
        "sections": draw_sections(rng, [6] * 10),
        "sections_unequal": draw_sections(rng, [3, 8, 5, 7, 4, 6, 2, 8, 9, 5]),
        "nested": draw_nested(rng, n_sections=(3, 5), n_villi=(3, 7)),
        "nested_balanced": draw_nested(rng, n_sections=(4, 4), n_villi=(6, 6)),
        "two_batches": {
            "a": normal(rng, 95, 6, 5),
            "b": normal(rng, 104, 6, 6),
            "strata": ["b1", "b1", "b1", "b2", "b2", "b1", "b1", "b2", "b2", "b2", "b2"],
        },
        "equal_3_3": {"a": normal(rng, 50, 2, 3), "b": normal(rng, 51, 2, 3)},
        "p_values": {"p": [0.0079, 0.0159, 0.0159, 0.031, 0.044, 0.12, 0.5, 0.81, 0.0012]},
    }
    lines = [f"{json.dumps(name)}: {json.dumps(dataset)}" for name, dataset in datasets.items()]
    DATASETS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def normal(rng: np.random.Generator, mean: float, sd: float, n: int) -> Values:
    return rng.normal(mean, sd, n).round(1).tolist()


def draw_endpoints(rng: np.random.Generator) -> dict[str, list[Values]]:
    shifts = np.array([0.0, 2.5, 1.0, 0.3, 1.6])[:, None]
    common = rng.normal(size=(2, 1, 5))
    a, b = 0.6 * common + 0.8 * rng.normal(size=(2, 5, 5))
    return {"a": (10 + a).round(2).tolist(), "b": (10 + b + shifts).round(2).tolist()}


def draw_pairs(rng: np.random.Generator) -> dict[str, Values]:
    x = rng.normal(3, 1, 8)
    return {"x": x.round(2).tolist(), "y": (90 + 8 * x + rng.normal(0, 9, 8)).round(2).tolist()}


def draw_segments(rng: np.random.Generator, n_animals: tuple[int, ...], n_missing: int) -> Frame:
    """Three groups; each animal gives each segment once, except the missing cells. Sex and batch cross the groups."""
    rows = []
    animal = 0
    for group, n in enumerate(n_animals):
        for _ in range(n):
            own = rng.normal(0, 6)
            for position, segment in enumerate(SEGMENTS):
                value = 100 + 7 * group - 5 * position + own + 3 * (animal % 2) + rng.normal(0, 5)
                sex, batch = "FM"[animal % 2], f"b{animal // 2 % 2 + 1}"
                rows.append((round(value, 1), GROUPS[group], f"m{animal:02d}", segment, sex, batch))
            animal += 1
    kept = sorted(rng.permutation(len(rows))[n_missing:])
    return as_frame([rows[row] for row in kept], "value", "group", "animal", "segment", "sex", "batch")


def draw_followed(rng: np.random.Generator, n_animals: int, timepoints: tuple[int, ...]) -> Frame:
    rows = []
    for animal in range(n_animals):
        own = rng.normal(0, 8)
        rows += [
            (round(100 + own + 0.5 * timepoint + rng.normal(0, 4), 1), f"m{animal}", str(timepoint))
            for timepoint in timepoints
        ]
    return as_frame(rows, "value", "animal", "timepoint")


def draw_sections(rng: np.random.Generator, n_sections: list[int]) -> Frame:
    """Two groups of five animals, so many sections each."""
    rows = []
    for animal, n in enumerate(n_sections):
        own = rng.normal(0, 7)
        group = GROUPS[animal // 5]
        rows += [(round(100 + 10 * (animal // 5) + own + rng.normal(0, 6), 1), group, f"m{animal}") for _ in range(n)]
    return as_frame(rows, "value", "group", "animal")


def draw_nested(rng: np.random.Generator, n_sections: tuple[int, int], n_villi: tuple[int, int]) -> Frame:
    """Villi in sections in animals in two groups of four."""
    rows = []
    for animal in range(8):
        own, group = rng.normal(0, 20), GROUPS[animal // 4]
        for section in range(int(rng.integers(n_sections[0], n_sections[1] + 1))):
            shift = rng.normal(0, 12)
            rows += [
                (
                    round(400 - 30 * (animal // 4) + own + shift + rng.normal(0, 35), 1),
                    group,
                    f"m{animal}",
                    f"s{section}",
                )
                for _ in range(int(rng.integers(n_villi[0], n_villi[1] + 1)))
            ]
    return as_frame(rows, "value", "group", "animal", "section")


def as_frame(rows: list[tuple[object, ...]], *names: str) -> Frame:
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}  # type: ignore[misc]


if __name__ == "__main__":
    main()
