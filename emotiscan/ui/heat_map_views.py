"""Heat maps on a page: how they are to look, their grid and legend, and what can be taken along."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from PIL import Image

from emotiscan import explain, facs
from emotiscan.explain import METHODS, HeatMap, Tile
from emotiscan.explain import overlays as pictures
from emotiscan.ui import wording
from emotiscan.ui.data_urls import picture_url
from emotiscan.ui.links import au_link
from emotiscan.ui.session import Photo, analyzer, heat_maps_of

FACE, PHOTO = "the face", "the photo"
OWN, SHARED = "each its own", "one for all"

TWO_ON_A_PHONE = 154
"""Least width of a picture, in CSS pixels, at which a phone of 360 px still shows two side by side."""


@dataclass(frozen=True)
class Look:
    """How a page's heat maps look.

    Attributes:
        opacity: of a map's peak, 0 to 1.
        shared: whether all maps share one scale.
        outlined: whether the action unit's anatomical region is outlined.
        on_photo: whether maps lie on the whole photo, else on the aligned face.
    """

    opacity: float = 0.6
    shared: bool = False
    outlined: bool = False
    on_photo: bool = False


@dataclass(frozen=True, eq=False)
class Shown:
    """One heat map on a page.

    Attributes:
        photo, number: whose face it is.
        method: key of `explain.METHODS`.
        heat_map: the map.
        title: what it is called where several are side by side.
    """

    photo: Photo
    number: int
    method: str
    heat_map: HeatMap
    title: str

    @property
    def name(self) -> str:
        """For the arrays that can be taken along, e.g. ``"face1_AU12_gradcam"``."""
        return f"{self.photo.key[:6]}_face{self.number + 1}_{self.heat_map.target}_{self.method}"

    @property
    def words(self) -> str:
        """The target's probability, and what the map says."""
        reading, target = self.photo.readings[self.number], self.heat_map.target
        words = wording.percent((reading.action_units | reading.emotions)[target])
        if self.heat_map.is_empty:
            return f"{words} · no place of the face speaks for it"
        if target in facs.ACTION_UNITS:
            words += f" · {self.heat_map.energy_in_region():.0%} of the map in {_listed(facs.ACTION_UNITS[target].regions)}"
        return words


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def show(photo: Photo, number: int, target: str, method: str, title: str) -> Shown:
    """A heat map of one face, found now or before."""
    return Shown(photo, number, method, heat_maps_of(photo, number, [target], method)[target], title)


def choose_look(key: str) -> Look:
    """Controls of the look, in one line."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        opacity = st.slider(
            "Strength of the overlay", 0.0, 1.0, 0.6, 0.05, format="percent", key=f"{key}-opacity", width=200
        )
        scale = st.segmented_control(
            "Color scale",
            [OWN, SHARED],
            default=OWN,
            required=True,
            key=f"{key}-scale",
            help="Each map's strongest place in full color, or the same color for the same evidence in all maps.",
        )
        place = st.segmented_control("Drawn on", [FACE, PHOTO], default=FACE, required=True, key=f"{key}-place")
        outlined = st.toggle(
            "Outline the muscle's place",
            key=f"{key}-outline",
            help="Where the action unit should show, by anatomy. A map elsewhere is a reason to doubt the reading.",
        )
    return Look(opacity, scale == SHARED, outlined, place == PHOTO)


def choose_method(key: str) -> str:
    """A choice of the method; returns its key in `METHODS`."""
    method = st.selectbox(
        "Method", list(METHODS), format_func=lambda name: METHODS[name].title, key=f"{key}-method", width=220
    )
    st.caption(METHODS[method].description)
    return method


def tiles_of(maps: Sequence[Shown], look: Look) -> list[Tile]:
    """The maps as pictures with their words."""
    tops = _tops(maps) if look.shared else {}
    return [Tile(drawn(shown, look, tops.get(_unit(shown))), shown.title, shown.words) for shown in maps]


def show_grid(tiles: Sequence[Tile]) -> None:
    """Pictures side by side, each with its words: four to six a row, fewer where they would get too small."""
    with st.grid(min(max(len(tiles), 4), 6), min_column_width=TWO_ON_A_PHONE):
        for tile in tiles:
            with st.container():
                st.image(tile.picture, width="stretch", alt=f"Heat map of {tile.title}: {tile.caption}")
                st.markdown(f"**{tile.title}**  \n:small[{tile.caption}]")


def drawn(shown: Shown, look: Look, top: float | None = None) -> Image.Image:
    """The picture of one map: on the face or on the photo, outlined or not."""
    photo, au = shown.photo, shown.heat_map.target
    outlined = look.outlined and au in facs.ACTION_UNITS
    if look.on_photo:
        face = photo.faces[shown.number]
        picture = explain.overlay_on_photo(photo.picture, face, shown.heat_map, look.opacity, top)
        return explain.outline_on_photo(picture, face, au) if outlined else picture
    picture = explain.overlay(photo.readings[shown.number].crop, shown.heat_map, look.opacity, top)
    return explain.outline(picture, au) if outlined else picture


def _unit(shown: Shown) -> tuple[str, bool]:
    """Maps with the same unit can share a scale."""
    return shown.method, shown.heat_map.is_probability


def _tops(maps: Sequence[Shown]) -> dict[tuple[str, bool], float]:
    """Of each unit the evidence in full color: certainty, or the strongest place of all."""
    tops: dict[tuple[str, bool], float] = {}
    for shown in maps:
        strongest = 1.0 if shown.heat_map.is_probability else shown.heat_map.peak
        tops[_unit(shown)] = max(strongest, tops.get(_unit(shown), 0.0))
    return tops


def show_meanings(targets: Sequence[str]) -> None:
    """Links to what the action units mean."""
    action_units = [target for target in dict.fromkeys(targets) if target in facs.ACTION_UNITS]
    if action_units:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("What they mean:", width="content")
            for au in action_units:
                au_link(au)


def scale_in_words(look: Look) -> str:
    """What the colors' scale is."""
    return "one scale for all maps of a method" if look.shared else "each map on its own scale"


def show_legend(look: Look) -> None:
    """The strip of colors and what it means."""
    strip = picture_url(pictures.color_bar(160, 10))
    st.caption(
        f"![Color scale from dark to bright]({strip}) weak to strong evidence, {scale_in_words(look)}. "
        "Warm places speak for the action unit; the map does not say why the network decided so."
    )


def offer_downloads(title: str, tiles: Sequence[Tile], maps: Sequence[Shown], note: str, key: str) -> None:
    """Buttons for the picture sheet and the arrays; both are made when they are asked for."""
    card = analyzer().card
    small_print = (
        f"{note} Read by EmotiScan, checkpoint {card.fingerprint}. A map shows where the network sees evidence for a "
        "visible movement; it says nothing about feelings."
    )
    ends = ("no evidence", "strongest")
    with st.container(horizontal=True):
        st.download_button(
            "Picture with all maps (PNG)",
            lambda: explain.png(explain.sheet(title, tiles, small_print, pictures.color_bar(260, 14), ends)),
            "emotiscan-heat-maps.png",
            "image/png",
            icon=":material/image:",
            on_click="ignore",
            key=f"{key}-png",
        )
        st.download_button(
            "Maps as arrays (NPZ)",
            lambda: explain.npz({shown.name: shown.heat_map for shown in maps}),
            "emotiscan-heat-maps.npz",
            "application/octet-stream",
            icon=":material/data_array:",
            on_click="ignore",
            key=f"{key}-npz",
        )
