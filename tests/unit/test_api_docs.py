"""The examples of docs/api.md run as they stand, against the demo's world."""

import re
from pathlib import Path

import pytest

from preflight.lab import LabDns
from preflight.lab.demo import demo_world
from preflight.net import live
from preflight.net.live import LiveSource

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
PRINTED = [
    r"(go|no-go|incomplete)\n(\S+/\S+ .*\n|.*\n)*",
    r"go\n",
    r"\[\('mail.good.example', 'go'\), \('mail.bad.example', 'no-go'\)\]\n",
    r"(go|no-go|incomplete)\n",
    r"\[.*'json', .*'terminal'.*\]\n\{\n  \"schema\": \"preflight-report/1\"(.*\n)*",
    r"incomplete\n",
]


def test_there_is_an_expectation_for_each() -> None:
    assert len(EXAMPLES) == len(PRINTED)


@pytest.mark.parametrize(("code", "printed"), list(zip(EXAMPLES, PRINTED, strict=True)))
def test_it_runs(code: str, printed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The hosts of the example are those of the demo here, and all questions go to its DNS."""
    for example, name in (("mail.example.com", "mail.good.example"), ("mail.example.net", "mail.bad.example")):
        code = code.replace(f'"{example}"', f'"{name}"')
    code = code.replace('domain="example.com"', 'domain="good.example"').replace("MX example.com", "MX good.example")
    code = re.sub(r"(A|AAAA) mail\.example\.com", r"\1 mail.good.example", code)
    with LabDns(demo_world()) as lab:
        made = LiveSource.__init__
        monkeypatch.setattr(
            live.LiveSource, "__init__", lambda self, servers=(), timeout=2.0: made(self, [lab.address], timeout)
        )
        exec(compile(code, PAGE.name, "exec"), {"__name__": "example"})
    assert re.fullmatch(printed, capsys.readouterr().out), code
