from __future__ import annotations

import pandas as pd
import pytest

from histo.nn import ModelSpec
from histo.train.annotationset import AnnotatedField
from histo.train.calibration import Calibration, ReliabilityBin
from histo.train.card import write_card
from histo.train.recipe import Recipe
from histo.train.record import TrainingRecord
from histo.train.settings import RealSource
from histo.train.verdict import Verdict
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


def judged(origin: str, dice: float = 0.8123) -> pd.DataFrame:
    return pd.DataFrame({"origin": [origin], "field": ["all"], "compartment": ["crypt"], "dice": [dice]})


TOY = Recipe(name="toy")


def record(recipe: Recipe = TOY, **fields: tuple[AnnotatedField, ...]) -> TrainingRecord:
    return TrainingRecord(recipe, 5000, "abc", "random weights", **fields)


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
    held_out = (field("h", "lab", "MIT"),)
    card = write_card(SPEC, Verdict(judged("lab")), record(recipe, trained=fields, held_out=held_out))
    assert all(f"| f{index} | atlas | 2 | {licence} |" in card for index, licence in enumerate(licences))
    assert f"Strictest licence among the pictures that it learned from: {strictest}." in card
    assert "| h | lab | 2 | MIT |" in card
    assert "| crypt | 0.81 |" in card
    assert "a scanner, stain or species not among them may do worse" in card


def test_card_of_a_model_judged_on_drawings_says_that_nothing_real_is_known() -> None:
    unfinished = TrainingRecord(TOY, 3, "abc", "random weights")
    card = write_card(SPEC, Verdict(judged("drawn")), unfinished)
    assert "validated on drawings only" in card
    assert "the training is not finished" in card
    assert "| started from | random weights |" in card
    assert "Not calibrated" in card


def test_card_sets_the_starting_model_beside_the_model() -> None:
    card = write_card(SPEC, Verdict(judged("lab"), before=judged("lab", 0.5)), record())
    assert "| crypt | 0.81 (0.50) |" in card


def test_card_says_that_a_field_is_easier_when_others_of_its_source_were_learned() -> None:
    recipe = Recipe(name="toy", real=RealSource(sets=("set",), share=0.5))
    fields = {"trained": (field("a", "lab", "MIT"),), "held_out": (field("b", "lab", "MIT"),)}
    card = write_card(SPEC, Verdict(judged("lab")), record(recipe, **fields))
    assert "of sources that it also learned from" in card


def test_card_says_how_sure_the_model_may_be() -> None:
    found = Calibration(1.5, 0.2, 0.04, (ReliabilityBin(0.93, 0.9, 0.75),), ("atlas", "lab"), 1000)
    card = write_card(SPEC.model_copy(update={"temperature": 1.5}), Verdict(judged("lab"), calibration=found), record())
    assert "divided by 1.5" in card
    assert "0.200 without, 0.040 with the temperature that fits the other sources" in card
    assert "| 0.93 | 0.90 | 0.750 |" in card
