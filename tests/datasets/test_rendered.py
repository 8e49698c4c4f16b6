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
