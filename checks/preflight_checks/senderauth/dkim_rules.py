"""The rules of the check `dkim`.

A signature that does not verify counts as one that is not there (RFC 6376 6.1), so that one valid signature makes up
for others that are broken. So what is wrong with a single signature is a warning; the errors are that none is valid,
that text of the message is signed by nobody, and that the key of a selector which the user names cannot be used.
"""

from preflight.check import Rule
from preflight.findings import Severity

_BULK = "Gmail, Yahoo and Outlook.com refuse mail in bulk without a valid signature."


_KEY = ("message|dkim-selector", "message|domain")


def _rule(name: str, severity: Severity, *needs: str, title: str, why: str, fix: str, reference: str) -> Rule:
    return Rule(id=f"dkim/{name}", severity=severity, title=title, why=why, fix=fix, reference=reference, needs=needs)


MISSING = _rule(
    "missing", Severity.WARNING, "message",
    title="The message is signed with DKIM",
    why=f"{_BULK} Others count an unsigned message as one that anybody may have written.",
    fix="Have the mail server sign what it sends, with a key of the domain in From. If it does, and the file was made "
    "before: send the message to a mailbox of your own, and check it as it arrived there.",
    reference="RFC 6376; Google, Email sender guidelines; Yahoo, Sender requirements; Outlook.com, Policies",
)  # fmt: skip
NONE_VALID = _rule(
    "none-valid", Severity.ERROR, "message",
    title="At least one signature of the message is valid",
    why=f"A signature that does not verify is as good as none. {_BULK}",
    fix="Mend one of the signatures, that of the domain in From first; the finding for each says how.",
    reference="RFC 6376 6.1; RFC 6376 6.3",
)  # fmt: skip
SYNTAX = _rule(
    "syntax", Severity.WARNING, "message",
    title="Each DKIM-Signature can be read",
    why="A verifier passes over a signature whose field breaks the grammar, or lacks what it must have.",
    fix="Have the program that signs write the field as RFC 6376 has it; a newer release of it may.",
    reference="RFC 6376 3.5; RFC 6376 6.1.1",
)  # fmt: skip
FROM_NOT_SIGNED = _rule(
    "from-not-signed", Severity.WARNING, "message",
    title="Each signature covers From",
    why="From must be signed. A verifier takes no signature that leaves it out, as anybody could change the author.",
    fix="Add from to the fields that the program signs (h=), best twice, so that nobody can add a second one.",
    reference="RFC 6376 5.4; RFC 6376 6.1.1",
)  # fmt: skip
WEAK_ALGORITHM = _rule(
    "weak-algorithm", Severity.WARNING, "message",
    title="No signature uses SHA-1",
    why="SHA-1 is broken: verifiers must not take rsa-sha1, and treat the message as unsigned.",
    fix="Have the program that signs use rsa-sha256.",
    reference="RFC 8301 3.1",
)  # fmt: skip
EXPIRED = _rule(
    "expired", Severity.WARNING, "message",
    title="No signature had expired when the message arrived",
    why="Behind the time in x= a verifier may take the signature for none. Mail may wait in queues for five days.",
    fix="Have the program that signs leave x= out, or set it to 14 days and more behind the time of sending; see "
    "whether the clock of the server is right.",
    reference="RFC 6376 3.5; RFC 5321 4.5.4.1",
)  # fmt: skip
FUTURE = _rule(
    "not-yet-valid", Severity.WARNING, "message",
    title="No signature is from the future",
    why="Some verifiers take no signature whose time (t=) is still to come.",
    fix="Set the clock of the server that signs by NTP.",
    reference="RFC 6376 3.5",
)  # fmt: skip
BODY_CHANGED = _rule(
    "body-changed", Severity.WARNING, "message",
    title="The body is the one that was signed",
    why="A body that differs by one character from what was signed makes the signature invalid.",
    fix="Find what changes the message after it was signed: a footer, a virus scanner, a gateway that re-encodes, long "
    "lines that a server breaks. Sign at the last station before the Internet.",
    reference="RFC 6376 3.7; RFC 6376 6.1.3",
)  # fmt: skip
HEADER_CHANGED = _rule(
    "header-changed", Severity.WARNING, "message",
    title="The signature is that of the header and of the published key",
    why="A signed field that was changed, or a key in DNS that is not the one which signed, makes a signature invalid.",
    fix="See whether the key at {name} is the one that the server signs with (a rollover half done is the usual "
    "cause). Then see what changes a signed field, such as Subject, after signing.",
    reference="RFC 6376 6.1.3",
)  # fmt: skip
BODY_LENGTH = _rule(
    "body-length", Severity.WARNING, "message",
    title="No signature covers but a part of the body",
    why="With l= anybody may add text behind the signed part. Some receivers distrust or ignore such signatures.",
    fix="Have the program that signs leave l= out.",
    reference="RFC 6376 8.2; RFC 6376 3.5",
)  # fmt: skip
UNSIGNED_TAIL = _rule(
    "unsigned-tail", Severity.ERROR, "message",
    title="Nothing stands behind the signed part of the body",
    why="Text behind the part that l= covers is signed by nobody; that is how signed mail is abused.",
    fix="Have the program that signs leave l= out, and sign after the last program that adds to the body.",
    reference="RFC 6376 8.2",
)  # fmt: skip
ED25519_ONLY = _rule(
    "ed25519-only", Severity.WARNING, "message",
    title="A signature with RSA is among the valid ones",
    why="Many receivers, the largest among them, do not know Ed25519 yet, and take such a message for unsigned.",
    fix="Have the program sign twice: with rsa-sha256, and with ed25519-sha256.",
    reference="RFC 8463 3; RFC 8301 3.1",
)  # fmt: skip

