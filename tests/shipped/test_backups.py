"""The backups that ship: a real archive and a real dump, restored by the commands of their README."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import debian
from tests.servers import free_port
from tests.shipped import containers
from tests.shipped.containers import TEMPLATES

NOBODY = 65534 if os.geteuid() == 0 else None
CLAIMS = {"source": {"name": "data"}, "target": {"name": "backups"}}
CLOCK = "$(date -u +%Y%m%dT%H%M%SZ)"
PASSWORD = "it's-a-$ecret word"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that whoever runs the container can reach and write to."""
    containers.open_to_all(tmp_path)
    for name in ("source", "target", "restored"):
        folder = tmp_path / name
        folder.mkdir()
        if NOBODY is not None:
            os.chown(folder, NOBODY, NOBODY)
    return tmp_path


@pytest.fixture
def shelf(applets: Path, place: Path) -> Path:
    """The applets, in a folder of one's own to put other programs into."""
    containers.open_to_all(applets)
    shelf = place / "bin"
    shelf.mkdir()
    for applet in applets.iterdir():
        (shelf / applet.name).symlink_to(applet.resolve())
    return shelf


def at_second(container: Mapping[str, Any], second: int) -> Mapping[str, Any]:
    """The container at a time of the test's choice: busybox' shell takes no other ``date`` than its own."""
    *shell, script = container["command"]
    assert CLOCK in script
    return {**container, "command": [*shell, script.replace(CLOCK, f"20260102T0230{second:02}Z")]}


def restore(readme: str, place: Path, environ: dict[str, str] | None = None) -> None:
    """What the README says about restoring, word for word but for the folders and the archive's time."""
    commands = re.search(r"## Restore.*?```\n(.*?)```", readme, re.DOTALL)
    assert commands
    script = commands[1].replace("/target", shlex.quote(str(place / "target")))
    script = script.replace("/restored", shlex.quote(str(place / "restored")))
    subprocess.run(["sh", "-euc", script], check=True, env=environ, capture_output=True, timeout=60)


def back_up(shelf: Path, place: Path, second: int = 0, keep: int = 7) -> tuple[int, list[str]]:
    return containers.run(
        shelf,
        at_second(containers.of("volume-backup", CLAIMS, {"keep": keep}), second),
        mounts={"/source": place / "source", "/target": place / "target"},
        user=NOBODY,
    )


def test_a_volume_is_archived_and_restored(shelf: Path, place: Path) -> None:
    odd = "-a name with $(id), 'quotes' and ünïcode"
    (place / "source" / "folder").mkdir()
    (place / "source" / "folder" / odd).write_bytes(os.urandom(100_000))
    (place / "source" / "empty").touch()
    (place / "source" / "link").symlink_to("empty")
    (place / "source" / "lost+found").mkdir(mode=0o700)
    code, lines = back_up(shelf, place)
    assert (code, len(lines)) == (0, 1), lines
    assert re.fullmatch("wrote backup-20260102T023000Z.tar.gz, [0-9]+ bytes, sha256 [0-9a-f]{64}", lines[0])
    assert sorted(path.name for path in (place / "target").iterdir()) == [
        "backup-20260102T023000Z.tar.gz",
        "backup-20260102T023000Z.tar.gz.sha256",
    ]
    restore((TEMPLATES / "volume-backup" / "README.md").read_text(), place)
    assert sorted(path.name for path in (place / "restored").iterdir()) == ["empty", "folder", "link"]
    assert (place / "restored" / "folder" / odd).read_bytes() == (
        place / "source" / "folder" / odd
    ).read_bytes()
    assert (place / "restored" / "link").readlink() == Path("empty")


