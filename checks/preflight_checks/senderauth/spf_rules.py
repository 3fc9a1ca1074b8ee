"""The rules of the check `spf`: what each is about, why receivers care, what mends it."""

from preflight.check import Rule
from preflight.findings import Severity

_DOMAIN = ("domain|mail-from",)

MISSING = Rule(
    id="spf/missing",
    severity=Severity.ERROR,
    title="The envelope domain has an SPF record",
    why="Without one nobody can tell who may send for the domain. Gmail, Yahoo and Outlook.com refuse mail that passes "
    "neither SPF nor DKIM, and want both of those who send in bulk. A sub-domain does not inherit a record.",
    fix="In the zone of {part}, add this record: `{record}`. Name all that send for the domain before you publish it.",
    reference="RFC 7208 3; https://support.google.com/a/answer/81126",
    needs=_DOMAIN,
)
MULTIPLE = Rule(
    id="spf/multiple",
    severity=Severity.ERROR,
    title="The envelope domain has no more than one SPF record",
    why="Two SPF records are an error, and SPF passes for nobody.",
    fix="Make one record of them: `v=spf1`, then the terms of all, then one `all`. Delete the others.",
    reference="RFC 7208 3.2; RFC 7208 4.5",
    needs=_DOMAIN,
)
SYNTAX = Rule(
    id="spf/syntax",
    severity=Severity.ERROR,
    title="The SPF record has no errors",
    why="One error anywhere in the record makes it an error for every sender, and SPF passes for nobody.",
    fix="In the SPF record of {part}, put right: {flaws}.",
    reference="RFC 7208 4.6; RFC 7208 12",
    needs=_DOMAIN,
)
IGNORED = Rule(
    id="spf/ignored-terms",
    severity=Severity.WARNING,
    title="Each term of the SPF record does something",
    why="What stands behind `all`, a redirect beside it, and a mechanism written with = instead of a colon are passed "
    "over in silence. Whoever wrote them means somebody to pass who does not.",
    fix="In the SPF record of {part}, put {terms} before `all` and with a colon, or take it out.",
    reference="RFC 7208 5.1; RFC 7208 6; RFC 7208 6.1",
    needs=_DOMAIN,
)
LONG = Rule(
    id="spf/too-long",
    severity=Severity.INFO,
    title="The SPF record fits into one small answer",
    why="Records of over 450 octets do not fit into plain DNS answers with certainty, and answers of over 1,232 octets "
    "take TCP, which some networks block. Then SPF cannot be judged there.",
    fix="Take out what the SPF record of {part} does not need, or move a part of it into an include; delete TXT "
    "records that nobody asks for any more.",
    reference="RFC 7208 3.4; https://www.dnsflagday.net/2020/",
    needs=_DOMAIN,
)
LOOKUPS = Rule(
    id="spf/too-many-lookups",
    severity=Severity.ERROR,
    title="The SPF record takes no more than ten DNS lookups",
    why="Receivers stop at the eleventh include, a, mx, ptr, exists or redirect, those of included records counted, "
    "and take the record for an error. Who matches late does not pass, and tomorrow's change at a provider breaks it.",
    fix="Bring {part} to {most} lookups at most: drop includes of services that send no more, replace a and mx by ip4 "
    "and ip6, and give services that send much a sub-domain of their own.",
    reference="RFC 7208 4.6.4",
    needs=_DOMAIN,
)
VOIDS = Rule(
    id="spf/too-many-void-lookups",
    severity=Severity.ERROR,
    title="No more than two lookups of the SPF record find nothing",
    why="Receivers stop at the third name without the record that is asked for, and take the record for an error.",
    fix="In the SPF record of {part}, take out what leads to names that are no more: {questions}.",
    reference="RFC 7208 4.6.4",
    needs=_DOMAIN,
)
INCLUDE = Rule(
    id="spf/include-failed",
    severity=Severity.ERROR,
    title="Each record that the SPF record refers to is there and sound",
    why="An include or a redirect without a sound record behind it makes the whole record an error for those who come "
    "to it. A name that is free to register lets whoever takes it send as you.",
    fix="Take it out, or write it as its owner documents it today: {faults}.",
    reference="RFC 7208 5.2; RFC 7208 6.1",
    needs=_DOMAIN,
)
CROWDED = Rule(
    id="spf/too-many-mx",
    severity=Severity.ERROR,
    title="An mx term of the SPF record has no more than ten MX hosts",
    why="Receivers look up ten MX hosts for a term; with more the record is an error.",
    fix="Replace the mx term by the addresses of the hosts that do send, with ip4 and ip6: {domains}.",
    reference="RFC 7208 4.6.4",
    needs=_DOMAIN,
)
PASS_ALL = Rule(
    id="spf/pass-all",
    severity=Severity.WARNING,
    title="The SPF record does not let everybody send",
    why="A record that lets strangers pass protects nothing, and receivers hold it against the domain: Gmail refuses "
    "with 5.7.24 what has suspicious entries.",
    fix="In the SPF record of {part}, name only what sends for it, and end in ~all or -all.",
    reference="RFC 7208 5.1; https://support.google.com/a/answer/3726730",
    needs=_DOMAIN,
)
NO_ALL = Rule(
    id="spf/no-all",
    severity=Severity.WARNING,
    title="The SPF record says what to make of all other senders",
    why="Without `all`, or with `?all`, everybody else is neutral: the record says nothing of forgeries.",
    fix="End the SPF record of {at} in ~all, or in -all where it names all that send.",
    reference="RFC 7208 4.7; RFC 7208 5.1",
    needs=_DOMAIN,
)
PTR = Rule(
    id="spf/ptr-mechanism",
    severity=Severity.WARNING,
    title="The SPF record does without ptr",
    why="It is slow, it fails with the reverse zone of somebody else, and receivers may pass it over; RFC 7208 says "
    "not to publish it.",
    fix="In the SPF record of {part}, replace {terms} by ip4, ip6, a or mx.",
    reference="RFC 7208 5.5; RFC 7208 7.2",
    needs=_DOMAIN,
)
NOT_AUTHORISED = Rule(
    id="spf/not-authorised",
    severity=Severity.ERROR,
    title="SPF lets the sending address send for the envelope domain",
    why="Anything but pass counts as unauthenticated: receivers refuse it or take it for forged, and DMARC cannot rest "
    "on it. For the null sender of bounces it is the HELO name that counts.",
    fix="In DNS: {remedy}.",
    reference="RFC 7208 2.4; RFC 7208 8",
    needs=("ip", "domain|mail-from"),
)
DKIM_ALONE = Rule(
    id="spf/dkim-alone",
    severity=Severity.WARNING,
    title="SPF passes as well as DKIM",
    why="The message has a valid DKIM signature of the domain in From, and that is enough for Gmail and Yahoo from "
    "those who send little. From those who send in bulk they and Outlook.com want SPF, too: Gmail answers 5.7.27, "
    "Outlook.com 5.7.515. And a mailing list that changes the message breaks the signature.",
    fix="In DNS: {remedy}.",
    reference="RFC 7208 8; https://support.google.com/a/answer/81126; https://senders.yahooinc.com/best-practices/",
    needs=_DOMAIN,
)
HELO_NOT_AUTHORISED = Rule(
    id="spf/helo-not-authorised",
    severity=Severity.WARNING,
    title="The SPF record of the HELO name lets the sending address send",
    why="Receivers may judge the HELO name of any mail, and of bounces they judge nothing else. A record there that "
    "refuses the server speaks against all that it sends.",
    fix="In DNS: {remedy}.",
    reference="RFC 7208 2.3; RFC 7208 2.4",
    needs=("ip", "helo"),
)
HELO_MISSING = Rule(
    id="spf/helo-missing",
    severity=Severity.INFO,
    title="The HELO name has an SPF record",
    why="Bounces have no envelope sender, so that SPF can pass for them by the HELO name alone.",
    fix='In DNS, add this record: `{part}. TXT "v=spf1 a -all"`.',
    reference="RFC 7208 2.4; RFC 7208 10.1.3",
    needs=("helo",),
)

RULES = (
    MISSING, MULTIPLE, SYNTAX, IGNORED, LONG, LOOKUPS, VOIDS, INCLUDE, CROWDED, PASS_ALL, NO_ALL, PTR, NOT_AUTHORISED,
    DKIM_ALONE, HELO_NOT_AUTHORISED, HELO_MISSING,
)  # fmt: skip
