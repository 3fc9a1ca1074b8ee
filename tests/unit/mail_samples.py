"""Messages, archives and programs for the tests of the check of messages. Nothing here can run."""

import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from email.message import EmailMessage

LONG = "Please find the minutes of our meeting below. " * 60  # 2,760 octets


def mail(subject: str | None = "Minutes of the meeting", text: str = LONG, **attachments: bytes) -> EmailMessage:
    """A message; an attachment's keyword is its name with `__` for the dot."""
    message = EmailMessage()
    message["From"] = "anna@example.com"
    message["To"] = "bert@example.net"
    if subject is not None:
        message["Subject"] = subject
    message.set_content(text)
    for name, content in attachments.items():
        attach(message, name.replace("__", "."), content)
    return message


def attach(message: EmailMessage, name: str | None, content: bytes) -> EmailMessage:
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


def raw(*header: str | bytes, body: str | bytes = LONG, line: bytes = b"\r\n") -> bytes:
    """A message of header lines and a body as they are, with this line end."""
    lines = [one.encode() if isinstance(one, str) else one for one in header]
    octets = body.encode() if isinstance(body, str) else body
    return line.join([*lines, b"", octets.replace(b"\n", line)])


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def encrypted(files: Mapping[str, bytes]) -> bytes:
    """A ZIP whose entries say that they are encrypted."""
    octets = bytearray(zipped(files))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = octets.find(signature)
        while at >= 0:
            octets[at + flags] |= 1
            at = octets.find(signature, at + 4)
    return bytes(octets)


def tarred(files: Mapping[str, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def pe() -> bytes:
    """The headers of a Windows program, and nothing after them."""
    return b"MZ" + b"\x90\0\x03" + b"\0" * 55 + struct.pack("<I", 128) + b"\0" * 64 + b"PE\0\0" + b"\0" * 200


def msi(sector: int = 3) -> bytes:
    """An OLE file with the class of Windows Installer at its root."""
    octets = bytearray(b"\0" * (512 * (sector + 3)))
    octets[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<H", octets, 30, 9)
    struct.pack_into("<I", octets, 48, sector)
    at = 512 * (sector + 1) + 80
    octets[at : at + 16] = bytes.fromhex("84100c0000000000c000000000000046")
    return bytes(octets)


def doc() -> bytes:
    """An OLE file of another program."""
    octets = bytearray(msi())
    octets[512 * 4 + 80] = 0x06
    return bytes(octets)
