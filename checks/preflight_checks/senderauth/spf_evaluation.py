"""Whether a domain lets an address send in its name: `check_host()` of RFC 7208 4."""

from preflight.net.addresses import IPAddress
from preflight.net.dns import Question, Resolver, Unanswered
from preflight_checks.senderauth.spf_records import Outcome, is_askable
from preflight_checks.senderauth.spf_result import SpfOutcome
from preflight_checks.senderauth.spf_tree import Tree, walk


async def evaluate_spf(
    dns: Resolver, *, ip: IPAddress, mail_from_domain: str, local_part: str = "", helo: str = ""
) -> SpfOutcome:
    """Judge a sending address by the SPF record of the envelope sender's domain.

    An empty `mail_from_domain` is the null sender `<>`: then the HELO name is judged (RFC 7208 2.4). Names in ASCII.
    Raises nothing of DNS: a question without an answer is the result `temperror`, with the question.
    """
    domain = mail_from_domain or helo
    tree = await walk(dns, domain, {ip.version}) if is_askable(domain) else None
    return await evaluate_in(dns, tree, ip=ip, mail_from_domain=mail_from_domain, local_part=local_part, helo=helo)


async def evaluate_in(
    dns: Resolver, tree: Tree | None, *, ip: IPAddress, mail_from_domain: str, local_part: str = "", helo: str = ""
) -> SpfOutcome:
    """The same, for a domain whose tree has been walked; `None` where it can have no record."""
    from preflight_checks.senderauth.spf_pyspf import Evaluation, MissingAnswer, no_domain  # pyspf is slow to load

    domain = (mail_from_domain or helo).removesuffix(".")
    if tree is None:
        return no_domain(domain, "mailfrom" if mail_from_domain else "helo")
    answers = dict(tree.answers)
    sender = f"{local_part or 'postmaster'}@{domain}" if mail_from_domain else ""
    while True:
        try:
            return Evaluation(ip, sender, helo if mail_from_domain else domain, answers).outcome()
        except MissingAnswer as missing:  # of macros that name the sender, which no walk could foresee
            answers[missing.question] = await _ask(dns, missing.question)


async def _ask(dns: Resolver, question: Question) -> Outcome:
    try:
        return await dns.query(question.name, question.rtype)
    except Unanswered as outcome:
        return outcome
