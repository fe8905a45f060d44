from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histo.io.slides.announced_size import announced_size

PICTURE = np.zeros((48, 80, 3), np.uint8)


@pytest.mark.parametrize(
    "data",
    [
        imagecodecs.jpeg8_encode(PICTURE),
        imagecodecs.jpeg8_encode(PICTURE, level=20, subsampling="420"),
        imagecodecs.jpeg2k_encode(PICTURE, codecformat="J2K"),
        imagecodecs.jpeg2k_encode(PICTURE, codecformat="JP2"),
    ],
    ids=["jpeg", "subsampled jpeg", "codestream", "jp2"],
)
def test_the_size_is_read_without_decoding(data: bytes) -> None:
    size = announced_size(data)
    assert size is not None
    assert (size.rows, size.cols) == (48, 80)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", imagecodecs.png_encode(PICTURE), imagecodecs.zlib_encode(b"0" * 50)]
)
def test_other_streams_announce_nothing(data: bytes) -> None:
    assert announced_size(data) is None


@given(st.binary(max_size=80), st.sampled_from([b"\xff\xd8", b"\xff\x4f\xff\x51", b""]))
def test_any_bytes_are_survived(data: bytes, start: bytes) -> None:
    size = announced_size(start + data)
    assert size is None or isinstance(size.rows, int)
