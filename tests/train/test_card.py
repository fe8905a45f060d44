from __future__ import annotations

import pandas as pd
import pytest

from histo.nn import ModelSpec
from histo.train.annotationset import AnnotatedField
from histo.train.card import write_card
from histo.train.recipe import Recipe
from histo.train.record import TrainingRecord
from histo.train.settings import RealSource
from histo.types import Compartment

SPEC = ModelSpec(
    name="toy",
    version="1",
    encoder="mobilenet_v3_small",
    classes=tuple(member.label for member in Compartment),
    mpp=1.4,
    tile=128,
    halo=32,
    sha256="0" * 64,
    licence="BSD-3-Clause",
    trained_on=("drawn sections", "set"),
)


def field(name: str, source: str, licence: str) -> AnnotatedField:
    return AnnotatedField(name=name, image="a.png", labels="a.geojson", source=source, mpp=2.0, licence=licence)


def judged(origin: str) -> pd.DataFrame:
    return pd.DataFrame({"origin": [origin], "field": ["all"], "compartment": ["crypt"], "dice": [0.8123]})


@pytest.mark.parametrize(
    ("licences", "strictest"),
    [
        (("CC BY 4.0", "CC BY-NC-SA 4.0"), "CC BY-NC-SA 4.0"),
        (("CC0", "none stated", "CC BY-NC-SA 4.0"), "none stated"),
        (("CC0", "CC BY 4.0"), "CC BY 4.0"),
        (("MIT",), "MIT"),
    ],
)
def test_card_names_every_field_and_the_strictest_licence(licences: tuple[str, ...], strictest: str) -> None:
    recipe = Recipe(name="toy", real=RealSource(sets=("set",), share=0.5))
    fields = tuple(field(f"f{index}", "atlas", licence) for index, licence in enumerate(licences))
    card = write_card(SPEC, judged("lab"), TrainingRecord(recipe, 5000, "abc", fields, (field("h", "lab", "MIT"),)))
    assert all(f"| f{index} | atlas | 2 | {licence} |" in card for index, licence in enumerate(licences))
    assert f"Strictest licence among their pictures: {strictest}." in card
    assert "| h | lab | 2 | MIT |" in card
    assert "| crypt | 0.81 |" in card


def test_card_of_a_model_judged_on_drawings_says_that_nothing_real_is_known() -> None:
    record = TrainingRecord(Recipe(name="toy"), 3, "abc")
    card = write_card(SPEC, judged("drawn"), record)
    assert "validated on drawings only" in card
    assert "the training is not finished" in card
