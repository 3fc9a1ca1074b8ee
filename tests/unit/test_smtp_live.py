"""The live dialer against peers that mean no good: bounded time and memory, and the right word for each."""

import asyncio
import errno
import ipaddress
import ssl
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from preflight.net.certificates import read_certificate
from preflight.net.smtp import Chain, Conversation, Limits, Reply, Secured, SmtpTrouble, Trouble
from preflight.net.smtp_live import MAX_HEARD, LiveDialer
from tests.unit.smtp_peers import EHLO, Handler, make_certificate, peer, says, with_tls

LOOPBACK = ipaddress.ip_address("127.0.0.1")
QUICK = Limits(connect=2, reply=0.4, conversation=1.2, closing=0.2)
GREETING = b"220 mail.example.com ESMTP\r\n"
Talk = Callable[[Conversation], Awaitable[object]]


def talk(handler: Handler, what: Talk, limits: Limits = QUICK) -> tuple[object, list[str]]:
    """What comes of a conversation with a peer: its value or its trouble, and the transcript."""

    async def run() -> tuple[object, list[str]]:
        async with peer(handler) as port:
            wire = await LiveDialer(limits).dial(LOOPBACK, port)
            async with Conversation(wire, limits, "peer") as conversation:
                try:
                    value = await what(conversation)
                except SmtpTrouble as trouble:
                    value = trouble.trouble
            return value, [f"{piece.asked} → {piece.seen}" for piece in conversation.transcript]

    return asyncio.run(run())


async def greeting(conversation: Conversation) -> Reply:
    return await conversation.greeting()


async def ehlo(conversation: Conversation) -> Reply:
    await conversation.greeting()
    return await conversation.command("EHLO [127.0.0.1]")


async def tls(conversation: Conversation) -> Secured | None:
    await ehlo(conversation)
    _, secured = await conversation.start_tls("mail.example.com", verify=False)
    await conversation.command("EHLO [127.0.0.1]")
    return secured


def test_a_good_server() -> None:
    commands: list[bytes] = []
    value, transcript = talk(says(GREETING, EHLO, b"221 bye\r\n", commands=commands), ehlo)
    assert isinstance(value, Reply)
    assert value.keywords == ("SIZE", "8BITMIME", "PIPELINING", "STARTTLS")
    assert commands[:2] == [b"EHLO [127.0.0.1]\r\n", b"QUIT\r\n"]
    assert transcript[0] == "connect peer → 220 mail.example.com ESMTP"


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"2")
        await writer.drain()
        await asyncio.sleep(0.05)


async def drips_a_greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for octet in b"220 " + b"a" * 1000:
        writer.write(bytes([octet]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def pours(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"220-all the same\r\n" * 1000)
        await writer.drain()


@pytest.mark.parametrize(
    ("handler", "trouble"),
    [
        (never, Trouble.TIMEOUT),
        (closes, Trouble.CLOSED),
        (drips_a_greeting, Trouble.SLOW),
        (drips, Trouble.NOT_SMTP),
        (pours, Trouble.FLOOD),
        (says(b"220 " + b"a" * 1_000_000 + b"\r\n"), Trouble.FLOOD),
        (says(b"a" * 1_000_000), Trouble.FLOOD),
        (says(b"220 no line end"), Trouble.SLOW),
        (says(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), Trouble.NOT_SMTP),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), Trouble.NOT_SMTP),
        (says(b"220-one code\r\n554 and another\r\n"), Trouble.NOT_SMTP),
        (says(b"220-never ending\r\n"), Trouble.SLOW),
        (says(b"220 a\r\n220 b\r\n"), Trouble.UNASKED),
        (says(b"220 a\r\n250 go ahead\r\n354 send\r\n"), Trouble.UNASKED),
    ],
)
def test_greetings_that_are_none(handler: Handler, trouble: Trouble) -> None:
    value, transcript = talk(handler, greeting)
    assert value is trouble
    assert len(transcript[-1]) < 500


def test_a_connection_closed_in_the_middle_of_a_line() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.exam")
        await writer.drain()
        writer.close()

    value, transcript = talk(half, greeting)
    assert value is Trouble.CLOSED
    assert transcript == ["connect peer → connection closed: 220 mail.exam"]


