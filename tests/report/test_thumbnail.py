from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from histo.report.thumbnail import PAGE_BYTES, picture_side, thumbnail_data_uri


def _decoded(uri: str) -> Image.Image:
    return Image.open(BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_a_wide_picture_keeps_its_proportions(tmp_path: Path) -> None:
    Image.new("RGB", (2000, 500), (10, 200, 30)).save(tmp_path / "a.png")
    assert _decoded(thumbnail_data_uri(tmp_path / "a.png", 400, 100_000)).size == (400, 100)


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert _decoded(thumbnail_data_uri(tmp_path / "a.png", 50, 100_000)).getpixel((25, 25)) == (255, 255, 255)


def test_a_picture_of_noise_is_brought_under_its_share(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (600, 600, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    assert len(base64.b64decode(thumbnail_data_uri(tmp_path / "a.png", 600, 20_000).partition(",")[2])) <= 20_000


@pytest.mark.parametrize("n_pictures", [1, 50, 200, 400])
def test_all_pictures_together_stay_under_the_pages_budget(n_pictures: int) -> None:
    assert n_pictures * 0.25 * picture_side(n_pictures) ** 2 <= PAGE_BYTES


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n cut off"])
def test_what_is_no_picture_gives_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert thumbnail_data_uri(tmp_path / "a.png", 100, 1000) == ""
    assert thumbnail_data_uri(tmp_path / "absent.png", 100, 1000) == ""
