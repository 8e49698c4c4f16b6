"""Make the printable poster of all action units: `python -m scripts.au_poster`.

One A4 page with each action unit of the FACS guide at a marked (C) and at its maximum intensity (E), from the strips
that `scripts.render_action_units` renders. Needs the packages of requirements-dev.txt and Debian's chromium, which lays
the page out and writes the PDF. Its text is set in DejaVu Sans, which comes with Matplotlib and may be embedded freely.
"""

import argparse
import base64
from html import escape
from pathlib import Path

from matplotlib import get_data_path
from PIL import Image
from playwright.sync_api import sync_playwright

from emotiscan import facs
from emotiscan.export.data_urls import picture_url
from emotiscan.ui.samples import POSTER, au_pictures
from tests.support.running_app import CHROMIUM_FLAGS, chromium_path

LETTERS = ("C", "E")
"""Intensities that are shown."""

PICTURE_SIDE = 208
"""Side of a picture in pixels: 230 to the inch at its size on paper."""

PART_COLORS = {"brows": "#0B5E67", "eyes": "#4F6EB0", "nose and cheeks": "#8A5A2B", "mouth and jaw": "#A8433C"}

STYLE = """
@page { size: A4 portrait; margin: 0; }
* { box-sizing: border-box; margin: 0; }
body { width: 210mm; height: 296mm; padding: 9mm 10mm 6mm; font: 6.1pt/1.3 Poster, sans-serif; color: #1d2a2e;
  display: flex; flex-direction: column; }
header { display: flex; align-items: baseline; gap: 4mm; margin-bottom: 3mm; }
h1 { font-size: 17pt; line-height: 1; white-space: nowrap; }
main { flex: 1; display: grid; grid-template-columns: repeat(4, 1fr); grid-auto-rows: 1fr; gap: 2.4mm 3.2mm; }
article { border-top: 0.7mm solid var(--part); padding-top: 1mm; overflow: hidden; }
figure { position: relative; display: inline-block; width: calc(50% - 0.4mm); }
figure + figure { margin-left: 0.8mm; }
img { display: block; width: 100%; border-radius: 1mm; }
figcaption { position: absolute; right: 0.8mm; bottom: 0.6mm; padding: 0 0.9mm; border-radius: 0.6mm;
  background: rgb(255 255 255 / 85%); font-weight: 700; }
h2 { margin: 0.8mm 0 0.3mm; font-size: 7.4pt; line-height: 1.15; }
h2 b { color: var(--part); }
.key { --part: #9aa6a8; font-size: 6.6pt; }
.key li { list-style: none; } .key i { display: inline-block; width: 2.2mm; height: 2.2mm; background: var(--part); }
.key ul { padding: 0; margin: 1mm 0; }
footer { margin-top: 2.4mm; color: #56666b; }
"""


def picture_at(au: str, letter: str) -> Image.Image:
    """Return the picture of an action unit at an intensity, for print."""
    pictures = au_pictures(au)
    letters = [
        facs.intensity_letter(facs.MAX_INTENSITY * place / (len(pictures) - 1)) for place in range(len(pictures))
    ]
    return pictures[letters.index(letter)].resize((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.LANCZOS)


def figure(picture: Image.Image, alt: str, caption: str) -> str:
    """Return a picture with its caption as HTML."""
    source = picture_url(picture, "JPEG", quality=84)
    return f'<figure><img src="{source}" alt="{escape(alt)}"><figcaption>{escape(caption)}</figcaption></figure>'


def cell(au: str) -> str:
    """Return one action unit as HTML."""
    unit = facs.ACTION_UNITS[au]
    pictures = "".join(figure(picture_at(au, letter), f"{au} at intensity {letter}", letter) for letter in LETTERS)
    return (
        f'<article style="--part: {PART_COLORS[unit.part]}">{pictures}<h2><b>{au}</b> {escape(unit.name)}</h2>'
        f"<p>{escape(unit.appearance)}</p></article>"
    )


def key() -> str:
    """Return the legend and the face at rest as HTML."""
    parts = "".join(f'<li style="--part: {color}"><i></i> {escape(part)}</li>' for part, color in PART_COLORS.items())
    rest = au_pictures(facs.AU_NAMES[0])[0].resize((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.LANCZOS)
    return (
        f'<article class="key">{figure(rest, "The face at rest", "at rest")}<ul>{parts}</ul></article>'
        '<article class="key"><h2>Intensity</h2><p>FACS scores how strong a movement is, from A to E: A trace, B '
        "slight, C marked, D severe, E maximum. Shown are C and E.</p><h2>Sides</h2><p>These are scored on each side "
        f"of the face on their own: {', '.join(facs.in_facs_order(facs.SIDED_AUS))}.</p></article>"
    )


def poster() -> str:
    """Return the whole poster as HTML that needs no other file."""
    order = [
        au for part in facs.PARTS for au in facs.in_facs_order(facs.AU_NAMES) if facs.ACTION_UNITS[au].part == part
    ]
    fonts = "".join(
        f"@font-face {{ font-family: Poster; font-weight: {weight}; src: url(data:font/ttf;base64,{_font(name)}); }}"
        for name, weight in (("DejaVuSans.ttf", 400), ("DejaVuSans-Bold.ttf", 700))
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Facial action units</title>'
        f"<style>{fonts}{STYLE}</style><header><h1>Facial action units</h1><p>What the muscles of a face do, by the "
        "Facial Action Coding System (FACS). It describes visible movements and leaves open what they mean.</p>"
        "</header>"
        f"<main>{''.join(map(cell, order))}{key()}</main>"
        "<footer>Names after Ekman, Friesen and Hager, Facial Action Coding System (2002). The face is synthetic, "
        "rendered by EmotiScan with ICT-FaceKit. No certified FACS coder has checked these pictures.</footer></html>"
    )


def _font(name: str) -> str:
    return base64.b64encode((Path(get_data_path()) / "fonts" / "ttf" / name).read_bytes()).decode()


def main() -> None:
    """Write the poster."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=POSTER, help=f"file to write (default: {POSTER.name})")
    parser.add_argument("--chromium", default=chromium_path(), help="browser to use (default: the installed one)")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.set_content(poster())
        page.evaluate("document.fonts.ready")
        page.pdf(path=options.out, prefer_css_page_size=True, print_background=True, tagged=True)
        browser.close()
    print(options.out)


if __name__ == "__main__":
    main()