def test_a_greeting_with_octets_of_all_kinds_is_kept_as_it_came() -> None:
    value, _ = talk(says(b"220 \x00\x1b]0;owned\x07\xff\xc3\xbc\r\n", b"221 bye\r\n"), greeting)
    assert value == Reply(220, ("\x00\x1b]0;owned\x07\\xffü",))


def test_a_late_greeting_is_waited_for() -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(GREETING)
        await reader.readline()

    value, _ = talk(late, greeting)
    assert isinstance(value, Reply)


def test_something_said_between_two_commands_is_noticed() -> None:
    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.write(b"220 once more\r\n")
        await reader.readline()
        writer.write(EHLO)
        await reader.readline()

    async def slow_ehlo(conversation: Conversation) -> Reply:
        await conversation.greeting()
        await asyncio.sleep(0.2)
        return await conversation.command("EHLO [127.0.0.1]")

    assert talk(chatter, slow_ehlo)[0] is Trouble.UNASKED


def test_a_conversation_ends_however_long_each_reply_takes() -> None:
    async def tarpit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        while await reader.readline():
            await asyncio.sleep(0.3)
            writer.write(b"250 mail.example.com\r\n")

    async def many(conversation: Conversation) -> None:
        await conversation.greeting()
        for _ in range(20):
            await conversation.command("NOOP")

    value, transcript = talk(tarpit, many)
    assert value is Trouble.TIMEOUT
    assert len(transcript) <= 5


def test_memory_is_bounded() -> None:
    tracemalloc.start()
    try:
        talk(pours, greeting)  # which has no end; the peer waits until what it sent is taken
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * MAX_HEARD  # buffers of asyncio and of the peer, in the same process, are among it


@pytest.mark.parametrize("command", ["DATA", "data", "BDAT 1", "AUTH PLAIN x", "ETRN x", "NOOP\r\nDATA", "NOOP ü"])
def test_commands_that_could_send_mail_are_not_sent(command: str) -> None:
    async def say(conversation: Conversation) -> None:
        await conversation.greeting()
        with pytest.raises(ValueError, match="not a command"):
            await conversation.command(command)

    commands: list[bytes] = []
    talk(says(GREETING, b"221 bye\r\n", commands=commands), say)
    assert commands[:1] == [b"QUIT\r\n"]


def test_a_refused_connection() -> None:
    async def refused() -> None:
        async with peer(never) as port:
            pass
        await LiveDialer(QUICK).dial(LOOPBACK, port)

    with pytest.raises(SmtpTrouble) as caught:
        asyncio.run(refused())
    assert caught.value.trouble is Trouble.REFUSED


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (OSError(errno.ENETUNREACH, ""), Trouble.UNREACHABLE),
        (OSError("two at once"), Trouble.UNREACHABLE),
        (OSError(errno.ETIMEDOUT, ""), Trouble.TIMEOUT),
        (OSError(errno.ECONNRESET, ""), Trouble.CLOSED),
    ],
)
def test_connections_that_do_not_come_about(error: OSError, trouble: Trouble) -> None:
    async def run() -> None:
        async def fail(*_: object) -> None:
            raise error

        asyncio.get_running_loop().create_connection = fail  # type: ignore[method-assign, assignment]
        await LiveDialer(QUICK).dial(LOOPBACK, 25)

    with pytest.raises(SmtpTrouble) as caught:
        asyncio.run(run())
    assert caught.value.trouble is trouble


def test_a_connection_that_hangs() -> None:
    async def run() -> None:
        async def hang(*_: object) -> None:
            await asyncio.sleep(60)

        asyncio.get_running_loop().create_connection = hang  # type: ignore[method-assign, assignment]
        await LiveDialer(Limits(connect=0.05)).dial(LOOPBACK, 25)

    with pytest.raises(SmtpTrouble) as caught:
        asyncio.run(run())
    assert caught.value.trouble is Trouble.TIMEOUT


