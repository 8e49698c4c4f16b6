"""All pages from the menu, and the Compare page and the FACS guide in detail."""

from pathlib import Path

from tests.support.chromium import assert_accessible, open_page, overflow, wait_until_settled


def test_every_page_opens_from_the_menu_and_is_accessible(page):
    assert_accessible(page)
    for name, words in (
        ("Album", "drop them here"),
        ("Compare", "What do you want to know?"),
        ("FACS guide", "Often confused with"),
        ("Model", "Confusion matrix"),
        ("About", "Privacy"),
    ):
        open_page(page, name)
        page.get_by_text(words).first.wait_for()
        assert overflow(page) <= 0, name
        assert_accessible(page)


def test_two_faces_are_compared_and_downloaded(page):
    open_page(page, "Compare")
    page.get_by_text("Whose smile is stronger?").click()
    page.get_by_text("Choose a second photo").wait_for()
    wait_until_settled(page)
    page.get_by_role("combobox", name="Second photo").click()
    page.get_by_role("option", name="Surprise").click()
    page.get_by_role("img", name="Heat map of Surprise").wait_for()
    wait_until_settled(page)
    assert overflow(page) <= 0
    for button, ending in (("Download picture", ".png"), ("Download arrays", ".npz")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename.endswith(ending)
        assert Path(download.value.path()).stat().st_size > 500
        wait_until_settled(page)
    page.asked_for.extend([".png", ".npz"])
    page.get_by_text("What changed between two photos?").click()
    page.get_by_label("The largest changes between both photos").wait_for()
    wait_until_settled(page)
    assert overflow(page) <= 0


def test_guide_shows_an_action_unit_from_trace_to_maximum(page):
    open_page(page, "FACS guide")
    page.get_by_role("radio", name="AU12", exact=True).click()
    page.get_by_role("heading", name="AU12 Lip corner puller").wait_for()
    wait_until_settled(page)
    assert "au=AU12" in page.url
    for words in ("At rest", "Intensity A", "Intensity E", "Person’s left side only"):
        assert page.get_by_role("img", name=f"A synthetic face with AU12 Lip corner puller, {words}").is_visible()
    assert overflow(page) <= 0
    assert_accessible(page)


def test_try_it_in_the_guide_opens_live_with_that_goal(page):
    open_page(page, "FACS guide")
    page.get_by_role("radio", name="AU4", exact=True).click()
    page.get_by_role("link", name="Try AU4 with your camera").click()
    page.get_by_role("heading", name="Live", exact=True).wait_for()
    wait_until_settled(page)
    assert "goal=AU4" in page.url
    assert page.locator(".live .challenge").get_by_text("AU4 Brow lowerer").is_visible()
    assert page.get_by_role("img", name="A synthetic face with AU4").is_visible()
    assert overflow(page) <= 0


def test_poster_is_downloaded_from_the_guide(page):
    open_page(page, "FACS guide")
    with page.expect_download() as download:
        page.get_by_role("button", name="Poster (PDF, one page)").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    page.asked_for.append(".pdf")


def test_each_question_is_one_click_from_a_reading(page):
    page.get_by_role("link", name="Does another method agree?").click()
    page.get_by_role("img", name="Heat map of LayerCAM").wait_for()
    wait_until_settled(page)
    assert "question=methods" in page.url
    assert "photo=smile" in page.url
    assert page.get_by_text(" maps peak in the region of ").is_visible()
    assert_accessible(page)
