"""Galleries of faces: filters, sorting, and the scatter plot, with checkpoints that tell intensities and without."""

import pytest

from emotiscan import facs
from emotiscan.model.config import ModelConfig
from emotiscan.ui.gallery import scatter
from emotiscan.ui.gallery.faces import VALENCE, GalleryFace, describe_target, is_intensity, select, targets_of

PLAIN = ModelConfig("densenet121", action_units=("AU1", "AU6", "AU12"))
FULL = ModelConfig(
    "densenet121",
    action_units=("AU1", "AU6", "AU12"),
    expressions=facs.EXPRESSIONS,
    intensities=True,
    local_action_units=True,
)


class Named(GalleryFace):
    @property
    def name(self) -> str:
        return self.row["image"]

    @property
    def key(self) -> str:
        return self.row["image"]


def face(name: str, positive: float, au12: float | None, intensity: float | None = None, **more) -> Named:
    """A face with a smile; `intensity` is left out if the checkpoint tells none."""
    emotions = {"negative": 0.9 - positive, "positive": positive, "surprise": 0.06, "neutral": 0.04}
    row = {
        "image": name,
        "face": 0,
        "emotion": max(emotions, key=emotions.__getitem__),
        "clear": True,
        "emotions": emotions,
        "facs": {"AU1": 0.1, "AU6": 0.2, "AU12": au12},
        "present": ["AU12"] if au12 is not None and au12 >= 0.5 else [],
    }
    if intensity is not None:
        row["intensities"] = {"AU1": 0.0, "AU6": 0.0, "AU12": intensity if au12 is not None else None}
    return Named(row | more)


def names(faces) -> list[str]:
    return [face.name for face in faces]


WITHOUT = [face("low", 0.2, 0.3), face("covered", 0.4, None), face("high", 0.8, 0.9), face("middle", 0.6, 0.6)]
WITH = [
    face("certain but slight", 0.8, 0.99, 1.2),
    face("covered", 0.4, None, 0.0),
    face("strong", 0.7, 0.8, 4.2),
    face("absent", 0.1, 0.3, 0.0),
    face("rather absent", 0.1, 0.1, 0.0),
]


def test_faces_are_sorted_by_probability_if_no_intensity_is_known():
    assert names(select(WITHOUT, by="AU12")) == ["high", "middle", "low", "covered"]
    assert names(select(WITHOUT, by="negative")) == ["low", "covered", "middle", "high"]
    assert names(select(WITHOUT, by=VALENCE)) == ["high", "middle", "covered", "low"]
    assert names(select(WITHOUT)) == names(WITHOUT)


def test_faces_are_sorted_by_intensity_and_then_by_probability():
    order = ["strong", "certain but slight", "absent", "rather absent", "covered"]
    assert names(select(WITH, by="AU12")) == order


@pytest.mark.parametrize(("lowest", "kept"), [(0.5, 2), (1.5, 1), (4.5, 0)])
def test_faces_are_filtered_by_the_intensity_of_what_is_present(lowest, kept):
    assert len(select(WITH, action_units=["AU12"], min_intensity=lowest)) == kept
    assert len(select(WITHOUT, action_units=["AU12"], min_intensity=lowest)) == 2, "no intensity is known"


def test_faces_are_filtered_by_their_most_probable_expression():
    angry = face("angry", 0.1, 0.1, 0.0, expressions={"anger": 0.6, "fear": 0.3})
    afraid = face("afraid", 0.1, 0.1, 0.0, expressions={"anger": 0.3, "fear": 0.6})
    assert names(select([angry, afraid], expressions=["fear"])) == ["afraid"]
    assert names(select(WITHOUT, expressions=["fear"])) == []


def test_a_face_is_described_with_letters_where_intensities_are_known():
    assert WITHOUT[2].movements == "AU12"
    assert WITH[2].movements == "AU12 D"
    assert WITHOUT[2].title == "Positive, 80%"
    blurred = face("blurred", 0.8, 0.9, quality={"usable": False, "problems": ["blurred"]})
    assert blurred.note == "Not reliable: blurred"
    assert WITHOUT[2].note == ""


def test_targets_come_from_the_checkpoint():
    assert targets_of(PLAIN) == [VALENCE, *facs.EMOTIONS_WITH_NEUTRAL, "AU1", "AU6", "AU12"]
    assert targets_of(FULL)[5:7] == ["happiness", "sadness"], "surprise and neutral stand once"
    assert not is_intensity("AU12", PLAIN)
    assert is_intensity("AU12", FULL)
    assert not is_intensity("happiness", FULL)
    assert describe_target("AU12", FULL) == "AU12 (intensity)"
    assert describe_target("AU12", PLAIN) == "AU12 (probability)"


def test_scatter_plot_shows_each_face_once_but_not_what_is_covered():
    groups = scatter.groups_of(WITHOUT, VALENCE, "AU12", PLAIN)
    assert [names(group) for group in groups] == [["low"], ["high", "middle"], [], []]
    figure = scatter.scatter(groups, VALENCE, "AU12", PLAIN)
    assert list(figure.data[1].x) == pytest.approx([0.7, 0.3])
    assert list(figure.data[1].y) == pytest.approx([0.9, 0.6])
    assert "1 negative, 2 positive" in scatter.describe(groups, VALENCE, "AU12", PLAIN)


def test_point_of_the_plot_names_its_face():
    groups = scatter.groups_of(WITHOUT, *scatter.first_axes(PLAIN), PLAIN)
    assert scatter.face_at(groups, {"curve_number": 1, "point_index": 0}).name == "high"
    for nonsense in ({}, {"curve_number": 9, "point_index": 0}, {"curve_number": 1, "point_index": "0"}):
        assert scatter.face_at(groups, nonsense) is None


def test_axis_of_an_intensity_has_the_letters_of_facs():
    groups = scatter.groups_of(WITH, "AU12", "AU6", FULL)
    figure = scatter.scatter(groups, "AU12", "AU6", FULL)
    assert figure.layout.xaxis.ticktext == ("0", "A", "B", "C", "D", "E")


def test_faces_at_the_same_place_are_moved_apart_but_stay_near():
    crowd = scatter.spread([(0.5, 0.5)] * 300 + [(0.9, 0.9)])
    assert crowd[0] == (0.5, 0.5)
    assert crowd[-1] == (0.9, 0.9)
    assert len({(round(x, 3), round(y, 3)) for x, y in crowd}) > 250
    assert all(abs(x - 0.5) < 0.1 and abs(y - 0.5) < 0.2 for x, y in crowd[:-1])


def test_names_of_files_are_no_markup_in_the_plot():
    named = face("<b>x</b><a href='https://example.org'>y</a>", 0.8, 0.9)
    groups = scatter.groups_of([named], "positive", "AU12", PLAIN)
    (text,) = scatter.scatter(groups, "positive", "AU12", PLAIN).data[1].text
    assert "<b>" not in text
    assert "<a" not in text
    assert "AU12 (probability): 0.90" in text


def test_model_without_positive_and_negative_has_other_axes():
    config = ModelConfig("densenet121", emotions=("calm", "angry"), action_units=("AU4",))
    assert scatter.first_axes(config) == ("calm", "angry")
    assert VALENCE not in targets_of(config)
