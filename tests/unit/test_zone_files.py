"""Which files are zones, which zone a file is, and what is said of those that cannot be used."""

import os
from pathlib import Path

import pytest

from preflight.errors import ZoneError
from preflight.net.zone_files import load_zones, origin_of
from preflight.net.zone_source import ZoneSource
from tests.unit.zone_samples import SOA, ask, source, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("example.com.zone", "example.com."), ("db.example.com", "example.com."), ("example.com.db", "example.com."),
        ("example.com", "example.com."), ("EXAMPLE.COM.ZONE", "EXAMPLE.COM."), ("example.com.yaml", "example.com."),
        ("203.0.113.zone", "113.0.203.in-addr.arpa."), ("db.192", "192.in-addr.arpa."),
        ("db.10.1", "1.10.in-addr.arpa."),
        ("113.0.203.in-addr.arpa.zone", "113.0.203.in-addr.arpa."), ("example.com./www.yaml", "example.com."),
        ("zone1.zone", None), ("README", None), ("a b.com.zone", None),
        ("_dmarc.example.com.zone", "_dmarc.example.com."),
    ],
)  # fmt: skip
def test_the_zone_that_a_name_says(path: str, origin: str | None) -> None:
    found = origin_of(Path(path))
    assert (str(found) if found is not None else None) == origin


def origins(*given: str) -> list[str]:
    return sorted(str(origin) for origin in load_zones(given).zones.origins)


def test_which_files_of_a_folder_are_zones(folder: Path) -> None:
    write(folder, **{
        "z__example.com.zone": SOA, "z__deep__db.example.net": SOA, "z__.git__example.org.zone": SOA,
        "z__db.local": "@ SOA localhost. root 1 2 3 4 5\n", "z__notes.txt": "none", "z__README.md": "none",
    })  # fmt: skip
    assert origins("z") == ["example.com.", "example.net."]
    assert origins("z", "z/example.com.zone", "z/../z") == ["example.com.", "example.net."]


@pytest.mark.parametrize(
    ("files", "given", "found"),
    [
        ({"x": "$ORIGIN example.com.\n" + SOA}, "x", ["example.com."]),
        ({"example.org.zone": "$ORIGIN com.\nexample SOA a. b. 1 2 3 4 5\n"}, "example.org.zone", ["example.com."]),
        ({"x": SOA}, "example.com=x", ["example.com."]),
        ({"a=b": "$ORIGIN example.com.\n" + SOA}, "a=b", ["example.com."]),
        ({"x": "$ORIGIN com.\na SOA x. y. 1 2 3 4 5\nb SOA x. y. 1 2 3 4 5\n"}, "x", ["a.com.", "b.com."]),
        ({"x": "m.example.com. A 192.0.2.1\n"}, "example.com=x", ["example.com."]),
        ({"example.com.zone": "$ORIGIN sub.example.com.\nm A 192.0.2.1\n"}, "example.com.zone", ["example.com."]),
        ({"x": "$ORIGIN example.com.\nm A 192.0.2.1\n"}, "x", ["example.com."]),
    ],
)
def test_the_zone_that_a_file_is(folder: Path, files: dict[str, str], given: str, found: list[str]) -> None:
    write(folder, **files)
    assert origins(given) == found


def test_fragments_add_to_the_file_with_the_soa_record(folder: Path) -> None:
    write(folder, **{"a__example.com.zone": "m A 192.0.2.1\n", "b__example.com.zone": SOA + "n A 192.0.2.2\n"})
    loaded = load_zones(["a", "b"])
    assert loaded.notes == ()
    asked = ZoneSource(loaded.zones, None)
    assert [ask(asked, f"A {name}.example.com") for name in "mnx"] == [
        "192.0.2.1 | a/example.com.zone:1",
        "192.0.2.2 | b/example.com.zone:2",
        "NXDOMAIN | b/example.com.zone:1",
    ]
    assert load_zones(["a"]).notes == ("a/example.com.zone: no SOA record; taken as all that there is of example.com",)


def test_what_is_outside_of_a_zone_is_passed_over_and_told(folder: Path) -> None:
    write(folder, **{"example.com.zone": SOA + "a.example.net. A 192.0.2.1\nb.example.net. A 192.0.2.2\n"})
    assert load_zones(["example.com.zone"]).notes == (
        "example.com.zone:2: a.example.net is outside of the zone example.com and was passed over, and 1 more",
    )


def test_files_that_are_included_are_no_zones_of_their_own(folder: Path) -> None:
    write(folder, **{
        "z__example.com.zone": SOA + "$INCLUDE common.zone\n$INCLUDE deep/other.zone\n",
        "z__common.zone": "m A 192.0.2.1\n",
        "z__deep__other.zone": "n A 192.0.2.2\n$INCLUDE common.zone x\n",
    })  # fmt: skip
    assert origins("z") == ["example.com."]
    assert ask(source("z"), "A m.example.com") == "192.0.2.1 | z/common.zone:1"
    assert ask(source("z"), "A n.example.com") == "192.0.2.2 | z/deep/other.zone:1"
    assert ask(source("z"), "A m.x.example.com") == "192.0.2.1 | z/common.zone:1"


