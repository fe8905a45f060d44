from __future__ import annotations

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from npe2 import PluginManifest

import napari_histo
from histo.errors import CorruptResults
from histo.io import slide_from_array
from histo.io.labels import write_label_map
from histo.io.slides import SLIDE_SUFFIXES
from histo.types import Compartment, LabelMap
from napari_histo import LazyLevel, get_reader, label_layers, slide_layers

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def brightfield(tmp_path_factory):
    """A pale picture of 1500 x 2100 pixels at 0.5 µm/px, in an OME-TIFF."""
    path = tmp_path_factory.mktemp("slides") / "m07_jejunum.ome.tif"
    pixels = RNG.integers(150, 250, (1500, 2100, 3)).astype(np.uint8)
    sizes = {"PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.5, "PhysicalSizeYUnit": "µm"}
    tifffile.imwrite(path, pixels, photometric="rgb", metadata={"axes": "YXS", **sizes})
    return path, pixels


@pytest.fixture
def label_map(tmp_path):
    array = np.zeros((40, 60), np.uint8)
    array[10:20, 10:50] = Compartment.SUBMUCOSA
    array[20:30, 10:50] = Compartment.MUSCULARIS
    labels = LabelMap(array, mpp=2.0, origin=(100.0, 300.0), slide_mpp=0.5)
    return write_label_map(tmp_path / "m07.s1.ome.zarr", labels), labels


def test_the_manifest_is_valid_and_its_command_exists() -> None:
    manifest = PluginManifest.from_distribution("histo-gut")

    assert manifest.name == "histo-gut"
    commands = manifest.contributions.commands
    assert all(command.id.startswith("histo-gut") for command in commands)
    for command in commands:
        module, _, name = command.python_name.partition(":")
        assert module == "napari_histo"
        assert callable(getattr(napari_histo, name))


def test_the_manifest_names_every_kind_of_slide_that_histo_reads() -> None:
    (reader,) = PluginManifest.from_distribution("histo-gut").contributions.readers

    assert sorted(reader.filename_patterns) == sorted(f"*{suffix}" for suffix in SLIDE_SUFFIXES)
    assert reader.accepts_directories


def test_a_slide_lies_in_true_micrometres(brightfield) -> None:
    path, _ = brightfield
    viewer = ViewerModel()

    for data, options, kind in get_reader(str(path))(str(path)):
        getattr(viewer, f"add_{kind}")(data, **options)

    (layer,) = viewer.layers
    assert layer.rgb
    assert layer.multiscale
    assert layer.name == "m07_jejunum"
    np.testing.assert_allclose(layer.scale, (0.5, 0.5))
    assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]
    # From the outer edge of the first pixel to the outer edge of the last.
    np.testing.assert_allclose(np.diff(layer.extent.world, axis=0)[0], (1499 * 0.5, 2099 * 0.5), atol=0.51)


