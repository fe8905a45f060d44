"""A drawn study: the layout of Nouri et al., PLoS ONE 2014; 9(9): e106335, with effects that you set.

Control, EAE day 7 and EAE day 14; three segments; animals, and sections of each. The paper's µm values are not known,
so the proportions and effects here are ours and stand in the specification.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from histo.errors import InvalidArgument
from histo.phantom.section import DrawnSection, Stain, draw_section
from histo.phantom.slide import write_slide
from histo.phantom.spec import SectionSpec

__all__ = ["Arm", "CohortSpec", "draw_cohort"]

_ENDPOINTS = ("villus_height_um", "crypt_depth_um", "submucosa_um", "muscularis_um", "lymphocyte_per_mm2")
_SEGMENTS = {"duodenum": 1.1, "jejunum": 1.0, "ileum": 0.75}


@dataclass(frozen=True)
class Arm:
    """One group at one timepoint.

    Parameters
    ----------
    group : str
        Name of the group.
    timepoint : int
        Days post immunisation.
    effects : dict of str to float
        Factors on ``villus_height_um, crypt_depth_um, submucosa_um, muscularis_um, lymphocyte_per_mm2``; those left
        out are 1.
    """

    group: str
    timepoint: int
    effects: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.effects) - set(_ENDPOINTS))
        if unknown:
            raise InvalidArgument("unknown effects", expected=", ".join(_ENDPOINTS), got=", ".join(unknown))


_NOURI = (
    Arm("control", 0),
    Arm("EAE", 7, {"crypt_depth_um": 1.15, "submucosa_um": 1.2, "lymphocyte_per_mm2": 1.3}),
    Arm(
        "EAE",
        14,
        {
            "villus_height_um": 0.92,
            "crypt_depth_um": 1.35,
            "submucosa_um": 1.5,
            "muscularis_um": 1.35,
            "lymphocyte_per_mm2": 1.8,
        },
    ),
)


@dataclass(frozen=True)
class CohortSpec:
    """Layout and effects of a drawn study.

    Parameters
    ----------
    arms : tuple of Arm
        Groups and timepoints.
    n_animals, n_sections : int
        Animals of each arm, and sections of each animal and segment.
    segments : tuple of str
        duodenum, jejunum, ileum: villi are tallest in the duodenum and lowest in the ileum.
    animal_cv, section_cv : float
        Variation between the animals of an arm, and between the sections of an animal.
    base : SectionSpec
        A section of the controls' jejunum.
    mpp : float
        µm per pixel of the slides.
    stain : {"he", "dab", "fluorescence"}
        Stain of all slides.
    """

    arms: tuple[Arm, ...] = _NOURI
    n_animals: int = 5
    n_sections: int = 8
    segments: tuple[str, ...] = ("duodenum", "jejunum", "ileum")
    animal_cv: float = 0.07
    section_cv: float = 0.06
    base: SectionSpec = field(default_factory=SectionSpec.mouse)
    mpp: float = 1.0
    stain: Stain = "he"

    def __post_init__(self) -> None:
        unknown = sorted(set(self.segments) - set(_SEGMENTS))
        if unknown:
            raise InvalidArgument("unknown segments", expected=", ".join(_SEGMENTS), got=", ".join(unknown))

    @classmethod
    def small(cls) -> CohortSpec:
        """Make the demo's size: three arms of five animals, two short strips of jejunum of each."""
        base = SectionSpec.mouse()
        return cls(n_sections=2, segments=("jejunum",), base=replace(base, wall=replace(base.wall, length_um=1500.0)))


@dataclass(frozen=True)
class _Slide:
    """One slide to draw, with the row that describes it."""

    path: Path
    spec: SectionSpec
    seed: int
    mpp: float
    stain: Stain
    row: dict[str, object]


