"""A figure that has been drawn, with the words and the numbers that belong to it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256

import pandas as pd

__all__ = ["DrawnFigure", "file_stem", "svg_data_uri"]

_MAX_EMBEDDED_CSV = 60_000
_MAX_STEM = 90
_PIXELS_AN_INCH = 96


@dataclass(frozen=True, eq=False)
class DrawnFigure:
    """One figure of the report.

    Parameters
    ----------
    name : str
        Stem of its files; no other figure of the report has it.
    title : str
        What it is of.
    alt : str
        What it shows, with numbers, for those who cannot see it.
    svg : str
        The SVG document.
    data : DataFrame
        The numbers that were drawn.
    size_in : (float, float)
        Width and height in inches.
    """

    name: str
    title: str
    alt: str
    svg: str
    data: pd.DataFrame
    size_in: tuple[float, float]

    @property
    def width_px(self) -> int:
        """Width in CSS pixels at which its letters have their proper size."""
        return round(self.size_in[0] * _PIXELS_AN_INCH)

    @property
    def height_px(self) -> int:
        """Height in CSS pixels."""
        return round(self.size_in[1] * _PIXELS_AN_INCH)

    @property
    def source(self) -> str:
        """The picture as a ``data:`` address."""
        return svg_data_uri(self.svg)

    @property
    def csv(self) -> str:
        """The numbers as CSV, with six significant digits."""
        return str(self.data.to_csv(index=False, lineterminator="\n", float_format="%.6g"))

    @property
    def csv_link(self) -> str:
        """The CSV as a ``data:`` address; empty where it is too large to be carried in a page."""
        raw = self.csv.encode("utf-8")
        return f"data:text/csv;base64,{base64.b64encode(raw).decode('ascii')}" if len(raw) <= _MAX_EMBEDDED_CSV else ""


def svg_data_uri(svg: str) -> str:
    """Put an SVG into a ``data:`` address, so that the ids of several do not meet in one page."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode('utf-8')).decode('ascii')}"


def file_stem(*parts: str) -> str:
    """Make a file name that every system takes out of names that people gave; different names stay different.

    Examples
    --------
    >>> file_stem("superplot", "crypt_depth_um", "ileum")
    'superplot_crypt_depth_um_ileum'
    >>> file_stem("superplot", "../ileum").startswith("superplot_ileum_")
    True
    """
    wanted = "_".join(part for part in parts if part)
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", wanted).replace("..", "_").strip("._-")
    plain = re.sub(r"__+", "_", plain)
    if plain == wanted and len(plain) <= _MAX_STEM and plain == plain.lower():
        return plain
    return f"{plain.lower()[:_MAX_STEM]}_{sha256(wanted.encode('utf-8')).hexdigest()[:8]}"