KEY_MISSING = _rule(
    "key-missing", Severity.WARNING, *_KEY,
    title="The key of each selector is in DNS",
    why="Without the public key nobody can verify a signature.",
    fix="Publish the public key as a TXT record at {part}; see that the server signs with this selector and domain.",
    reference="RFC 6376 3.6.2; RFC 6376 6.1.2",
)  # fmt: skip
KEY_REVOKED = _rule(
    "key-revoked", Severity.WARNING, *_KEY,
    title="No key in use was revoked",
    why="An empty p= says that the key is withdrawn: all signatures with it are invalid.",
    fix="Sign with a selector whose key is in force, or publish the public key in p= of {part}.",
    reference="RFC 6376 3.6.1",
)  # fmt: skip
KEY_INVALID = _rule(
    "key-invalid", Severity.WARNING, *_KEY,
    title="Each key record can be read",
    why="A verifier that cannot read the key record takes no signature with it.",
    fix="Mend the TXT record at {part}: {problem}. It should read v=DKIM1; k=rsa; p=… with the whole key on one line.",
    reference="RFC 6376 3.6.1; RFC 6376 6.1.2; RFC 8463 4",
)  # fmt: skip
KEY_SHORT = _rule(
    "key-too-short", Severity.WARNING, *_KEY,
    title="Each RSA key has 1024 bits or more",
    why="A verifier must not take a signature with a shorter key, since such keys can be broken.",
    fix="Make a new key of 2048 bits, publish it under a new selector, and sign with it.",
    reference="RFC 8301 3.2; Google, Email sender guidelines",
)  # fmt: skip
WEAK_KEY = _rule(
    "weak-key", Severity.WARNING, *_KEY,
    title="Each RSA key has 2048 bits or more",
    why="Keys of 1024 bits are taken still, but are no longer held to be safe; Google recommends 2048.",
    fix="Make a new key of 2048 bits, publish it under a new selector, and sign with it.",
    reference="RFC 8301 3.2; Google, Email sender guidelines",
)  # fmt: skip
KEY_LONG = _rule(
    "key-too-long", Severity.WARNING, *_KEY,
    title="No RSA key has more than 4096 bits",
    why="Verifiers need not handle longer keys, and many do not.",
    fix="Sign with a key of 2048 bits.",
    reference="RFC 8301 3.2",
)  # fmt: skip
TESTING = _rule(
    "testing", Severity.WARNING, *_KEY,
    title="No key is marked as a test",
    why="t=y says that the domain only tries DKIM out: a verifier may treat the signed message as unsigned.",
    fix="Take y out of t= in the record at {part} once signing works.",
    reference="RFC 6376 3.6.1",
)  # fmt: skip
KEY_MISMATCH = _rule(
    "key-mismatch", Severity.WARNING, "message",
    title="The key allows the signature",
    why="A key record may limit its use (k=, h=, t=s); a verifier takes no signature outside these limits.",
    fix="Bring the key record at {name} and the settings of the program that signs together: {problem}.",
    reference="RFC 6376 3.6.1; RFC 6376 6.1.2; RFC 8463 3",
)  # fmt: skip
SELECTOR = _rule(
    "selector-unusable", Severity.ERROR, "dkim-selector", "domain",
    title="The key of each selector asked for can be used",
    why="Signatures with a selector whose key is missing, revoked, broken or too short are invalid.",
    fix="Publish a key of 2048 bits as a TXT record at {part}: v=DKIM1; k=rsa; p=… with the whole key on one line.",
    reference="RFC 6376 3.6; RFC 8301 3.2",
)  # fmt: skip
COMMON = _rule(
    "common-selectors", Severity.WARNING, "domain",
    title="Keys under common selectors can be used",
    why="A key that is published and of no use is one that somebody may sign with.",
    fix="Mend the TXT record at {part}, or remove it: {problem}.",
    reference="RFC 6376 3.6; RFC 8301 3.2",
)  # fmt: skip

KEY_RULES = (KEY_MISSING, KEY_REVOKED, KEY_INVALID, KEY_SHORT, WEAK_KEY, KEY_LONG, TESTING)
RULES = (
    MISSING, NONE_VALID, SYNTAX, FROM_NOT_SIGNED, WEAK_ALGORITHM, EXPIRED, FUTURE, BODY_CHANGED, HEADER_CHANGED,
    BODY_LENGTH, UNSIGNED_TAIL, ED25519_ONLY, *KEY_RULES, KEY_MISMATCH, SELECTOR, COMMON,
)  # fmt: skip
