from __future__ import annotations

import os
from pathlib import Path

import pytest

from histo.batch import plan
from histo.batch.lock import LOCK_NAME
from histo.errors import InvalidArgument
from histo.io.design import read_design


def _touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def _design(folder: Path, *rows: str) -> Path:
    path = folder / "animals.csv"
    path.write_text("\n".join(["slide,animal,group,mpp", *rows]) + "\n", encoding="utf-8")
    return path


def test_every_slide_of_a_folder_is_planned_in_order_of_name(tmp_path: Path) -> None:
    _touch(tmp_path, "b.svs", "a.ome.tif", "deeper/c.NDPI", "zarr/d.ome.zarr/zarr.json", "e.qptiff", "f.png")
    planned = plan([tmp_path])
    assert [slide.name for slide in planned.slides] == ["a", "b", "c", "d", "e", "f"]


def test_a_zarr_folder_is_one_slide_and_not_searched(tmp_path: Path) -> None:
    _touch(tmp_path, "d.ome.zarr/0/picture.png")
    assert [slide.path.name for slide in plan([tmp_path]).slides] == ["d.ome.zarr"]
    assert [slide.path.name for slide in plan([tmp_path / "d.ome.zarr"]).slides] == ["d.ome.zarr"]


def test_what_is_not_an_image_is_listed_with_the_reason(tmp_path: Path) -> None:
    _touch(tmp_path, "a.svs", "animals.csv", "notes", ".hidden.png")
    planned = plan([tmp_path])
    assert [slide.name for slide in planned.slides] == ["a"]
    assert {file.path.name: file.reason for file in planned.ignored} == {
        "animals.csv": "not an image: .csv",
        "notes": "not an image: no extension",
        ".hidden.png": "a hidden file",
    }


def test_a_format_that_is_known_but_not_read_is_planned_so_that_it_fails_by_name(tmp_path: Path) -> None:
    assert [slide.name for slide in plan([_touch(tmp_path, "a.mrxs")]).slides] == ["a.mrxs"]


def test_a_file_that_is_named_is_planned_whatever_its_name_and_even_when_it_is_absent(tmp_path: Path) -> None:
    _touch(tmp_path, "scan.data")
    planned = plan([tmp_path / "scan.data", tmp_path / "gone.svs"])
    assert [slide.name for slide in planned.slides] == ["gone", "scan.data"]


def test_results_among_the_slides_are_not_searched(tmp_path: Path) -> None:
    _touch(tmp_path, "a.svs", f"results/{LOCK_NAME}", "results/labels/a.ome.zarr/zarr.json", "results/a.png")
    planned = plan([tmp_path])
    assert [slide.name for slide in planned.slides] == ["a"]
    assert [file.reason for file in planned.ignored] == ["a results folder of histo"]


def test_a_slide_given_twice_is_planned_once_and_said_so(tmp_path: Path) -> None:
    _touch(tmp_path, "a.svs")
    planned = plan([tmp_path, tmp_path / "a.svs"])
    assert len(planned.slides) == 1
    assert "the same file as" in planned.ignored[0].reason


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    _touch(tmp_path, "a.svs")
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert [slide.name for slide in plan([tmp_path]).slides] == ["a"]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["x/1.svs", "y/1.svs"], ["x__1", "y__1"]),
        (["1.svs", "1.png"], ["1-png", "1-svs"]),
        (["x/1.svs", "x/1.png", "y/1.svs"], ["x__1-png", "x__1-svs", "y__1-svs"]),
        (["x/a/1.svs", "y/a/1.svs", "2.svs"], ["2", "x__a__1", "y__a__1"]),
        (["x/1.svs", "y/1.svs", "x__1.svs"], ["x__1", "x__1-svs", "y__1-svs"]),
        (["A.svs", "b/a.svs"], None),
    ],
)
def test_slides_of_the_same_name_are_told_apart_and_said_so(
    tmp_path: Path, files: list[str], names: list[str] | None
) -> None:
    planned = plan([_touch(tmp_path, *files)])
    found = [slide.name for slide in planned.slides]
    assert len({name.casefold() for name in found}) == len(files)
    assert names is None or found == names
    assert "slides are called" in planned.notes[0]


def test_a_folder_without_slides_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="no slide was found"):
        plan([_touch(tmp_path, "notes.txt")])


def test_the_design_gives_the_pixel_size_before_the_command_does(tmp_path: Path) -> None:
    _touch(tmp_path, "a.png", "b.png")
    design = read_design(_design(tmp_path, "a.png,m1,control,0.5", "b,m2,EAE,"))
    assert [slide.mpp for slide in plan([tmp_path], design, mpp=2.0).slides] == [0.5, 2.0]


def test_slides_without_a_row_and_rows_without_a_slide_are_both_said(tmp_path: Path) -> None:
    _touch(tmp_path, "a.png", "stray.png")
    design = read_design(_design(tmp_path, "a,m1,control,0.5", "lost,m2,EAE,0.5"))
    assert plan([tmp_path], design).notes == (
        "animals.csv: column 'slide': expected a row for slide 'stray'; got none, so it is of no animal",
        "animals.csv: row 3, column 'slide': expected one of the slides that are there; got 'lost', without a file",
    )


def test_batches_that_stand_for_groups_are_said_before_anything_is_scored(tmp_path: Path) -> None:
    path = tmp_path / "animals.csv"
    rows = ["a,m1,control,x", "b,m2,control,x", "c,m3,EAE,y", "d,m4,EAE,y"]
    path.write_text("\n".join(["slide,animal,group,batch", *rows]), encoding="utf-8")
    (note,) = plan([_touch(tmp_path, "a.png", "b.png", "c.png", "d.png")], read_design(path)).notes
    assert note.startswith("animals.csv: batch is wholly confounded with group (control: x; EAE: y)")
