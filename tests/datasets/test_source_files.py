"""TOML files of data sources."""

from pathlib import Path

import pytest

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.source_files import expand_sources, read_sources, single_source
from emotiscan.datasets.sources import DataSource
from tests.support.trees import put, write_csv

TOML = """
[[source]]
kind = "csv"
path = "faces, two/labels.csv"
au = ["one.csv", "two.csv"]
without = "held-out.csv"
share = 2

[[source]]
kind = "rendered"
path = "/absolute/rendered"
faces = "acted"
learn = "codes"
split = 0
"""


def test_toml_file_lists_sources_relative_to_itself(tmp_path):
    file = put(tmp_path / "sources.toml", TOML)
    first, second = read_sources(file)
    assert first == DataSource(
        "csv",
        tmp_path / "faces, two/labels.csv",
        au=(tmp_path / "one.csv", tmp_path / "two.csv"),
        without=(tmp_path / "held-out.csv",),
        share=2.0,
    )
    assert second == DataSource("rendered", Path("/absolute/rendered"), faces="acted", learn="action_units", split=0)
    assert expand_sources([str(file), "ferplus:x.zip"]) == (first, second, DataSource("ferplus", Path("x.zip")))


def test_toml_file_of_one_source_is_loaded_and_of_several_refused(tmp_path):
    write_csv(tmp_path / "faces", ["image"], [["happy0.png"]])
    one = '[[source]]\nkind = "csv"\npath = "faces"\n'
    assert len(load_source(str(put(tmp_path / "one.toml", one)))) == 1
    with pytest.raises(TableError, match="it lists 2 data sets where one is needed"):
        single_source(str(put(tmp_path / "two.toml", one + one)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[source]\n", "line 1: it is not valid TOML"),
        ("", r"write a table \[\[source\]\]"),
        ('source = "csv:x"\n', r"write a table \[\[source\]\]"),
        ('[[sources]]\nkind = "csv"\n', r"write a table \[\[source\]\]"),
        ('[[source]]\nkind = "csv"\n', "line 1: a source needs kind and path"),
        ('\n[[source]]\nkind = "csv"\npath = "a"\nshares = 1\n', "line 2: “shares” is not an option"),
        ('[[source]]\nkind = "csv"\npath = "a"\nshare = "much"\n', "line 1: share must be a number"),
        ('[[source]]\nkind = "csv"\npath = "a"\nsplit = 0.5\n', "line 1: split must be a whole number"),
        ('[[source]]\nkind = "csv"\npath = "a"\nau = 3\n', "line 1: au must be a file's path or a list of paths"),
        ('[[source]]\nkind = "csv"\npath = "a"\nlearn = 3\n', "line 1: learn must be text in quotes"),
        ('[[source]]\nkind = "csv"\npath = "a"\nshare = -1\n', "line 1: .*write a number above 0"),
        ('[[source]]\nkind = "fer"\npath = "a"\n', "line 1: .*KIND is one of ckplus"),
    ],
)
def test_toml_errors_name_file_and_line(tmp_path, text, message):
    file = put(tmp_path / "sources.toml", text)
    with pytest.raises(TableError, match=message) as error:
        read_sources(file)
    assert str(error.value).startswith(str(file))


def test_missing_toml_file_is_named(tmp_path):
    with pytest.raises(TableError, match=r"gone\.toml: it cannot be read"):
        expand_sources([str(tmp_path / "gone.toml")])
