from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from histo.errors import CorruptResults, InvalidArgument, InvalidTable
from histo.io.results import read_table, remove_unfinished, sha256_of, write_atomically, write_table
from histo.schema import TABLES, empty_table


def _failures(n: int = 3, **more: object) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "slide": [f"m{i}, µ" for i in range(n)],
            "path": 'a "quoted" path',
            "reason": "no_tissue",
            "message": "two\nlines",
            "next_step": "Look at it.",
        }
        | more
    )


def _villi() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    columns = TABLES["villi"].columns
    makers = {
        "string": lambda: ["a", "", "c"],
        "int64": lambda: [1, 2, 3],
        "float64": lambda: [rng.random(), np.nan, -0.0],
        "bool": lambda: [True, False, True],
    }
    return pd.DataFrame({column.name: makers[column.kind]() for column in columns})


def test_table_reads_back_as_it_was_written(tmp_path: Path) -> None:
    write_table(tmp_path, "villi", _villi())
    read = read_table(tmp_path, "villi")
    pd.testing.assert_frame_equal(read, _villi().astype(dict(empty_table(TABLES["villi"].columns).dtypes)))


@pytest.mark.parametrize("name", TABLES)
def test_table_of_no_rows_keeps_its_columns_and_types(tmp_path: Path, name: str) -> None:
    empty = empty_table(TABLES[name].columns)
    write_table(tmp_path, name, empty)
    pd.testing.assert_frame_equal(read_table(tmp_path, name), empty)


def test_columns_of_ones_own_are_kept(tmp_path: Path) -> None:
    write_table(tmp_path, "failures", _failures(tries=[1, 2, 3], when=pd.Categorical(["x", "y", "x"])))
    read = read_table(tmp_path, "failures")
    assert read["tries"].tolist() == [1, 2, 3]
    assert read["when"].tolist() == ["x", "y", "x"]


def test_csv_holds_the_same_rows(tmp_path: Path) -> None:
    write_table(tmp_path, "failures", _failures())
    read = pd.read_csv(tmp_path / "failures.csv", dtype="str")
    pd.testing.assert_frame_equal(read, _failures().astype("str"))


def test_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    table = _villi()
    write_table(tmp_path / "a", "villi", table)
    write_table(tmp_path / "b", "villi", table.copy())
    assert sha256_of(tmp_path / "a") == sha256_of(tmp_path / "b")


def test_bytes_do_not_depend_on_how_the_table_came_about(tmp_path: Path) -> None:
    table = _villi()
    in_parts = pd.concat([table.iloc[:1], table.iloc[1:]]).set_index(pd.Index([5, 9, 2]))
    in_parts = in_parts.astype({"villus_id": object})
    write_table(tmp_path / "a", "villi", table)
    write_table(tmp_path / "b", "villi", in_parts[list(reversed(in_parts.columns))])
    assert sha256_of(tmp_path / "a") == sha256_of(tmp_path / "b")


def test_bytes_are_the_same_in_another_process(tmp_path: Path) -> None:
    script = (
        "import sys, pandas as pd\nfrom histo.io.results import read_table, write_table\n"
        "write_table(sys.argv[2], 'villi', read_table(sys.argv[1], 'villi'))"
    )
    write_table(tmp_path / "a", "villi", _villi())
    subprocess.run([sys.executable, "-c", script, tmp_path / "a", tmp_path / "b"], check=True)
    assert sha256_of(tmp_path / "a") == sha256_of(tmp_path / "b")


def test_file_holds_no_note_of_pandas(tmp_path: Path) -> None:
    assert b"pandas" not in write_table(tmp_path, "villi", _villi()).read_bytes()


def test_other_values_give_other_bytes(tmp_path: Path) -> None:
    write_table(tmp_path / "a", "failures", _failures())
    write_table(tmp_path / "b", "failures", _failures(reason="unreadable_slide"))
    assert sha256_of(tmp_path / "a") != sha256_of(tmp_path / "b")


INVALID = [
    ("vili", _failures(), InvalidArgument, "unknown table"),
    ("failures", _failures().drop(columns="path"), InvalidTable, "expected path"),
    ("failures", _failures(mixed=[1, "a", b"b"]), InvalidTable, "several kinds"),
]


