"""The command lines of the renderer."""

import pytest

from emotiscan.rendering import posed
from emotiscan.rendering.__main__ import main
from emotiscan.rendering.convert import main as convert_main


def test_a_missing_model_is_reported_with_where_to_get_it(tmp_path, capsys):
    status = main(["--model", str(tmp_path / "no.npz"), "--out", str(tmp_path / "faces"), "--count", "2"])
    message = capsys.readouterr().err
    assert status == 1
    assert "github.com/ICT-VGL/ICT-FaceKit" in message
    assert "emotiscan.rendering.convert --facekit" in message
    assert not (tmp_path / "faces").exists()


def test_posed_reports_a_missing_model(tmp_path, capsys):
    assert posed.main(["--model", str(tmp_path / "gone.npz"), "--out", str(tmp_path)]) == 1
    assert "gone.npz" in capsys.readouterr().err


def test_converting_another_folder_is_reported(tmp_path, capsys):
    assert convert_main(["--facekit", str(tmp_path), "--out", str(tmp_path / "out.npz")]) == 1
    assert "no clone of ICT-FaceKit" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--count", "0"], ["--count", "3", "--size", "5"]])
def test_counts_and_sizes_out_of_range_are_rejected(tmp_path, wrong):
    with pytest.raises(SystemExit):
        main(["--model", "m.npz", "--out", str(tmp_path), *wrong])
