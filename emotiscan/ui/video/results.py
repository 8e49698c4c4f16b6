"""What the Video page shows of a clip: curves while it is read, then the timeline, the apexes, and downloads."""

from collections.abc import Callable

import streamlit as st

from emotiscan.export.data_urls import data_url
from emotiscan.export.text import display_name, percent
from emotiscan.ui import charts as page_charts
from emotiscan.ui import components, downloads
from emotiscan.ui.video import charts, reading
from emotiscan.ui.video.clip import Clip
from emotiscan.ui.wording import escape_markdown

GALLERY_SIZE = 12
"""Apexes that are shown, at most."""

MAX_PEOPLE = 12
"""People that can be chosen: those who are seen longest."""


def show_preview(clip: Clip) -> None:
    """Show the first curves of a clip that is being read."""
    st.subheader("Reading the clip…", anchor=False)
    figure = charts.preview_chart(clip.preview, clip.emotions, clip.duration)
    page_charts.show(figure, "clip-preview", "Probability of each emotion over time, as far as the clip has been read.")
    people = f"{len(clip.preview)} people" if len(clip.preview) != 1 else "1 person"
    st.caption(f"{clip.frames} frames read, {people} seen.")


def show_notes(clip: Clip) -> None:
    """Say what was lost or left out."""
    for note in clip.notes:
        st.warning(note)


def choose_person(clip: Clip) -> int | None:
    """Let the visitor choose a person, if there are several; None, after saying so, if nobody was seen."""
    tracks = clip.timeline.tracks
    if not tracks:
        st.warning(
            "No face was found in this clip. Try one in which a face looks toward the camera and is at least as large "
            "as a thumbnail."
        )
        return None
    longest = sorted(tracks, key=lambda track: -float(tracks[track].durations.sum()))[:MAX_PEOPLE]
    if len(longest) == 1:
        return longest[0]
    if len(tracks) > MAX_PEOPLE:
        st.caption(f"{len(tracks)} people were seen; the {MAX_PEOPLE} who are seen longest can be chosen.")
    shown = sorted(longest)
    pictures = "".join(_portrait(clip, track) for track in shown)
    st.html(f'<div style="display: flex; flex-wrap: wrap; gap: 0.75rem">{pictures}</div>')
    return st.segmented_control(
        "Whose curves?",
        shown,
        default=longest[0],
        required=True,
        format_func=lambda track: f"Person {track}",
        key="clip-person",
    )


def _portrait(clip: Clip, track: int) -> str:
    times = clip.timeline.tracks[track].times
    picture = clip.thumbnail(track, float(times[len(times) // 2]))
    if picture is None:
        return ""
    return (
        '<figure style="margin: 0; text-align: center; font-size: 0.875rem">'
        f'<img src="{data_url(picture, "JPEG")}" alt="Person {track}" width="64" height="64" '
        f'style="border-radius: 8px; display: block"><figcaption>{track}</figcaption></figure>'
    )


def show_timeline(clip: Clip, track: int) -> None:
    """Show one person's curves and events; a click on a point shows its frame."""
    timeline = clip.timeline
    names = st.pills(
        "Curves",
        [*timeline.emotions, *timeline.thresholds],
        selection_mode="multi",
        default=charts.first_choice(timeline, track),
        format_func=components.short_title,
        wrap=True,
        key=f"clip-curves-{track}",
    )
    if not names:
        st.caption("Choose at least one emotion or action unit.")
        return
    figure = charts.timeline_chart(timeline, track, names, reading.shown_time())
    st.plotly_chart(
        figure,
        config={"displayModeBar": False},
        alt=charts.describe_timeline(timeline, track, names),
        key=reading.CHART,
        on_select=_show_selected,
        selection_mode="points",
    )
    st.caption(
        "Curves are smoothed probabilities. Bands run from onset to offset of each action unit, diamonds mark the "
        "apex. The line follows the player. Click a point to see its frame."
    )
    if reading.shown_time() is not None:
        st.markdown(f"The frame at {reading.shown_time():.2f} s is read below.")


def _show_selected() -> None:
    points = st.session_state[reading.CHART].selection.points
    if points:
        reading.show_at(float(points[0]["x"]))


def show_gallery(clip: Clip, track: int) -> None:
    """Show the face at the apex of each action unit's strongest event."""
    apexes = clip.apexes(track, GALLERY_SIZE)
    if not apexes:
        st.caption("No action unit was present for long enough to count as an event.")
        return
    st.subheader("Apex of each action unit", anchor=False)
    with st.grid(min_column_width=130, gap="medium"):
        for event in apexes:
            with st.container():
                picture = clip.thumbnail(track, event.apex)
                if picture is not None:
                    st.image(data_url(picture, "JPEG"), width="stretch", alt=f"The face at the apex of {event.au}")
                strength = f" · {event.intensity:.1f} of 5" if event.intensity == event.intensity else ""
                st.markdown(f"**{display_name(event.au)}**  \n:small[{percent(event.peak)}{strength}]")
                st.button(
                    f"Show {event.apex:.2f} s",
                    icon=":material/play_arrow:",
                    key=f"clip-apex-{track}-{event.au}",
                    on_click=reading.show_at,
                    args=(event.apex,),
                )


def offer_downloads(clip: Clip) -> None:
    """Show download buttons for the readings, the events, the summary and the annotated clip."""
    files: list[tuple[str, str, str, Callable[[], str | bytes]]] = [
        ("Readings (CSV)", "emotiscan-clip.csv", "text/csv", clip.csv_text),
        ("Readings (JSON)", "emotiscan-clip.json", "application/json", clip.json_text),
        (
            "Events (CSV)",
            "emotiscan-events.csv",
            "text/csv",
            lambda: clip.timeline.events_to_frame().to_csv(index=False),
        ),
        (
            "Summary (CSV)",
            "emotiscan-summary.csv",
            "text/csv",
            lambda: clip.timeline.summary().to_csv(index=False),
        ),
    ]
    if clip.annotated and clip.annotated.is_complete:
        files.append(("Annotated clip (MP4)", "emotiscan-clip.mp4", "video/mp4", clip.annotated.data))
    st.subheader("Download", anchor=False)
    st.caption(f"{clip.frames} frames of “{escape_markdown(clip.name)}”; times are the clip's own.")
    with st.container(horizontal=True):
        for label, name, mime, make in files:
            st.download_button(
                label,
                downloads.held(make, name, mime),
                name,
                mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"clip-{name}",
            )
