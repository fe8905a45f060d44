"""Where the kinds of TIFF say how many µm a pixel is."""

from __future__ import annotations

import re
from typing import Any

from histo.io.slides.pixel_size import PixelSizeFinding, finding_from_density

__all__ = ["aperio_findings", "imagej_findings", "qptiff_findings", "resolution_findings"]

# Units of the tag ResolutionUnit in µm: 2 and 3 are of TIFF 6.0, 4 and 5 an extension that tifffile knows.
_TAG_UNITS_UM = {2: 25_400.0, 3: 10_000.0, 4: 1_000.0, 5: 1.0}
_IMAGEJ_UNITS_UM = {
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "um": 1.0,
    "µm": 1.0,
    "μm": 1.0,
    "\\u00b5m": 1.0,
    "nm": 1e-3,
    "mm": 1e3,
    "cm": 1e4,
    "inch": 25_400.0,
}

Found = tuple[list[PixelSizeFinding], list[str]]


def resolution_findings(page: Any) -> Found:
    """Read the tags XResolution, YResolution and ResolutionUnit of a page (TIFF 6.0, section 8)."""
    across, down = _ratio(page, "XResolution"), _ratio(page, "YResolution")
    if across is None or down is None:
        return [], ["TIFF resolution tags: none"]
    unit = _TAG_UNITS_UM.get(int(page.tags.valueof("ResolutionUnit", 2)))
    if unit is None:
        return [], ["TIFF resolution tags: without a unit"]
    if across <= 0 or down <= 0:
        return [], ["TIFF resolution tags: no usable value"]
    return _as_found(finding_from_density(unit / down, unit / across, "TIFF resolution tags"))


def aperio_findings(description: str) -> Found:
    """Read ``MPP = ...`` from the description of an Aperio slide."""
    match = re.search(r"\|\s*MPP\s*=\s*([0-9.eE+-]+)", description)
    if match is None:
        return [], ["Aperio MPP: not in the description"]
    mpp = float(match.group(1))
    return [PixelSizeFinding(mpp, mpp, "Aperio MPP")], []


def qptiff_findings(description: str) -> Found:
    """Read the nominal pixel size of the scan from the scan profile of a QPTIFF."""
    match = re.search(r"<ScanResolution\b.*?<PixelSizeMicrons>\s*([0-9.eE+-]+)\s*<", description, re.DOTALL)
    if match is None:
        return [], ["QPTIFF PixelSizeMicrons: not in the scan profile"]
    mpp = float(match.group(1))
    return [PixelSizeFinding(mpp, mpp, "QPTIFF PixelSizeMicrons")], []


def imagej_findings(page: Any, metadata: dict[str, Any]) -> Found:
    """Read the unit that ImageJ keeps in its metadata; the resolution tags then count pixels per that unit."""
    unit = str(metadata.get("unit", "")).strip()
    unit_um = _IMAGEJ_UNITS_UM.get(unit.lower())
    across, down = _ratio(page, "XResolution"), _ratio(page, "YResolution")
    if unit_um is None or not across or not down:
        return [], [f"ImageJ unit: {unit!r}, not a length" if unit else "ImageJ unit: none"]
    return _as_found(finding_from_density(unit_um / down, unit_um / across, f"ImageJ unit {unit}"))


def _ratio(page: Any, tag: str) -> float | None:
    value = page.tags.valueof(tag)
    if not isinstance(value, tuple) or len(value) != 2 or value[1] == 0:
        return None
    return float(value[0]) / float(value[1])


def _as_found(outcome: tuple[PixelSizeFinding | None, str | None]) -> Found:
    finding, note = outcome
    return ([] if finding is None else [finding]), ([] if note is None else [note])
