"""Heat maps as files: one image with captions and a legend, or the numbers."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emotiscan.explain.heat_map import HeatMap

INK, FAINT, PAPER = (29, 42, 46), (95, 108, 112), (255, 255, 255)
TILE, GAP, MARGIN = 240, 20, 32
TITLE_SIZE, TEXT_SIZE = 26, 15


@dataclass(frozen=True, eq=False)
class Tile:
    """One image of a sheet, with the text below it.

    Attributes:
        picture: of any size; it is scaled to fit a square.
        title: a few words.
        caption: more text, in a fainter color. Both are wrapped to the width of the square.
    """

    picture: Image.Image
    title: str
    caption: str = ""


def sheet(
    title: str, tiles: Sequence[Tile], note: str, bar: Image.Image, ends: tuple[str, str], columns: int = 4
) -> Image.Image:
    """Arrange images in rows below a title, with a color legend and a note at the bottom.

    Args:
        title: heading of the sheet.
        tiles: at least one.
        note: small print, e.g. the method and the checkpoint's fingerprint.
        bar: the legend's strip of colors.
        ends: labels of the strip's left and right end.
        columns: images per row at most.

    Raises:
        ValueError: there are no tiles.
    """
    if not tiles:
        raise ValueError("a sheet needs at least one image")
    heading_font, text_font = (ImageFont.load_default(size=size) for size in (TITLE_SIZE, TEXT_SIZE))
    columns = min(columns, len(tiles))
    width = max(2 * MARGIN + columns * TILE + (columns - 1) * GAP, 2 * MARGIN + 2 * TILE + GAP)
    titles = [_wrapped(tile.title, text_font, TILE) for tile in tiles]
    captions = [_wrapped(tile.caption, text_font, TILE) for tile in tiles]
    line, heading_line = round(1.35 * TEXT_SIZE), round(1.3 * TITLE_SIZE)
    rows = [range(start, min(start + columns, len(tiles))) for start in range(0, len(tiles), columns)]
    heights = [TILE + 8 + line * max(len(titles[i] + captions[i]) for i in row) + GAP for row in rows]
    heading = _wrapped(title, heading_font, width - 2 * MARGIN)
    small_print = _wrapped(note, text_font, width - 2 * MARGIN)
    head = MARGIN + heading_line * len(heading) + GAP
    foot = bar.height + line + GAP + line * len(small_print) + MARGIN
    page = Image.new("RGB", (width, head + sum(heights) + foot), PAPER)
    draw = ImageDraw.Draw(page)
    for number, text in enumerate(heading):
        draw.text((MARGIN, MARGIN + number * heading_line), text, font=heading_font, fill=INK)
    y = head
    for row, height in zip(rows, heights, strict=True):
        for column, index in enumerate(row):
            x = MARGIN + column * (TILE + GAP)
            page.paste(_square(tiles[index].picture), (x, y))
            for number, text in enumerate(titles[index] + captions[index]):
                color = INK if number < len(titles[index]) else FAINT
                draw.text((x, y + TILE + 8 + number * line), text, font=text_font, fill=color)
        y += height
    page.paste(bar, (MARGIN, y))
    draw.text((MARGIN, y + bar.height + 4), ends[0], font=text_font, fill=INK)
    draw.text((MARGIN + bar.width, y + bar.height + 4), ends[1], font=text_font, fill=INK, anchor="ra")
    for number, text in enumerate(small_print):
        draw.text((MARGIN, y + bar.height + line + GAP + number * line), text, font=text_font, fill=FAINT)
    return page


def png(picture: Image.Image) -> bytes:
    """Encode an image as a PNG file."""
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def npz(maps: Mapping[str, HeatMap]) -> bytes:
    """Encode maps as an NPZ file: the array of each name is `HeatMap.cells`, (h, w)."""
    data = io.BytesIO()
    arrays: dict[str, Any] = {name: heat_map.cells for name, heat_map in maps.items()}  # numpy's stub wants Any
    np.savez_compressed(data, **arrays)
    return data.getvalue()


def _square(picture: Image.Image) -> Image.Image:
    square = Image.new("RGB", (TILE, TILE), PAPER)
    scale = TILE / max(picture.size)
    fitted = picture.convert("RGB").resize(
        [max(1, round(side * scale)) for side in picture.size], Image.Resampling.LANCZOS
    )
    square.paste(fitted, ((TILE - fitted.width) // 2, (TILE - fitted.height) // 2))
    return square


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
