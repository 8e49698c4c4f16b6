"""The main page: uploads, pasted images, snapshots and heat maps."""

import base64
import io
import re

import pytest
from PIL import Image

from tests.support.chromium import is_present, overflow, wait_for_reading, wait_until_settled
from tests.support.places import SAMPLES


def test_uploaded_portrait_is_read(page):
    data = pytest.importorskip("skimage.data")
    buffer = io.BytesIO()
    Image.fromarray(data.astronaut()).save(buffer, "JPEG", quality=92)
    picker = page.locator("[data-testid=stFileUploader] input[type=file]")
    picker.set_input_files({"name": "portrait.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()})
    page.get_by_text("Your photo", exact=True).wait_for()
    wait_for_reading(page, "a positive expression")
    assert is_present(page, "AU12")
    assert is_present(page, "AU6") or is_present(page, "AU25")
    assert not is_present(page, "AU4")


PASTE = """(base64) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "image.jpg", { type: "image/jpeg" }));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
}"""


def test_pasted_image_is_read(page):
    page.get_by_text("You can also paste").wait_for()  # from then on, the page listens
    page.evaluate(PASTE, base64.b64encode((SAMPLES / "surprise.jpg").read_bytes()).decode())
    page.get_by_text("Your photo", exact=True).wait_for()
    wait_for_reading(page, "a surprised expression")
    page.get_by_role("radio", name="Anger").click()
    page.get_by_text("Sample (synthetic face").wait_for()
    wait_until_settled(page)


def test_heat_maps_differ_between_action_units(page):
    wait_for_reading(page, "a positive expression")
    page.get_by_role("button", name="Action units").click()
    for au in ("AU1", "AU4"):
        page.get_by_role("button", name=au, exact=True).click()
        page.get_by_role("img", name=re.compile(rf"Heat map of {au}\b")).wait_for()
        wait_until_settled(page)
    maps = page.get_by_role("img", name="Heat map of")
    shown = [maps.nth(number) for number in range(maps.count())]
    # Action units without any evidence all show the bare face, and say so.
    shown = [image for image in shown if "no evidence anywhere" not in (image.get_attribute("alt") or "")]
    sources = [image.get_attribute("src") for image in shown]
    assert len(sources) >= 3
    assert len(set(sources)) == len(sources)


def test_hovering_over_an_action_unit_shows_its_heat_map(page):
    wait_for_reading(page, "a positive expression")
    line = page.locator("tr[data-au=AU12]")
    line.hover()
    place = line.locator(".thumbnail").bounding_box()
    assert place, "the heat map is hidden"
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= page.viewport_size["width"]
    page.get_by_role("heading", name="a positive expression").hover()
    assert not line.locator(".thumbnail").is_visible()


def test_snapshot_is_read(page):
    page.get_by_role("radio", name="Webcam").or_(page.get_by_role("button", name="Webcam")).first.click()
    page.wait_for_function("document.querySelector('[data-testid=stCameraInput] video')?.videoWidth > 0")
    page.get_by_role("button", name="Take photo").click()
    page.get_by_text("Your snapshot").wait_for()
    wait_for_reading(page, "a positive expression")


def test_page_is_not_wider_than_the_screen(page):
    wait_for_reading(page, "a positive expression")
    assert overflow(page) <= 0


@pytest.mark.parametrize("parameter", ["au", "code"])  # "code" in links from earlier versions
def test_address_opens_a_sample_with_its_action_units(page, parameter):
    page.goto(f"{page.url.split('?')[0]}?sample=surprise&{parameter}=AU1&{parameter}=AU2")
    wait_for_reading(page, "a surprised expression")
    assert page.get_by_role("img", name="Heat map of").count() == 2


def test_method_is_chosen_in_sight_and_named_everywhere(page):
    wait_for_reading(page, "a positive expression")
    page.get_by_role("radio", name="Grad-CAM", exact=True).click()
    page.get_by_role("img", name=re.compile("Heat map of AU12 .*: Grad-CAM")).wait_for()
    wait_until_settled(page)
    assert "method=gradcam" in page.url
    assert not page.get_by_role("img", name="Local AU probability").count()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download picture").click()
    page.asked_for.append(".png")
    assert download.value.suggested_filename == "emotiscan-heat-maps-gradcam.png"
    page.reload()
    page.get_by_role("img", name=re.compile("Heat map of AU12 .*: Grad-CAM")).wait_for()
    wait_until_settled(page)


def test_essentials_fit_on_the_first_screen_of_a_laptop(page):
    if page.viewport_size["width"] < 600:
        pytest.skip("a phone shows them one below the other")
    page.set_viewport_size({"width": 1440, "height": 900})
    wait_for_reading(page, "a positive expression")
    for element in (
        page.get_by_role("heading", name="a positive expression"),
        page.get_by_role("img", name="The photo with one face"),
        page.locator("tr[data-au=AU12]"),
        page.get_by_role("radio", name="Grad-CAM", exact=True),
        page.get_by_role("img", name="Heat map of").first,
    ):
        box = element.bounding_box()
        assert box["y"] + box["height"] <= 900


def test_folded_action_units_open_with_the_keyboard(page):
    wait_for_reading(page, "a positive expression")
    row = page.locator("tr[data-au=AU4]")
    assert not row.is_visible()
    page.locator("summary", has_text="Brows").focus()
    page.keyboard.press("Enter")
    row.wait_for()
    assert overflow(page) <= 0
