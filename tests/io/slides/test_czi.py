"""Zeiss CZI: files with the segments that a scanner writes, made here block by block."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from histo.errors import UnreadableSlide, UnsupportedSlide
from histo.io import open_slide

pytest.importorskip("czifile", reason="czifile is not installed")

XML = """<ImageDocument><Metadata><Scaling><Items>
<Distance Id="X"><Value>5e-07</Value></Distance><Distance Id="Y"><Value>5e-07</Value></Distance></Items></Scaling>
<Information><Image><Dimensions><Channels>{channels}</Channels></Dimensions></Image></Information>
</Metadata></ImageDocument>"""
RAW, ZSTD0, ZSTD1 = 0, 5, 6


@dataclass
class Block:
    pixels: NDArray[np.generic]
    row: int
    col: int
    channel: int = 0
    mosaic: int = 0
    reduction: int = 1
    compression: int = RAW
    plane: int | None = None


def entry(block: Block, position: int) -> bytes:
    rows, cols, samples = block.pixels.shape
    pixel_type = {(1, "uint8"): 0, (1, "uint16"): 1, (3, "uint8"): 3}[(samples, str(block.pixels.dtype))]
    k = block.reduction
    dimensions = [("X", block.col, cols * k, cols), ("Y", block.row, rows * k, rows)]
    dimensions += [("C", block.channel, 1, 1), ("M", block.mosaic, 1, 1)]
    if block.plane is not None:
        dimensions.append(("Z", block.plane, 1, 1))
    head = b"DV" + struct.pack("<iqiiB5xi", pixel_type, position, 0, block.compression, 2 * (k > 1), len(dimensions))
    return head + b"".join(
        struct.pack("<4siifi", name.encode(), start, size, 0.0, stored) for name, start, size, stored in dimensions
    )


def encoded(block: Block) -> bytes:
    stored = block.pixels[..., ::-1] if block.pixels.shape[2] == 3 else block.pixels
    plain = np.ascontiguousarray(stored).tobytes()
    if block.compression == ZSTD0:
        return bytes(imagecodecs.zstd_encode(plain))
    if block.compression == ZSTD1:
        split = np.frombuffer(plain, np.uint8).reshape(-1, 2).T.tobytes()
        return b"\x03\x01\x01" + bytes(imagecodecs.zstd_encode(split))
    return plain


def segment(name: bytes, body: bytes) -> bytes:
    size = -(-len(body) // 32) * 32
    return name.ljust(16, b"\0") + struct.pack("<qq", size, len(body)) + body.ljust(size, b"\0")


def write_czi(path: Path, blocks: list[Block], channels: tuple[str, ...] = ("Cy3",)) -> Path:
    named = "".join(f'<Channel Id="Channel:{i}" Name="{name}"/>' for i, name in enumerate(channels))
    xml = XML.format(channels=named).encode()
    position, written, directory = 32 + 512, [], []
    metadata_position = position
    written.append(segment(b"ZISRAWMETADATA", struct.pack("<ii248x", len(xml), 0) + xml))
    position += len(written[-1])
    for block in blocks:
        described, data = entry(block, position), encoded(block)
        fixed = (struct.pack("<iiq", 0, 0, len(data)) + described).ljust(256, b"\0")
        written.append(segment(b"ZISRAWSUBBLOCK", fixed + data))
        directory.append(described)
        position += len(written[-1])
    written.append(segment(b"ZISRAWDIRECTORY", struct.pack("<i124x", len(directory)) + b"".join(directory)))
    header = struct.pack("<iiii16s16siqqiq", 1, 0, 0, 0, b"\0" * 16, b"\0" * 16, 0, position, metadata_position, 0, 0)
    path.write_bytes(segment(b"ZISRAWFILE", header.ljust(512, b"\0")) + b"".join(written))
    return path


@pytest.mark.parametrize("compression", [RAW, ZSTD0, ZSTD1])
def test_a_grey_picture(tmp_path: Path, compression: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 4000, (60, 80, 1)).astype(np.uint16)
    path = write_czi(tmp_path / "a.czi", [Block(pixels, 1000, -300, compression=compression)])
    with open_slide(path) as slide:
        assert (slide.format, slide.shape, slide.channels) == ("Zeiss CZI", (60, 80), ("Cy3",))
        assert slide.mpp == pytest.approx(0.5)
        assert_array_equal(slide.read(0, 0, 60, 80), pixels)


def test_a_mosaic_with_a_pyramid_and_a_gap(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    pixels = picture[:128, :128]
    corners = [(0, 0), (0, 64), (64, 0)]
    blocks = [Block(pixels[r : r + 64, c : c + 64], 500 + r, 700 + c, mosaic=n) for n, (r, c) in enumerate(corners)]
    blocks.append(Block(pixels[::2, ::2], 500, 700, reduction=2))
    with open_slide(write_czi(tmp_path / "a.czi", blocks)) as slide:
        assert [level.shape for level in slide.levels] == [(128, 128), (64, 64)]
        assert slide.channels == ("red", "green", "blue")
        window = slide.read(30, 20, 98, 100)
        assert_array_equal(window[:34], pixels[30:64, 20:120])
        assert_array_equal(window[34:, :44], pixels[64:128, 20:64])
        assert (window[34:, 44:] == 255).all()
        assert_array_equal(slide.read(0, 0, 64, 64, mpp=1.0), pixels[::2, ::2])


def test_channels_side_by_side(tmp_path: Path) -> None:
    blocks = [Block(np.full((20, 30, 1), 100 * (c + 1), np.uint16), 0, 0, channel=c) for c in (1, 0, 2)]
    with open_slide(write_czi(tmp_path / "a.czi", blocks, ("DAPI", "CD4", "Foxp3"))) as slide:
        assert slide.channels == ("DAPI", "CD4", "Foxp3")
        assert slide.read(3, 3, 1, 1).tolist() == [[[100, 200, 300]]]


def test_a_focal_stack_is_refused(tmp_path: Path) -> None:
    blocks = [Block(np.zeros((20, 30, 1), np.uint8), 0, 0, plane=z) for z in range(4)]
    with pytest.raises(UnsupportedSlide, match="4 focal planes"):
        open_slide(write_czi(tmp_path / "a.czi", blocks))


def test_a_damaged_block_is_named(tmp_path: Path, picture: NDArray[np.uint8]) -> None:
    path = write_czi(tmp_path / "a.czi", [Block(picture[:64, :64, :1], 0, 0, compression=ZSTD0)])
    content = path.read_bytes()
    start = content.index(b"\x28\xb5\x2f\xfd")
    path.write_bytes(content[:start] + b"\0" * 64 + content[start + 64 :])
    with open_slide(path) as slide, pytest.raises(UnreadableSlide, match="damaged tile: level 0"):
        slide.read(0, 0, 10, 10)
