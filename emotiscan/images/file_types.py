"""Names for files that people take for photos, told by their first bytes."""

HEIC = "a HEIC picture, as many phones store them"

_STARTS = (
    (b"%PDF", "a PDF document"),
    (b"<svg", "a drawing (SVG)"),
    (b"<?xml", "a drawing or a document (XML)"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"8bps", "a Photoshop document"),
    (b"pk\x03\x04", "an archive or a document (ZIP)"),
    (b"rar!", "an archive (RAR)"),
    (b"\x1f\x8b", "an archive (gzip)"),
    (b"\x00\x00\x00\x0cjxl ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cjp  ", "a JPEG 2000 picture"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"fujifilmccd-raw", "a camera's raw picture"),
)
_BRANDS = (
    ((b"avif", b"avis"), "an AVIF picture"),
    (
        (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"),
        HEIC,
    ),
    ((b"crx ",), "a camera's raw picture"),
)


def describe_unsupported(data: bytes) -> str | None:
    """What a file is that is none of the pictures that are read, e.g. “a PDF document”; None where nobody can say."""
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if data[4:8] == b"ftyp":  # the family of MP4: its brand says what is inside
        return next((name for brands, name in _BRANDS if data[8:12] in brands), "a video")
    return next((name for sign, name in _STARTS if start.startswith(sign.lower())), None)
