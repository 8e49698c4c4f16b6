"""Many photos at once: read them all, look through their faces, take the readings along."""

import streamlit as st

from emotiscan.export.records import csv_text
from emotiscan.ui import album, components
from emotiscan.ui.album import MAX_FACES, Album, Entry
from emotiscan.ui.samples import samples
from emotiscan.ui.session import analyze, analyzer
from emotiscan.ui.uploader import upload_photos
from emotiscan.ui.wording import plain

SHOWN = 60  # faces on one page of the gallery


def kept() -> Album:
    """The album of this visit."""
    return st.session_state.setdefault("album", Album())


def add_photos() -> None:
    """The place for new photos; while the album is empty, the samples too."""
    upload_photos("album-uploader", lambda name, data, line: kept().add(lambda file: analyze(file, line), name, data))
    if kept().full:
        st.info(f"The album is full: it holds {MAX_FACES} faces. Take the readings along and empty it to go on.")
    if not kept().photos and st.button("Try it with the rendered samples", icon=":material/auto_awesome:"):
        with st.spinner("Reading the samples…"):
            line = st.empty()
            for sample in samples():
                kept().add(lambda file: analyze(file, line), sample.title, sample.data)
        st.rerun()


def show_gallery(entries: list[Entry]) -> None:
    """The faces, filtered and sorted as the visitor likes."""
    config = analyzer().card.config
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        emotions = st.pills(
            "Looks like", config.emotions, selection_mode="multi", format_func=str.capitalize, key="album-emotions"
        )
        order = st.selectbox(
            "First come",
            [None, *config.emotions, *config.action_units],
            format_func=lambda target: "the first read" if target is None else components.short_title(target),
            key="album-order",
            width=200,
        )
    action_units = st.pills("Shows", config.action_units, selection_mode="multi", key="album-codes")
    found = album.chosen(entries, emotions, action_units, order)
    st.caption(f"{len(found)} of {sum(entry.readable for entry in entries)} faces")
    pages = max(1, -(-len(found) // SHOWN))
    page = st.number_input("Page", 1, pages, key="album-page") if pages > 1 else 1
    with st.grid(min_column_width=150, gap="medium"):
        for entry in found[(page - 1) * SHOWN : page * SHOWN]:
            with st.container():
                row = entry.row
                title = album.title_of(entry)
                seen = " ".join(row["present"]) or "no action unit present"
                st.image(entry.address, width="stretch", alt=f"{row['image']}, face {row['face'] + 1}: {title}; {seen}")
                st.markdown(f"**{title}**  \n:small[{seen}]")
                st.caption(f"{plain(row['image'])}, face {row['face'] + 1}")


def offer_exports(entries: list[Entry]) -> None:
    """Everything that was read, as files."""
    card = analyzer().card
    rows = [entry.row for entry in entries]
    files = (
        ("Table (CSV)", "csv", "text/csv", lambda: csv_text(rows, card.config.emotions, card.config.action_units)),
        ("Records (JSON)", "json", "application/json", lambda: album.json_text(entries)),
        ("Report with pictures (HTML)", "html", "text/html", lambda: album.html_report(entries, card.fingerprint)),
    )
    with st.container(horizontal=True):
        for words, ending, kind, make in files:
            st.download_button(
                words,
                make,
                f"emotiscan.{ending}",
                kind,
                icon=":material/download:",
                on_click="ignore",  # another run of the page could take the file away before it is fetched
                key=f"album-{ending}",
            )
        if st.button("Empty the album", icon=":material/delete:"):
            kept().photos.clear()
            st.rerun()


def main() -> None:
    """The page."""
    st.title("Album", anchor=False)
    st.markdown(
        "Read many photos, one after another. Your browser makes each one small before it is sent; only small pictures "
        "of the faces and their readings are kept, in memory, until you leave."
    )
    if components.loaded_analyzer() is None:
        return
    add_photos()
    entries = kept().entries
    failed = [entry.row for entry in entries if not entry.readable]
    if failed:
        with st.expander(f"{len(failed)} of {len(kept().photos)} photos could not be read", icon=":material/warning:"):
            for row in failed:
                st.markdown(f"{plain(row['image'])}: {row['error']}")
    if any(entry.readable for entry in entries):
        show_gallery(entries)
    if entries:
        offer_exports(entries)


main()
