"""Names of file types that people mistake for photos, recognized by their first bytes."""

_SIGNATURES = (
    (b"%PDF", "a PDF document"),
    (b"<svg", "a drawing (SVG)"),
    (b"<?xml", "a drawing or a document (XML)"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"8bps", "a Photoshop document"),
    (b"pk\x03\x04", "an archive or a document (ZIP)"),
    (b"rar!", "an archive (RAR)"),
    (b"\x1f\x8b", "an archive (gzip)"),
    (b"\x00\x00\x00\x0cjxl ", "a JPEG XL image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\x00\x00\x00\x0cjp  ", "a JPEG 2000 image"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"fujifilmccd-raw", "a camera's raw image"),
)
_BRANDS = (
    ((b"avif", b"avis"), "an AVIF image"),
    (
        (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"),
        "a HEIC image, the format of many phones",
    ),
    ((b"crx ",), "a camera's raw image"),
)


def describe_unsupported(data: bytes) -> str | None:
    """Name the type of a file that cannot be decoded.

    Args:
        data: the file's contents; the first 64 bytes are enough.

    Returns:
        For example "a PDF document"; None if the type is unknown.
    """
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if data[4:8] == b"ftyp":  # the MP4 family: its brand names the contents
        return next((name for brands, name in _BRANDS if data[8:12] in brands), "a video")
    return next((name for signature, name in _SIGNATURES if start.startswith(signature.lower())), None)
