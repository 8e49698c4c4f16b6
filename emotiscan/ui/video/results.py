"""What the Video page shows of a clip: curves while it is read, then the timeline, the apexes, and downloads."""

import streamlit as st

from emotiscan.export.data_urls import data_url
from emotiscan.ui import charts as page_charts
from emotiscan.ui import components, downloads
from emotiscan.ui.downloads import Download
from emotiscan.ui.gallery.browser import PLAY_ICON, browse, show_tiles
from emotiscan.ui.video import charts, reading
from emotiscan.ui.video.clip import Clip
from emotiscan.ui.video.faces import ClipFace
from emotiscan.ui.wording import escape_markdown

GALLERY_SIZE = 12
"""Apexes that are shown, at most."""

FACES_PER_PAGE = 24
"""Faces on one page of a person's gallery."""

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
    """Show the face at the apex of each action unit's strongest event, and all faces to filter and sort."""
    apexes = clip.apex_faces(track, GALLERY_SIZE)
    st.subheader("Apex of each action unit", anchor=False)
    if apexes:
        show_tiles(apexes, "clip-apex", _show_face, lambda face: face.heading, PLAY_ICON)
    else:
        st.caption("No action unit was present for long enough to count as an event.")
    faces = clip.faces_of(track)
    if faces:
        st.subheader("All faces", anchor=False)
        key = f"clip-faces-{track}"
        browse(faces, clip.config, key, _show_face, given_order="time", per_page=FACES_PER_PAGE, icon=PLAY_ICON)


def _show_face(face: ClipFace) -> None:
    reading.show_at(face.time)


def offer_downloads(clip: Clip) -> None:
    """Show download buttons for the readings, the events, the summary and the annotated clip."""
    timeline, csv = clip.timeline, "text/csv"
    files = [
        Download("Readings (CSV)", "emotiscan-clip.csv", csv, clip.csv_text),
        Download("Readings (JSON)", "emotiscan-clip.json", "application/json", clip.json_text),
        Download("Events (CSV)", "emotiscan-events.csv", csv, lambda: timeline.events_to_frame().to_csv(index=False)),
        Download("Summary (CSV)", "emotiscan-summary.csv", csv, lambda: timeline.summary().to_csv(index=False)),
    ]
    if clip.annotated and clip.annotated.is_complete:
        files.append(Download("Annotated clip (MP4)", "emotiscan-clip.mp4", "video/mp4", clip.annotated.data))
    st.subheader("Download", anchor=False)
    st.caption(f"{clip.frames} frames of “{escape_markdown(clip.name)}”; times are the clip's own.")
    with st.container(horizontal=True):
        downloads.show_buttons(files, "clip")
