"""Pictures that are sent inside the page, as data URLs.

Streamlit gives each picture of `st.image` a URL and forgets it as soon as the next run of the script begins. A browser
that fetches it at that moment, on a busy server or a slow connection, shows a broken picture and does not try again.
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
        picture: RGB, no larger than the page needs, because it is sent as a JPEG file each time it changes.
        alt: description for screen readers.
        width: in pixels, or "stretch" or "content".
        caption: text below it.
        place: container to show it in; by default the current one.
    """
    (place or st).image(picture_url(picture, "JPEG", quality=90), width=width, caption=caption, alt=alt)
