"""What a file's octets say that it is, whatever its name says.

The signatures are those of each format's own specification. Text that happens to begin like a program is told from one
by what must follow.
"""

import re
import struct
from dataclasses import dataclass
from enum import StrEnum

from preflight_checks.mailfile.onenote import SIGNATURE as ONENOTE_SIGNATURE
from preflight_checks.mailfile.tnef import SIGNATURE as TNEF_SIGNATURE

HEAD = 0x9006  # octets: as far as the marks of an ISO 9660 image reach (ECMA-119 6.2: sector 16, 17, 18)


class Role(StrEnum):
    """What a type means for whoever opens a file of it, or looks into it."""

    RUNS = "runs"
    HOLDS = "holds"
    """It holds other files, and `archives` can list them."""
    CLOSED = "closed"
    """It holds other files, and nothing here can list them."""
    SEALED = "sealed"
    """Only its recipient can open it."""
    PLAIN = "plain"


class Holder(StrEnum):
    """The formats that `archives` can list."""

    ZIP = "zip"
    TAR = "tar"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    SEVENZIP = "7z"
    RAR = "rar"
    ONENOTE = "onenote"
    TNEF = "tnef"


@dataclass(frozen=True, slots=True)
class FileType:
    """A type: its name to show, and its role; with the role `HOLDS`, how to list it.

    `family` names what a file of the type may be called by its extension or Content-Type (`pdf`, `zip`, `ole` …).
    `macros` says that it holds programs of its own; `polyglot` that it is of two types at once.
    """

    name: str
    role: Role = Role.PLAIN
    holder: Holder | None = None
    family: str = ""
    macros: bool = False
    polyglot: bool = False


UNKNOWN = FileType("unknown binary data")
TEXT = FileType("text")
EMPTY = FileType("empty file")
ZIP = FileType("ZIP archive", Role.HOLDS, Holder.ZIP, "zip")
TAR = FileType("tar archive", Role.HOLDS, Holder.TAR, "tar")
OLE = FileType("OLE document", family="ole")
_OLE_MACROS = FileType("OLE document with macros", family="ole", macros=True)
_OLE_SEALED = FileType("encrypted Office document", Role.SEALED, family="ole")
_OLE_PACKAGE = FileType("OLE document with a file embedded as a package", family="ole", macros=True)
PDF = FileType("PDF document", family="pdf")
_WINDOWS = FileType("Windows program (PE)", Role.RUNS)
_DOS = FileType("DOS or Windows program (MZ)", Role.RUNS)
_ISO = FileType("disk image (ISO 9660 or UDF)", Role.RUNS)
_VHD = FileType("disk image (VHD)", Role.RUNS)
_DMG = FileType("disk image (DMG)", Role.RUNS)
_FAT = FileType("disk image (FAT or NTFS)", Role.RUNS)

_SIGNATURES: tuple[tuple[int, bytes, FileType], ...] = (
    (0, b"\x7fELF", FileType("Unix program (ELF)", Role.RUNS)),
    (0, b"\xfe\xed\xfa\xce", FileType("macOS program (Mach-O)", Role.RUNS)),
    (0, b"\xfe\xed\xfa\xcf", FileType("macOS program (Mach-O)", Role.RUNS)),
    (0, b"\xce\xfa\xed\xfe", FileType("macOS program (Mach-O)", Role.RUNS)),
    (0, b"\xcf\xfa\xed\xfe", FileType("macOS program (Mach-O)", Role.RUNS)),
    (0, b"dex\n03", FileType("Android program (DEX)", Role.RUNS)),
    (0, b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F", FileType("Windows shortcut (LNK)", Role.RUNS)),
    (0, b"ITSF", FileType("compiled help file (CHM)", Role.RUNS)),
    (0, b"?_\x03\0", FileType("Windows help file (HLP)", Role.RUNS)),
    (0, b"!<arch>\ndebian-binary", FileType("Debian package", Role.RUNS)),
    (0, b"\xed\xab\xee\xdb", FileType("RPM package", Role.RUNS)),
    (0, b"xar!\0", FileType("macOS package (XAR)", Role.RUNS)),
    (0, b"MSCF\0\0\0\0", FileType("Windows cabinet (CAB)", Role.RUNS)),
    (0, b"conectix", _VHD),
    (0, b"vhdxfile", FileType("disk image (VHDX)", Role.RUNS)),
    (0, b"MSWIM\0\0\0", FileType("disk image (WIM)", Role.RUNS)),
    (0x8001, b"CD001", _ISO),
    (0x8801, b"CD001", _ISO),
    (0x9001, b"CD001", _ISO),
    (0x8001, b"BEA01", _ISO),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"PK00PK\x03\x04", ZIP),
    (0, b"\x1f\x8b\x08", FileType("gzip archive", Role.HOLDS, Holder.GZIP, "gzip")),
    (0, b"\xfd7zXZ\0", FileType("xz archive", Role.HOLDS, Holder.XZ, "xz")),
    (0, b"7z\xbc\xaf\x27\x1c", FileType("7z archive", Role.HOLDS, Holder.SEVENZIP, "7z")),
    (0, b"Rar!\x1a\x07", FileType("RAR archive", Role.HOLDS, Holder.RAR, "rar")),
    (0, b"\x28\xb5\x2f\xfd", FileType("Zstandard archive", Role.CLOSED)),
    (0, b"\x04\x22\x4d\x18", FileType("LZ4 archive", Role.CLOSED)),
    (0, b"\x1f\x9d", FileType("compress archive (Z)", Role.CLOSED)),
    (0, b"\x1f\xa0", FileType("compress archive (Z)", Role.CLOSED)),
    (0, b"LZIP\x01", FileType("lzip archive", Role.CLOSED)),
    (0, b"\x60\xea", FileType("ARJ archive", Role.CLOSED)),
    (7, b"**ACE**", FileType("ACE archive", Role.CLOSED)),
    (0, TNEF_SIGNATURE, FileType("TNEF container (winmail.dat)", Role.HOLDS, Holder.TNEF)),
    (0, b"-----BEGIN PGP MESSAGE-----", FileType("PGP message", Role.SEALED)),
    (0, b"\x89PNG\r\n\x1a\n", FileType("PNG image", family="png")),
    (0, b"\xff\xd8\xff", FileType("JPEG image", family="jpeg")),
    (0, b"GIF8", FileType("GIF image", family="gif")),
    (0, b"%PDF-", PDF),
    (0, b"{\\rtf", FileType("RTF document", family="rtf")),
    (0, ONENOTE_SIGNATURE, FileType("OneNote section", Role.HOLDS, Holder.ONENOTE, "onenote")),
    (0, b"FWS", FileType("Flash film", family="swf")),
    (0, b"CWS", FileType("Flash film", family="swf")),
    (0, b"ZWS", FileType("Flash film", family="swf")),
)

