from __future__ import annotations

from pathlib import Path

import pytest

from histo.errors import InvalidAnnotation
from histo.train.annotationset import read_annotation_set

FIELD = '[[fields]]\nname = "{0}"\nimage = "pictures/{0}.png"\nlabels = "{0}.geojson"\nsource = "lab"\nmpp = 1.0\n'


def write_set(folder: Path, *names: str) -> None:
    (folder / "dataset.toml").write_text('name = "set"\n' + "".join(map(FIELD.format, names)), encoding="utf-8")
    for name in names:
        (folder / f"{name}.geojson").write_text("{}", encoding="utf-8")


def test_pictures_are_found_beside_the_set_or_where_all_data_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path, "a", "b")
    for folder, name in ((tmp_path, "a"), (tmp_path / "data", "b")):
        (folder / "pictures").mkdir(parents=True)
        (folder / "pictures" / f"{name}.png").touch()
    monkeypatch.setenv("HISTO_DATA", str(tmp_path / "data"))
    found = [field.image for field in read_annotation_set(tmp_path).fields]
    assert found == [str(tmp_path / "pictures" / "a.png"), str(tmp_path / "data" / "pictures" / "b.png")]


def test_forty_missing_pictures_are_told_in_a_few_lines_beginning_with_the_likely_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HISTO_DATA", raising=False)
    write_set(tmp_path, *(f"m{number:02d}" for number in range(40)))
    with pytest.raises(InvalidAnnotation) as caught:
        read_annotation_set(tmp_path)
    first, *problems, last = str(caught.value).splitlines()
    assert first.endswith("the annotation set has 40 problems; HISTO_DATA is not set:")
    assert [line.split(":")[0].strip() for line in problems] == ["m00", "m01", "m02", "and 37 more"]
    assert last.startswith("Set HISTO_DATA to the folder")


@pytest.mark.parametrize(
    ("names", "missing", "message"),
    [
        (("a", "a"), "", r"1 problem:(?s:.*)a is there twice(?s:.*)each once"),
        (("a", "b"), "b.geojson", r"1 problem:\n  b: no file \S*b.geojson\nName the set's own files"),
    ],
)
def test_what_a_set_lacks_is_said(
    names: tuple[str, ...], missing: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HISTO_DATA", raising=False)
    write_set(tmp_path, *names)
    (tmp_path / "pictures").mkdir()
    for name in names:
        (tmp_path / "pictures" / f"{name}.png").touch()
    if missing:
        (tmp_path / missing).unlink()
    with pytest.raises(InvalidAnnotation, match=message):
        read_annotation_set(tmp_path)
