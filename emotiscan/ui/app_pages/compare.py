"""The Compare page: readings and heat maps side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from emotiscan import explain
from emotiscan.analysis import Reading
from emotiscan.explain import METHODS, Tile, overlays
from emotiscan.export.boxes import marked_photo
from emotiscan.export.data_urls import picture_url
from emotiscan.export.text import display_name
from emotiscan.images import MAX_BYTES, ImageError
from emotiscan.reports import EvaluationReport
from emotiscan.ui import charts, components, wording
from emotiscan.ui import heat_map_views as views
from emotiscan.ui.metrics import report_of
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.samples import samples
from emotiscan.ui.session import Photo, analyzer, photo_key, read_photo, recent_photos
from emotiscan.ui.uploader import FILE_TYPES

ACTION_UNITS = "Action units of one face"
BEFORE_AND_AFTER = "Before and after"
FACES = "One action unit on several faces"
METHODS_OF_ONE = "Methods"
DIFFERENCE = "Difference"

# “Before and after” shows heat maps of at most this many action units, and only of those that changed at least this
# much, but always of the first. (Comments, because Streamlit may show a string that stands alone in a page script.)
MAX_CHANGES, MIN_CHANGE = 3, 0.1

NO_SECOND = "No second photo"
DEFAULT_METHODS = (explain.DEFAULT_METHOD, "gradcam", "gradcam++", "layercam")


@dataclass(frozen=True, eq=False)
class Choice:
    """A face that can be chosen: its photo, its index there, and its title."""

    photo: Photo
    number: int
    title: str


def choose_photos() -> list[Photo]:
    """Let the visitor choose one photo or two: from this visit, from the samples, or new ones.

    Raises:
        ImageError: a new file is not a usable image.
    """
    left, middle, right = st.columns([1, 1, 1], gap="medium")
    uploads = right.file_uploader(
        "Add one or two photos",
        type=FILE_TYPES,
        accept_multiple_files=True,
        max_upload_size=MAX_BYTES // 2**20,
        key="compare-upload",
        on_change=_choose_uploads,
    )
    placeholder = right.empty()
    for place, upload in enumerate(uploads[-2:], start=1):
        read_photo(upload.getvalue(), "Your photo" if len(uploads) == 1 else f"Your photo {place}", placeholder)
    by_title = {sample.title: sample for sample in samples()}
    visit = recent_photos()
    names = {photo.key: photo.name for photo in visit if photo.name not in by_title}
    names |= {title: title for title in by_title}
    latest = next((name for photo in visit for name in (photo.key, photo.name) if name in names), next(iter(by_title)))
    options = list(names)
    first = left.selectbox(
        "First photo", options, index=options.index(latest), format_func=names.__getitem__, key="compare-first"
    )
    second = middle.selectbox(
        "Second photo",
        [NO_SECOND, *(option for option in options if option != first)],
        format_func=lambda option: names.get(option, option),
        key="compare-second",
    )
    kept = {photo.key: photo for photo in visit}
    photos = []
    for column, name in ((left, first), (middle, second)):
        if name != NO_SECOND:
            photos.append(kept[name] if name in kept else read_photo(by_title[name].data, name, placeholder))
            with column:
                _show_photo(photos[-1])
    return photos


def _show_photo(photo: Photo) -> None:
    picture = marked_photo(photo.picture, photo.faces)
    found = "one face" if len(photo.readings) == 1 else f"{len(photo.readings)} faces"
    show_picture(picture, f"{photo.name}, with {found}", width=220)


def _choose_uploads() -> None:
    """Select the photos that were just added; compare two of them as before and after."""
    uploads = st.session_state["compare-upload"][-2:]
    if len(uploads) == 2:
        st.session_state["comparison"] = BEFORE_AND_AFTER
    for widget, upload in zip(("compare-first", "compare-second"), uploads, strict=False):
        st.session_state[widget] = photo_key(upload.getvalue())


def faces_of(photos: Sequence[Photo]) -> list[Choice]:
    """Return every face of the photos, from left to right, each with a unique title."""
    found = []
    for photo in photos:
        for number in range(len(photo.readings)):
            face = f"face {number + 1}" if len(photo.readings) > 1 else ""
            name = photo.name if len(photos) > 1 or not face else ""
            found.append(Choice(photo, number, ", ".join(part for part in (name, face) if part).capitalize()))
    return found


def choose_face(faces: Sequence[Choice], label: str, key: str, first: int = 0) -> Choice:
    """Let the visitor choose a face, unless there is only one."""
    if len(faces) == 1:
        return faces[0]
    place = st.selectbox(
        label, range(len(faces)), index=first, format_func=lambda place: faces[place].title, key=f"{key}-{len(faces)}"
    )
    return faces[place]


def choose_target(face: Choice, key: str, rank: int = 0) -> str:
    """Let the visitor choose one action unit or emotion.

    Args:
        face: whose.
        key: of the widget.
        rank: of the action unit to preselect, by probability; 0 is the most probable.
    """
    reading = face.photo.readings[face.number]
    targets = [*reading.action_units, *reading.emotions]
    likeliest = reading.likeliest_action_units or targets  # none is visible in a face that is wholly covered
    place = targets.index(likeliest[min(rank, len(likeliest) - 1)])
    return st.selectbox("Action unit or emotion", targets, index=place, format_func=display_name, key=key)


def compare_action_units(faces: Sequence[Choice]) -> list[views.HeatMapView]:
    """Return heat maps of several action units on one face."""
    face = choose_face(faces, "Face", "aus-face")
    chosen = components.choose_targets(face.photo.readings[face.number], f"compare-{face.photo.key}-{face.number}")
    method = views.choose_method("aus")
    return [views.make_view(face.photo, face.number, target, method, display_name(target)) for target in chosen]


def compare_faces(faces: Sequence[Choice]) -> list[views.HeatMapView]:
    """Return heat maps of one action unit on all faces."""
    target = choose_target(faces[0], "faces-target")
    method = views.choose_method("faces")
    if len(faces) == 1:
        st.info(
            "This photo has only one face. Choose a second photo above to compare it with.", icon=":material/group:"
        )
    return [views.make_view(face.photo, face.number, target, method, face.title) for face in faces]


def compare_before_and_after(faces: Sequence[Choice]) -> list[views.HeatMapView]:
    """Show what changed between a face in each of two photos; return heat maps of the largest changes."""
    first = [face for face in faces if face.photo is faces[0].photo]
    second = [face for face in faces if face.photo is not faces[0].photo]
    left, right = st.columns(2)
    with left:
        before = choose_face(first, "Face in the first photo", "before")
    with right:
        after = choose_face(second, "Face in the second photo", "after")
    readings = [face.photo.readings[face.number] for face in (before, after)]
    st.markdown(wording.changes(*readings))
    st.caption("○ first photo · ● second photo · │ decision threshold")
    charts.show(charts.au_changes(*readings), "changes", charts.describe_au_changes(*readings))
    st.caption(_advice_on_changes())
    method = views.choose_method("before-and-after")
    most_changed = wording.most_changed(*readings)[:MAX_CHANGES]
    changed = [*most_changed[:1], *(au for au in most_changed[1:] if _apart(readings, au) >= MIN_CHANGE)]
    return [
        views.make_view(face.photo, face.number, au, method, f"{au}, {face.title}")
        for au in changed
        for face in (before, after)
    ]


def _apart(readings: Sequence[Reading], au: str) -> float:
    return abs(readings[0].action_units[au] - readings[1].action_units[au])


def _advice_on_changes() -> str:
    """Say how to take the photos and, if the checkpoint knows, how well it tells two images of one person apart."""
    advice = "Take both photos of the same person, from the same side and in the same light; other changes count, too."
    report = report_of(analyzer().card, "rendered")
    mean = report.action_units_mean if isinstance(report, EvaluationReport) else None
    if mean is None or mean.within_subject.value is None or mean.auc.value is None:
        return advice
    within, among = mean.within_subject.value, mean.auc.value
    return (
        f"{advice} Of two rendered images of the same person, the one that shows an action unit had the higher "
        f"probability in {100 * within:.0f}% of all pairs; of two different people, in {100 * among:.0f}%."
    )


def compare_methods(faces: Sequence[Choice]) -> list[views.HeatMapView]:
    """Return heat maps of one action unit on one face by several methods."""
    face = choose_face(faces, "Face", "methods-face")
    target = choose_target(face, "methods-target")
    chosen = st.pills(
        "Methods",
        list(METHODS),
        selection_mode="multi",
        default=DEFAULT_METHODS,
        format_func=lambda name: METHODS[name].title,
        wrap=True,
        key="methods",
    )
    return [views.make_view(face.photo, face.number, target, method, METHODS[method].title) for method in chosen]


def compare_two(faces: Sequence[Choice]) -> list[views.HeatMapView]:
    """Return two heat maps, each of any face, action unit and method."""
    shown = []
    for place, (column, name) in enumerate(zip(st.columns(2), ("First map", "Second map"), strict=True)):
        with column:
            st.markdown(f"**{name}**")
            face = choose_face(faces, "Face", f"two-face-{place}", first=min(place, len(faces) - 1))
            target = choose_target(face, f"two-target-{place}", rank=0 if len(faces) > 1 else place)
            method = st.selectbox(
                "Method", list(METHODS), format_func=lambda name: METHODS[name].title, key=f"two-method-{place}"
            )
        title = ", ".join(dict.fromkeys((display_name(target), face.title, METHODS[method].title)))
        shown.append(views.make_view(face.photo, face.number, target, method, title))
    return shown


def difference_of(one: views.HeatMapView, other: views.HeatMapView, settings: views.DisplaySettings) -> Tile:
    """Return the first map minus the second, on the first map's face."""
    change = explain.difference(one.heat_map, other.heat_map)
    picture = explain.overlay_difference(one.photo.readings[one.number].crop, change, min(1.0, settings.opacity + 0.2))
    if not change.any():
        return Tile(picture, "First minus second", "no difference")
    return Tile(picture, "First minus second", f"differ by up to {100 * abs(change).max():.0f}% of full color")


