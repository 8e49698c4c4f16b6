"""Every page and state of the app, without a browser."""

import ast
import io
import re

import pillow_heif
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import emotiscan
from emotiscan.model.checkpoint import fingerprint_of, load_checkpoint
from emotiscan.ui import footer
from tests.support.pages import ABOUT, ALBUM, COMPARE, GUIDE, MODEL, READ, as_bytes, texts
from tests.support.places import ROOT, SAMPLES


def upload(at: AppTest, name: str, data: bytes, kind: str = "image/jpeg") -> AppTest:
    return at.file_uploader[0].upload(name, data, kind).run()


def au_table(at: AppTest) -> dict[str, str]:
    """Map each action unit in the table to "present" or "absent"."""
    table = next(each.proto.body for each in at.get("html") if "es-aus" in each.proto.body)
    return {au: state for state, au in re.findall(r'<tr class="au (\w+)" data-au="(\w+)"', table)}


def test_first_visit_shows_the_reading_of_a_sample(app):
    at = app.run()
    assert not at.exception
    assert "positive" in texts(at)
    assert au_table(at)["AU12"] == "present"
    assert set(au_table(at)) == set(load_checkpoint()[1].config.action_units)


@pytest.mark.parametrize(
    "title", ["Surprise", "Anger", "Sadness", "Calm face", "Disgust", "Fear", "Contempt", "Laughter", "Four people"]
)
def test_each_sample_opens(app, title):
    at = app.run()
    at.pills(key="sample").set_value(title).run()
    assert not at.exception
    assert not at.error
    assert au_table(at)


def test_one_of_several_faces_can_be_chosen(app):
    at = app.run()
    at.pills(key="sample").set_value("Four people").run()
    faces = next(group for group in at.segmented_control if group.label == "Which face?")
    assert faces.options == ["1", "2", "3", "4"]
    first = au_table(faces.set_value(0).run())
    faces = next(group for group in at.segmented_control if group.label == "Which face?")
    assert first != au_table(faces.set_value(3).run())


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_upload_replaces_the_sample(app, format):
    pillow_heif.register_heif_opener()
    at = app.run()
    picture = Image.open(SAMPLES / "surprise.jpg")
    upload(at, f"me.{format.lower()}", as_bytes(picture, format), f"image/{format.lower()}")
    assert not at.exception
    assert "surprised" in texts(at)
    assert "Your photo" in texts(at)


def test_sample_can_be_opened_after_an_upload_and_closed_again(app):
    at = app.run()
    upload(at, "me.jpg", (SAMPLES / "surprise.jpg").read_bytes())
    at.pills(key="sample").set_value("Broad smile").run()
    assert "positive" in texts(at)
    at.pills(key="sample").set_value(None).run()
    assert "surprised" in texts(at)


def test_photo_with_exif_rotation_is_read_upright(app):
    sideways = Image.open(SAMPLES / "smile.jpg").rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned 90 degrees clockwise
    buffer = io.BytesIO()
    sideways.save(buffer, "JPEG", exif=exif, quality=95)
    at = upload(app.run(), "phone.jpg", buffer.getvalue())
    assert au_table(at)["AU12"] == "present"


def test_snapshot_is_read(app):
    at = app.run()
    at.segmented_control(key="source").set_value("Webcam").run()
    assert "Take a snapshot" in at.info[0].value
    assert "Allow this page to use the camera" in at.info[0].value
    at.camera_input[0].upload("s.jpg", (SAMPLES / "smile.jpg").read_bytes()).run()
    assert not at.exception
    assert au_table(at)["AU12"] == "present"


def test_movement_can_be_tried_with_the_camera(app):
    at = app.run()
    at.segmented_control(key="source").set_value("Webcam").run()
    at.selectbox(key="challenge").set_value("Smile with your eyes").run()
    assert "crow's feet" in texts(at)
    at.camera_input[0].upload("s.jpg", (SAMPLES / "calm.jpg").read_bytes()).run()
    assert "not seen this time" in at.info[0].value
    at.camera_input[0].upload("s.jpg", (SAMPLES / "smile.jpg").read_bytes()).run()
    assert not at.exception
    assert "Smile with your eyes: seen. AU6 " in at.success[0].value
    assert "Your latest snapshots" in texts(at)
    at.selectbox(key="challenge").set_value(None).run()
    assert not at.success


def test_photo_without_a_face_gives_a_warning_and_the_next_one_is_read(app):
    at = upload(app.run(), "wall.jpg", as_bytes(Image.new("RGB", (400, 300), (180, 170, 160))))
    assert not at.exception
    assert "No face was found" in at.warning[0].value
    upload(at, "me.jpg", (SAMPLES / "smile.jpg").read_bytes())
    assert au_table(at)["AU12"] == "present"


