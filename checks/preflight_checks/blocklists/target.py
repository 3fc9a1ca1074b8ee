"""What lists are asked for: addresses, and host or domain names."""

from preflight.net.addresses import IPAddress, reversed_labels
from preflight_checks.blocklists.zones import Kind

Target = IPAddress | str
"""What is looked up: an address, or a host or domain name."""


def kind_of(target: Target) -> Kind:
    """Which kind of list knows such a target."""
    if isinstance(target, str):
        return "domain"
    return "ip4" if target.version == 4 else "ip6"


def labels_of(target: Target) -> str:
    """The labels under which a list is asked for a target (RFC 5782 2.1, 2.4)."""
    return target if isinstance(target, str) else reversed_labels(target)
