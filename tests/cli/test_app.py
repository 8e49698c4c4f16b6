"""`emotiscan app`: the app starts from any folder with its own settings."""

import json
import os
import runpy
import sys
import tomllib
from pathlib import Path

import pytest
from streamlit import config

from emotiscan.cli import app
from emotiscan.cli.main import main
from tests.support.places import ROOT


@pytest.fixture
def started(monkeypatch):
    """What `streamlit` was called with."""
    calls = []
    monkeypatch.setattr(runpy, "run_module", lambda module, **_: calls.append(sys.argv[1:]))
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", "before.safetensors")
    return calls


def test_the_app_gets_the_settings_of_the_config_file_from_any_folder(started, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["app"]) == 0
    (command,) = started
    assert command[:2] == ["run", str(ROOT / "emotiscan" / "ui" / "app.py")]
    expected = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert f"--server.maxUploadSize={expected['server']['maxUploadSize']}" in command
    assert f"--theme.light.primaryColor={expected['theme']['light']['primaryColor']}" in command
    sizes = next(option for option in command if option.startswith("--theme.headingFontSizes="))
    assert json.loads(sizes.partition("=")[2]) == expected["theme"]["headingFontSizes"]


def test_every_setting_is_one_that_streamlit_knows(started):
    main(["app"])
    known = config.get_config_options()
    names = [option.removeprefix("--").partition("=")[0] for option in started[0] if option.startswith("--")]
    assert len(names) > 10
    assert [name for name in names if name not in known] == []
    for name in names:
        assert app.environment_variable(name) == known[name].env_var


def test_port_weights_and_further_options_are_passed_on(started, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    main(["app", "--port", "8600", "--weights", "mine.safetensors", "--", "--server.headless", "true"])
    assert started[0][-3:] == ["--server.port=8600", "--server.headless", "true"]
    assert os.environ["EMOTISCAN_WEIGHTS"] == str(tmp_path / "mine.safetensors")


def test_an_environment_variable_takes_precedence_over_the_config_file(started, monkeypatch):
    monkeypatch.setenv("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", "5")
    main(["app"])
    assert not any(option.startswith("--server.maxUploadSize") for option in started[0])


def test_a_wheel_brings_its_own_config_file(monkeypatch, tmp_path):
    inside = tmp_path / "emotiscan" / "_resources" / "streamlit" / "config.toml"
    inside.parent.mkdir(parents=True)
    inside.write_text("[server]\nmaxUploadSize = 7\n")
    monkeypatch.setattr(app, "PACKAGE", tmp_path / "emotiscan")
    assert app.streamlit_arguments(None, []) == [
        *("run", str(Path(tmp_path, "emotiscan", "ui", "app.py")), "--server.maxUploadSize=7")
    ]


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_an_impossible_port_is_refused(port, capsys):
    with pytest.raises(SystemExit):
        main(["app", "--port", port])
    assert "is not a whole number from 1 to 65535" in capsys.readouterr().err
