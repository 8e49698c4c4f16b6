"""What somebody who has never seen the app looks for first, in this order, without the documentation."""

import re

from tests.support.chromium import open_clip, open_page, wait_for_reading, wait_until_settled
from tests.support.places import SAMPLES


def test_newcomer_finds_reading_maps_expressions_apex_and_guide(page, clip):
    picker = page.locator("[data-testid=stFileUploader] input[type=file]")
    picker.set_input_files({"name": "me.jpg", "mimeType": "image/jpeg", "buffer": (SAMPLES / "laugh.jpg").read_bytes()})
    page.get_by_text("Your photo", exact=True).wait_for()
    wait_for_reading(page, "a positive expression")

    where = page.get_by_role("img", name=re.compile(r"Heat map of AU12\b.*: Local AU probability"))
    where.wait_for()
    page.get_by_role("radio", name="Grad-CAM", exact=True).click()
    page.get_by_role("img", name=re.compile(r"Heat map of AU12\b.*: Grad-CAM")).wait_for()
    wait_until_settled(page)

    happiness = page.get_by_text("Happiness", exact=True).first
    assert not happiness.is_visible()
    page.get_by_text("8 expressions", exact=True).click()
    assert happiness.is_visible()

    open_clip(page, clip)
    page.get_by_role("heading", name="Apex of each action unit").wait_for()
    page.locator("[class*=st-key-clip-apex] button").first.click()
    page.get_by_role("heading", name="The frame at").wait_for()
    wait_until_settled(page)

    open_page(page, "FACS guide")
    page.get_by_role("radio", name="AU6", exact=True).click()
    page.get_by_role("heading", name="AU6 Cheek raiser").wait_for()
    wait_until_settled(page)