def test_levels_halve_until_one_fits_a_screen_and_show_the_slide(brightfield) -> None:
    path, pixels = brightfield

    ((levels, _, _),) = slide_layers(path)

    assert [level.shape for level in levels] == [(1500, 2100, 3), (750, 1050, 3), (375, 525, 3)]
    np.testing.assert_array_equal(levels[0][100:140, 2050:2100], pixels[100:140, 2050:2100])
    halved = pixels[:200, :300].reshape(100, 2, 150, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(levels[1][:100, :150], halved, atol=1)


@pytest.mark.parametrize(
    "key",
    [
        np.s_[3:9, 5:17],
        np.s_[:, ::3],
        np.s_[::-2, 4],
        np.s_[-5:, -1, 0],
        np.s_[7],
        np.s_[..., 1],
        np.s_[2:2, :],
        np.s_[5:100, 3:4, 1:],
        np.s_[np.int64(3), ...],
    ],
    ids=str,
)
def test_a_level_is_sliced_like_an_array(key) -> None:
    pixels = RNG.integers(0, 255, (30, 40, 3)).astype(np.uint8)
    level = LazyLevel(slide_from_array(pixels, mpp=1.0))

    np.testing.assert_array_equal(level[key], pixels[key])


@pytest.mark.parametrize("key", [np.s_[30], np.s_[0, 0, 0, 0], np.s_[..., ...]], ids=str)
def test_a_level_refuses_what_an_array_refuses(key) -> None:
    with pytest.raises(IndexError):
        LazyLevel(slide_from_array(np.zeros((30, 40, 3), np.uint8), mpp=1.0))[key]


def test_opening_reads_nothing_and_a_view_reads_only_its_window(brightfield, monkeypatch) -> None:
    path, _ = brightfield
    ((levels, _, _),) = slide_layers(path)
    read_px = []
    slide_read = levels[0]._slide.read
    monkeypatch.setattr(
        levels[0]._slide,
        "read",
        lambda row, col, height, width, mpp=None: (
            read_px.append(height * width) or slide_read(row, col, height, width, mpp)
        ),
    )

    levels[0][200:300, 400:600]

    assert read_px == [100 * 200]


def test_each_fluorescence_channel_is_a_layer_of_its_own(tmp_path) -> None:
    path = tmp_path / "if.ome.tif"
    pixels = RNG.integers(0, 4000, (2, 64, 80)).astype(np.uint16)
    sizes = {"PhysicalSizeX": 0.325, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.325, "PhysicalSizeYUnit": "µm"}
    channels = {"Channel": {"Name": ["DAPI", "CD4"]}}
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata={"axes": "CYX", **sizes, **channels})

    viewer = ViewerModel()
    for data, options, _ in slide_layers(path):
        viewer.add_image(data, **options)

    assert [layer.name for layer in viewer.layers] == ["if DAPI", "if CD4"]
    np.testing.assert_array_equal(viewer.layers["if CD4"].data[0][:, :], pixels[1])
    np.testing.assert_allclose(viewer.layers["if CD4"].scale, 0.325)


def test_a_picture_without_pixel_size_is_shown_in_pixels_and_says_so(tmp_path) -> None:
    path = tmp_path / "photo.png"
    from PIL import Image

    Image.fromarray(RNG.integers(150, 250, (50, 60, 3)).astype(np.uint8)).save(path)

    ((_, options, _),) = slide_layers(path)

    assert options["name"] == "photo (no µm/px)"
    assert options["units"] == ("pixel", "pixel")
    assert options["metadata"]["mpp"] is None
    assert slide_layers(path, mpp=0.8)[0][1]["scale"] == (0.8, 0.8)


def test_a_label_map_lies_where_it_was_measured(label_map) -> None:
    path, labels = label_map
    viewer = ViewerModel()
    for data, options, kind in get_reader(str(path))(str(path)):
        getattr(viewer, f"add_{kind}")(data, **options)

    (layer,) = viewer.layers
    np.testing.assert_array_equal(layer.data, labels.array)
    # A pixel of the map and the same place on the slide have one position in the viewer.
    on_slide = labels.to_slide(np.array([12.0, 33.0]))
    np.testing.assert_allclose(layer.data_to_world((12.0, 33.0)), on_slide * labels.slide_mpp)


def test_compartments_keep_their_colours_and_names(label_map) -> None:
    path, _ = label_map
    ((data, options, _),) = label_layers(path)
    layer = ViewerModel().add_labels(data, **options)

    np.testing.assert_allclose(
        layer.get_color(int(Compartment.MUSCULARIS))[:3], np.array(Compartment.MUSCULARIS.rgb) / 255, atol=1e-3
    )
    assert layer.colormap.map(np.array([0]))[0, 3] == 0
    names = layer.features.set_index("index")["compartment"]
    assert names[int(Compartment.SUBMUCOSA)] == "submucosa"


def test_slides_and_label_maps_dropped_together_all_open(brightfield, label_map) -> None:
    paths = [str(brightfield[0]), str(label_map[0])]

    assert [kind for _, _, kind in get_reader(paths)(paths)] == ["image", "labels"]


def test_other_files_are_left_to_others(tmp_path, brightfield) -> None:
    (tmp_path / "folder").mkdir()

    assert get_reader(str(tmp_path / "table.csv")) is None
    assert get_reader(str(tmp_path / "folder")) is None
    assert get_reader([str(brightfield[0]), str(tmp_path / "table.csv")]) is None
    assert get_reader([]) is None


def test_a_damaged_label_map_says_so(label_map) -> None:
    path, _ = label_map
    (path / "0" / "c" / "0" / "0").write_bytes(b"")

    with pytest.raises(CorruptResults):
        label_layers(path)
