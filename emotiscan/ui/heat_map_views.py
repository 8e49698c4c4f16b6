"""Heat maps on a page: display settings, grid, legend and downloads."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import streamlit as st
from PIL import Image

from emotiscan import explain, facs
from emotiscan.analysis import Reading
from emotiscan.explain import CELLS, METHODS, HeatMap, Tile, overlays
from emotiscan.export.data_urls import picture_url
from emotiscan.export.text import NOT_VISIBLE, percent
from emotiscan.ui.downloads import Download, show_button
from emotiscan.ui.links import au_link
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.session import Photo, analyzer, heat_maps_of

FACE, PHOTO = "Face", "Photo"
OWN, SHARED = "Per map", "Shared"

MIN_WIDTH = 154
"""Minimum width of a heat map in CSS pixels: two fit side by side on a phone of 360 px."""


@dataclass(frozen=True)
class DisplaySettings:
    """Display settings of a page's heat maps.

    Attributes:
        opacity: opacity of a map's peak, 0 to 1.
        shared: whether all maps share one color scale.
        outlined: whether the action unit's anatomical region is outlined.
        on_photo: whether maps are shown on the whole photo instead of the aligned face.
    """

    opacity: float = 0.6
    shared: bool = False
    outlined: bool = False
    on_photo: bool = False


@dataclass(frozen=True, eq=False)
class HeatMapView:
    """One heat map on a page.

    Attributes:
        photo: the photo.
        number: index of the face among its readings.
        method: key of `explain.METHODS`.
        heat_map: the map.
        title: its title in the grid.
    """

    photo: Photo
    number: int
    method: str
    heat_map: HeatMap
    title: str

    @property
    def name(self) -> str:
        """Name in the downloaded arrays, e.g. ``"0a1b2c_face1_AU12_gradcam"``."""
        return f"{self.photo.key[:6]}_face{self.number + 1}_{self.heat_map.target}_{self.made_by}"

    @property
    def made_by(self) -> str:
        """Key of the method that made the map: that of Grad-CAM where local probabilities are not predicted."""
        return "gradcam" if self.method == CELLS and not self.heat_map.is_probability else self.method

    @property
    def method_title(self) -> str:
        """Name of the method that made the map."""
        return METHODS[self.made_by].title

    @property
    def caption(self) -> str:
        """The method, the target's probability, and how much of the map lies where it should."""
        target = self.heat_map.target
        if self.heat_map.is_empty or target not in facs.ACTION_UNITS:
            return self.short_caption
        region = ", ".join(facs.ACTION_UNITS[target].regions)
        return self.short_caption.removesuffix("in its region") + f"of the map in its region ({region})"

    @property
    def short_caption(self) -> str:
        """The same without the names of the region."""
        reading, target = self.photo.readings[self.number], self.heat_map.target
        text = NOT_VISIBLE if target in reading.not_visible else percent(reading.probabilities[target])
        text = f"{self.method_title} · {text}"
        if self.heat_map.is_empty:
            return f"{text} · no evidence anywhere in the face"
        if target in facs.ACTION_UNITS:
            text += f" · {100 * self.heat_map.energy_in_region():.0f}% in its region"
        return text


def targets_of(reading: Reading) -> list[str]:
    """Return all that can have a heat map: action units by their number, emotions, and the other expressions."""
    return [*facs.in_facs_order(reading.action_units), *dict.fromkeys((*reading.emotions, *reading.expressions))]


def make_view(photo: Photo, number: int, target: str, method: str, title: str) -> HeatMapView:
    """Return a heat map of one face, computed if the photo does not hold it yet."""
    return HeatMapView(photo, number, method, heat_maps_of(photo, number, [target], method)[target], title)


def choose_settings(key: str) -> DisplaySettings:
    """Show the controls of the display settings, folded."""
    with st.popover("Display", icon=":material/tune:"):
        opacity = st.slider("Overlay opacity", 0.0, 1.0, 0.6, 0.05, format="percent", key=f"{key}-opacity")
        scale = st.segmented_control(
            "Color scale",
            [OWN, SHARED],
            default=OWN,
            required=True,
            key=f"{key}-scale",
            help="Per map: the strongest area of each map has full color. Shared: equal colors mean equal evidence.",
        )
        place = st.segmented_control("Show on", [FACE, PHOTO], default=FACE, required=True, key=f"{key}-place")
        outlined = st.toggle(
            "Outline the region",
            key=f"{key}-outline",
            help="Where the action unit should show, by anatomy. A map elsewhere is a reason to doubt the reading.",
        )
    return DisplaySettings(opacity, scale == SHARED, outlined, place == PHOTO)


def make_tiles(maps: Sequence[HeatMapView], settings: DisplaySettings) -> list[Tile]:
    """Render the maps as captioned pictures."""
    peaks = _shared_peaks(maps) if settings.shared else {}
    return [Tile(render(view, settings, peaks.get(_scale_key(view))), view.title, view.caption) for view in maps]