def show_difference_legend() -> None:
    """Show the color scale of a difference and what it means."""
    bar = picture_url(overlays.difference_bar(160, 10))
    st.caption(
        f"![Colors from violet over white to orange]({bar}) violet: the second map is stronger; orange: the first map "
        "is stronger. Shown on the first map's face."
    )


COMPARISONS = {
    ACTION_UNITS: compare_action_units,
    BEFORE_AND_AFTER: compare_before_and_after,
    FACES: compare_faces,
    METHODS_OF_ONE: compare_methods,
    DIFFERENCE: compare_two,
}


def main() -> None:
    """Show the page."""
    st.title("Compare", anchor=False)
    st.markdown(
        "Compare readings and heat maps side by side: action units, before and after, faces, or heat map methods."
    )
    if components.loaded_analyzer() is None:
        return
    try:
        photos = choose_photos()
    except ImageError as error:
        st.error(str(error))
        return
    faces = faces_of(photos)
    if not faces:
        st.warning("No face was found. Choose a photo in which a face looks toward the camera.")
        return
    st.session_state.setdefault("comparison", ACTION_UNITS)
    what = st.segmented_control("What to compare", list(COMPARISONS), required=True, key="comparison") or ACTION_UNITS
    if what == BEFORE_AND_AFTER and all(face.photo is faces[0].photo for face in faces):
        st.info("Choose a second photo of the same person above.", icon=":material/group:")
        return
    with st.spinner("Computing heat maps…"):
        maps = COMPARISONS[what](faces)
    settings = views.choose_settings("compare")
    if not maps:
        st.caption(f"Choose at least one {'method' if what == METHODS_OF_ONE else 'action unit or emotion'}.")
        return
    tiles = views.make_tiles(maps, settings)
    if what == DIFFERENCE:
        tiles.append(difference_of(maps[0], maps[1], settings))
    views.show_grid(tiles)
    views.show_legend(settings)
    views.show_guide_links([view.heat_map.target for view in maps])
    if what == DIFFERENCE:
        show_difference_legend()
    methods = ", ".join(dict.fromkeys(METHODS[view.method].title for view in maps))
    note = f"Methods: {methods}; {views.describe_scale(settings)}."
    title = f"{what}: {' and '.join(photo.name for photo in photos)}"
    views.offer_downloads(title, tiles, maps, note, "compare")


main()
