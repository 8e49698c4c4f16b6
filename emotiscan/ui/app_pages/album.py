"""The Album page: read many photos at once, browse their faces, and download the readings."""

import streamlit as st

from emotiscan.export.records import csv_text
from emotiscan.ui import album, components, downloads
from emotiscan.ui.album import MAX_FACES, Album, Entry
from emotiscan.ui.downloads import Download
from emotiscan.ui.gallery.browser import browse
from emotiscan.ui.links import link_action_units
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.samples import samples
from emotiscan.ui.session import analyze, analyzer, reopen_face
from emotiscan.ui.uploader import upload_photos
from emotiscan.ui.wording import escape_markdown

# Comments, not docstrings: Streamlit would print those of a page's script.
OPEN = "album-opened"  # key of the session's state that holds the key of the face that is open
PICTURE_WIDTH = 180  # of the open face's picture, in CSS pixels


def visit_album() -> Album:
    """Return the album of this visit."""
    return st.session_state.setdefault("album", Album())


def add_photos() -> None:
    """Show the uploader and, while the album is empty, a button that reads the samples."""
    kept = visit_album()
    upload_photos(
        "album-uploader", lambda name, data, placeholder: kept.add(lambda file: analyze(file, placeholder), name, data)
    )
    if kept.full:
        st.info(f"The album is full ({MAX_FACES} faces). Download the readings and empty it to continue.")
    if not kept.photos and st.button("Try it with the synthetic samples", icon=":material/auto_awesome:"):
        with st.spinner("Reading the samples…"):
            placeholder = st.empty()
            for sample in samples():
                kept.add(lambda file: analyze(file, placeholder), sample.title, sample.data)
        st.rerun()


def show_opened() -> None:
    """Show the reading and heat maps of the face that the visitor opened, if any, in a dialog."""
    for number, entry in enumerate(visit_album().faces, start=1):
        if entry.key == st.session_state.get(OPEN):
            title = f"Face {number} of the album"  # a file's name may say who this is; Compare shows the title, too
            st.dialog(title, width="large", on_dismiss=close_face)(show_face)(entry, title)


def show_face(entry: Entry, title: str) -> None:
    """Show one face, like a photo of its own."""
    if entry.reading is None or entry.picture is None:
        return
    photo = reopen_face(entry.key, title, entry.picture, entry.reading, st.empty())
    left, right = st.columns([1, 5], gap="medium")
    with left:
        show_picture(photo.picture, f"{entry.name}: {entry.title}", width=PICTURE_WIDTH)
        st.caption(escape_markdown(entry.name))
    with right:
        components.show_reading(photo, 0)


def open_face(entry: Entry) -> None:
    """Show a face in the next run of the page."""
    st.session_state[OPEN] = entry.key


def close_face() -> None:
    """Show no face, and drop what the URL says of its heat maps."""
    st.session_state.pop(OPEN, None)
    link_action_units([])


def offer_exports(entries: list[Entry]) -> None:
    """Show download buttons for everything that was read, and a button that empties the album."""
    card = analyzer().card
    rows = [entry.row for entry in entries]
    files = (
        Download("Table (CSV)", "emotiscan.csv", "text/csv", lambda: csv_text(rows, card.config)),
        Download("Records (JSON)", "emotiscan.json", "application/json", lambda: album.json_text(entries)),
        Download("Report (HTML)", "emotiscan.html", "text/html", lambda: album.html_report(entries, card.fingerprint)),
    )
    with st.container(horizontal=True):
        downloads.show_buttons(files, "album")
        if st.button("Empty the album", icon=":material/delete:"):
            visit_album().photos.clear()
            st.rerun()


def main() -> None:
    """Show the page."""
    st.title("Album", anchor=False)
    st.markdown(
        "Read many photos, one after another. Your browser shrinks each photo before sending it. Only the crops of "
        "the faces and their readings are kept, in memory, until you leave."
    )
    if components.loaded_analyzer() is None:
        return
    add_photos()
    kept = visit_album()
    entries, faces = kept.entries, kept.faces
    failed = [entry.row for entry in entries if not entry.readable]
    if failed:
        with st.expander(f"{len(failed)} of {len(kept.photos)} photos could not be read", icon=":material/warning:"):
            for row in failed:
                st.markdown(f"{escape_markdown(row['image'])}: {row['error']}")
    if faces:
        browse(faces, analyzer().card.config, "album", open_face)
        show_opened()
    if entries:
        offer_exports(entries)


main()
