"""`emotiscan render`: its three modes, and what is refused."""

from pathlib import Path

import pytest

from emotiscan.cli.main import main
from emotiscan.rendering import convert, dataset, posed, renderer
from emotiscan.rendering.problems import ProblemShares


@pytest.mark.parametrize("mode", [["--count", "2"], ["--posed"]])
def test_a_missing_face_model_is_named_with_where_to_get_it(tmp_path, capsys, mode):
    model = str(tmp_path / "gone.npz")
    assert main(["render", "--model", model, "--out", str(tmp_path / "faces"), *mode]) == 2
    error = capsys.readouterr().err
    assert error.startswith("emotiscan render: ")
    assert "gone.npz" in error
    assert "github.com/ICT-VGL/ICT-FaceKit" in error
    assert not (tmp_path / "faces").exists()


def test_converting_another_folder_is_refused(tmp_path, capsys):
    assert main(["render", "--convert", str(tmp_path), "--out", str(tmp_path / "out.npz")]) == 2
    assert "ICT-FaceKit" in capsys.readouterr().err
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ([], "--model and --out and --count"),
        (["--posed", "--out", "posed"], "--model"),
        (["--model", "m.npz", "--out", "o"], "--count"),
    ],
)
def test_missing_options_are_named(capsys, arguments, missing):
    assert main(["render", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"emotiscan render: {missing} must be given")


@pytest.mark.parametrize("wrong", [["--count", "0"], ["--count", "3", "--size", "5"], ["--acted", "2"]])
def test_numbers_out_of_range_are_refused(tmp_path, wrong):
    with pytest.raises(SystemExit) as stopped:
        main(["render", "--model", "m.npz", "--out", str(tmp_path), *wrong])
    assert stopped.value.code == 2


def test_options_reach_the_renderer(monkeypatch, capsys, tmp_path):
    called = {}

    def render_dataset(model: Path, folder: Path, count: int, **options: object) -> Path:
        called.update(options, model=model, folder=folder, count=count)
        return folder / "labels.csv"

    monkeypatch.setattr(dataset, "render_dataset", render_dataset)
    options = ["--count", "3", "--seed", "4", "--size", "64", "--maps", "--acted", "0.2", "--often", "AU7", "AU43"]
    options += ["--occluded", "0.3", "--blurred", "0.1", "--misexposed", "0"]
    assert main(["render", "--model", "m.npz", "--out", str(tmp_path), *options, "--first", "10"]) == 0
    del called["on_progress"]
    assert called == {
        **{"model": Path("m.npz"), "folder": tmp_path, "count": 3, "seed": 4, "size": 64, "maps": True},
        **{"acted": 0.2, "often": ["AU7", "AU43"], "first": 10, "workers": 2, "cache_dir": Path("cache")},
        "problems": ProblemShares(0.3, 0.1, 0.0),
    }
    assert capsys.readouterr().out == f"labels: {tmp_path / 'labels.csv'}\n"


def test_the_posed_set_is_a_mode(monkeypatch, tmp_path):
    class Renderer:
        def __init__(self, *_: object) -> None:
            self.render = None

    monkeypatch.setattr(renderer, "Renderer", Renderer)
    monkeypatch.setattr(posed, "render_posed_set", lambda _, folder, seed, size: folder / f"{seed}-{size}.csv")
    assert main(["render", "--model", "m.npz", "--out", str(tmp_path), "--posed", "--seed", "5"]) == 0


def test_converting_says_how_large_the_model_is(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(convert, "convert", lambda _, out: out.write_bytes(bytes(3 * 2**20)))
    monkeypatch.chdir(tmp_path)
    assert main(["render", "--convert", "ICT-FaceKit"]) == 0
    assert capsys.readouterr().out == "ict_facekit.npz: 3 MiB\n"