def test_only_the_oldest_archives_of_the_name_go(shelf: Path, place: Path) -> None:
    (place / "source" / "a").touch()
    others = ["backup-notes.tar.gz", "backup-x-20250102T023000Z.tar.gz", "other-20250102T023000Z.tar.gz"]
    for name in others:
        (place / "target" / name).touch()
    for second in range(4):
        code, lines = back_up(shelf, place, second, keep=2)
        assert code == 0
        expected = [f"removed backup-20260102T0230{second - 2:02}Z.tar.gz"] if second >= 2 else []
        assert lines[1:] == expected
    kept = [f"backup-20260102T0230{second:02}Z.tar.gz{end}" for second in (2, 3) for end in ("", ".sha256")]
    assert sorted(path.name for path in (place / "target").iterdir()) == sorted([*kept, *others])


def test_an_archive_is_never_overwritten(shelf: Path, place: Path) -> None:
    (place / "source" / "a").touch()
    assert back_up(shelf, place)[0] == 0
    (archive,) = (place / "target").glob("*.tar.gz")
    before = archive.read_bytes()
    (place / "source" / "new").touch()
    said = "backup-20260102T023000Z.tar.gz exists already, and is not overwritten"
    assert back_up(shelf, place) == (1, [said])
    assert archive.read_bytes() == before


def test_a_source_that_cannot_be_read_leaves_nothing(shelf: Path, place: Path) -> None:
    unreadable = place / "source" / "secret"
    unreadable.write_text("x")
    unreadable.chmod(0)
    code, lines = back_up(shelf, place)
    assert code == 1
    assert lines[-1] == "backup is not backed up: see above"
    assert any("secret" in line for line in lines)
    assert list((place / "target").iterdir()) == []


def test_a_target_that_cannot_be_written_is_an_error(shelf: Path, place: Path) -> None:
    (place / "target").chmod(0o555)
    (place / "source" / "a").touch()
    code, _ = back_up(shelf, place)
    assert code != 0
    assert list((place / "target").iterdir()) == []


def test_an_empty_source_replaces_no_archive(shelf: Path, place: Path) -> None:
    (place / "source" / "lost+found").mkdir()
    said = "the source is empty, and no archive is replaced by nothing"
    assert back_up(shelf, place) == (1, [said])
    assert list((place / "target").iterdir()) == []


