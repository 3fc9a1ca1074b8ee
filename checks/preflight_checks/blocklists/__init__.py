"""Blocklists: the catalogue of zones, the meaning of their answers, proof of life, and the look-up that uses all three.

For other checks: `zen_reading` says what Spamhaus ZEN has on an address.
"""

from preflight_checks.blocklists.lookup import zen_reading
from preflight_checks.blocklists.reading import Reading, State

__all__ = ["Reading", "State", "zen_reading"]
