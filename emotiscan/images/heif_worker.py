"""The process that decodes one HEIC or AVIF file, started by `heif.py`: the file on standard input, rows out.

The decoders are C libraries that read what strangers upload. Here a crash ends nothing but this process, and memory and
time are limited. The file runs by itself and imports nothing of the package: starting it takes a tenth of a second.

Standard output carries a line of JSON, `{"size": [width, height]}`, once the size is known; then a line with the size
of the scaled image and its EXIF orientation, and the rows of that image, RGB, 8 bits per channel, not yet rotated. A
file that cannot be decoded gives a line with "problem" instead.
"""

import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from PIL import Image, ImageCms

MEMORY = 1024**3
"""Address space of this process in bytes, on Linux. The largest photos need half of it."""

SECONDS = 20
"""Processor time of this process. The largest photos need 2 s."""

THREADS = 2
"""Threads that decode; each needs memory of its own."""

ROWS = 256
"""Rows that are converted and written at a time."""

WHITE = (0.9642, 1.0, 0.8249)
"""White of ICC profiles (D50) as XYZ."""

COLORANTS = {
    1: ((0.43604, 0.22248, 0.01392), (0.38511, 0.71691, 0.09707), (0.14305, 0.06061, 0.71391)),
    9: ((0.67348, 0.27904, -0.00193), (0.16567, 0.67534, 0.02998), (0.12505, 0.04561, 0.79685)),
    12: ((0.51512, 0.24119, -0.00105), (0.29198, 0.69224, 0.04188), (0.15710, 0.06657, 0.78407)),
}
"""XYZ of red, green and blue by the code of their primaries in ITU-T H.273: sRGB, BT.2020, Display P3. Computed from
the chromaticities there, and adapted from D65 to D50 by Bradford's matrix."""

LINEAR, PQ, HLG = 8, 16, 18
"""Codes of transfer characteristics in ITU-T H.273; all others are treated as sRGB's, as browsers do."""

PEAK = 1000 / 203
"""Luminance that is shown as white, relative to diffuse white, in HDR images (203 of 1000 cd/m², ITU-R BT.2408)."""


