"""Heat maps to take along: one picture with captions and a legend, and the numbers."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emotiscan.explain.heat_map import HeatMap

INK, FAINT, PAPER = (29, 42, 46), (95, 108, 112), (255, 255, 255)
TILE, GAP, MARGIN = 240, 20, 32
TITLE_SIZE, TEXT_SIZE = 26, 15


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a sheet, with what stands below it.

    Attributes:
        picture: of any size; it is fitted into a square.
        title: a few words.
        words: what is to be said of it; wrapped to the picture's width.
    """

    picture: Image.Image
    title: str
    words: str = ""


def sheet(
    title: str, tiles: Sequence[Tile], note: str, bar: Image.Image, ends: tuple[str, str], columns: int = 4
) -> Image.Image:
    """Tiles in rows below a title, then the color legend and a note.

    Args:
        tiles: at least one.
        note: small print, e.g. how the maps were made and which checkpoint read the face.
        bar: the legend's strip of colors.
        ends: what its left and its right end mean.
    """
    if not tiles:
        raise ValueError("a sheet needs at least one picture")
    heading, text = (ImageFont.load_default(size=size) for size in (TITLE_SIZE, TEXT_SIZE))
    columns = min(columns, len(tiles))
    width = max(2 * MARGIN + columns * TILE + (columns - 1) * GAP, 2 * MARGIN + 2 * TILE + GAP)
    captions = [[*_wrapped(tile.title, text, TILE), *_wrapped(tile.words, text, TILE)] for tile in tiles]
    line = round(1.35 * TEXT_SIZE)
    rows = [range(start, min(start + columns, len(tiles))) for start in range(0, len(tiles), columns)]
    heights = [TILE + 8 + line * max(len(captions[place]) for place in row) + GAP for row in rows]
    small_print = _wrapped(note, text, width - 2 * MARGIN)
    titles = _wrapped(title, heading, width - 2 * MARGIN)
    head = MARGIN + round(1.3 * TITLE_SIZE) * len(titles) + GAP
    foot = bar.height + line + GAP + line * len(small_print) + MARGIN
    page = Image.new("RGB", (width, head + sum(heights) + foot), PAPER)
    draw = ImageDraw.Draw(page)
    for place, words in enumerate(titles):
        draw.text((MARGIN, MARGIN + place * round(1.3 * TITLE_SIZE)), words, font=heading, fill=INK)
    y = head
    for row, height in zip(rows, heights, strict=True):
        for column, place in enumerate(row):
            x = MARGIN + column * (TILE + GAP)
            page.paste(_square(tiles[place].picture), (x, y))
            named = len(_wrapped(tiles[place].title, text, TILE))
            for number, words in enumerate(captions[place]):
                draw.text((x, y + TILE + 8 + number * line), words, font=text, fill=INK if number < named else FAINT)
        y += height
    page.paste(bar, (MARGIN, y))
    draw.text((MARGIN, y + bar.height + 4), ends[0], font=text, fill=INK)
    draw.text((MARGIN + bar.width, y + bar.height + 4), ends[1], font=text, fill=INK, anchor="ra")
    for number, words in enumerate(small_print):
        draw.text((MARGIN, y + bar.height + line + GAP + number * line), words, font=text, fill=FAINT)
    return page


def png(picture: Image.Image) -> bytes:
    """A picture as a PNG file."""
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def npz(maps: Mapping[str, HeatMap]) -> bytes:
    """Maps as an NPZ file: of each name its cells (h, w), as the method found them."""
    data = io.BytesIO()
    np.savez_compressed(data, **{name: heat_map.cells for name, heat_map in maps.items()})
    return data.getvalue()


def _square(picture: Image.Image) -> Image.Image:
    square = Image.new("RGB", (TILE, TILE), PAPER)
    scale = TILE / max(picture.size)
    fitted = picture.convert("RGB").resize(
        [max(1, round(side * scale)) for side in picture.size], Image.Resampling.LANCZOS
    )
    square.paste(fitted, ((TILE - fitted.width) // 2, (TILE - fitted.height) // 2))
    return square


def _wrapped(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
