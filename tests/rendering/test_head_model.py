"""The face model: reading, checking and converting it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from emotiscan.rendering import convert
from emotiscan.rendering.head_model import HEAD, ICT_LAYOUT, SKIN, HeadModelError, MeshLayout, load_model


def test_the_layout_of_the_parts_is_read_from_the_file(small_head):
    model = load_model(small_head)
    assert len(model.neutral) == model.layout.vertices
    assert model.of_part(SKIN)[0].max() < model.layout.face_end
    assert model.of_part(HEAD)[0].max() < model.layout.skin_end
    assert model.mesh.triangles[model.mesh.first_lash :].min() >= model.layout.lashes[0]
    assert MeshLayout.from_json(ICT_LAYOUT.to_json()) == ICT_LAYOUT


def test_a_file_without_a_layout_must_be_an_ict_facekit(small_head, tmp_path):
    with np.load(small_head) as arrays:
        np.savez(tmp_path / "old.npz", **{name: arrays[name] for name in arrays.files if name != "layout"})
    with pytest.raises(HeadModelError, match="ICT-FaceKit has 26719"):
        load_model(tmp_path / "old.npz")


@pytest.mark.parametrize("layout", ["no JSON", "[]", '{"colors": 3}'])
def test_a_damaged_layout_is_rejected(small_head, tmp_path, layout):
    with np.load(small_head) as arrays:
        np.savez(tmp_path / "odd.npz", **{**arrays, "layout": np.array(layout)})
    with pytest.raises(HeadModelError, match="damaged"):
        load_model(tmp_path / "odd.npz")


def test_damaged_models_are_rejected(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(HeadModelError, match="damaged or no NPZ"):
        load_model(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(HeadModelError, match="lacks the array V"):
        load_model(tmp_path / "other.npz")


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone of ICT-FaceKit whose face is one square polygon."""
    folder = tmp_path / "clone/FaceXModel"
    folder.mkdir(parents=True)
    corners = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]

    def write(name: str, shift: float) -> None:
        lines = [f"v {x} {y} {z + shift}" for x, y, z in corners]
        lines += [f"vt {x} {y}" for x, y, _ in corners] + ["f 1/1 2/2 3/3 4/4"]
        (folder / f"{name}.obj").write_text("\n".join(lines))

    for name, shift in (("generic_neutral_mesh", 0), ("identity000", 2), ("jawOpen", 3)):
        write(name, shift)
    for name in convert.EXTRA_SHAPES:
        write(name, 1)
    (folder / "vertex_indices.json").write_text(json.dumps({"expressions": ["jawOpen"]}))
    monkeypatch.setattr(convert, "IDENTITIES", 1)
    monkeypatch.setattr(convert, "ICT_LAYOUT", replace(ICT_LAYOUT, vertices=4))
    return tmp_path / "clone"


def test_a_converted_clone_can_be_read(clone, tmp_path):
    convert.convert(clone, tmp_path / "model.npz")
    model = load_model(tmp_path / "model.npz")
    assert model.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert model.uvs[2].tolist() == [1, 1]
    assert (model.identities[0] == [0, 0, 2]).all()
    assert (model.shapes[model.shape_names["jawOpen"]] == [0, 0, 3]).all()
    assert set(model.parts) == {SKIN}


def test_a_clone_with_missing_vertices_is_rejected(clone, tmp_path):
    (clone / "FaceXModel/jawOpen.obj").write_text("v 0 0 0")
    with pytest.raises(HeadModelError, match="has 1 vertices"):
        convert.convert(clone, tmp_path / "model.npz")


def test_another_folder_is_not_converted(tmp_path):
    with pytest.raises(HeadModelError, match="no clone of ICT-FaceKit"):
        convert.convert(tmp_path, tmp_path / "model.npz")