def limit_resources() -> None:
    """Limit memory, time and files of this process, and let Linux end it before any other if memory runs out."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = [(resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)]
    if sys.platform == "linux":
        limits.append((resource.RLIMIT_AS, MEMORY))
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    for kind, limit in limits:
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def open_heif(data: bytes) -> tuple[tuple[int, int], Callable[[], "Pixels"]]:
    """Open the primary image of a HEIC file.

    Returns:
        Its upright size in pixels, and a function that decodes it. libheif applies the file's own rotation and flip;
        the standard (ISO/IEC 23008-12) has readers ignore the EXIF orientation.
    """
    import pillow_heif

    options = pillow_heif.options
    options.DECODE_THREADS = THREADS
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    file = pillow_heif.open_heif(data)
    image = file[file.primary_index]

    def decode() -> Pixels:
        pixels, mode, stride = image.data, image.mode, image.stride
        if mode.endswith((";16", ";16L")):  # grays of more than 8 bits: keep the high byte of each value
            pixels, mode, stride = pixels[1::2], mode.split(";")[0].replace("I", "L"), stride // 2
        width, height = image.size

        def rows(top: int, bottom: int) -> Image.Image:
            part = bytes(pixels[top * stride : bottom * stride])
            band = Image.frombuffer(mode, (width, bottom - top), part, "raw", mode, stride, 1)
            return band.convert("RGBA") if mode == "RGBa" else band

        info: dict[str, Any] = image.info
        nclx = info.get("nclx_profile") or {}
        codes = nclx.get("color_primaries", 1), nclx.get("transfer_characteristics", 13)
        return Pixels((width, height), rows, to_srgb(info.get("icc_profile"), *codes))

    return image.size, decode


def open_avif(data: bytes) -> tuple[tuple[int, int], Callable[[], "Pixels"]]:
    """Open the primary image of an AVIF file, or the first frame of an animation. Returns the same as `open_heif`."""
    from PIL import AvifImagePlugin

    AvifImagePlugin.DEFAULT_MAX_THREADS = THREADS
    image = Image.open(io.BytesIO(data), formats=("AVIF",))

    def decode() -> Pixels:
        image.load()
        place = data.find(b"colrnclx")  # the box that names the colors; Pillow does not tell them
        codes = [int.from_bytes(data[place + n : place + n + 2], "big") for n in (8, 10)] if place > 0 else [1, 13]

        def rows(top: int, bottom: int) -> Image.Image:
            return image.crop((0, top, image.width, bottom))

        # Pillow states the file's own rotation and flip in the place of the EXIF orientation.
        orientation = image.getexif().get(0x0112, 1)
        return Pixels(image.size, rows, to_srgb(image.info.get("icc_profile"), *codes), orientation)

    return image.size, decode


class Pixels:
    """A decoded image: its rows as Pillow images, its color transform to sRGB, and its EXIF orientation."""

    def __init__(
        self,
        size: tuple[int, int],
        rows: Callable[[int, int], Image.Image],
        transform: ImageCms.ImageCmsTransform | None,
        orientation: int = 1,
    ) -> None:
        self.size, self.rows, self.transform, self.orientation = size, rows, transform, orientation

    def scaled(self, size: tuple[int, int]) -> Iterator[bytes]:
        """Yield the rows of the image scaled down to a size, RGB: some at a time, to need no second whole image."""
        width, height = self.size
        for top in range(0, size[1], ROWS):
            bottom = min(size[1], top + ROWS)
            start, stop = top * height / size[1], bottom * height / size[1]
            first = int(start)
            band = opaque(self.rows(first, min(height, -int(-stop // 1))))
            if size != self.size:
                box = (0, start - first, width, min(stop - first, band.height))
                band = band.resize((size[0], bottom - top), Image.Resampling.BOX, box)
            if self.transform:
                ImageCms.applyTransform(band, self.transform, inPlace=True)
            yield band.tobytes()


def opaque(image: Image.Image) -> Image.Image:
    """Convert to RGB, with transparent pixels on white."""
    if not image.mode.endswith("A"):
        return image.convert("RGB")
    white = Image.new("RGB", image.size, "white")
    white.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return white


def to_srgb(profile: bytes | None, primaries: int, transfer: int) -> ImageCms.ImageCmsTransform | None:
    """Make a color transform to sRGB.

    Args:
        profile: ICC profile of the image, if it has one. A damaged one is ignored.
        primaries: ITU-T H.273's code of the colors, used without a profile.
        transfer: ITU-T H.273's code of the transfer characteristics, used without a profile.

    Returns:
        The transform, or None if the colors are sRGB's already or unknown.
    """
    try:
        if not profile:
            if primaries not in COLORANTS or (primaries == 1 and transfer not in (LINEAR, PQ, HLG)):
                return None
            profile = icc_profile(COLORANTS[primaries], transfer)
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def icc_profile(colorants: tuple[tuple[float, ...], ...], transfer: int) -> bytes:
    """Make an ICC profile of three colorants and one curve (ICC.1:2022, matrix and tone curves)."""
    values = [round(65535 * to_linear(n / 1023, transfer)) for n in range(1024)]
    curve = b"curv\0\0\0\0" + (1024).to_bytes(4, "big") + b"".join(value.to_bytes(2, "big") for value in values)
    tags = {b"wtpt": _xyz(WHITE)} | dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, colorants), strict=True))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body = len(tags).to_bytes(4, "big"), b""
    for name, content in tags.items():
        place = 132 + 12 * len(tags) + len(body)
        table += name + place.to_bytes(4, "big") + len(content).to_bytes(4, "big")
        body += content
    head = b"\0\0\0\0" + b"\x02\x40\0\0" + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28) + _xyz(WHITE)[8:]
    profile = head.ljust(124, b"\0") + table + body
    return (len(profile) + 4).to_bytes(4, "big") + profile


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(round(65536 * value).to_bytes(4, "big", signed=True) for value in values)


def to_linear(signal: float, transfer: int) -> float:
    """Return the linear value, 0 to 1, of a signal from 0 to 1; HDR is brought down to the range of a normal screen."""
    if transfer == LINEAR:
        return signal
    if transfer == PQ:  # SMPTE ST 2084
        power = signal ** (1 / 78.84375)
        nits = 10_000 * (max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
    elif transfer == HLG:  # ITU-R BT.2100, on a screen of 1000 cd/m²
        scene = (
            signal**2 / 3 if signal <= 0.5 else (2.718281828 ** ((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
        )
        nits = 1000 * scene**1.2
    else:
        return signal / 12.92 if signal <= 0.04045 else ((signal + 0.055) / 1.055) ** 2.4
    light = min(nits / 203, PEAK)
    return light * (1 + light / PEAK**2) / (1 + light)  # Reinhard et al. (2002), equation 4


def describe(error: BaseException) -> str:
    """Return one word on why a file cannot be decoded, which `heif.py` turns into a sentence."""
    if isinstance(error, ImportError):
        return "library"
    if isinstance(error, MemoryError) or "emory allocation" in str(error) or "ecurity limit" in str(error):
        return "memory"
    if "nsupported" in str(error):
        return "unsupported"
    return "damaged"


def main() -> None:
    """Decode standard input. The arguments are the format, HEIF or AVIF, and the longer side to scale down to, or 0."""
    format, max_side = sys.argv[1], int(sys.argv[2])
    out = sys.stdout.buffer

    def tell(**facts: Any) -> None:
        out.write(json.dumps(facts).encode() + b"\n")
        out.flush()

    data = sys.stdin.buffer.read()
    try:
        limit_resources()
        size, decode = (open_avif if format == "AVIF" else open_heif)(data)
        tell(size=size)
        pixels = decode()
        scale = min(1.0, max_side / max(pixels.size)) if max_side else 1.0
        width, height = (max(1, round(scale * side)) for side in pixels.size)
        tell(pixels=[width, height], orientation=pixels.orientation)
        for rows in pixels.scaled((width, height)):
            out.write(rows)
        out.flush()
    except BrokenPipeError:  # nobody waits for the answer
        sys.exit(1)
    except Exception as error:
        tell(problem=describe(error))


if __name__ == "__main__":
    main()