def test_tiny_face_is_read_with_a_warning(app):
    small = Image.open(SAMPLES / "smile.jpg").resize((44, 44))
    at = upload(app.run(), "tiny.png", as_bytes(small, "PNG"), "image/png")
    assert not at.exception
    assert "few pixels" in " ".join(warning.value for warning in at.warning) or "No face" in at.warning[0].value


@pytest.mark.parametrize("data", [b"", b"not a picture", (SAMPLES / "smile.jpg").read_bytes()[:2000]])
def test_broken_file_gives_one_error_without_a_traceback(app, data):
    at = upload(app.run(), "broken.jpg", data)
    assert not at.exception
    assert len(at.error) == 1
    assert "Traceback" not in at.error[0].value
    upload(at, "me.jpg", (SAMPLES / "smile.jpg").read_bytes())
    assert not at.error


def test_heat_maps_follow_the_chosen_targets(app):
    at = app.run()
    choice = next(group for group in at.pills if group.label == "Action units and expressions")
    assert "AU12" in choice.value
    choice.set_value(["AU1", "surprise"]).run()
    assert not at.exception
    assert "AU1 Inner brow raiser" in texts(at)
    assert "AU12 Lip corner puller" not in texts(at)
    choice = next(group for group in at.pills if group.label == "Action units and expressions")
    choice.set_value([]).run()
    assert "Choose at least one" in texts(at)


@pytest.mark.parametrize("parameter", ["au", "code"])  # "code" in links from earlier versions
def test_address_restores_sample_and_heat_maps(app, parameter):
    app.query_params["sample"] = "surprise"
    app.query_params[parameter] = ["AU27", "surprise", "nonsense"]
    at = app.run()
    assert not at.exception
    assert at.pills(key="sample").value == "Surprise"
    choice = next(group for group in at.pills if group.label == "Action units and expressions")
    assert set(choice.value) == {"AU27", "surprise"}


def test_address_follows_sample_and_heat_maps(app):
    at = app.run()
    assert at.query_params["sample"] in ("smile", ["smile"])
    assert "au" not in at.query_params
    choice = next(group for group in at.pills if group.label == "Action units and expressions")
    choice.set_value(["AU1"]).run()
    assert at.query_params["au"] in ("AU1", ["AU1"])
    upload(at, "me.jpg", (SAMPLES / "surprise.jpg").read_bytes())
    assert "sample" not in at.query_params


def test_method_is_kept_in_the_address_and_named_with_what_is_known_of_it(app):
    app.query_params["method"] = "layercam"
    at = app.run()
    assert at.pills(key="read-method").value == "layercam"
    assert "LayerCAM · " in texts(at)
    assert "The map peaks where the action unit moves the face in 86% of rendered faces" in texts(at)
    at.pills(key="read-method").set_value("gradcam").run()
    assert at.query_params["method"] in ("gradcam", ["gradcam"])
    assert "Grad-CAM · " in texts(at)
    at.pills(key="read-method").set_value("cells").run()
    assert "method" not in at.query_params


def test_unknown_method_in_the_address_is_ignored(app):
    app.query_params["method"] = "nonsense"
    at = app.run()
    assert not at.exception
    assert at.pills(key="read-method").value == "cells"


def test_own_photo_is_shown_again_after_another_page(app):
    at = app.run()
    upload(at, "me.jpg", (SAMPLES / "surprise.jpg").read_bytes())
    at.switch_page(ABOUT).run()
    at.switch_page(READ).run()
    assert not at.exception
    assert "surprised" in texts(at)
    assert "Your photo" in texts(at)
    at.pills(key="sample").set_value("Broad smile").run()
    assert "positive" in texts(at)


def test_about_covers_every_ethical_topic(app):
    at = app.run().switch_page(ABOUT).run()
    assert not at.exception
    for word in ("Privacy", "Culture", "Fair representation", "Label bias", "Security"):
        assert word in texts(at)


def test_another_checkpoint_shows_its_own_action_units(app, monkeypatch, tmp_path):
    import torch

    from emotiscan.model.checkpoint import Card, save_checkpoint
    from emotiscan.model.network import FaceModel, ModelConfig

    torch.manual_seed(0)
    config = ModelConfig(
        "densenet121", emotions=("negative", "positive"), action_units=("AU12", "AU4"), input_size=64, hidden=16
    )
    path = save_checkpoint(tmp_path / "other.safetensors", FaceModel(config), Card(config))
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(path))
    at = app.run()
    assert not at.exception
    assert set(au_table(at)) == {"AU12", "AU4"}
    at.switch_page(MODEL).run()
    assert "no evaluation report" in texts(at)


