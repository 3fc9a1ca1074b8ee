"""What preflight raises at its callers.

    PreflightError            one clear line for the user; the command line exits with 2
    ├── SubjectError          what was given to check cannot be read
    ├── ConfigError           preflight.toml, an option or a facts file is wrong
    ├── ZoneError             a zone file cannot be read: `file:line: what is wrong`
    ├── CatalogueError        a file of facts that ships with preflight or a plugin is broken
    └── PluginError           a check or renderer breaks the contract of its registry

`preflight.net.dns.Unanswered` is not among them: it is an outcome of a question, never an error of the user.
"""


class PreflightError(Exception):
    """Base of all errors whose text is meant for the user: what was wrong, and what to do."""


class SubjectError(PreflightError):
    """A host, address, domain, message or server that cannot be checked as given."""


class ConfigError(PreflightError):
    """A configuration file or an option that cannot be used as given."""


class ZoneError(PreflightError):
    """A zone file that cannot be used as given; begins with the file and, where it is known, the line."""


class CatalogueError(PreflightError):
    """A file of facts (bounce codes, zones, words) that breaks its format."""


class PluginError(PreflightError):
    """A check or a renderer that breaks the contract of its registry."""
