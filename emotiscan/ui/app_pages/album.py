"""The Album page: read many photos at once, browse their faces, and download the readings."""

import streamlit as st

from emotiscan.export.records import csv_text
from emotiscan.ui import album, components, downloads
from emotiscan.ui.album import MAX_FACES, Album, Entry
from emotiscan.ui.samples import samples
from emotiscan.ui.session import analyze, analyzer
from emotiscan.ui.uploader import upload_photos
from emotiscan.ui.wording import escape_markdown

PER_PAGE = 60  # faces on one page of the gallery


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


def show_gallery(entries: list[Entry]) -> None:
    """Show the faces, filtered and sorted as the visitor chooses."""
    config = analyzer().card.config
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        emotions = st.pills(
            "Emotion", config.emotions, selection_mode="multi", format_func=str.capitalize, key="album-emotions"
        )
        order = st.selectbox(
            "Sort by",
            [None, *config.emotions, *config.action_units],
            format_func=lambda target: "upload order" if target is None else components.short_title(target),
            key="album-order",
            width=200,
        )
    action_units = st.pills("Action units present", config.action_units, selection_mode="multi", key="album-aus")
    found = album.filter_entries(entries, emotions, action_units, order)
    st.caption(f"{len(found)} of {sum(entry.readable for entry in entries)} faces")
    pages = max(1, -(-len(found) // PER_PAGE))
    page = st.number_input("Page", 1, pages, key="album-page") if pages > 1 else 1
    with st.grid(min_column_width=150, gap="medium"):
        for entry in found[(page - 1) * PER_PAGE : page * PER_PAGE]:
            with st.container():
                row = entry.row
                title = album.title_of(entry)
                present = " ".join(row["present"]) or "no action units"
                st.image(
                    entry.picture_url,
                    width="stretch",
                    alt=f"{row['image']}, face {row['face'] + 1}: {title}; {present}",
                )
                st.markdown(f"**{title}**  \n:small[{present}]")
                st.caption(f"{escape_markdown(row['image'])}, face {row['face'] + 1}")


def offer_exports(entries: list[Entry]) -> None:
    """Show download buttons for everything that was read, and a button that empties the album."""
    card = analyzer().card
    rows = [entry.row for entry in entries]
    files = (
        ("Table (CSV)", "csv", "text/csv", lambda: csv_text(rows, card.config)),
        ("Records (JSON)", "json", "application/json", lambda: album.json_text(entries)),
        ("Report (HTML)", "html", "text/html", lambda: album.html_report(entries, card.fingerprint)),
    )
    with st.container(horizontal=True):
        for label, ending, mime, make in files:
            st.download_button(
                label,
                downloads.held(make, f"emotiscan.{ending}", mime),
                f"emotiscan.{ending}",
                mime,
                icon=":material/download:",
                on_click="ignore",  # a rerun could remove the file before it is fetched
                key=f"album-{ending}",
            )
        if st.button("Empty the album", icon=":material/delete:"):
            visit_album().photos.clear()
            st.rerun()


def main() -> None:
    """Show the page."""
    st.title("Album", anchor=False)
    st.markdown(
        "Read many photos, one after another. Your browser shrinks each photo before sending it. Only thumbnails of "
        "the faces and their readings are kept, in memory, until you leave."
    )
    if components.loaded_analyzer() is None:
        return
    add_photos()
    entries = visit_album().entries
    failed = [entry.row for entry in entries if not entry.readable]
    if failed:
        with st.expander(
            f"{len(failed)} of {len(visit_album().photos)} photos could not be read", icon=":material/warning:"
        ):
            for row in failed:
                st.markdown(f"{escape_markdown(row['image'])}: {row['error']}")
    if any(entry.readable for entry in entries):
        show_gallery(entries)
    if entries:
        offer_exports(entries)


main()
