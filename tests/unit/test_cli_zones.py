"""`--zone` and `--offline` of `preflight check`, end to end."""

import json
from pathlib import Path

import pytest

from preflight.cli import main
from preflight.lab import LabDns
from preflight.lab.demo import demo_world
from tests.unit.zone_samples import SOA, write, write_example


@pytest.fixture
def zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_example(tmp_path)
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_offline_with_files_in_the_configuration(
    zones: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative to the file, those of the command line to where it is called; and no socket is opened."""

    def refuse(*_: object) -> None:
        raise AssertionError("nobody is asked")

    write(zones, **{
        "preflight.toml": '[[subject]]\nhost = "mail.example.com"\n[zones]\nfiles = ["zones"]\noffline = true\n',
        "else__new.zone": "$ORIGIN example.com.\n" + SOA + "mail A 203.0.113.77\n",
    })  # fmt: skip
    monkeypatch.setattr("socket.socket.connect", refuse)
    (zones / "elsewhere").mkdir()
    monkeypatch.chdir(zones / "elsewhere")
    args = ["check", "--config", "../preflight.toml", "--select", "ptr,mx/missing", "--format", "json"]
    assert main(args) == 0
    assert '"file": "../zones/example.com.zone"' in capsys.readouterr().out
    assert main([*args, "--zone", "../else/new.zone"]) == 1
    assert "not in the zone files" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--offline"], "--offline answers from zone files alone; give some with --zone"),
        (["--offline", "--zone", "zones", "--resolver", "192.0.2.1"], "--offline asks no name server; leave out --r"),
        (["--offline", "--zone", "zones", "--authoritative"], "leave out --authoritative"),
        (["--offline", "--zone", "zones", "--probe"], "--offline makes no connection; leave out --server, --probe"),
        (["--zone", "zones", "--zone", "gone"], "--zone gone: no such file or folder"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together(
    zones: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    assert main(["check", "mail.example.com", *arguments]) == 2
    shown = capsys.readouterr()
    assert error in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


def test_notes_go_to_standard_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, **{"good.example.zone": 'mail A 203.0.113.25\n@ MX 10 mail\n@ TXT "v=spf1 mx -all"\n'})
    with LabDns(demo_world()) as dns:
        args = ["check", "mail.good.example", "--zone", "good.example.zone", "--resolver", dns.address]
        assert main([*args, "--format", "json"]) == 0
    assert "good.example.zone: no SOA record; taken as all that there is of good.example\n" in capsys.readouterr().err


SIX = {
    "a missing PTR": ("203.0.113.zone", "25 PTR mail\n", "", "ptr/missing", "203.0.113.zone:1"),
    "an MX that is an alias": ("example.com.zone", "mail A 203.0.113.25\n", "mail CNAME real\nreal A 203.0.113.25\n",
                               "mx/cname", "example.com.zone:2"),
    "a HELO name that is not there": ("preflight.toml", "mail.example.com", "out.example.com", "helo/unresolvable",
                                      "example.com.zone:1"),
    "an MX that leads nowhere": ("example.com.zone", "MX 10 mail", "MX 10 mial", "mx/unresolvable",
                                 "example.com.zone:2"),
    "a null MX": ("example.com.zone", "MX 10 mail", "MX 0 .", "mx/null", "example.com.zone:2"),
}  # fmt: skip


@pytest.mark.parametrize("change", [None, *SIX])
def test_a_bad_change_is_stopped_with_its_file_and_line(
    folder: Path, capsys: pytest.CaptureFixture[str], change: str | None
) -> None:
    files = {
        "zones__example.com.zone": SOA + "@ MX 10 mail\nmail A 203.0.113.25\nns A 203.0.113.53\n",
        "zones__203.0.113.zone": "@ SOA ns.example.com. x.example.com. 1 2 3 4 5\n25 PTR mail.example.com.\n",
        "preflight.toml": '[[subject]]\nhelo = "mail.example.com"\ndomain = "example.com"\nip = ["203.0.113.25"]\n'
        '[zones]\nfiles = ["zones"]\noffline = true\n[policy]\nselect = ["ptr", "helo", "mx"]\nfail-on = "warning"\n',
    }
    if change is not None:
        name, old, new, _, _ = SIX[change]
        key = next(key for key in files if key.endswith(name))
        old = "25 PTR mail.example.com.\n" if old.startswith("25 PTR") else old
        assert old in files[key]
        files[key] = files[key].replace(old, new)
    write(folder, **files)
    code = main(["check", "--config", "preflight.toml", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    failed = {
        (one["rule"], f"{place['file']}:{place['line']}")
        for one in report["findings"]
        if one["status"] == "fail"
        for place in [next(piece["place"] for piece in one["evidence"] if "place" in piece)]
    }
    if change is None:
        assert (code, failed) == (0, set())
    else:
        *_, rule, place = SIX[change]
        assert code == 1
        assert (rule, f"zones/{place}") in failed