@pytest.mark.parametrize(
    ("files", "given", "error"),
    [
        ({}, "nope", "--zone nope: no such file or folder"),
        ({"z__x.txt": ""}, "z", "--zone z: no zone file in it; those are called example.com.zone"),
        ({"z__a.com.zone": SOA}, "a.com=z", "--zone a.com=z: a folder has many zones"),
        ({"x": SOA}, "a..b=x", "--zone a..b=x: 'a..b' is no name of a zone"),
        ({}, "example.com=", "--zone example.com=: no file behind the ="),
        ({}, "x\0y", "--zone x\\x00y: "),
        ({"example.com.zone": ""}, "example.com.zone", "example.com.zone: no record in it"),
        ({"example.com.zone": "; none\n\n"}, "example.com.zone", "example.com.zone: no record in it"),
        ({"a.com.zone": SOA, "x": SOA}, "a.com=x,a.com.zone", "x:1 and a.com.zone:1 both are the zone a.com"),
        ({"x": "@ SOA a. b. 1 2 3 4 5\n"}, "x", "x:1: the name '@' is relative"),
        ({"x": "a.com. A 192.0.2.1\n"}, "x", "x: no SOA record, and neither $ORIGIN nor the file's name says which"),
        ({"x": "a.com. SOA a. b. 1 2 3 4 5\n"}, "b.com=x", "x: its SOA record is of a.com, not of b.com"),
        ({"a.com.zone": SOA + "w CNAME x\nw A 192.0.2.1\n"}, "a.com.zone",
         "a.com.zone:3: w.a.com. has a CNAME beside other records, the first at a.com.zone:2"),
        ({"a.com.zone": SOA + "w CNAME x\nw CNAME y\n"}, "a.com.zone", "a.com.zone:3: w.a.com. has two CNAME records"),
        ({"a.com.zone": SOA + "@ SOA a. b. 9 2 3 4 5\n"}, "a.com.zone", "a.com.zone:2: a.com. has two SOA records"),
        ({"z__a.com.zone": SOA + "$INCLUDE /etc/passwd\n"}, "z", "z/a.com.zone:2: $INCLUDE /etc/passwd: give a path"),
        ({"z__a.com.zone": SOA + "$INCLUDE ../x\n", "x": ""}, "z", "z/a.com.zone:2: $INCLUDE ../x leads out of the"),
        ({"z__a.com.zone": SOA + "$INCLUDE gone\n"}, "z", "z/a.com.zone:2: $INCLUDE gone: no such file in z"),
        ({"z__a.com.zone": SOA + "$INCLUDE link\n"}, "z", "z/a.com.zone:2: $INCLUDE link leads out of the folder z"),
        ({"z__a.com.zone": SOA + "$INCLUDE a.com.zone\n"}, "z", "z/a.com.zone:2: files include each other 10 deep"),
        ({"z__a.com.zone": SOA, "z__b.zone": "x"}, "z", "z/b.zone:1: "),
        ({"z__linked.zone": ""}, "z", "z/linked.com.zone: a link that leads out of the folder; give the file itself"),
        ({"a.yaml": "a: {type: A, value: 192.0.2.1}"}, "a.yaml", "a.yaml: the file's name says no zone"),
        ({"a.com.yaml": "a: {type: A}"}, "a.com.yaml", "a.com.yaml:1:4: a record of type A with neither"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used(folder: Path, files: dict[str, str], given: str, error: str) -> None:
    write(folder, **files)
    if (folder / "z").is_dir():
        (folder / "z" / "link").symlink_to("/etc/passwd")
    if "z__linked.zone" in files:
        (folder / "z" / "linked.com.zone").symlink_to("/etc/passwd")
        (folder / "z" / "linked.zone").unlink()
    with pytest.raises(ZoneError) as raised:
        load_zones(given.split(","))
    assert str(raised.value).startswith(error)


def test_no_octet_of_a_file_outside_gets_into_an_error(folder: Path) -> None:
    """A change to a repository from outside must not make a log of CI show what is on the machine."""
    (folder / "secret").write_text("the secret text\n")
    write(folder, **{"z__a.com.zone": SOA + "$INCLUDE ../secret\n", "z__b.com.zone": SOA})
    (folder / "z" / "b.com.zone").unlink()
    (folder / "z" / "b.com.zone").symlink_to(folder / "secret")
    for path in ("z", "z/a.com.zone"):
        with pytest.raises(ZoneError) as raised:
            load_zones([path])
        assert "secret text" not in str(raised.value)


def test_files_without_permission_and_pipes(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    reading, writing = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK), os.open("pipe", os.O_WRONLY)
    os.write(writing, SOA.encode() + b"m A 192.0.2.1\n")
    os.close(writing)
    (folder / "copy").write_bytes(os.read(reading, 1000))
    os.close(reading)
    assert ask(source("example.com=copy"), "A m.example.com") == "192.0.2.1 | copy:2"
    with pytest.raises(ZoneError, match="--zone /dev/null is neither a file nor a folder"):
        load_zones(["/dev/null"])
