"""A small Internet on loopback: DNS zones, reverse zones, blocklists and faults, for `preflight demo` and for tests.

`World` is what there is, `LabDns` serves it, `preflight.lab.demo` has the world of the demo.
"""

from preflight.lab.blocklist import Blocklist, Listing
from preflight.lab.dns_server import LabDns
from preflight.lab.faults import Fault
from preflight.lab.responder import Asked, Transport
from preflight.lab.world import World

__all__ = ["Asked", "Blocklist", "Fault", "LabDns", "Listing", "Transport", "World"]
