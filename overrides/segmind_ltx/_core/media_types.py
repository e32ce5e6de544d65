"""Tell images and other files apart from videos by their first bytes, without the system's table of media types."""

from __future__ import annotations

from typing import Final

IMAGE_SUFFIXES: Final = {
    ".apng": "image/apng",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".jfif": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}
_IMAGE_BEGINNINGS: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
}
_IMAGE_BRANDS: Final = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
}
"""The brands of ISO media files that hold images; videos are files of the same format with other brands."""
_OTHER_BEGINNINGS: Final = {b"%PDF-": "a PDF", b"PK\x03\x04": "a ZIP archive", b"\x1f\x8b": "gzip data"}


def image_type(head: bytes) -> str | None:
    """Return the media type of an image from its first bytes; None if they are not those of a known format."""
    for beginning, media_type in _IMAGE_BEGINNINGS.items():
        if head.startswith(beginning):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    return _IMAGE_BRANDS.get(head[8:12]) if head[4:8] == b"ftyp" else None


def looks_like_text(body: bytes) -> bool:
    """Whether a body begins like JSON, HTML or XML, which no video does."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"[", b"<"}


def not_a_video(head: bytes, media_type: str) -> str | None:
    """Return what a file is if it is certainly not a video, by its first bytes or its media type; else None."""
    if looks_like_text(head):
        return "text"
    others = (name for start, name in _OTHER_BEGINNINGS.items() if head.startswith(start))
    found = image_type(head) or next(others, None)
    if found is None and (media_type.startswith(("text/", "image/")) or media_type == "application/json"):
        return media_type
    return found
