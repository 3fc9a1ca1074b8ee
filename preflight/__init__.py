"""preflight: will receivers take this server's mail, and if not, which bounce comes back and what mends it?

The public interface is what `__all__` names; everything else may change between releases. Names are loaded
on first use, so that `import preflight` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Check": "check",
    "Context": "check",
    "Evidence": "findings",
    "Finding": "findings",
    "LiveSource": "net.live",
    "Policy": "policy",
    "PreflightError": "errors",
    "Report": "report",
    "Rule": "check",
    "Run": "runner",
    "Severity": "findings",
    "Status": "findings",
    "Subject": "subject",
    "Unanswered": "net.dns",
    "judges": "check",
    "run": "runner",
    "run_async": "runner",
}

if TYPE_CHECKING:
    from preflight.check import Check, Context, Rule, judges
    from preflight.errors import PreflightError
    from preflight.findings import Evidence, Finding, Severity, Status
    from preflight.net.dns import Unanswered
    from preflight.net.live import LiveSource
    from preflight.policy import Policy
    from preflight.report import Report
    from preflight.runner import Run, run, run_async
    from preflight.subject import Subject

__all__ = [
    "Check",
    "Context",
    "Evidence",
    "Finding",
    "LiveSource",
    "Policy",
    "PreflightError",
    "Report",
    "Rule",
    "Run",
    "Severity",
    "Status",
    "Subject",
    "Unanswered",
    "__version__",
    "judges",
    "run",
    "run_async",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'preflight' has no attribute {name!r}")
    value = getattr(import_module(f"preflight.{home}"), name)
    globals()[name] = value
    return value
