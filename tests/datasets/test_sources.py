"""`DataSource`: its short form and its checks."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import LOADERS, load_source
from emotiscan.datasets.sources import (
    KINDS,
    WITH_IMAGES,
    DataSource,
    seed_of_split,
    without_paths,
)
from tests.support.trees import put, write_csv

names = st.text(st.sampled_from("ab,=: ;.éshare"), min_size=1, max_size=12).filter(lambda name: name.strip("."))
paths = names.map(lambda name: Path("data", name))
files = st.lists(paths, max_size=2).map(tuple)


def sources():
    """Any source that can be made; names that read like an option are refused and skipped."""
    options = {
        "au": files,
        "without": files,
        "only": files,
        "split": st.none() | st.integers(0, 10**6),
        "share": st.floats(1e-6, 1e6),
        "learn": st.sampled_from([None, "emotions", "action_units"]),
    }

    def make(kind, path, options, images, faces, strength):
        if kind in WITH_IMAGES:
            options |= {"images": images}
        if kind == "rendered":
            options |= {"faces": faces, "strength": strength}
        try:
            return DataSource(kind, path, **options)
        except TableError:
            return None

    return st.builds(
        make,
        st.sampled_from(list(KINDS)),
        paths,
        st.fixed_dictionaries(options),
        st.none() | paths,
        st.sampled_from([None, "acted", "random"]),
        st.sampled_from([None, "slight", "strong"]),
    ).filter(lambda source: source is not None)


@given(sources())
def test_every_source_survives_being_written_and_read(source):
    assert DataSource.parse(str(source)) == source
    assert seed_of_split(str(source)) == seed_of_split(source.without_paths()) == source.split


def test_options_have_types():
    source = DataSource.parse("csv:faces/labels.csv,split=3,au=a.csv,share=0.5,au=b.csv,images=x,learn=emotions")
    assert source == DataSource(
        "csv",
        Path("faces/labels.csv"),
        au=(Path("a.csv"), Path("b.csv")),
        images=Path("x"),
        split=3,
        share=0.5,
        learn="emotions",
    )
    assert str(source) == "csv:faces/labels.csv,au=a.csv,au=b.csv,images=x,split=3,share=0.5,learn=emotions"


def test_old_spellings_are_accepted():
    assert DataSource.parse("csv:a,codes=b,learn=codes") == DataSource.parse("csv:a,au=b,learn=action_units")


def test_last_value_counts_so_that_options_can_be_appended():
    assert DataSource.parse("csv:a,share=0.5,split=1,share=0.25").share == 0.25


def test_commas_and_equals_signs_in_paths_belong_to_them():
    source = DataSource.parse("csv:smiles, frowns/a=b,c=d.csv,au=x,y.csv,share=2")
    assert source == DataSource("csv", Path("smiles, frowns/a=b,c=d.csv"), au=(Path("x,y.csv"),), share=2)


def test_folder_with_a_comma_in_its_name_is_loaded(tmp_path):
    folder = tmp_path / "faces, my own=2"
    write_csv(folder, ["image", "AU12"], [["happy0.png", ""]])
    put(tmp_path / "au, mine.csv", "image,AU12\nhappy0.png,0.5\n")
    table = load_source(f"csv:{folder},au={tmp_path / 'au, mine.csv'},share=0.5")
    assert table.au_labels.tolist() == [[0.5]]
    assert table.frame["share"].tolist() == [0.5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "fer"}, "KIND is one of ckplus"),
        ({"path": Path("a,share=1/b")}, "reads like an option; rename"),
        ({"au": (Path("a,split=1"),)}, "reads like an option; rename"),
        ({"share": 0}, "write a number above 0"),
        ({"share": float("nan")}, "write a number above 0"),
        ({"split": -1}, "a whole number of at least 0"),
        ({"learn": "all"}, "write learn=emotions or learn=action_units"),
        ({"faces": "acted"}, "option of rendered faces only"),
        ({"kind": "ferplus", "images": Path("x")}, "ferplus takes no option images=DIR"),
    ],
)
def test_sources_are_checked_when_they_are_made(options, message):
    with pytest.raises(TableError, match=message):
        DataSource(**{"kind": "csv", "path": Path("labels.csv")} | options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("labels.csv", "write a data source as KIND:PATH.*or name a TOML file"),
        ("csv:a,share=1,spilt=2", "“spilt=2” is not an option of a data source; use au=FILE"),
        ("csv:a,au=", "“au=” has no value"),
        ("csv:a,split=-1", "a whole number of at least 0"),
        ("csv:a,share=", "“share=” has no value"),
    ],
)
def test_short_form_errors_say_what_to_write(text, message):
    with pytest.raises(TableError, match=message):
        DataSource.parse(text)


def test_there_is_a_loader_for_each_kind():
    assert list(LOADERS) == list(KINDS)


def test_without_paths_keeps_the_kind_and_the_options_that_are_no_paths():
    source = "csv:/home/anna/lfw,codes=/home/anna/codes.csv,images=b,without=c,only=d,share=0.25,learn=codes,split=3"
    kept = "csv,split=3,share=0.25,learn=action_units"
    assert without_paths(source) == without_paths(DataSource.parse(source)) == kept
    assert without_paths(kept) == kept  # as a checkpoint holds it
    assert seed_of_split(kept) == 3
    assert seed_of_split("ferplus") is None
