"""Writes what in the pages comes from the catalogue and from real runs. Part of `make docs`.

That is the report in README.md, the examples in docs/formats.md, the pages of providers in docs/codes/, in
docs/dnsbl.md the lists and the comparison, in docs/authentication.md two more.
"""

import contextlib
import io
import json
import re
import sys
import tempfile
from pathlib import Path

from preflight.bounces.catalogue import load_catalogue
from preflight.cli import main as preflight
from preflight.lab import LabDns
from preflight.lab.demo import demo_world
from preflight.render.catalogue import provider_page
from preflight_checks.blocklists.zones import Zone, load_zones

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "dnsbl.md"
AUTHENTICATION = ROOT / "docs" / "authentication.md"
FORMATS = ROOT / "docs" / "formats.md"
README = ROOT / "README.md"
_KINDS = {"ip4": "IPv4", "ip6": "IPv6", "domain": "names"}
_ACCESS = {"open": "anybody", "registration": "registered resolvers", "key": "with a key"}


def zones_table() -> str:
    """The lists of the catalogue, those that are asked by default first."""
    lines = ["| list | operator | has | weight | asked | open to | terms |", "| --- " * 7 + "|"]
    lines += [_row(zone) for zone in sorted(load_zones().zones.values(), key=lambda zone: not zone.default)]
    return "".join(f"{line}\n" for line in lines)


def _row(zone: Zone) -> str:
    name = f"`{zone.name}`" + (" (unverified)" if zone.status == "unverified" else "")
    kinds = ", ".join(_KINDS[kind] for kind in zone.kinds)
    asked = "by default" if zone.default else "on request"
    return (
        f"| {name} | {zone.operator} | {kinds} | {zone.weight} | {asked} | {_ACCESS[zone.access]} | {zone.terms.en} |"
    )


def graves_table() -> str:
    """The lists that are refused, and why."""
    names: dict[tuple[str, str], list[str]] = {}
    for grave in load_zones().graves.values():
        names.setdefault((grave.fate, grave.reason.en), []).append(f"`{grave.name}`")
    lines = ["| lists | fate | why |", "| --- | --- | --- |"]
    lines += [f"| {', '.join(lists)} | {fate} | {reason} |" for (fate, reason), lists in names.items()]
    return "".join(f"{line}\n" for line in lines)


def demo_report() -> str:
    """What the main job says of the demo's bad server, as on a terminal of 80 columns."""
    message = ROOT / "preflight" / "lab" / "data" / "bad.eml"
    output = io.StringIO()
    with LabDns(demo_world()) as server, contextlib.redirect_stdout(output):
        arguments = ["--resolver", server.address, "--message", str(message), "--no-cache", "--lang", "en"]
        preflight(["check", "mail.bad.example", *arguments])
    return output.getvalue().replace(str(message), "bad.eml")


def format_example(name: str) -> str:
    """What a run over the demo's bad server writes in a format, as a block of Markdown; times are always the same."""
    output = io.StringIO()
    with LabDns(demo_world()) as server, contextlib.redirect_stdout(output):
        preflight(["check", "mail.bad.example", "--resolver", server.address, "--no-cache", "--lang", "en",
                   "--select", "ptr/missing,ptr/not-forward-confirmed", "--format", name])  # fmt: skip
    text = output.getvalue()
    for pattern, fixed in _TIMES.items():
        text = re.sub(pattern, fixed, text)
    if name == "sarif":
        (run,) = json.loads(text)["runs"]
        text = f"{json.dumps(run['results'][0], indent=2)}\n"
    if name == "prometheus":
        text = "".join(line for line in text.splitlines(keepends=True) if 'bounce="' not in line or "RP-001" in line)
    language = {"gitlab": "json", "sarif": "json", "junit": "xml", "markdown": "markdown"}.get(name, "text")
    return f"```{language}\n{text}```\n"


EXAMPLES = ("junit", "sarif", "github", "gitlab", "markdown", "nagios", "prometheus")
_TIMES = {
    r'\btime="[\d.]+"': 'time="0.042"',
    r'timestamp="[^"]+"': 'timestamp="2026-11-24T09:30:15"',
    r"time=[\d.]+s;": "time=0.042s;",
    r"(_timestamp_seconds\{[^}]*\}) .*": r"\1 1795512615.250",
    r"(_duration_seconds\{[^}]*\}) .*": r"\1 0.042",
}


def report_in_readme() -> str:
    """The report that is pasted in README.md."""
    match = _PASTED.search(README.read_text(encoding="utf-8"))
    assert match, "README.md has no block of text"
    return match[1]


def part_of_page(name: str, page: Path = PAGE) -> str:
    """What stands between the marks of a part of a page."""
    match = re.search(_marks(name), page.read_text(encoding="utf-8"), re.DOTALL)
    assert match, f"{page.name} has no marks for {name}"
    return match[2]


def comparison_on_page() -> str:
    """The table of preflight beside pydnsbl."""
    return part_of_page("comparison")


def provider_pages() -> list[tuple[str, str]]:
    """The providers of the bounce catalogue, each with its page in docs/."""
    return [(provider, provider_page(provider)) for provider in load_catalogue().providers]


def codes_page(provider: str) -> str:
    """What a provider answers, as `preflight codes` writes it."""
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
    with contextlib.redirect_stdout(output):
        preflight(["codes", provider, "--format", "markdown", "--lang", "en"])
    output.seek(0)
    return output.read()


def write(name: str, text: str, page: Path = PAGE) -> None:
    """Put a text between the marks of a part of a page."""
    old = page.read_text(encoding="utf-8")
    written, count = re.subn(_marks(name), lambda match: f"{match[1]}{text}\n{match[3]}", old, flags=re.DOTALL)
    assert count == 1, f"{page.name} has no marks for {name}"
    page.write_text(written, "utf-8")


def _marks(name: str) -> str:
    return rf"(<!-- {name}: written by make docs -->\n\n)(.*?)\n?(<!-- end of {name} -->)"


_PASTED = re.compile(r"^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def main() -> int:
    """Write the parts of the pages; the comparison only where the daemons are installed."""
    from tests.lab.comparison import table
    from tests.lab.daemons import Lab, missing_daemons
    from tests.lab.dmarc_comparison import table as dmarc_table
    from tests.lab.spf_comparison import table as spf_table

    readme = README.read_text(encoding="utf-8")
    README.write_text(_PASTED.sub(lambda _: f"```text\n{demo_report()}```", readme, count=1), encoding="utf-8")
    for name in EXAMPLES:
        write(name, format_example(name), FORMATS)
    for provider, page in provider_pages():
        (ROOT / "docs" / page).write_text(codes_page(provider), encoding="utf-8")
    write("zones", zones_table())
    write("graveyard", graves_table())
    write("spf-comparison", spf_table(), AUTHENTICATION)
    write("dmarc-comparison", dmarc_table(), AUTHENTICATION)
    if missing := missing_daemons():
        print(f"{PAGE.name}: the comparison stays as it is, for want of {', '.join(missing)}", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # rbldnsd gives up its rights before it reads its files
        write("comparison", table(Lab(Path(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
