"""The photo with a numbered box around each face."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from emotiscan.faces import Face

SELECTED, OTHERS, EDGE = (255, 205, 70), (255, 255, 255), (20, 30, 32)
"""Colors of the selected face's box, of all other boxes, and of the edge that makes them visible on any photo."""


def marked_photo(
    photo: Image.Image, faces: Sequence[Face], selected: int | None = None, side: int = 1024
) -> Image.Image:
    """Draw a box around each face, with its number from 1.

    Args:
        photo: RGB.
        faces: of the photo; one without a box is skipped.
        selected: index of the face to highlight, if any.
        side: larger photos are scaled down to this longer side, in pixels.
    """
    scale = min(1.0, side / max(photo.size))
    marked = photo.resize([max(1, round(length * scale)) for length in photo.size], Image.Resampling.HAMMING)
    draw = ImageDraw.Draw(marked)
    width = max(2, round(max(marked.size) / 300))
    font = ImageFont.load_default(size=max(14, round(max(marked.size) / 36)))
    # The selected face last, so that its box is on top.
    for number in sorted(range(len(faces)), key=lambda number: number == selected):
        box = faces[number].box
        if box is None:
            continue
        x0, y0, x1, y1 = (coordinate * scale for coordinate in box)
        color = SELECTED if number == selected else OTHERS
        draw.rectangle((x0 - width, y0 - width, x1 + width, y1 + width), outline=EDGE, width=3 * width)
        draw.rectangle((x0, y0, x1, y1), outline=color, width=width)
        label = str(number + 1)
        left, top, right, bottom = draw.textbbox((0, 0), label, font=font)
        pad = 2 * width + 2
        tag = (x0, y0, x0 + right - left + 2 * pad, y0 + bottom - top + 2 * pad)
        draw.rectangle(tag, fill=color)
        draw.text((x0 + pad - left, y0 + pad - top), label, font=font, fill=EDGE)
    return marked
