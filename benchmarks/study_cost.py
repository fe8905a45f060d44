"""What a study costs: from the tables of a results folder to animals, comparisons, scatter, power and the report.

A study of 200 slides with 400 villi and 400 crypts each, of five animals in each of three groups, is made up and
written as a run writes it; times are medians of repeats in one process, after one that is not counted. The floor is the
reading of the same Parquet files. Run
``python benchmarks/study_cost.py``; the output is kept in ``benchmarks/results/study_cost.txt``.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from histo import Study
from histo.io.results import read_table, write_table
from histo.schema import Table, table_schema
from histo.study.level import animals_table, groups_table, power, variance_components

RESULTS = Path(__file__).parent / "results" / "study_cost.txt"
ARMS = (("control", "14"), ("EAE", "7"), ("EAE", "14"))
N_ANIMALS = 5
SEGMENTS = ("duodenum", "jejunum", "ileum")
TABLES = ("villi", "crypts", "units", "layers")
EMPTY: dict[str, object] = {"string": "", "int64": 0, "float64": 0.0, "bool": True}


def fill(table: Table, columns: dict[str, object], n: int) -> pd.DataFrame:
    """Fill the columns that nobody draws with empty values."""
    return pd.DataFrame({column.name: EMPTY[column.kind] for column in table.columns} | columns, index=range(n))


def draw_study(n_slides: int, n_units: int, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Draw animals around their group, sections around their animal, and villi, crypts and layers around them."""
    slide = np.arange(n_slides)
    animal = slide % (len(ARMS) * N_ANIMALS)
    arm = animal % len(ARMS)
    identity = {
        "slide": [f"slide{i:03d}" for i in slide],
        "section": "s1",
        "animal": [f"m{i:02d}" for i in animal],
        "group": [ARMS[i][0] for i in arm],
        "timepoint": [ARMS[i][1] for i in arm],
        "segment": [SEGMENTS[i // (len(ARMS) * N_ANIMALS) % len(SEGMENTS)] for i in slide],
    }
    level = {"villus_height_um": 420, "crypt_depth_um": 95, "submucosa_um": 28, "muscularis_um": 38, "mucosa_um": 520}
    of_slide = {
        name: mean * (1 + 0.06 * rng.normal(size=animal.max() + 1)[animal] + 0.05 * rng.normal(size=n_slides))
        for name, mean in level.items()
    }
    owner = np.repeat(slide, n_units)

    def rows(name: str, columns: dict[str, object]) -> pd.DataFrame:
        own = {key: np.asarray(value)[owner] if isinstance(value, list) else value for key, value in identity.items()}
        return fill(table_schema(name), own | columns, len(owner))

    drawn = {name: values[owner] * (1 + 0.15 * rng.normal(size=len(owner))) for name, values in of_slide.items()}
    heights, depths = drawn["villus_height_um"], drawn["crypt_depth_um"]
    position = np.tile(10.0 * np.arange(n_units), n_slides)
    counts = dict.fromkeys(("n_villi", "n_villi_accepted", "n_crypts", "n_crypts_accepted", "n_units"), n_units)
    ratio = pd.Series(heights / depths).groupby(owner).mean().to_numpy()
    sections = of_slide | counts | {"vh_cd": ratio, "stain": "he", "slide_mpp": 0.5, "wall_length_mm": 4.0}
    return {
        "sections": fill(table_schema("sections"), identity | sections, n_slides),
        "villi": rows("villi", {"villus_height_um": heights, "position_um": position}),
        "crypts": rows("crypts", {"crypt_depth_um": depths, "position_um": position}),
        "units": rows("units", {"vh_cd": heights / depths, "position_um": position}),
        "layers": rows("layers", {name: drawn[name] for name in list(level)[2:]} | {"position_um": position}),
    }


def median_seconds(task: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Time a task: seconds on the clock, and of the processor."""
    task()
    wall, cpu = [], []
    for _ in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        task()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    return float(np.median(wall)), float(np.median(cpu))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slides", type=int, default=200)
    parser.add_argument("--units", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--without-report", action="store_true", help="the tables alone")
    arguments = parser.parse_args()
    tables = draw_study(arguments.slides, arguments.units, np.random.default_rng(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table, rows in tables.items():
            write_table(folder, table, rows)
        units = {table: tables[table] for table in TABLES[:3]}
        study = Study.from_results(folder)
        endpoints = list(study.plan.endpoints)
        tasks: dict[str, Callable[[], object]] = {
            "reading the tables (floor)": lambda: [read_table(folder, table) for table in ("sections", *TABLES)],
            "animals and groups": lambda: groups_table(animals_table(study.sections, study.endpoints, study.plan)),
            "comparisons": study.compare,
            "variance components": lambda: variance_components(study.sections, endpoints, study.plan, units=units),
            "power": lambda: power(study.sections, endpoints, study.plan, units=units),
        }
        if not arguments.without_report:
            tasks["report, all of it"] = lambda: Study.from_results(folder).report(folder / "report.html")
        times = {}
        for task, run in tasks.items():
            times[task] = median_seconds(run, arguments.repeats)
            print(f"{task}: {times[task][1]:.2f} s of CPU", flush=True)
    floor = times["reading the tables (floor)"][1]
    layout = f"{arguments.slides} slides with {arguments.units} villi and crypts each, median of {arguments.repeats}"
    machine = f"{psutil.cpu_count()} cores, {psutil.cpu_percent(1):.0f} % busy with other work"
    lines = [
        f"{layout}; {machine}",
        f"{'':28} {'seconds':>8} {'of CPU':>7} {'CPU over floor':>15}",
        *(f"{task:28} {wall:8.2f} {cpu:7.2f} {cpu / floor:15.1f}" for task, (wall, cpu) in times.items()),
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB",
    ]
    print("\n".join(lines))
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