def show_grid(tiles: Sequence[Tile], captions: Sequence[str] = ()) -> None:
    """Show pictures with captions side by side: four to six per row, fewer where they would get too small.

    Args:
        tiles: the pictures; their captions describe them to screen readers.
        captions: shorter ones to show below the first pictures.
    """
    with st.grid(min(max(len(tiles), 4), 6), min_column_width=MIN_WIDTH, gap="small"):
        for tile, caption in zip_longest(tiles, captions[: len(tiles)]):
            with st.container(gap="xxsmall"):
                show_picture(tile.picture, f"Heat map of {tile.title}: {tile.caption}")
                st.markdown(f"**{tile.title}**  \n:small[{caption or tile.caption}]")


def render(view: HeatMapView, settings: DisplaySettings, peak: float | None = None) -> Image.Image:
    """Render one map on the face or on the photo, outlined or not.

    Args:
        view: the map.
        settings: how to display it.
        peak: value in full color; None for the map's own peak.
    """
    photo, au = view.photo, view.heat_map.target
    outlined = settings.outlined and au in facs.ACTION_UNITS
    if settings.on_photo:
        face = photo.faces[view.number]
        picture = explain.overlay_on_photo(photo.picture, face, view.heat_map, settings.opacity, peak)
        return explain.outline_on_photo(picture, face, au) if outlined else picture
    picture = explain.overlay(photo.readings[view.number].crop, view.heat_map, settings.opacity, peak)
    return explain.outline(picture, au) if outlined else picture


def _scale_key(view: HeatMapView) -> tuple[str, bool]:
    """Return the method and whether values are probabilities; maps that agree in both can share a scale."""
    return view.method, view.heat_map.is_probability


def _shared_peaks(maps: Sequence[HeatMapView]) -> dict[tuple[str, bool], float]:
    """Return the value in full color for each `_scale_key`: probability 1, or the strongest value of all its maps."""
    peaks: dict[tuple[str, bool], float] = {}
    for view in maps:
        strongest = 1.0 if view.heat_map.is_probability else view.heat_map.peak
        peaks[_scale_key(view)] = max(strongest, peaks.get(_scale_key(view), 0.0))
    return peaks


def show_guide_links(targets: Sequence[str]) -> None:
    """Show links to the action units in the FACS guide."""
    action_units = [target for target in dict.fromkeys(targets) if target in facs.ACTION_UNITS]
    if action_units:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("In the FACS guide:", width="content")
            for au in action_units:
                au_link(au)


def describe_scale(settings: DisplaySettings) -> str:
    """Describe the color scale."""
    return "one scale for all maps of a method" if settings.shared else "each map on its own scale"


def show_legend(settings: DisplaySettings) -> None:
    """Show the color scale and what it means."""
    strip = picture_url(overlays.color_bar(160, 10))
    st.caption(
        f"![Color scale from dark to bright]({strip}) weak to strong evidence, {describe_scale(settings)}. "
        "A heat map shows where the model saw something, not why it decided as it did."
    )


def describe_methods(maps: Sequence[HeatMapView]) -> str:
    """Name the methods that made the maps, e.g. “Grad-CAM and LayerCAM”."""
    return " and ".join(dict.fromkeys(view.method_title for view in maps))


def offer_downloads(
    title: str, tiles: Sequence[Tile], maps: Sequence[HeatMapView], settings: DisplaySettings, key: str
) -> None:
    """Show download buttons for the picture sheet and the arrays; both are made on demand, and name the methods.

    Args:
        title: heading of the sheet.
        tiles: its pictures.
        maps: whose arrays to offer.
        settings: how the pictures show the maps.
        key: prefix of the buttons' keys.
    """
    card = analyzer().card
    methods = describe_methods(maps)
    small_print = (
        f"Heat maps: {methods}; {describe_scale(settings)}. EmotiScan, checkpoint {card.fingerprint}. A heat map shows "
        "where the model saw evidence of a visible movement; it says nothing about feelings."
    )
    ends = ("no evidence", "strongest")
    slug = "-".join(dict.fromkeys(view.made_by.replace("++", "-plus-plus") for view in maps))
    picture = Download(
        "Download picture (PNG)",
        f"emotiscan-heat-maps-{slug}.png",
        "image/png",
        lambda: explain.png(
            explain.sheet(f"{title} · {methods}", tiles, small_print, overlays.color_bar(260, 14), ends)
        ),
        ":material/image:",
    )
    arrays = Download(
        "Download arrays (NPZ)",
        f"emotiscan-heat-maps-{slug}.npz",
        "application/octet-stream",
        lambda: explain.npz({view.name: view.heat_map for view in maps}),
        ":material/data_array:",
    )
    with st.container(horizontal=True):
        show_button(picture, f"{key}-png")
        show_button(arrays, f"{key}-npz")
