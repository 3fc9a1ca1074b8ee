"""Whether a domain lets an address send in its name: `check_host()` of RFC 7208 4."""

from preflight.net.addresses import IPAddress
from preflight.net.dns import Resolver
from preflight_checks.senderauth.spf_result import SpfOutcome


async def evaluate_spf(
    dns: Resolver, *, ip: IPAddress, mail_from_domain: str, local_part: str = "", helo: str = ""
) -> SpfOutcome:
    """Judge a sending address by the SPF record of the envelope sender's domain.

    An empty `mail_from_domain` is the null sender `<>`: then the HELO name is judged (RFC 7208 2.4). Names in ASCII.
    Raises nothing of DNS: a question without an answer is the result `temperror`, with the question.
    """
    raise NotImplementedError
