"""The commands `preflight codes` and `preflight rules`."""

import json
import posixpath
import re

import pytest
from rich.cells import cell_len

from preflight import registry as registry_module
from preflight.bounces.catalogue import load_catalogue
from preflight.cli import main
from preflight.errors import PluginError
from preflight.registry import Registry, load_registry

PAGES = [
    (["codes"], "codes.md"),
    (["rules"], "rules.md"),
    *((["codes", provider], f"codes/{provider}.md") for provider in load_catalogue().providers),
]


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    """The language of a command is that of the environment."""
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")


class TestCommands:
    def test_codes(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["codes"]) == 0
        out = capsys.readouterr().out
        catalogue = load_catalogue()
        board = [bounce.id for bounce in catalogue.bounces.values() if bounce.on_board]
        assert re.findall(r"^(\S+/\S+)", out, re.MULTILINE) == board
        others = re.findall(r"^  ([a-z0-9-]+) +(\d+) ", out, re.MULTILINE)
        assert [provider for provider, _ in others] == list(catalogue.providers)
        assert sum(int(count) for _, count in others) == len(catalogue.bounces) - len(board)
        assert "microsoft/DY-001               550 DY-001                    permanent  full\n" in out
        assert all(cell_len(line) <= 80 for line in out.splitlines())

    @pytest.mark.parametrize("words", [["DY-001"], ["550 dy-001"], ["550", "DY-001"], ["microsoft/DY-001"]])
    def test_one_code(self, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["codes", *words]) == 0
        out = capsys.readouterr().out
        assert out.startswith(
            "microsoft/DY-001\n  reply     550 DY-001\n  receiver  Microsoft\n  class     permanent\n"
        )
        assert "    ptr/missing                      The sending address has a PTR record\n" in out

    def test_several_codes(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["codes", "421", "rp-00"]) == 0
        out = capsys.readouterr().out
        assert re.findall(r"^(\S+/\S+)", out, re.MULTILINE) == [f"microsoft/RP-00{number}" for number in (1, 2, 3)]

    @pytest.mark.parametrize("name", ["google", " Google ", "rfc3463"])
    def test_a_provider(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["codes", name]) == 0
        out = capsys.readouterr().out
        provider = name.strip().lower()
        listed = [bounce.id for bounce in load_catalogue().bounces.values() if bounce.provider_id == provider]
        assert re.findall(r"^(\S+/\S+)", out, re.MULTILINE) == listed

    def test_a_whole_reply(self, capsys: pytest.CaptureFixture[str]) -> None:
        reply = "550-5.7.26 The MAIL FROM domain [example.com] has an SPF record with a hard fail policy (-all)"
        assert main(["codes", reply]) == 0
        assert capsys.readouterr().out.startswith("google/5.7.26-spf\n  reply     550 5.7.26 The MAIL FROM domain")

    def test_chinese(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        assert main(["codes", "SC-001", "--lang", "zh"]) == 0
        asked = capsys.readouterr().out
        assert asked.startswith("microsoft/SC-001\n  应答    550 SC-001\n  收件方  微软\n  性质    永久\n")
        assert "  处理方法\n    1. 查看邮件日志，" in asked
        monkeypatch.setenv("LANG", "zh_CN.UTF-8")
        assert main(["codes", "SC-001"]) == 0
        assert capsys.readouterr().out == asked

    def test_json(self, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        assert main(["codes", "--format", "json", "--lang", "zh"]) == 0
        objects = json.loads(capsysbinary.readouterr().out)
        assert [one["id"] for one in objects] == list(load_catalogue().bounces)
        dynamic = next(one for one in objects if one["id"] == "microsoft/DY-001")
        assert dynamic["provider"] == "microsoft"
        assert dynamic["advice"][0].startswith("使用固定 IP 架设邮件服务器")
        assert dynamic["examples"][0].startswith("550 DY-001 (")
        assert main(["rules", "--format", "json"]) == 0
        objects = json.loads(capsysbinary.readouterr().out)
        assert [one["id"] for one in objects] == list(load_registry().rules)
        assert all(one["check"] == one["id"].partition("/")[0] for one in objects)

    @pytest.mark.parametrize("command", ["codes", "rules"])
    def test_markdown_is_the_same_each_time(self, command: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        outputs = []
        for _ in range(2):
            assert main([command, "--format", "markdown"]) == 0
            outputs.append(capsysbinary.readouterr().out.decode())
        first = f"<!-- Made by `preflight {command} --format markdown --lang en`; do not edit. -->\n"
        assert outputs[0] == outputs[1]
        assert outputs[0].startswith(first)

    def test_links_of_the_pages_lead_to_headings(self, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        anchors: dict[str, set[str]] = {}
        links: set[tuple[str, str]] = set()
        for arguments, at in PAGES:
            assert main([*arguments, "--format", "markdown"]) == 0
            page = capsysbinary.readouterr().out.decode()
            headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
            anchors[at] = {re.sub(r"[^a-z0-9_ -]", "", text.lower()).replace(" ", "-") for text in headings} | {""}
            for target, anchor in re.findall(r"\]\(([^)#]+\.md)#?([^)]*)\)", page):
                links.add((posixpath.normpath(posixpath.join(posixpath.dirname(at), target)), anchor))
        assert {link for link in links if link[1] not in anchors[link[0]]} == set()

    def test_rules(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["rules"]) == 0
        out = capsys.readouterr().out
        assert re.findall(r"^  (\S+/\S+)  ", out, re.MULTILINE) == list(load_registry().rules)
        assert "ptr: Reverse DNS\n  ptr/missing                error    The sending address has a PTR record\n" in out
        assert all(cell_len(line) <= 80 for line in out.splitlines())

    @pytest.mark.parametrize("word", ["ptr/missing", "PTR/Missing", " ptr/missing "])
    def test_one_rule(self, word: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["rules", word]) == 0
        out = capsys.readouterr().out
        assert out.startswith("ptr/missing\n  title      The sending address has a PTR record\n  severity   error\n")
        assert "  needs      HOST, or --ip\n" in out
        assert "    microsoft/501-5.5.4  501 5.5.4 Invalid domain name\n" in out
        assert "<record>" in out
        assert "{" not in out

    def test_rules_of_a_check(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["rules", "ptr"]) == 0
        out = capsys.readouterr().out
        rules = [rule.id for rule in load_registry().checks["ptr"].rules]
        assert out.startswith("ptr: Reverse DNS\n\nptr/missing\n")
        assert re.findall(r"^(ptr/\S+)$", out, re.MULTILINE) == rules

    def test_nothing_but_text(self, capsys: pytest.CaptureFixture[str]) -> None:
        for arguments in (["codes"], ["codes", "DY-001"], ["rules"], ["rules", "ptr"]):
            assert main(arguments) == 0
            assert re.search(r"[^\n\x20-\x7e…“”’→]", capsys.readouterr().out) is None


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["codes", "DY-01"], "there is no bounce code 'DY-01'; did you mean 'DY-001'?"),
        (["codes", "dy-01"], "there is no bounce code 'dy-01'; did you mean 'dy-001'?"),
        (["codes", "gogle"], "there is no bounce code 'gogle'; did you mean 'google'?"),
        (["codes", "550 DY-003"], "there is no bounce code '550 DY-003'; did you mean '550 DY-002'?"),
        (["codes", ""], "there is no bounce code ''"),
        (["codes", "\x1b[31mqqqqq"], "there is no bounce code '\\x1b[31mqqqqq'"),
        (["rules", "ptr/mising"], "there is no check or rule 'ptr/mising'; did you mean 'ptr/missing'?"),
        (["rules", "PTR/mising"], "there is no check or rule 'PTR/mising'; did you mean 'ptr/missing'?"),
        (["rules", "pt"], "there is no check or rule 'pt'; did you mean 'ptr'?"),
        (["rules", ""], "there is no check or rule ''"),
        (["rules", "\x1b]0;q\x07" + "q" * 200], None),
    ],
)
def test_unknown_words(
    arguments: list[str], line: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_module, "load_registry", only_ptr)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("preflight: there is no ")
    assert captured.err.removesuffix("\n").isprintable()
    if line is not None:
        assert captured.err == f"preflight: {line}\n"


def only_ptr() -> Registry:
    registry = Registry(load_catalogue())
    registry.add(load_registry().checks["ptr"], "preflight_checks")
    return registry


@pytest.mark.parametrize("arguments", [["codes"], ["codes", "DY-001"], ["rules"], ["rules", "ptr"]])
def test_a_broken_plugin_is_told_on_standard_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Registry:
        registry = only_ptr()
        registry.add_broken("mine", PluginError("plugin 'mine' cannot be loaded"))
        return registry

    monkeypatch.setattr(registry_module, "load_registry", only_ptr)
    capsys.readouterr()
    assert main(arguments) == 0
    whole = capsys.readouterr()
    monkeypatch.setattr(registry_module, "load_registry", broken)
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert captured.out == whole.out
    assert captured.err == "preflight: plugin 'mine' cannot be loaded\n"
    assert main(["rules", "mine"]) == 2
