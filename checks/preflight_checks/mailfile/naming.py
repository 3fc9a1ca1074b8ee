"""What a file's name hides, and whether the name and the Content-Type agree with the content."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from preflight_checks.mailfile.extensions import extension
from preflight_checks.mailfile.filetypes import TEXT, FileType

_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_GAP = 8  # spaces in a row, which push the real extension out of sight

_OLE = ("ole", "rtf", "zip", "text")  # old Office names are given to RTF, to HTML and to newer documents as well
_FAMILIES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "docm", "xlsm", "pptm"), ("zip", "ole")),
    **dict.fromkeys(("doc", "xls", "ppt"), _OLE),
    **dict.fromkeys(("jpg", "jpeg", "jpe"), ("jpeg",)),
    **dict.fromkeys(("gz", "gzip", "tgz"), ("gzip",)),
    **{name: (name,) for name in ("pdf", "png", "gif", "zip", "7z", "rar", "tar", "xz", "rtf")},
}
_DECLARED: dict[str, tuple[str, ...]] = {
    "application/pdf": ("pdf",),
    "application/zip": ("zip",),
    "application/x-zip-compressed": ("zip",),
    "application/gzip": ("gzip",),
    "application/x-gzip": ("gzip",),
    "application/x-7z-compressed": ("7z",),
    "application/vnd.rar": ("rar",),
    "application/msword": _OLE,
    "application/vnd.ms-excel": _OLE,
    "application/vnd.ms-powerpoint": _OLE,
    "image/png": ("png",),
    "image/jpeg": ("jpeg",),
    "image/jpg": ("jpeg",),
    "image/gif": ("gif",),
}


class Disguise(StrEnum):
    """How a file name hides what the file is."""

    DIRECTION = "direction"
    """It turns the direction of writing, so that `fdp.exe` shows as `exe.pdf`."""
    INVISIBLE = "invisible"
    """It has characters that show nothing."""
    TRAILING = "trailing"
    """It ends in dots or spaces, which Windows drops."""
    GAP = "gap"
    """It has so many spaces in a row that its end is out of sight."""
    CONTROL = "control"
    """It has control characters."""


def disguises(name: str) -> list[Disguise]:
    """The ways in which a decoded file name hides what it is."""
    found: list[Disguise] = []
    if any(character in _TURNING for character in name):
        found.append(Disguise.DIRECTION)
    if any(unicodedata.category(character) == "Cf" and character not in _TURNING for character in name):
        found.append(Disguise.INVISIBLE)
    if re.search(r"[^. ][. ]+$", name):
        found.append(Disguise.TRAILING)
    if re.search(rf"\s{{{_GAP}}}\S", name):
        found.append(Disguise.GAP)
    if any(unicodedata.category(character) == "Cc" for character in name):
        found.append(Disguise.CONTROL)
    return found


def claims_otherwise(file_type: FileType, names: Iterable[str], declared: str) -> str:
    """What the name (`.pdf`) or the Content-Type claims where the content is something else; empty where they agree.

    Only types that are known by their content for certain are compared. Types that may hold anything, such as
    application/octet-stream, claim nothing.
    """
    is_a = file_type.family or ("text" if file_type == TEXT else "")
    if not is_a:
        return ""
    for name in names:
        text = extension(name)
        if text in _FAMILIES and is_a not in _FAMILIES[text]:
            return f".{text}"
    if declared in _DECLARED and is_a not in _DECLARED[declared]:
        return declared
    if declared.startswith("application/vnd.openxmlformats-officedocument.") and is_a not in {"zip", "ole"}:
        return declared
    return ""


def two_extensions(name: str) -> str:
    """The harmless extension that stands before the last one, as in `invoice.pdf.exe`; empty without one."""
    found = re.search(r"\.([A-Za-z]{1,5})[\s_]*\.[^.]{1,20}$", name.rstrip(". "))
    return found[1].lower() if found and found[1].lower() in {*_FAMILIES, "txt", "csv", "mp3", "mp4", "htm"} else ""
