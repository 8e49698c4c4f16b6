"""The pages' links, and what the website lists."""

import re
import subprocess
import sys
import unicodedata

import pytest
import yaml

from tests.docs.documentation import CARD, PAGES
from tests.support.places import ROOT

_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)|<img[^>]*src=\"(?P<image>[^\"]+)\"")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CARD_PAGE = ROOT / "docs" / "explanation" / "model-card.md"


def text_of(page) -> str:
    """A page's text; the site's model card is the one beside the weights."""
    return _FENCED.sub("", (CARD if page == _CARD_PAGE else page).read_text(encoding="utf-8"))


def anchors_of(page) -> set[str]:
    """Anchors of a page's headings, as GitHub and MkDocs make them."""
    titles = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    plain = (unicodedata.normalize("NFKD", re.sub(r"[`*“”]", "", title)).lower() for title in titles)
    return {re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", title).strip()) for title in plain}


def target_of(page, link: str):
    """Where a relative link leads."""
    target = (page.parent / link).resolve()
    if not target.exists() and page.is_relative_to(_CARD_PAGE.parent):
        return CARD.parent / link  # docs/hooks.py puts the card's files beside the page
    return target


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page != _CARD_PAGE], ids=lambda page: str(page.relative_to(ROOT))
)
def test_relative_links_and_images_exist(page):
    for found in _LINK.finditer(text_of(page)):
        link = found["target"] or found["image"]
        if re.match(r"https?:|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = target_of(page, path) if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor and target.suffix == ".md":
            assert anchor in anchors_of(target), f"there is no heading for {link}"


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_navigation_lists_every_page_once():
    class Loader(yaml.SafeLoader):
        """Reads mkdocs.yml without what its tags stand for."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    config = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)

    def pages(entry) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        return [page for one in (entry.values() if isinstance(entry, dict) else entry) for page in pages(one)]

    docs = ROOT / "docs"
    assert sorted(pages(config["nav"])) == sorted(page.relative_to(docs).as_posix() for page in docs.rglob("*.md"))


def test_site_builds_without_warnings_and_loads_nothing_from_elsewhere(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        timeout=300,
    )
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|link)[^>]*(?:src|href)=\"?(https?:[^\">\s]+)", page.read_text(encoding="utf-8")
        )
        assert not loaded, page
    card = (tmp_path / "explanation" / "model-card.html").read_text(encoding="utf-8")
    assert "Intended use" in card
    assert "needs data" not in re.sub(r"<!--.*?-->", "", card)
