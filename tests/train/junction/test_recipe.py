from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from histo.errors import InvalidRecipe
from histo.train.junction import Known, load_junction_field, open_junction_run, read_junction_recipe
from histo.train.junction.drawn import Drawing
from histo.train.junction.settings import DrawnFields
from histo.train.recipe import recipe_task

SHIPPED = Path(__file__).parents[3] / "models" / "junctions-v1" / "train.toml"


def test_the_recipe_of_the_shipped_model_reads_and_keeps_apart_one_picture_of_each_group() -> None:
    assert recipe_task(SHIPPED) == "junctions"
    recipe = read_junction_recipe(SHIPPED)
    held_out = {entry.name: entry.held_out for entry in recipe.sets}
    assert held_out["tj-zo1-mdck"] == ("MDCK_wt_Zo_1_2", "MDCK_Myo1c_KO_Zo_1_2")
    assert len(held_out["tj-wis"]) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("halo = 112", "halo = 96"), "too narrow"),
        (("share = 0.2", "share = 0.5"), "must add up to 1"),
        (('held_out = ["squares1"]', 'held_out = ["*"]'), "all pictures are held out"),
        (("fields = 2", "fields = 0"), "no fields are drawn"),
        (("held_out = 1\n", "held_out = 1\nheld_out_seed = 30001\n"), "among those trained on"),
        (('reader = "cells"', 'reader = "centres"'), "reader"),
    ],
)
def test_a_recipe_that_cannot_be_done_is_refused(
    make_junction_toy: Callable[[int], Path], change: tuple[str, str], message: str
) -> None:
    path = make_junction_toy(1)
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(InvalidRecipe, match=message):
        read_junction_recipe(path)


def test_a_picture_to_hold_out_that_is_not_there_is_named(
    make_junction_toy: Callable[[int], Path], tmp_path: Path
) -> None:
    path = make_junction_toy(1)
    path.write_text(path.read_text(encoding="utf-8").replace("squares1", "squares7"), encoding="utf-8")
    with pytest.raises(InvalidRecipe, match="squares7"):
        open_junction_run(path, tmp_path / "runs").prepare()


def test_pictures_held_out_are_not_trained_on(make_junction_toy: Callable[[int], Path], tmp_path: Path) -> None:
    prepared = open_junction_run(make_junction_toy(1), tmp_path / "runs").prepare()
    names = {key: [load_junction_field(folder).name for folder in folders] for key, folders in prepared.trained.items()}
    assert names["squares"] == ["squares0"]
    assert [load_junction_field(folder).name for folder in prepared.held_out["squares"]] == ["squares1"]
    assert (len(prepared.trained["drawn"]), len(prepared.held_out["drawn"])) == (2, 1)


def test_a_drawn_section_is_bright_along_its_apical_line_and_dark_in_its_gaps(tmp_path: Path) -> None:
    settings = DrawnFields(wall_um=100.0, section_mpp=0.5, dab=0.0)
    field = load_junction_field(Drawing(3, True, settings, tmp_path, "digest").draw())
    stained, gap = (np.asarray(field.image)[field.truth.lines_that_are(state)] for state in (Known.STAINED, Known.GAP))
    assert len(stained) > 500
    assert np.median(stained) > 2 * np.median(gap)
    lines = field.truth.lines
    assert not (field.truth.known[lines] & Known.DOUBTED).any()