class TestTls:
    def test_a_session_and_its_certificate(self, tmp_path: Path) -> None:
        value, transcript = talk(with_tls(make_certificate(tmp_path, "mail.example.com", "192.0.2.25")), tls)
        assert isinstance(value, Secured)
        assert value.version == "TLSv1.3"
        assert value.chain is Chain.UNKNOWN
        found = value.certificate
        assert found is not None
        assert found.names == ("mail.example.com",)
        assert found.is_for("MAIL.example.com")
        assert found.is_for(ipaddress.ip_address("192.0.2.25"))
        assert not found.is_for("example.com")
        assert (found.key, found.bits) == ("RSA", 2048)
        assert transcript[3].startswith("TLS peer → TLSv1.3 ")

    def test_the_certificates_come_as_they_were_sent(self, tmp_path: Path) -> None:
        paths = [make_certificate(tmp_path, name, bits=256) for name in ("mail.example.com", "ca.example.com")]
        both = tmp_path / "both.pem"
        both.write_text("".join(path.read_text() for path in paths))
        value, _ = talk(with_tls(both), tls)
        assert isinstance(value, Secured)
        ders = [
            ssl.PEM_cert_to_DER_cert(path.read_text()[path.read_text().index("-----BEGIN CERT") :]) for path in paths
        ]
        assert list(value.sent) == ders

    def test_a_key_on_a_curve(self, tmp_path: Path) -> None:
        value, _ = talk(with_tls(make_certificate(tmp_path, "mail.example.com", bits=256)), tls)
        assert isinstance(value, Secured)
        assert value.certificate is not None
        assert (value.certificate.key, value.certificate.bits) == ("EC", 256)

    def test_an_old_version_is_spoken_so_that_it_can_be_told(self, tmp_path: Path) -> None:
        options = {"minimum_version": ssl.TLSVersion.MINIMUM_SUPPORTED, "maximum_version": ssl.TLSVersion.TLSv1_2}
        value, _ = talk(with_tls(make_certificate(tmp_path, "mail.example.com"), **options), tls)
        assert isinstance(value, Secured)
        assert value.version == "TLSv1.2"

    def test_a_chain_that_leads_nowhere_ends_the_session_where_it_is_looked_at(self, tmp_path: Path) -> None:
        async def verified(conversation: Conversation) -> None:
            await ehlo(conversation)
            await conversation.start_tls("mail.example.com", verify=True)

        value, transcript = talk(with_tls(make_certificate(tmp_path, "mail.example.com")), verified)
        assert value is Trouble.UNTRUSTED
        assert transcript[-1].startswith("TLS peer → certificate not trusted: self-signed certificate")

    def test_a_chain_to_a_known_root(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = make_certificate(tmp_path, "mail.example.com")
        monkeypatch.setenv("SSL_CERT_FILE", str(path))

        async def verified(conversation: Conversation) -> Secured | None:
            await ehlo(conversation)
            return (await conversation.start_tls("mail.example.com", verify=True))[1]

        value, _ = talk(with_tls(path), verified)
        assert isinstance(value, Secured)
        assert value.chain is Chain.TRUSTED

    @pytest.mark.parametrize("after", [b"250 injected\r\n", b"x"])
    def test_what_comes_in_clear_behind_the_go_ahead_is_never_part_of_the_session(
        self, after: bytes, tmp_path: Path
    ) -> None:
        value, transcript = talk(with_tls(make_certificate(tmp_path, "mail.example.com"), after=after), tls)
        assert value is Trouble.UNASKED
        assert transcript[-1].endswith(after.decode().rstrip() if after == b"x" else "injected\r\n")

    def test_a_refusal_is_a_reply(self) -> None:
        async def only_starttls(conversation: Conversation) -> object:
            await ehlo(conversation)
            return await conversation.start_tls("mail.example.com", verify=False)

        value, _ = talk(says(GREETING, EHLO, b"454 TLS not available\r\n", b"221 bye\r\n"), only_starttls)
        assert value == (Reply(454, ("TLS not available",)), None)

    @pytest.mark.parametrize(
        ("reply", "value"),
        [
            (b"nonsense\r\n", Trouble.NOT_SMTP),
            (b"220 go\r\n", Trouble.TLS),
            (b"22", Trouble.SLOW),
            (b"", Trouble.TIMEOUT),
        ],
    )
    def test_a_go_ahead_that_leads_nowhere(self, reply: bytes, value: Trouble) -> None:
        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for text in (GREETING, EHLO, reply):
                writer.write(text)
                await reader.readline()
            if reply.endswith(b"\n"):
                writer.write(b"no TLS at all")
                await writer.drain()
                writer.close()
            await reader.read()

        assert talk(handler, tls)[0] is value

    def test_a_handshake_that_hangs(self) -> None:
        assert talk(says(GREETING, EHLO, b"220 go\r\n", b""), tls)[0] is Trouble.TLS


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"junk" * 100])
def test_a_certificate_that_cannot_be_read(der: bytes) -> None:
    assert read_certificate(der) is None