def test_what_a_killed_run_left_goes_after_a_day(shelf: Path, place: Path) -> None:
    old, young = (place / "target" / f".backup.{number}.partial" for number in (1, 2))
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    (place / "source" / ".hidden").touch()
    assert back_up(shelf, place)[0] == 0
    assert (old.exists(), young.exists()) == (False, True)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server of one's own, with the database shop.

    Args:
        folder: Of its programs.
        port: Where it listens, on this machine.
    """

    folder: Path
    port: int

    def environ(self, database: str) -> dict[str, str]:
        return {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": "keeper",
            "PGPASSWORD": PASSWORD,
            "PGDATABASE": database,
        }

    def query(self, sql: str, database: str = "shop") -> str:
        words = [str(self.folder / "psql"), "-XAtqc", sql]
        return subprocess.run(
            words, env=self.environ(database), check=True, capture_output=True, text=True, timeout=120
        ).stdout.strip()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    debian.install({"pg_ctlcluster": "postgresql"})
    programs = max(Path("/usr/lib/postgresql").iterdir()) / "bin"
    home = tmp_path_factory.mktemp("postgres")
    containers.open_to_all(home)
    if NOBODY is not None:
        os.chown(home, NOBODY, NOBODY)
    (home / "password").write_text(PASSWORD)
    port = free_port()

    def call(*words: str) -> None:
        subprocess.run(
            [str(programs / words[0]), *words[1:]],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=240,
            user=NOBODY,
            group=NOBODY,
            cwd=home,
        )

    data = str(home / "data")
    call(
        *("initdb", "-D", data, "-U", "keeper", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"),
        f"--pwfile={home / 'password'}",
    )
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    call("pg_ctl", "-D", data, "-w", "-l", str(home / "log"), "-o", settings, "start")
    found = Server(programs, port)
    try:
        found.query("create database shop", "postgres")
        found.query("create table orders (id serial primary key, note text)")
        found.query(
            "insert into orders (note) select 'note ' || i || ' ''x'' ü' from generate_series(1, 5000) i"
        )
        yield found
    finally:
        call("pg_ctl", "-D", data, "-m", "immediate", "stop")


def dump(
    server: Server,
    shelf: Path,
    place: Path,
    second: int = 0,
    *,
    password: str = PASSWORD,
    keep: int = 7,
    database: str = "shop",
) -> tuple[int, list[str]]:
    for name in ("pg_dump", "pg_restore"):
        (shelf / name).unlink(missing_ok=True)
        (shelf / name).symlink_to(server.folder / name)
    answers = {
        "host": "127.0.0.1",
        "port": server.port,
        "database": database,
        "user": "keeper",
        "password": {"name": "postgres", "key": "password"},
        "target": {"name": "backups"},
    }
    return containers.run(
        shelf,
        at_second(containers.of("postgres-backup", answers, {"keep": keep}), second),
        mounts={"/target": place / "target"},
        secrets={("postgres", "password"): password},
        user=NOBODY,
    )


def test_a_database_is_dumped_and_restored(server: Server, shelf: Path, place: Path) -> None:
    code, lines = dump(server, shelf, place)
    assert code == 0, lines
    (line,) = lines
    assert re.fullmatch(
        r"wrote shop-20260102T023000Z\.dump, [0-9]+ bytes, [1-9][0-9]* entries, sha256 [0-9a-f]{64}", line
    )
    assert (place / "target" / "shop-20260102T023000Z.dump").stat().st_mode & 0o777 == 0o600
    readme = (TEMPLATES / "postgres-backup" / "README.md").read_text()
    restore(readme, place, server.environ("postgres"))
    everything = "select count(*), md5(string_agg(id || note, ',' order by id)) from orders"
    assert server.query(everything, "shop_restored") == server.query(everything)


@pytest.mark.parametrize(
    ("password", "database", "says"),
    [("wrong", "shop", "password authentication failed"), (PASSWORD, "nothing", "does not exist")],
)
def test_a_dump_that_fails_says_why_and_leaves_nothing(
    server: Server, shelf: Path, place: Path, password: str, database: str, says: str
) -> None:
    code, lines = dump(server, shelf, place, password=password, database=database)
    assert code == 1
    assert lines[-1] == f"{database} is not backed up: see above"
    assert any(says in line for line in lines)
    assert password not in "\n".join(lines).replace("wrong password", "")
    assert list((place / "target").iterdir()) == []


def test_a_damaged_dump_is_noticed(server: Server, shelf: Path, place: Path) -> None:
    """A pg_dump that is killed in the middle may still end well."""
    dump(server, shelf, place)
    for left in (place / "target").iterdir():
        left.unlink()
    container = containers.of(
        "postgres-backup",
        {
            "host": "127.0.0.1",
            "database": "shop",
            "password": {"name": "postgres", "key": "password"},
            "target": {"name": "backups"},
        },
        {},
    )
    (shelf / "pg_dump").unlink()
    (shelf / "pg_dump").write_text('#!/bin/sh\nfor last; do :; done\necho PGDMP > "${last#--file=}"\n')
    (shelf / "pg_dump").chmod(0o755)
    code, _ = containers.run(
        shelf,
        container,
        mounts={"/target": place / "target"},
        secrets={("postgres", "password"): PASSWORD},
        user=NOBODY,
    )
    assert code == 1
    assert list((place / "target").iterdir()) == []


def test_only_the_oldest_dumps_of_the_database_go(server: Server, shelf: Path, place: Path) -> None:
    for second in range(3):
        code, lines = dump(server, shelf, place, second, keep=1)
        assert code == 0
        assert lines[1:] == ([f"removed shop-20260102T0230{second - 1:02}Z.dump"] if second else [])
    assert len(list((place / "target").glob("*.dump"))) == 1
