"""The real pictures of the demo, and how large their pixels are as far as one can tell."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from histo.batch import Plan, PlannedSlide

__all__ = ["RealPicture", "plan_real_pictures"]


@dataclass(frozen=True)
class RealPicture:
    """A picture that says nothing about its pixel size.

    Parameters
    ----------
    file : str
        Relative to the folder of real images.
    name : str
        What it is called in the results.
    mpp : float
        µm/px, estimated.
    estimate : str
        What the estimate rests on.
    """

    file: str
    name: str
    mpp: float
    estimate: str


_COLON = RealPicture(
    "ihc.png",
    "colon_dab_mpp_estimated",
    0.5,
    "colon, brown (DAB): wrong organ and stain, shown for what then comes out. 0.5 µm/px estimated from its nuclei, "
    "14 px across where about 7 µm is usual",
)
_SMALL_INTESTINE = (
    RealPicture(
        "he-structure/tissuedeck_smallbowel_2.jpg",
        "jejunum_tissuedeck_mpp_estimated",
        1.16,
        "human jejunum, H&E, labels burnt into the picture; the model learned from it too. 1.16 µm/px estimated from "
        "its lymphocyte nuclei, 6 px across where about 7 µm is usual",
    ),
    RealPicture(
        "he-structure/unlv_jejunum_fullwall_700x700.png",
        "jejunum_unlv_mpp_estimated",
        3.2,
        "human jejunum, H&E, whole wall; the model learned from this picture. 3.2 µm/px estimated from the same place "
        "at higher power",
    ),
)


def plan_real_pictures(folder: Path) -> Plan:
    """Plan the scoring of what real pictures there are.

    Parameters
    ----------
    folder : Path
        Where the picture that scikit-image brings is copied to.

    Returns
    -------
    Plan
        With a note on each picture's estimate. H&E of small intestine is among them if the folder named by
        ``HISTO_DATA``, or ``../shared/data``, has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    colon = folder / f"{_COLON.name}.png"
    with as_file(files("skimage") / "data" / _COLON.file) as source:
        shutil.copyfile(source, colon)
    pictures = [(_COLON, colon)]
    data = Path(os.environ.get("HISTO_DATA", Path("..") / "shared" / "data"))
    pictures += [(picture, data / picture.file) for picture in _SMALL_INTESTINE if (data / picture.file).is_file()]
    slides = tuple(PlannedSlide(picture.name, path, picture.mpp) for picture, path in pictures)
    return Plan(
        tuple(sorted(slides, key=lambda slide: slide.name)),
        notes=tuple(f"{picture.name}: {picture.estimate}" for picture, _ in pictures),
    )
