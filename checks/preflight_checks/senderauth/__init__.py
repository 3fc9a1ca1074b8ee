"""Sender authentication: SPF, DKIM, DMARC, ARC. What more than one check needs to know of them."""
