"""What the visitor compares: photos, faces and targets, which the page's URL holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from emotiscan.export.boxes import marked_photo
from emotiscan.export.text import display_name
from emotiscan.images import MAX_BYTES
from emotiscan.ui.compare.questions import CHANGES, FACE, PHOTO, QUESTION, SECOND_FACE, SECOND_PHOTO, photo_id
from emotiscan.ui.heat_map_views import targets_of
from emotiscan.ui.links import AU_PARAMETER, linked_action_units, set_parameters
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.samples import samples
from emotiscan.ui.session import Photo, photo_key, read_photo, recent_photos
from emotiscan.ui.uploader import FILE_TYPES

NO_SECOND = "none"
"""Option of the second photo: there is none."""

GONE = "The photo of this link is not part of this visit, because photos are never stored. Add it again to see it."


@dataclass(frozen=True, eq=False)
class Choice:
    """A face that can be chosen: its photo, its index there, and its title."""

    photo: Photo
    number: int
    title: str


def choose_photos(needs_second: bool) -> list[Photo]:
    """Let the visitor choose one photo or two: from this visit, from the samples, or new ones.

    Args:
        needs_second: whether there can be a second photo.

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
    files = {sample.slug: sample for sample in samples()}
    kept = {photo_id(photo): photo for photo in recent_photos()}
    names = {key: photo.name for key, photo in kept.items() if key not in files}
    names |= {slug: sample.title for slug, sample in files.items()}
    latest = next((key for key in kept if key in names), next(iter(names)))
    if _restore("compare-first", PHOTO, [*names], latest) | _restore(
        "compare-second", SECOND_PHOTO, [*names], NO_SECOND
    ):
        st.info(GONE, icon=":material/no_photography:")
    first = left.selectbox("First photo", [*names], format_func=names.__getitem__, key="compare-first")
    chosen = [first]
    if needs_second:
        others = [NO_SECOND, *(key for key in names if key != first)]
        if st.session_state["compare-second"] not in others:
            st.session_state["compare-second"] = NO_SECOND
        second = middle.selectbox(
            "Second photo",
            others,
            format_func=lambda key: names.get(key, "No second photo"),
            key="compare-second",
        )
        chosen += [second] if second != NO_SECOND else []
    set_parameters({PHOTO: first, SECOND_PHOTO: chosen[1] if len(chosen) > 1 else None})
    photos = []
    for column, key in zip((left, middle), chosen, strict=False):
        photo = kept[key] if key in kept else read_photo(files[key].data, names[key], placeholder)
        with column:
            _show_photo(photo)
        photos.append(photo)
    return photos


def _restore(widget: str, parameter: str, options: Sequence[str], default: str) -> bool:
    """Give a widget without a value the one of the URL, else the default; returns whether the URL's is unknown."""
    if widget in st.session_state and st.session_state[widget] in (*options, NO_SECOND):
        return False
    linked = st.query_params.get(parameter)
    st.session_state[widget] = linked if linked in options else default
    return linked is not None and linked not in options


def _show_photo(photo: Photo) -> None:
    picture = marked_photo(photo.picture, photo.faces)
    found = "one face" if len(photo.readings) == 1 else f"{len(photo.readings)} faces"
    show_picture(picture, f"{photo.name}, with {found}", width=round(150 * picture.width / max(picture.size)))


def _choose_uploads() -> None:
    """Select the photos that were just added; two of them are asked what changed."""
    uploads = st.session_state["compare-upload"][-2:]
    if len(uploads) == 2:
        st.session_state[f"compare-{QUESTION}"] = CHANGES
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


def choose_face(faces: Sequence[Choice], label: str, parameter: str = FACE) -> Choice:
    """Let the visitor choose one of a photo's faces, unless there is only one; the URL holds its number."""
    if len(faces) == 1:
        set_parameters({parameter: None})
        return faces[0]
    linked = st.query_params.get(parameter, "1")
    first = int(linked) - 1 if linked.isdecimal() and 1 <= int(linked) <= len(faces) else 0
    place = st.selectbox(
        label,
        range(len(faces)),
        index=first,
        format_func=lambda place: faces[place].title,
        key=f"compare-{parameter}-{faces[0].photo.key}",
    )
    set_parameters({parameter: str(place + 1) if place else None})
    return faces[place]


def choose_two_faces(faces: Sequence[Choice]) -> tuple[Choice, Choice]:
    """Let the visitor choose a face in each of two photos."""
    first = [face for face in faces if face.photo is faces[0].photo]
    second = [face for face in faces if face.photo is not faces[0].photo]
    left, right = st.columns(2)
    with left:
        before = choose_face(first, "Face in the first photo")
    with right:
        after = choose_face(second, "Face in the second photo", SECOND_FACE)
    return before, after


def choose_target(face: Choice, default: str | None = None) -> str:
    """Let the visitor choose one action unit, emotion or expression; the URL holds it.

    Args:
        face: whose.
        default: the target to begin with, if the URL names none; by default the most probable action unit.
    """
    reading = face.photo.readings[face.number]
    targets = targets_of(reading)
    likeliest = reading.likeliest_action_units or targets  # none is visible in a face that is wholly covered
    candidates = (*linked_action_units(), default, likeliest[0])
    first = next(target for target in candidates if target in targets)
    target = st.selectbox(
        "Action unit or expression", targets, index=targets.index(first), format_func=display_name, key="compare-target"
    )
    set_parameters({AU_PARAMETER: target})
    return target
