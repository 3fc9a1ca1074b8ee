"""Writes what in docs/dnsbl.md comes from the catalogue and from a run with real daemons. Part of `make docs`."""

import re
import sys
import tempfile
from pathlib import Path

from preflight_checks.blocklists.zones import Zone, load_zones

PAGE = Path(__file__).parents[1] / "docs" / "dnsbl.md"
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


def part_of_page(name: str) -> str:
    """What stands between the marks of a part of the page."""
    match = re.search(_marks(name), PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert match, f"{PAGE.name} has no marks for {name}"
    return match[2]


def comparison_on_page() -> str:
    """The table of preflight beside pydnsbl."""
    return part_of_page("comparison")


def write(name: str, text: str) -> None:
    """Put a text between the marks of a part of the page."""
    page = PAGE.read_text(encoding="utf-8")
    written, count = re.subn(_marks(name), lambda match: f"{match[1]}{text}\n{match[3]}", page, flags=re.DOTALL)
    assert count == 1, f"{PAGE.name} has no marks for {name}"
    PAGE.write_text(written, "utf-8")


def _marks(name: str) -> str:
    return rf"(<!-- {name}: written by make docs -->\n\n)(.*?)\n?(<!-- end of {name} -->)"


def main() -> int:
    """Write the parts of the page; the comparison only where the daemons are installed."""
    from tests.lab.comparison import table
    from tests.lab.daemons import Lab, missing_daemons

    write("zones", zones_table())
    write("graveyard", graves_table())
    if missing := missing_daemons():
        print(f"{PAGE.name}: the comparison stays as it is, for want of {', '.join(missing)}", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # rbldnsd gives up its rights before it reads its files
        write("comparison", table(Lab(Path(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