_SCRIPTS: tuple[tuple[re.Pattern[str], FileType], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), FileType(name, Role.RUNS))
    for pattern, name in (
        (r"[\s\S]{0,3000}?<hta:application\b", "HTML application (HTA)"),
        (r"(?:<\?xml[^>]*>\s*)?(?:<\?[^>]*>\s*)?<(?:package|job|scriptlet|component)\b[\s\S]{0,3000}?<(?:script|registration)\b",
         "Windows script file"),
        (r"(?:windows registry editor version \d|regedit4\s)", "registry file"),
        (r"\[internetshortcut\]", "Internet shortcut"),
        (r"@echo off\b", "batch file"),
    )
)  # fmt: skip

# The class of the root of an OLE file that Windows Installer made: package, transform, patch.
_INSTALLER = re.compile(rb"[\x82\x84\x86]\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0F")


# Names in the directory of an OLE file ([MS-CFB] 2.6.1), UTF-16: streams that only such documents have.
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")  # [MS-OFFCRYPTO] 2.3.4.1
_VBA = "_VBA_PROJECT".encode("utf-16-le")  # [MS-OVBA] 2.3.4.1
_PACKAGE = "\x01Ole10Native".encode("utf-16-le")


def sniff(content: bytes, *, size: int | None = None) -> FileType:
    """The type of a file by its content.

    `content` may be only its beginning, when `size` gives the octets of the whole file; types that show at the end are
    then not seen.
    """
    if not content:
        return EMPTY
    found = _by_beginning(content)
    if found.role is Role.PLAIN and (size is None or size <= len(content)):
        return _at_end(content, found)
    return found


