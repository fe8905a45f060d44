"""What the OME-XML of an OME-TIFF says: pixel size and channel names."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from histo.io.slides.pixel_size import PixelSizeFinding

__all__ = ["LENGTH_UNITS_UM", "OmeImage", "read_ome_xml"]

# The OME model's units of length, by symbol, and the spelt-out names that OME-Zarr (UDUNITS-2) uses.
LENGTH_UNITS_UM = {
    "pm": 1e-6,
    "picometer": 1e-6,
    "Å": 1e-4,
    "angstrom": 1e-4,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "µm": 1.0,
    "μm": 1.0,
    "um": 1.0,
    "micrometer": 1.0,
    "micron": 1.0,
    "mm": 1e3,
    "millimeter": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "m": 1e6,
    "meter": 1e6,
    "in": 25_400.0,
    "inch": 25_400.0,
}


@dataclass(frozen=True)
class OmeImage:
    """One Image element.

    Parameters
    ----------
    shape : (int, int)
        SizeY and SizeX.
    channels : tuple of str
        Names as given; ``"channel 2"`` where there is none.
    findings : tuple of PixelSizeFinding
        From PhysicalSizeX and PhysicalSizeY; empty when they are absent or have no length unit.
    notes : tuple of str
        Why there is no finding.
    """

    shape: tuple[int, int]
    channels: tuple[str, ...]
    findings: tuple[PixelSizeFinding, ...]
    notes: tuple[str, ...]


def read_ome_xml(text: str) -> list[OmeImage]:
    """Read all Image elements (OME model 2016-06, https://docs.openmicroscopy.org/ome-model).

    Parameters
    ----------
    text : str
        The OME-XML; comments and declarations may precede it.

    Returns
    -------
    list of OmeImage
        In the order of the file.
    """
    # Expat, from 2.4.1 of 2021 on, bounds what entities may expand to; external ones are never fetched.
    root = ET.fromstring(text.strip().encode())  # noqa: S314
    images = (pixels for pixels in root.iter() if _tag(pixels) == "Pixels")
    return [_read_pixels(pixels) for pixels in images]


def _read_pixels(pixels: ET.Element) -> OmeImage:
    shape = int(pixels.get("SizeY", "0")), int(pixels.get("SizeX", "0"))
    channels = tuple(
        child.get("Name") or child.get("Fluor") or f"channel {number}"
        for number, child in enumerate(child for child in pixels if _tag(child) == "Channel")
    )
    across, down = _length_um(pixels, "X"), _length_um(pixels, "Y")
    if across is None and down is None:
        unit = pixels.get("PhysicalSizeXUnit")
        told = "absent" if pixels.get("PhysicalSizeX") is None else f"in {unit!r}, which is no length"
        return OmeImage(shape, channels, (), (f"OME PhysicalSizeX: {told}",))
    # The model makes both optional; where only one is given, pixels are taken to be square.
    finding = PixelSizeFinding(down or across or 0.0, across or down or 0.0, "OME PhysicalSizeX/Y")
    return OmeImage(shape, channels, (finding,), ())


def _length_um(pixels: ET.Element, axis: str) -> float | None:
    value = pixels.get(f"PhysicalSize{axis}")
    unit_um = LENGTH_UNITS_UM.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
    return None if value is None or unit_um is None else float(value) * unit_um


def _tag(element: ET.Element) -> str:
    """Name without the namespace, which differs between versions of the model."""
    return str(element.tag).rpartition("}")[2]
