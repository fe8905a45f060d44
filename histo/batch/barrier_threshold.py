"""From where on a pixel of a junction protein is positive: chosen once a staining run, when all slides are done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from histo.batch.record import slide_folder
from histo.batch.settings import Settings
from histo.batch.staining import StainedSlide
from histo.errors import InvalidArgument, InvalidTable, NoThreshold
from histo.io.results import read_table
from histo.measure.staining import SignalPool, StainThreshold, control_threshold, on_step, pool_of, study_threshold
from histo.schema import check_table, empty_table, table_schema

__all__ = [
    "KEY",
    "BarrierRules",
    "BarrierThresholds",
    "Key",
    "as_key",
    "choose_barrier_thresholds",
    "key_of",
    "name_of",
    "read_barrier_rules",
]

Key = tuple[str, str, str, str]
"""Stain, batch, preparation and marker: only what was stained together, and is seen alike, is judged together."""

KEY = ["stain", "batch", "preparation", "marker"]
"""The columns that a `Key` stands in."""

_NEEDED = table_schema("staining_thresholds").columns


@dataclass(frozen=True, eq=False)
class BarrierRules:
    """By what the staining of a study is judged, beyond its slides.

    Parameters
    ----------
    thresholds : mapping of (str, str) to StainThreshold
        Those that were given, by stain and marker.
    is_strict : bool
        Whether nothing is put beside controls where the signal drifts with the order of imaging.
    """

    thresholds: Mapping[tuple[str, str], StainThreshold] = field(default_factory=dict)
    is_strict: bool = False


@dataclass(frozen=True, eq=False)
class BarrierThresholds:
    """The thresholds of a study's junction proteins.

    Parameters
    ----------
    by_key : mapping of (str, str, str, str) to StainThreshold
        By stain, batch, preparation and marker: those that could be set.
    table : DataFrame
        The ``staining_thresholds`` table: those that could not have a row too, which says why.
    """

    by_key: Mapping[Key, StainThreshold]
    table: pd.DataFrame

    @property
    def notes(self) -> tuple[str, ...]:
        """Why there are none, one sentence each."""
        rows = self.table[self.table["method"] == ""].to_dict("records")
        return tuple(
            f"no pixel is called positive by {name_of([row[name] for name in KEY])}: {row['origin']}" for row in rows
        )


def read_barrier_rules(settings: Settings) -> BarrierRules:
    """Read by what staining is judged.

    Raises
    ------
    InvalidArgument
        If the table of thresholds does not read, or gives a marker two of a stain.
    """
    if settings.staining_thresholds is None:
        return BarrierRules(is_strict=settings.strict_staining)
    path = Path(settings.staining_thresholds)
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        table = table[table["positive_above"].notna()]
        if table.duplicated(["stain", "marker"]).any():
            raise InvalidTable("a marker has two thresholds of one stain")
        given = {
            (str(row["stain"]), str(row["marker"])): StainThreshold(float(row["positive_above"]), "given", path.name)
            for row in table.to_dict("records")
        }
    except (OSError, ValueError, KeyError) as error:
        raise InvalidArgument(
            "the thresholds of the staining cannot be read",
            file=path,
            expected="staining_thresholds.csv or .parquet of a results folder, one row a stain and marker",
            got=str(error),
        ) from error
    return BarrierRules(given, settings.strict_staining)


def choose_barrier_thresholds(results: Path, slides: Iterable[StainedSlide], rules: BarrierRules) -> BarrierThresholds:
    """Choose the threshold of each protein in each staining run.

    One that was given goes first; else negative-control slides of the run set it, and where it has none, Otsu's method
    over all of its slides; never one section or slide. It is moved to the nearest step of the slides' censuses, by less
    than 0.3 %.

    Parameters
    ----------
    results : Path
        The results folder, with the census of each slide.
    slides : iterable of StainedSlide
        The slides that were measured, in the order of their names.
    rules : BarrierRules
        Thresholds that were given.

    Returns
    -------
    BarrierThresholds

    Raises
    ------
    CorruptResults
        If the census of a slide does not read.
    """
    runs: dict[Key, list[StainedSlide]] = {}
    for slide in slides:
        for marker in slide.panel.names:
            runs.setdefault(key_of(slide, marker), []).append(slide)
    by_key: dict[Key, StainThreshold] = {}
    rows: list[dict[str, object]] = []
    for key in sorted(runs):
        known = dict(zip(KEY, key, strict=True)) | {"pixel_um": _pixel_um(results, key, runs[key])}
        try:
            chosen = on_step(_choose(results, key, runs[key], rules))
            by_key[key] = chosen
            rows.append({**known, **asdict(chosen), "origin": chosen.origin})
        except NoThreshold as problem:
            nothing = {"positive_above": float("nan"), "method": "", "detail": "", "n_images": 0}
            rows.append({**known, **nothing, "origin": str(problem)})
    return BarrierThresholds(by_key, check_table(pd.DataFrame(rows), _NEEDED) if rows else empty_table(_NEEDED))


def key_of(slide: StainedSlide, marker: str) -> Key:
    """Say with what a protein of a slide is judged together."""
    return (*slide.run, slide.preparation, marker)


def as_key(parts: Iterable[object]) -> Key:
    """Take a key from the values of its columns."""
    stain, batch, preparation, marker = map(str, parts)
    return stain, batch, preparation, marker


def name_of(key: Iterable[object]) -> str:
    """Name a protein of a staining run for people: ``zo-1 (dab r1 section)``."""
    *run, marker = (str(part) for part in key)
    return f"{marker} ({' '.join(filter(None, run))})"


def _choose(results: Path, key: Key, slides: list[StainedSlide], rules: BarrierRules) -> StainThreshold:
    stain, marker = key[0], key[-1]
    if (stain, marker) in rules.thresholds:
        return rules.thresholds[stain, marker]
    controls = [slide for slide in slides if slide.is_negative_control]
    if controls:
        return control_threshold(list(_pools(results, controls, marker)))
    return study_threshold(list(_pools(results, slides, marker)), is_log=stain == "fluorescence")


def _pools(results: Path, slides: Iterable[StainedSlide], marker: str) -> Iterator[SignalPool]:
    """Give the pixels of each section: of its tissue, or of the whole field where there is no map."""
    for slide in slides:
        folder = slide_folder(results, slide.name)
        census, fields = read_table(folder, "staining_census"), read_table(folder, "staining")
        for picture in fields[fields["marker"] == marker].to_dict("records"):
            own = census[(census["marker"] == marker) & (census["section"] == picture["section"])]
            yield pool_of(own, str(picture["area_of"]), float(picture["noise"]))


def _pixel_um(results: Path, key: Key, slides: list[StainedSlide]) -> float:
    """Give the pixel size of a run, or none where sections differ."""
    fields = pd.concat([read_table(slide_folder(results, slide.name), "staining") for slide in slides])
    sizes = fields.loc[fields["marker"] == key[-1], "pixel_um"].unique()
    return float(sizes[0]) if len(sizes) == 1 else float("nan")
