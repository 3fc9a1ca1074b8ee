"""Links: where they lead, and whether a reader can see that."""

from preflight.check import Context, Findings, judges
from preflight.findings import Severity
from preflight.subject import registrable
from preflight_checks.mailfile.hostlists import load_hosts
from preflight_checks.mailfile.letter import Letter, Text
from preflight_checks.mailfile.links import host_of, is_numeric, links_in, obscured, shown_host
from preflight_checks.mailrules.common import at_text, message_rule, shorten, unless_blind

IP = message_rule(
    "link-ip",
    Severity.ERROR,
    title="No link leads to a bare IP address",
    why="Who has a name uses it: links to addresses lead to hacked machines. Outlook.com's guidelines forbid them, "
    "Microsoft's filter settings and SpamAssassin score them.",
    fix="Give the server a name in DNS, and link to that.",
    reference="Outlook.com, policies for senders; SpamAssassin NUMERIC_HTTP_ADDR, NORMAL_HTTP_TO_IP; rspamd HTTP_TO_IP",
    feeds_filters=True,
)
SHORT = message_rule(
    "link-shortener",
    Severity.WARNING,
    title="No link goes through a public shortener",
    why="Nobody sees where a short link leads, so filters judge the shortener; Spamhaus lists abused ones.",
    fix="Link to the page itself, or through a domain of your own.",
    reference="Spamhaus DBL 127.0.1.103; SpamAssassin URLShortener; Google, Email sender guidelines",
    feeds_filters=True,
)
MISMATCH = message_rule(
    "link-mismatch",
    Severity.ERROR,
    title="A link leads where its text says",
    why="A text that shows one address over a link to another one is how phishing works. Google's guidelines forbid "
    "it, and rspamd scores it 4. Links that count clicks look the same to a filter.",
    fix="Let the link's text be words ('your order'), or the address that the link really has.",
    reference="Google, Email sender guidelines; rspamd PHISHING",
    feeds_filters=True,
)
OBSCURED = message_rule(
    "link-obscured",
    Severity.WARNING,
    title="Links can be read",
    why="Invisible characters in a URL and letters of another script that look like Latin ones hide where it leads; "
    "rspamd scores them 5 to 7.",
    fix="Write the URL in plain characters, an international host name in one script.",
    reference="rspamd OMOGRAPH_URL, ZERO_WIDTH_SPACE_URL, URL_RTL_OVERRIDE; Unicode Technical Standard 39",
    feeds_filters=True,
)
ENDING = message_rule(
    "link-ending",
    Severity.INFO,
    title="No link ends in a top-level domain that filters distrust",
    why="Some endings are so cheap that spam lives there: SpamAssassin scores a list of them, and Exchange Online can "
    "be set to score .biz and .info. It is one sign among many, and honest mail survives it.",
    fix="Nothing has to be done; where filters complain, link to a domain with another ending.",
    reference="SpamAssassin FROM_SUSPICIOUS_NTLD, PDS_OTHER_BAD_TLD; Exchange Online IncreaseScoreWithBizOrInfoUrls",
)
RULES = (IP, SHORT, MISMATCH, OBSCURED, ENDING)


@judges(*RULES)
async def links(_: Context, letter: Letter) -> Findings:
    """All links of the texts; the first that breaks a rule is shown."""
    found = [(text, *one) for text in letter.texts for one in _links(text)]
    numeric = next(((text, url, at) for text, url, _, at in found if is_numeric(host_of(url))), None)
    if numeric:
        place = at_text(letter, numeric[0], numeric[2], numeric[1])
        yield IP.fails(letter, "a link leads to an IP address: {url}", place, url=shorten(numeric[1], 120))
    else:
        yield unless_blind(letter, IP, IP.passes(letter, "no link leads to an IP address"))
    shorteners = load_hosts("shorteners")
    short = next(
        ((text, url, at) for text, url, _, at in found if host_of(url).removeprefix("www.") in shorteners), None
    )
    if short:
        place = at_text(letter, short[0], short[2], short[1])
        yield SHORT.fails(letter, "a link goes through a shortener: {url}", place, url=shorten(short[1], 120))
    else:
        yield unless_blind(letter, SHORT, SHORT.passes(letter, "no link goes through a known shortener"))
    wrong = next((one for one in found if _shows_another(one[1], one[2])), None)
    if wrong:
        text, url, shown, at = wrong
        yield MISMATCH.fails(
            letter, "a link shows {shown} and leads to {host}", at_text(letter, text, at, url),
            shown=shorten(shown, 80), host=shorten(host_of(url), 80),
        )  # fmt: skip
    else:
        yield unless_blind(letter, MISMATCH, MISMATCH.passes(letter, "each link leads where its text says"))
    hard = next((one for one in found if obscured(one[1])), None)
    if hard:
        text, url, _shown, at = hard
        place = at_text(letter, text, at, url)
        if obscured(url) == "mixed":
            yield OBSCURED.fails(letter, "the host of a link mixes scripts that look alike: {url}", place,
                                 url=shorten(url, 120))  # fmt: skip
        else:
            yield OBSCURED.fails(letter, "a link has invisible characters in it: {url}", place, url=shorten(url, 120))
    else:
        yield unless_blind(letter, OBSCURED, OBSCURED.passes(letter, "each link can be read"))


@judges(ENDING)
async def endings(_: Context, letter: Letter) -> Findings:
    """Whether a link leads to a top-level domain that filters distrust."""
    distrusted = load_hosts("endings")
    for text in letter.texts:
        for url, _shown, at in _links(text):
            ending = host_of(url).rstrip(".").rpartition(".")[2]
            if ending in distrusted:
                place = at_text(letter, text, at, url)
                yield ENDING.fails(
                    letter, "a link leads to a domain in .{ending}: {url}", place, ending=ending, url=shorten(url, 120)
                )
                return
    yield unless_blind(letter, ENDING, ENDING.passes(letter, "no link leads to a domain whose ending filters distrust"))


def _links(text: Text) -> list[tuple[str, str, int]]:
    """Each link of a text: its URL, what it shows, its offset."""
    if text.page is not None:
        return [(link.target, link.text, link.offset) for link in text.page.links]
    return [(url, "", offset) for url, offset in links_in(text.text)]


def _shows_another(url: str, shown: str) -> bool:
    """Whether a link shows the address of another organisation than the one that it leads to."""
    promised, real = shown_host(shown), host_of(url)
    if not promised or not real or promised == real:
        return False
    return (registrable(promised) or promised) != (registrable(real) or real)
