"""Pictures on a page, sent inside the page instead of under addresses of their own.

Streamlit gives each picture of `st.image` an address and forgets it as soon as the next run of the script begins. A
browser that fetches it in that moment, on a busy server or a slow line, shows a broken picture and does not try again.
"""

import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.layout_utils import Width

from emotiscan.export.data_urls import picture_url


def show_picture(
    picture: Image.Image,
    alt: str,
    width: Width = "stretch",
    caption: str | None = None,
    place: DeltaGenerator | None = None,
) -> None:
    """Show a picture.

    Args:
        picture: RGB, of the size that the page needs: it is sent as a JPEG file each time it changes.
        alt: what it shows, for people who do not see it.
        width: in pixels, or "stretch" or "content".
        caption: text below it.
        place: container to show it in; by default the current one.
    """
    (place or st).image(picture_url(picture, "JPEG", quality=90), width=width, caption=caption, alt=alt)