@pytest.mark.parametrize(("name", "table", "error", "message"), INVALID)
def test_table_that_does_not_fit_is_refused(
    tmp_path: Path, name: str, table: pd.DataFrame, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        write_table(tmp_path, name, table)
    assert list(tmp_path.iterdir()) == []


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _overwrite_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(content)


BROKEN = [
    (Path.unlink, "missing.*Run `histo score`"),
    (lambda path: path.write_bytes(b""), "does not read.*Delete the file"),
    (lambda path: path.write_text("slide,animal\n"), "does not read.*expected a Parquet file"),
    (_truncate, "does not read"),
    (_overwrite_middle, "does not read"),
    (lambda path: pd.DataFrame({"slide": ["a"]}).to_parquet(path), "columns are missing.*another version"),
]


@pytest.mark.parametrize(("damage", "message"), BROKEN)
def test_damaged_table_says_so_and_what_to_do(tmp_path: Path, damage: object, message: str) -> None:
    damage(write_table(tmp_path, "failures", _failures()))
    with pytest.raises(CorruptResults, match=f"(?s){message}") as caught:
        read_table(tmp_path, "failures")
    assert str(tmp_path) in str(caught.value)


def test_folder_whose_name_looks_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "group=control"
    write_table(folder, "failures", _failures())
    assert "group" not in read_table(folder, "failures")


def test_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "run.json"
    with write_atomically(target) as unfinished:
        unfinished.write_text("{}")
        assert not target.exists()
    assert target.read_text() == "{}"
    assert [entry.name for entry in target.parent.iterdir()] == ["run.json"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_failed_write_leaves_what_was_there(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "thing"
    _make(target, kind, "old")
    with pytest.raises(RuntimeError, match="power cut"):
        _write_half(target, kind)
    assert _content(target) == "old"
    assert list(tmp_path.iterdir()) == [target]


def _write_half(target: Path, kind: str) -> None:
    with write_atomically(target) as unfinished:
        _make(unfinished, kind, "half")
        raise RuntimeError("power cut")


@pytest.mark.parametrize("before", ["nothing", "file", "folder"])
@pytest.mark.parametrize("after", ["file", "folder"])
def test_new_takes_the_place_of_old_whatever_both_are(tmp_path: Path, before: str, after: str) -> None:
    target = tmp_path / "thing"
    _make(target, before, "old")
    with write_atomically(target) as unfinished:
        _make(unfinished, after, "new")
    assert _content(target) == "new"
    assert list(tmp_path.iterdir()) == [target]


def _make(path: Path, kind: str, content: str) -> None:
    if kind == "file":
        path.write_text(content)
    elif kind == "folder":
        (path / "inner").mkdir(parents=True)
        (path / "inner" / "file").write_text(content)


def _content(path: Path) -> str:
    return (path / "inner" / "file" if path.is_dir() else path).read_text()


def test_two_writers_of_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    target = tmp_path / "a"
    with write_atomically(target) as first:
        first.write_text("first")
        with write_atomically(target) as second:
            second.write_text("second")
        assert target.read_text() == "second"
    assert target.read_text() == "first"


def test_writing_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="nothing was written"), write_atomically(tmp_path / "a"):
        pass


@pytest.mark.parametrize("parts", [("a_file",), ("a_file", "deeper")])
def test_writing_below_a_file_is_an_error(tmp_path: Path, parts: tuple[str, ...]) -> None:
    (tmp_path / "a_file").write_text("")
    with (
        pytest.raises(InvalidArgument, match=r"not a folder.*Name another"),
        write_atomically(tmp_path.joinpath(*parts, "b")),
    ):
        pytest.fail("must not come here")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")
def test_killed_writer_leaves_the_old_file_and_a_leftover_that_is_cleared(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")
    script = (
        "import sys, time\nfrom histo.io.atomic import write_atomically\n"
        "with write_atomically(sys.argv[1]) as unfinished:\n"
        "    unfinished.write_text('half')\n    print('ready', flush=True)\n    time.sleep(60)"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, target], stdout=subprocess.PIPE)
    with writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
    assert target.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    assert len(remove_unfinished(tmp_path)) == 1
    assert list(tmp_path.iterdir()) == [target]


def test_folder_set_aside_when_the_process_died_is_put_back(tmp_path: Path) -> None:
    aside = tmp_path / ".m07.ome.zarr.0123456789ab.replaced"
    _make(aside, "folder", "old")
    _make(tmp_path / ".m07.ome.zarr.0123456789ab.unfinished", "folder", "new")
    remove_unfinished(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m07.ome.zarr"]
    assert _content(tmp_path / "m07.ome.zarr") == "old"


def test_folder_set_aside_is_removed_when_the_new_one_is_there(tmp_path: Path) -> None:
    _make(tmp_path / ".a.0123456789ab.replaced", "folder", "old")
    _make(tmp_path / "a", "folder", "new")
    remove_unfinished(tmp_path)
    assert _content(tmp_path / "a") == "new"
    assert len(list(tmp_path.iterdir())) == 1


def test_other_hidden_files_are_nobodys_leftovers(tmp_path: Path) -> None:
    for name in (".hidden", "a.unfinished", ".a.nothexdigits.unfinished"):
        (tmp_path / name).write_text("")
    assert remove_unfinished(tmp_path) == []
    assert remove_unfinished(tmp_path / "absent") == []
    assert len(list(tmp_path.iterdir())) == 3


def test_sha256_of_a_file_is_the_published_one(tmp_path: Path) -> None:
    # FIPS 180-2, appendix B.1.
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_sha256_of_a_tree_knows_names_and_contents_only(tmp_path: Path) -> None:
    _make(tmp_path / "a", "folder", "x")
    _make(tmp_path / "b", "folder", "x")
    (tmp_path / "b" / ".DS_Store").write_text("a file browser was here")
    (tmp_path / "b" / "empty").mkdir()
    os.utime(tmp_path / "b" / "inner" / "file", (time.time() - 1000,) * 2)
    assert sha256_of(tmp_path / "a") == sha256_of(tmp_path / "b")
    (tmp_path / "b" / "inner" / "file").rename(tmp_path / "b" / "inner" / "other")
    assert sha256_of(tmp_path / "a") != sha256_of(tmp_path / "b")


def test_moving_bytes_between_files_of_a_tree_changes_its_sha256(tmp_path: Path) -> None:
    for name, one, two in (("a", "xy", "z"), ("b", "x", "yz")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1").write_text(one)
        (tmp_path / name / "2").write_text(two)
    assert sha256_of(tmp_path / "a") != sha256_of(tmp_path / "b")


def test_sha256_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="nothing to take"):
        sha256_of(tmp_path / "absent")
