"""The rules of `smtp` on encryption: STARTTLS, its version, the certificate. And how trouble is told."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from preflight.check import Rule
from preflight.findings import Finding, Severity
from preflight.moment import now
from preflight.net.addresses import IPAddress
from preflight.net.smtp import Certificate, Chain, Secured, SmtpTrouble, Trouble
from preflight.subject import Subject
from preflight.text import Message
from preflight_checks.sighting import Sighting

NEEDS = ("server|probe",)
SOON = timedelta(days=14)
_QUOTED = 120  # characters of what a server says that a message repeats
_MIN_BITS = {"RSA": 2048, "DSA": 2048, "EC": 224}  # NIST SP 800-131A; RFC 9325 4.5
_OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")
_SET_CERTIFICATE = (
    "Set the certificate in Postfix by smtpd_tls_chain_files, in Exim by tls_certificate and tls_privatekey, in "
    "Exchange by Enable-ExchangeCertificate -Services SMTP."
)

# What a conversation came to, in the place of a reply.
TROUBLES = {
    Trouble.REFUSED: "the connection is refused",
    Trouble.UNREACHABLE: "there is no way there: {detail}",
    Trouble.TIMEOUT: "nothing came in time",
    Trouble.SLOW: "an answer was begun and not ended in time: {detail}",
    Trouble.CLOSED: "the connection was closed in the place of an answer",
    Trouble.FLOOD: "the answer is longer than SMTP allows: {detail}",
    Trouble.NOT_SMTP: "the answer is no SMTP reply: {detail}",
    Trouble.UNASKED: "there is more than was asked for: {detail}",
    Trouble.UNTRUSTED: "the certificate is not trusted: {detail}",
    Trouble.TLS: "no TLS session came about: {detail}",
}
REFUSED_ITS_TALK = "the server refuses the conversation: {detail}"
LOOK_AGAIN = "Look again; if it stays so, look from another network, and see whether the server holds back its answers."

STARTTLS_MISSING = Rule(
    id="smtp/starttls-missing",
    severity=Severity.WARNING,
    title="The server offers STARTTLS",
    why="Without STARTTLS mail travels in clear. Large senders show such mail as not encrypted, and those that insist "
    "on encryption do not deliver it.",
    fix="Set a certificate and switch TLS on: smtpd_tls_security_level = may in Postfix, tls_advertise_hosts = * in "
    "Exim, Set-ReceiveConnector -AuthMechanism Tls in Exchange.",
    reference="RFC 3207; RFC 8314 3",
    needs=NEEDS,
)
STARTTLS_BROKEN = Rule(
    id="smtp/starttls-broken",
    severity=Severity.ERROR,
    title="STARTTLS leads to an encrypted session",
    why="A server that offers encryption and cannot do it is one that many senders do not deliver to at all: they do "
    "not fall back to clear text.",
    fix="Look in the log of the server for the reason: a key that cannot be read, a certificate "
    "file that is missing, or a filter in front that speaks for it. " + _SET_CERTIFICATE,
    reference="RFC 3207 4, 4.2",
    needs=NEEDS,
)
TLS_VERSION = Rule(
    id="smtp/tls-version",
    severity=Severity.WARNING,
    title="The server speaks TLS 1.2 or newer",
    why="TLS 1.0 and 1.1 are retired; senders that keep to that cannot encrypt to this server.",
    fix="Allow TLS 1.2 and 1.3: smtpd_tls_protocols = >=TLSv1.2 in Postfix 3.6 and newer, "
    "openssl_options = +no_tlsv1 +no_tlsv1_1 in Exim with OpenSSL, and an operating system that still gets updates.",
    reference="RFC 8996; RFC 9325 3.1.1",
    needs=NEEDS,
)
UNTRUSTED = Rule(
    id="smtp/certificate-untrusted",
    severity=Severity.WARNING,
    title="The certificate leads to a known root",
    why="Most senders encrypt to any certificate. Those that follow MTA-STS or insist on a verified one deliver "
    "nothing to this server.",
    fix="Get a certificate from a public authority, and send the intermediate ones with it (the full chain). "
    + _SET_CERTIFICATE,
    reference="RFC 8461 4.1; RFC 5280 6",
    needs=NEEDS,
)
EXPIRED = Rule(
    id="smtp/certificate-expired",
    severity=Severity.WARNING,
    title="The certificate is valid today",
    why="Senders that look at certificates refuse one whose time has not come or is over.",
    fix="Renew the certificate, have the server load it, and see why that did not happen by itself. "
    + _SET_CERTIFICATE,
    reference="RFC 5280 4.1.2.5",
    needs=NEEDS,
)
EXPIRING = Rule(
    id="smtp/certificate-expiring",
    severity=Severity.WARNING,
    title="The certificate is valid for more than 14 days",
    why="Certificates are renewed weeks before they end. One so near its end says that the renewal, or the reload of "
    "the mail server after it, does not work.",
    fix="Renew the certificate before {until}, and have the mail server load it. " + _SET_CERTIFICATE,
    reference="RFC 5280 4.1.2.5",
    needs=NEEDS,
)
NAME = Rule(
    id="smtp/certificate-name",
    severity=Severity.WARNING,
    title="The certificate names the server",
    why="Senders that look at certificates compare the names in it with the MX host that they connect to.",
    fix="Get a certificate with {wanted} among its names (subjectAltName). " + _SET_CERTIFICATE,
    reference="RFC 9525 6; RFC 8461 4.1",
    needs=NEEDS,
)
WEAK_KEY = Rule(
    id="smtp/certificate-weak-key",
    severity=Severity.WARNING,
    title="The key of the certificate is long enough",
    why="Libraries of today refuse RSA keys under 2048 bits, so that the handshake fails.",
    fix="Make a new key (RSA of 2048 bits or more, or an elliptic curve such as P-256) and get a certificate for it.",
    reference="RFC 9325 4.5; NIST SP 800-131A",
    needs=NEEDS,
)
_OF_CERTIFICATE = (UNTRUSTED, EXPIRED, EXPIRING, NAME, WEAK_KEY)
_OF_SESSION = (TLS_VERSION, *_OF_CERTIFICATE)
RULES = (STARTTLS_MISSING, STARTTLS_BROKEN, *_OF_SESSION)


def quoted(text: str) -> str:
    """What a server says, for a message: not too much of it. Renderers make it visible."""
    return text if len(text) <= _QUOTED else f"{text[: _QUOTED - 1]}…"


def trouble_of(sight: Sighting) -> SmtpTrouble:
    """What ended a look early. Only to be asked for where something is missing."""
    return sight.trouble or SmtpTrouble(Trouble.CLOSED)


def could_not_look(rules: Iterable[Rule], sight: Sighting) -> Iterator[Finding]:
    """All these rules are undecided, for what ended the look: a trouble, or a reply that refuses."""
    if sight.trouble is not None:
        why = Message(TROUBLES[sight.trouble.trouble], {"detail": quoted(sight.trouble.detail)})
    else:
        last = sight.ehlo or sight.greeting
        why = Message(REFUSED_ITS_TALK, {"detail": quoted(last.text) if last is not None else ""})
    for rule in rules:
        yield rule.undecided(sight.target, "{part} could not be seen: {why}", sight.evidence, fix=LOOK_AGAIN, why=why)


def judge(subject: Subject, sight: Sighting) -> Iterator[Finding]:
    """The findings on encryption, from a look that got as far as a connection."""
    target = sight.target
    if not (sight.speaks_esmtp or sight.knows_no_ehlo):
        yield from could_not_look(RULES, sight)
        return
    if not sight.offers_tls:
        yield STARTTLS_MISSING.fails(target, "{part} does not offer STARTTLS", sight.evidence)
        return
    yield STARTTLS_MISSING.passes(target, "{part} offers STARTTLS", sight.evidence[1:2])
    if sight.secured is None or sight.ehlo_in_tls is None or sight.ehlo_in_tls.code != 250:
        yield from _broken(sight)
    else:
        yield STARTTLS_BROKEN.passes(target, "{part} goes over to TLS and answers there", sight.evidence[2:])
    if sight.secured is None:
        return
    yield _version(sight, sight.secured)
    yield from _certificate(subject, sight, sight.secured)


def _broken(sight: Sighting) -> Iterator[Finding]:
    if sight.trouble is None:
        reply = sight.ehlo_in_tls or sight.starttls
        yield STARTTLS_BROKEN.fails(
            sight.target,
            "{part} offers STARTTLS and refuses it: {said}",
            sight.evidence,
            said=quoted(reply.text) if reply is not None else "",
        )
        return
    if sight.trouble.trouble in (Trouble.TIMEOUT, Trouble.SLOW):
        yield from could_not_look((STARTTLS_BROKEN, *(() if sight.secured else _OF_SESSION)), sight)
        return
    why = Message(TROUBLES[sight.trouble.trouble], {"detail": quoted(sight.trouble.detail)})
    yield STARTTLS_BROKEN.fails(sight.target, "{part} offers STARTTLS, but {why}", sight.evidence, why=why)


def _version(sight: Sighting, secured: Secured) -> Finding:
    if secured.version in _OLD:
        return TLS_VERSION.fails(
            sight.target, "the newest that {part} speaks is {version}", sight.evidence, version=secured.version
        )
    return TLS_VERSION.passes(sight.target, "{part} speaks {version}", sight.evidence[-2:], version=secured.version)


def _certificate(subject: Subject, sight: Sighting, secured: Secured) -> Iterator[Finding]:
    target, found = sight.target, secured.certificate
    match secured.chain:
        case Chain.TRUSTED:
            yield UNTRUSTED.passes(target, "the certificate of {part} leads to a known root", sight.evidence[-2:])
        case Chain.UNTRUSTED if found is not None and _ended(found) and "expired" in sight.distrust:
            # OpenSSL looks at dates after it has found a root, so that nothing else is wrong with the chain.
            yield UNTRUSTED.passes(target, "the certificate of {part} leads to a known root", sight.evidence)
        case Chain.UNTRUSTED:
            yield UNTRUSTED.fails(
                target, "the certificate of {part} is not trusted: {why}", sight.evidence, why=quoted(sight.distrust)
            )
        case Chain.UNKNOWN:
            yield UNTRUSTED.undecided(
                target,
                "this machine has no root certificates to compare the one of {part} with",
                sight.evidence,
                fix="Install root certificates (the package ca-certificates), then look again.",
            )
    if found is None:
        for rule in _OF_CERTIFICATE[1:]:
            yield rule.undecided(target, "the certificate of {part} cannot be read", sight.evidence)
        return
    yield from _dates(sight, found)
    wanted = _wanted(subject, sight)
    names = [quoted(name) for name in (*found.names[:10], *map(str, found.addresses[:10]))] or ["-"]
    if any(found.is_for(name) for name in wanted):
        yield NAME.passes(target, "the certificate of {part} is for {names}", sight.evidence[-2:], names=names)
    else:
        yield NAME.fails(
            target,
            "the certificate of {part} is for {names}, and not for {wanted}",
            sight.evidence,
            names=names,
            wanted=wanted[0],
        )
    if found.bits < _MIN_BITS.get(found.key, 0):
        yield WEAK_KEY.fails(
            target,
            "the certificate of {part} has a key of {bits} bits",
            sight.evidence,
            bits=f"{found.key} {found.bits}",
        )
    else:
        yield WEAK_KEY.passes(
            target,
            "the certificate of {part} has a key of {bits} bits",
            sight.evidence[-2:],
            bits=f"{found.key} {found.bits}",
        )


def _wanted(subject: Subject, sight: Sighting) -> list[str | IPAddress]:
    """The names that the certificate may be for: the one that was connected to; for an address, what stands for it."""
    if sight.target.is_named:
        return [sight.target.host]
    said = [reply.said_name for reply in (sight.greeting, sight.ehlo) if reply is not None and reply.said_name]
    known = [name for name in (subject.host, subject.helo) if name]
    return [*known, *said, sight.target.address]


def _ended(found: Certificate) -> bool:
    return found.not_after < now()


def _dates(sight: Sighting, found: Certificate) -> Iterator[Finding]:
    target, until = sight.target, f"{found.not_after:%Y-%m-%d}"
    if _ended(found):
        yield EXPIRED.fails(target, "the certificate of {part} ended on {until}", sight.evidence, until=until)
        return
    if now() < found.not_before:
        begin = f"{found.not_before:%Y-%m-%d}"
        yield EXPIRED.fails(target, "the certificate of {part} is valid from {begin} only", sight.evidence, begin=begin)
    else:
        yield EXPIRED.passes(
            target, "the certificate of {part} is valid until {until}", sight.evidence[-2:], until=until
        )
    if found.not_after - now() <= SOON:
        yield EXPIRING.fails(target, "the certificate of {part} ends on {until}", sight.evidence, until=until)
    else:
        yield EXPIRING.passes(
            target, "the certificate of {part} is valid until {until}", sight.evidence[-2:], until=until
        )