def test_unclear_face_is_called_unclear(app, monkeypatch, tmp_path, tiny_model):
    from emotiscan.model.calibration import Calibration
    from emotiscan.model.checkpoint import Card, save_checkpoint

    card = Card(tiny_model.config, Calibration(clear_from=1.0))
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(save_checkpoint(tmp_path / "a.safetensors", tiny_model, card)))
    at = app.run()
    assert not at.exception
    assert "Unclear: between " in texts(at)
    assert "Looks" not in texts(at)
    assert "looks like" not in texts(at)


def test_a_model_with_every_output_shows_them(app, monkeypatch, full_weights):
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(full_weights))
    at = app.run()
    assert not at.exception
    assert any("8 expressions" in each.proto.body for each in at.get("html"))
    assert any("A trace" in each.proto.body for each in at.get("html"))
    assert not at.warning


def test_a_face_that_cannot_be_trusted_is_said_to_be_so_with_what_to_do(app, monkeypatch, covered_weights):
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(covered_weights))
    at = app.run()
    assert not at.exception
    (warning,) = at.warning
    assert "the mouth is covered" in warning.value
    assert "without a mask" in warning.value
    assert "Not reliable" in texts(at)
    for page in (ALBUM, COMPARE):
        assert not at.switch_page(page).run().exception


def test_photo_on_its_side_is_turned_and_the_page_says_so(app, smile):
    file = io.BytesIO()
    smile.transpose(Image.Transpose.ROTATE_90).save(file, "PNG")
    at = upload(app.run(), "lying.png", file.getvalue(), "image/png")
    assert not at.exception
    assert any("was turned a quarter turn to the right" in info.value for info in at.info)


@pytest.fixture(params=["missing", "broken"])
def no_model(request, monkeypatch, tmp_path):
    """The app on a host whose checkpoint cannot be used."""
    path = tmp_path / "_weights_.safetensors"
    if request.param == "broken":
        path.write_bytes(b"not weights" * 100)
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(path))


@pytest.mark.parametrize("page", [None, ALBUM, COMPARE, MODEL])
def test_pages_that_need_the_model_say_that_it_is_missing_and_where_to_go(app, no_model, page):
    at = app.run()
    if page:
        at.switch_page(page).run()
    assert not at.exception
    (error,) = at.error
    assert error.value.startswith("**Photos cannot be read at the moment**")
    assert "checkpoint" in error.value or "safetensors" in error.value
    assert "\\_weights\\_" in error.value, "Markdown would set the path in italics"
    assert {link.proto.label for link in at.get("page_link")} >= {"FACS guide", "About"}
    assert not at.file_uploader
    assert footer.NO_CHECKPOINT in at.caption[-1].value


@pytest.mark.parametrize("page", [GUIDE, ABOUT])
def test_pages_that_need_no_model_work_without_it(app, no_model, page):
    at = app.switch_page(page).run()
    assert not at.exception
    assert not at.error
    assert ("Often confused with" if page == GUIDE else "Privacy") in texts(at)


@pytest.mark.parametrize("page", [None, ALBUM, COMPARE, GUIDE, MODEL, ABOUT])
def test_every_page_ends_with_version_and_checkpoint(app, page):
    at = app.run()
    if page:
        at.switch_page(page).run()
    assert at.caption[-1].value == f"EmotiScan {emotiscan.__version__} · checkpoint {fingerprint_of()}"


def test_photo_of_one_visitor_never_shows_for_another(app):
    first = upload(app.run(), "me.jpg", (SAMPLES / "surprise.jpg").read_bytes())
    second = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
    assert "surprised" in texts(first)
    assert "surprised" not in texts(second)


def test_app_starts_from_the_package_in_any_folder(monkeypatch, tmp_path):
    """A wheel has no streamlit_app.py, and no folder of the project to start in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EMOTISCAN_WEIGHTS", raising=False)
    at = AppTest.from_file(str(ROOT / "emotiscan/ui/app.py"), default_timeout=120).run()
    assert not at.exception
    assert au_table(at)["AU12"] == "present"
    at.switch_page("app_pages/guide.py").run()
    assert not at.exception
    assert at.title[0].value == "FACS guide"


@pytest.mark.parametrize(
    "script", sorted((ROOT / "emotiscan/ui/app_pages").glob("*.py")), ids=lambda script: script.stem
)
def test_page_scripts_contain_nothing_that_streamlit_would_print(script):
    """Without our config file, Streamlit prints every string that stands alone in a page's script."""
    first, *rest = ast.parse(script.read_text(encoding="utf-8")).body
    assert isinstance(first, ast.Expr), "a docstring is not printed"
    assert not [statement for statement in rest if isinstance(statement, ast.Expr) and not is_call(statement)]


def is_call(statement: ast.Expr) -> bool:
    return isinstance(statement.value, ast.Call)
