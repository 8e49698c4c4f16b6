import numpy as np
import pytest

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import load_source
from tests.support.trees import write_rendered


def test_rendered_strength_keeps_one_band_of_intensities_and_absent_action_units(tmp_path):
    folder = write_rendered(tmp_path, [{"AU12": intensity} for intensity in (0.3, 0.5, 0.75, 1.0, 0.0)])
    strengths = ("slight", "marked", "strong")
    labels = {name: load_source(f"rendered:{folder},strength={name}").frame["AU12"] for name in strengths}
    none = pytest.approx(np.nan, nan_ok=True)
    assert [*labels["slight"]] == [1, none, none, none, 0]
    assert [*labels["marked"]] == [none, 1, none, none, 0]
    assert [*labels["strong"]] == [none, none, 1, 1, 0]


def test_rendered_faces_option_separates_acted_from_random_faces(tmp_path):
    faces = [{"AU12": 1.0}, {"AU7": 1.0}, {}]
    folder = write_rendered(tmp_path / "both", faces, emotions=["happiness", "", "neutral"])
    images = {kind: [*load_source(f"rendered:{folder},faces={kind}").frame["image"]] for kind in ("acted", "random")}
    assert images == {"acted": ["images/000000.jpg", "images/000002.jpg"], "random": ["images/000001.jpg"]}
    with pytest.raises(TableError, match="none of its faces is acted; leave faces=acted out"):
        load_source(f"rendered:{write_rendered(tmp_path / 'one', faces)},faces=acted")


def test_rendered_intensities_are_kept_as_those_of_facs(tmp_path):
    table = load_source(f"rendered:{write_rendered(tmp_path, [{'AU12': r} for r in (0.0, 0.15, 0.8)])}")
    place = table.action_units.index("AU12")
    np.testing.assert_allclose(table.intensities[:, place], [0, 0.75, 4])
    np.testing.assert_array_equal(table.au_labels[:, place], [0, np.nan, 1])


def test_older_folders_leave_sides_and_quality_unknown(tmp_path):
    table = load_source(f"rendered:{write_rendered(tmp_path, [{'AU12': 1.0}])}")
    assert np.isnan(table.sides).all()
    assert np.isnan(table.pose).all()
    assert table.problems == ()


def test_rendered_halves_pose_and_problems_are_read(tmp_path):
    further = {
        "AU12_right": [0.9, 0.6, 0.0],
        "AU12_left": [0.15, 0.6, 0.0],
        **{"pitch": [5, 0, 0], "yaw": [-12.5, 0, 0], "roll": [3, 0, 0]},
        **{"hidden": ["", "AU12 AU25", ""], "mouth_covered": [0, 0.9, 0.3], "eyes_covered": [0, 0, 1]},
        "blur": [0.02, 0.3, 0.05],
    }
    faces = [{"AU12": 0.9, "AU25": 1.0}, {"AU12": 0.6, "AU25": 1.0}, {}]
    table = load_source(f"rendered:{write_rendered(tmp_path, faces, further=further)}")
    smile, lips = table.action_units.index("AU12"), table.action_units.index("AU25")
    nan = np.nan
    np.testing.assert_array_equal(table.sides[:, smile], [[1, nan], [nan, nan], [0, 0]])  # the mask hides the second
    np.testing.assert_allclose(table.side_intensities[0, smile], [4.5, 0.75])
    assert np.isnan(table.sides[:, lips]).all()  # FACS does not score its halves
    np.testing.assert_array_equal(table.au_labels[:, lips], [1, nan, 0])
    np.testing.assert_array_equal(table.intensities[:, lips], [5, nan, 0])
    np.testing.assert_array_equal(table.pose[0], [5, -12.5, 3])
    assert table.frame["quality_mouth_covered"].tolist() == pytest.approx([0, 1, nan], nan_ok=True)
    assert table.frame["quality_eyes_covered"].tolist() == [0, 0, 1]
    assert table.frame["quality_blurred"].tolist() == pytest.approx([0, 1, nan], nan_ok=True)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("AU12_left", 1.2, "AU12_left is “1.2”; it must be an intensity from 0 to 1"),
        ("mouth_covered", "some", "mouth_covered is “some”; it must be a number of at least 0"),
        ("yaw", "", "yaw is “”; it must be an angle in degrees"),
    ],
)
def test_a_broken_value_of_a_rendered_face_is_named(tmp_path, column, value, words):
    further = {"AU12_right": [0], "AU12_left": [0]} | {column: [value]}
    with pytest.raises(TableError, match=words):
        load_source(f"rendered:{write_rendered(tmp_path, [{'AU12': 0}], further=further)}")


def test_learning_emotions_alone_drops_everything_else(tmp_path):
    further = {"pitch": [5], "yaw": [0], "roll": [0], "blur": [0.3]}
    folder = write_rendered(tmp_path, [{"AU12": 0.9}], emotions=["happiness"], further=further)
    table = load_source(f"rendered:{folder},learn=emotions")
    assert table.frame["expression_happiness"].tolist() == [1]
    assert np.isnan(table.au_labels).all()
    assert np.isnan(table.intensities).all()
    assert np.isnan(table.pose).all()
    assert table.problems == ()
    other = load_source(f"rendered:{folder},learn=action_units,problems=none")
    assert np.isnan(other.expression_votes).all()
    assert np.isnan(other.emotion_votes).all()
    assert other.pose.tolist() == [[5, 0, 0]]
    assert other.frame["quality_blurred"].tolist() == [1]
    assert other.frame["quality_eyes_covered"].tolist() == [0]
