"""Every section with its picture and its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from histo.report.thumbnail import PAGE_BYTES, picture_side, thumbnail_data_uri
from histo.report.wording import flag_list, format_value
from histo.study import ENDPOINTS
from histo.study.level.arm import natural_key, segments_of

__all__ = ["SectionCard", "gallery_of"]

_SHOWN = ("villus_height_um", "crypt_depth_um", "vh_cd", "submucosa_um", "muscularis_um")


@dataclass(frozen=True)
class SectionCard:
    """One section: who, where, how it looks, what was measured, what to beware of.

    Parameters
    ----------
    slide, section, animal, arm, segment : str
        Its identity; animal, arm and segment may be empty.
    picture : str
        Address of the overlay; empty where there is none.
    numbers : list of (str, str)
        Label and value.
    accepted : str
        How many villi and crypts counted; of a section without structure, how much tissue was seen.
    flags : list of str
        Quality remarks in words.
    """

    slide: str
    section: str
    animal: str
    arm: str
    segment: str
    picture: str
    numbers: list[tuple[str, str]]
    accepted: str
    flags: list[str]


def gallery_of(sections: pd.DataFrame, overlays: Path | None) -> list[SectionCard]:
    """Make a card for every section: by segment, group and timepoint, animal, slide.

    Parameters
    ----------
    sections : DataFrame
        The ``sections`` table.
    overlays : Path, optional
        Folder with a picture ``<slide>_<section>.png`` of each.
    """
    pictures = [_overlay(overlays, str(row["slide"]), str(row["section"])) for _, row in sections.iterrows()]
    n_pictures = sum(path is not None for path in pictures)
    side, max_bytes = picture_side(n_pictures), PAGE_BYTES // max(n_pictures, 1)
    cards = [
        (_order(row, segments_of(sections)), _card(row, thumbnail_data_uri(path, side, max_bytes) if path else ""))
        for (_, row), path in zip(sections.iterrows(), pictures, strict=True)
    ]
    return [card for _, card in sorted(cards, key=lambda entry: entry[0])]


def _order(row: pd.Series, segments: list[str]) -> tuple[object, ...]:
    names = ("group", "timepoint", "animal", "slide", "section")
    return (segments.index(row["segment"]), *(natural_key(str(row[name])) for name in names))


def _overlay(overlays: Path | None, slide: str, section: str) -> Path | None:
    if overlays is None:
        return None
    name = f"{slide}_{section}.png"
    # A slide's name comes from outside: it must not lead to a picture elsewhere.
    if "/" in name or "\\" in name or "\0" in name:
        return None
    path = overlays / name
    return path if path.is_file() else None


def _card(row: pd.Series, picture: str) -> SectionCard:
    flags = row["flags"] if isinstance(row["flags"], str) else ""
    has_structure = "no_structure" not in flags.split()
    numbers = [(ENDPOINTS[name].label, format_value(float(row[name]), ENDPOINTS[name])) for name in _SHOWN]
    arm = f"{row['group']} @ {row['timepoint']}" if row["timepoint"] else row["group"]
    return SectionCard(
        slide=row["slide"],
        section=row["section"],
        animal=row["animal"],
        arm=arm,
        segment=row["segment"],
        picture=picture,
        numbers=numbers if has_structure else _positivity(row),
        accepted=f"{row['n_villi_accepted']} of {row['n_villi']} villi, "
        f"{row['n_crypts_accepted']} of {row['n_crypts']} crypts counted"
        if has_structure
        else f"{row['tissue_area_mm2']:.2f} mm² of tissue",
        flags=flag_list(flags),
    )


def _positivity(row: pd.Series) -> list[tuple[str, str]]:
    """Say how many cells are positive of each marker that the section was judged by."""
    percent = "_percent_positive"
    columns = [name for name in map(str, row.index) if name.endswith(percent) and pd.notna(row[name])]
    return [(f"{name.removesuffix(percent).replace('_', ' ')} positive", f"{row[name]:.1f} %") for name in columns]