def draw_cohort(
    folder: Path,
    spec: CohortSpec | None = None,
    seed: int = 0,
    *,
    n_workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Draw a study's slides into a folder, with its design table ``animals.csv`` and the truth ``truth.csv``.

    Parameters
    ----------
    folder : Path
        Made if absent. Slides are named after animal, segment and section, which tells nothing of the group.
    spec : CohortSpec, optional
        Layout and effects; the whole reference layout without it.
    seed : int
        Which of the studies of this kind.
    n_workers : int
        Processes that draw.
    progress : callable, optional
        Called with slides done and slides in all.

    Returns
    -------
    DataFrame
        The truth, a row a slide: what the design says, and the true means over whole villi and crypts and medians of
        the layers.
    """
    spec = spec or CohortSpec()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    slides = _slides(folder, spec, seed)
    truth: list[dict[str, object]] = []
    with ProcessPoolExecutor(n_workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_draw, slide) for slide in slides]):
            truth.append(done.result())
            if progress is not None:
                progress(len(truth), len(slides))
    table = pd.DataFrame(truth).sort_values("slide", ignore_index=True)
    design = ["slide", "animal", "group", "timepoint", "segment", "stain"]
    table[design].to_csv(folder / "animals.csv", index=False)
    table.to_csv(folder / "truth.csv", index=False)
    return table


def _slides(folder: Path, spec: CohortSpec, seed: int) -> list[_Slide]:
    rng = np.random.default_rng(seed)
    order = iter(rng.permutation(len(spec.arms) * spec.n_animals) + 1)
    slides = []
    for arm in spec.arms:
        for _ in range(spec.n_animals):
            animal = f"m{next(order):02d}"
            own = _factors(rng, spec.animal_cv)
            for segment in spec.segments:
                for section in range(1, spec.n_sections + 1):
                    factors = {
                        name: arm.effects.get(name, 1.0) * own[name] * varied
                        for name, varied in _factors(rng, spec.section_cv).items()
                    }
                    factors["villus_height_um"] *= _SEGMENTS[segment]
                    name = f"{animal}_{segment}_{section}"
                    row = {
                        "slide": name, "animal": animal, "group": arm.group, "timepoint": arm.timepoint,
                        "segment": segment, "stain": spec.stain,
                    }  # fmt: skip
                    drawn = replace(_scaled(spec.base, factors), rotation_deg=float(rng.uniform(-20, 20)))
                    path = folder / f"{name}.ome.tif"
                    slides.append(_Slide(path, drawn, int(rng.integers(2**31)), spec.mpp, spec.stain, row))
    return slides


def _factors(rng: np.random.Generator, cv: float) -> dict[str, float]:
    return {name: float(np.exp(rng.normal(0, cv))) for name in _ENDPOINTS}


def _scaled(base: SectionSpec, factors: dict[str, float]) -> SectionSpec:
    return replace(
        base,
        villi=replace(base.villi, height_um=base.villi.height_um * factors["villus_height_um"]),
        crypts=replace(base.crypts, depth_um=base.crypts.depth_um * factors["crypt_depth_um"]),
        wall=replace(
            base.wall,
            submucosa_um=base.wall.submucosa_um * factors["submucosa_um"],
            muscularis_um=base.wall.muscularis_um * factors["muscularis_um"],
        ),
        cells=replace(base.cells, lymphocyte_per_mm2=base.cells.lymphocyte_per_mm2 * factors["lymphocyte_per_mm2"]),
    )


def _draw(slide: _Slide) -> dict[str, object]:
    drawn = draw_section(slide.spec, mpp=slide.mpp, seed=slide.seed, stain=slide.stain)
    write_slide(slide.path, drawn)
    return {**slide.row, **_truth(drawn)}


def _truth(drawn: DrawnSection) -> dict[str, float]:
    villi = drawn.villi[drawn.villi["is_accepted"]]
    crypts = drawn.crypts[drawn.crypts["is_accepted"]]
    return {
        "villus_height_um": float(villi["villus_height_um"].mean()),
        "crypt_depth_um": float(crypts["crypt_depth_um"].mean()),
        "submucosa_um": float(drawn.layers["submucosa_um"].median()),
        "muscularis_um": float(drawn.layers["muscularis_um"].median()),
    }
