"""Names of file types that people mistake for photos, recognized by their first bytes."""

VIDEO = "a video"
"""Description of all videos."""

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
    *(
        (signature, VIDEO)
        for signature in (
            b"\x1a\x45\xdf\xa3",  # Matroska, WebM
            b"\x00\x00\x01\xba",  # MPEG
            b"0&\xb2u\x8ef\xcf\x11",  # Windows Media
            b"flv\x01",
            b"oggs",
        )
    ),
    (b"fujifilmccd-raw", "a camera's raw image"),
)
_BRANDS = (
    ((b"avif", b"avis"), "an AVIF image"),
    (
        (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"),
        "a HEIC image, the format of many phones",
    ),
    ((b"crx ",), "a camera's raw image"),
)
_QUICKTIME = (b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot")  # first boxes of old files without a brand


def describe_unsupported(data: bytes) -> str | None:
    """Name the type of a file that cannot be decoded as a photo, or as a video.

    Args:
        data: the file's contents; the first 400 bytes are enough.

    Returns:
        For example "a PDF document"; None if the type is unknown.
    """
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if data[4:8] == b"ftyp":  # the MP4 family: its brand names the contents
        return next((name for brands, name in _BRANDS if data[8:12] in brands), VIDEO)
    if data[4:8] in _QUICKTIME or (data[:4] == b"RIFF" and data[8:12] == b"AVI ") or data[0:377:188] == b"GGG":
        return VIDEO  # QuickTime, AVI, an MPEG transport stream
    return next((name for signature, name in _SIGNATURES if start.startswith(signature.lower())), None)


def heif_format(data: bytes) -> str | None:
    """Tell HEIC and AVIF files, by the brands in their first box.

    Args:
        data: the file's contents; the first 400 bytes are enough.

    Returns:
        Pillow's name of the format, "HEIF" or "AVIF"; None for any other file.
    """
    if data[4:8] != b"ftyp":
        return None
    length = min(int.from_bytes(data[:4], "big"), 400)
    brands = [data[8:12], *(data[place : place + 4] for place in range(16, length, 4))]
    avif, heic = _BRANDS[0][0], _BRANDS[1][0]
    if brands[0] not in avif + heic:
        return None
    return "AVIF" if brands[0] in avif or (brands[0] in (b"mif1", b"msf1") and set(brands) & set(avif)) else "HEIF"