def _by_beginning(content: bytes) -> FileType:
    head = content[:HEAD]
    return (
        _mz(head)
        or _cafebabe(head)
        or _signature(head)
        or _script(head)
        or _compressed(head)
        or (_ole(content) if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") else None)
        or (TAR if is_tar(head) else None)
        or _boot_sector(head)
        or (TEXT if _is_text(head[:4096]) else UNKNOWN)
    )


def zip_type(names: frozenset[str]) -> FileType:
    """The type of a ZIP archive by the names in it."""
    if "META-INF/MANIFEST.MF" in names:
        return FileType("Java archive (JAR)", Role.RUNS)
    if "AndroidManifest.xml" in names and "classes.dex" in names:
        return FileType("Android package (APK)", Role.RUNS)
    if "AppxManifest.xml" in names:
        return FileType("Windows app package", Role.RUNS)
    if "[Content_Types].xml" in names:
        if any(name.lower().endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in names):
            return FileType("Office document with macros", Role.HOLDS, Holder.ZIP, "zip", macros=True)
        return FileType("Office document", Role.HOLDS, Holder.ZIP, "zip")
    if "mimetype" in names and "content.xml" in names:
        if any(name.startswith(("Basic/", "Scripts/")) for name in names):
            return FileType("OpenDocument with macros", Role.HOLDS, Holder.ZIP, "zip", macros=True)
        return FileType("OpenDocument", Role.HOLDS, Holder.ZIP, "zip")
    if "__main__.py" in names:
        return FileType("Python program (zipapp)", Role.RUNS)
    return ZIP


def is_tar(head: bytes) -> bool:
    """Whether a file begins with the header of a tar archive (POSIX ustar), by its check sum."""
    return len(head) >= 512 and head[0] != 0 and tar_checksum(head[:512])


def tar_checksum(block: bytes) -> bool:
    """Whether the check sum in a block of 512 octets is that of the block."""
    field = block[148:156].strip(b" \0")
    if not re.fullmatch(rb"[0-7]{1,7}", field):
        return False
    return int(field, 8) == sum(block) - sum(block[148:156]) + 8 * 0x20


def _mz(head: bytes) -> FileType | None:
    """A program of DOS or Windows (PE format 2). Text may begin with these two letters, yet has no binary header."""
    if head[:2] not in {b"MZ", b"ZM"}:
        return None
    if len(head) >= 64:
        (at,) = struct.unpack_from("<I", head, 60)
        if head[at : at + 4] == b"PE\0\0" or head[at : at + 2] in {b"NE", b"LE", b"LX"}:
            return _WINDOWS
    return None if _is_text(head[:64]) else _DOS


def _cafebabe(head: bytes) -> FileType | None:
    """Java classes and Mach-O files for several processors begin alike. Here the former have their version, 45 or more
    (JVM specification 4.1), and the latter the count of processors, which is small."""
    if head[:4] not in {b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"} or len(head) < 8:
        return None
    (number,) = struct.unpack_from(">I", head, 4)
    if number & 0xFFFF >= 45 and head[3] == 0xBE:
        return FileType("Java class", Role.RUNS)
    return FileType("macOS program (Mach-O)", Role.RUNS) if 0 < number < 45 else None


def _signature(head: bytes) -> FileType | None:
    for at, octets, file_type in _SIGNATURES:
        if head.startswith(octets, at):
            return file_type
    return None


def _script(head: bytes) -> FileType | None:
    if re.match(rb"(?:\xef\xbb\xbf)?#![ \t]*/", head):
        return FileType("script", Role.RUNS)
    start = head[:4096]
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = start.decode("utf-16", "replace")
    else:
        text = start.decode("utf-8", "replace").removeprefix("\ufeff")
    text = text.lstrip()
    return next((file_type for pattern, file_type in _SCRIPTS if pattern.match(text)), None)


def _compressed(head: bytes) -> FileType | None:
    """Formats whose first octets alone might be text."""
    if re.match(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", head):
        return FileType("bzip2 archive", Role.HOLDS, Holder.BZIP2)
    if re.match(rb"..-l[hz][0-9sd]-", head, re.DOTALL):
        return FileType("LZH archive", Role.CLOSED)
    if re.match(rb"07070[127][0-9a-fA-F]{6}", head):
        return FileType("cpio archive", Role.CLOSED)
    return None


def _boot_sector(head: bytes) -> FileType | None:
    """The first sector of a disk with FAT or NTFS: a jump, the name of the file system, the mark at its end."""
    if len(head) < 512 or head[510:512] != b"\x55\xaa" or head[0] not in b"\xeb\xe9":
        return None
    return _FAT if head[54:57] == b"FAT" or head[82:85] == b"FAT" or head[3:7] == b"NTFS" else None


def _ole(content: bytes) -> FileType:
    """An OLE file; the entry of its root has the class of the program that made it ([MS-CFB] 2.6.1)."""
    if len(content) < 512:
        return OLE
    (shift,) = struct.unpack_from("<H", content, 30)
    (sector,) = struct.unpack_from("<I", content, 48)
    at = (sector + 1) << min(shift, 16)
    if _INSTALLER.match(content, at + 80):
        return FileType("Windows installer (MSI)", Role.RUNS)
    if _ENCRYPTED_PACKAGE in content:
        return _OLE_SEALED
    if _VBA in content:
        return _OLE_MACROS
    return _OLE_PACKAGE if _PACKAGE in content else OLE


def _at_end(content: bytes, beginning: FileType) -> FileType:
    """Types that show at the end: disk images, and a ZIP archive behind something else, which opens as a ZIP."""
    tail = content[-512:]
    if tail.startswith(b"conectix"):
        return _VHD
    if tail.startswith(b"koly"):
        return _DMG
    at = content.rfind(b"PK\x05\x06", -(22 + 0xFFFF))
    if 0 <= at <= len(content) - 22:
        (comment,) = struct.unpack_from("<H", content, at + 20)
        if at + 22 + comment == len(content):
            name = f"{beginning.name} with a ZIP archive behind it"
            return FileType(name, Role.HOLDS, Holder.ZIP, beginning.family, polyglot=beginning != UNKNOWN)
    if beginning.family not in {"", "pdf"} and b"%PDF-" in content[8:1024]:
        # Readers of PDF look for this mark in the first 1,024 octets (ISO 32000-1 7.5.2, implementation note 13).
        return FileType(f"{beginning.name} that is a PDF document too", family=beginning.family, polyglot=True)
    return beginning


def _is_text(octets: bytes) -> bool:
    """Whether octets could be text: no control characters but white space and escape; UTF-16 by its mark."""
    if octets[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return True
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", octets)
