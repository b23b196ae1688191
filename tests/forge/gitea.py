"""A real Gitea on this machine, built from its Go module: one for a whole run of tests, ended with it.

It is as private as a session of tests: in a folder of its own, on a free port, known by the environment of its
process. Whoever finds the folder's lock free knows that the session was killed, and clears it away.
"""

import base64
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3

from tests.cluster import debian, processes
from tests.cluster.locks import locked, locked_if_free
from tests.cluster.programs import Source, built
from tests.cluster.telling import tell
from tests.servers import free_port

SOURCE = Source(
    name="gitea",
    module="code.gitea.io/gitea",
    version="v1.26.0",
    commands={"gitea": "code.gitea.io/gitea"},
    tags=("sqlite", "sqlite_unlock_notify"),
    has_c=True,  # SQLite
)
_PROGRAMS = {"gcc": "build-essential", "git": "git", "setsid": "util-linux"}
FOLDER, OWNER = "rapt-forge", "owner.lock"
"""Its folder in the folder of a session, and the lock beside it that the session holds as long as it lives."""
_PART = "gitea"
ADMINISTRATOR = "admin"
PEOPLE = ("robin", "sam", "kim")
"""Ordinary users; the first owns the repositories."""

_INI = """\
APP_NAME = Rapt tests
RUN_MODE = prod
RUN_USER = {user}
; It serves loopback only and lives for minutes; a user of its own would need the caches to be readable for all.
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = {home}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {static}
APP_DATA_PATH = {home}/data
OFFLINE_MODE = true
DISABLE_SSH = true
[database]
DB_TYPE = sqlite3
PATH = {home}/gitea.db
SQLITE_JOURNAL_MODE = WAL
; Milliseconds that a writer waits for another one: half a second is too short where much goes on.
SQLITE_TIMEOUT = 60000
[git.config]
core.fsync = none
[security]
INSTALL_LOCK = true
PASSWORD_HASH_ALGO = pbkdf2$1
[service]
DISABLE_REGISTRATION = true
[session]
PROVIDER = memory
[mailer]
ENABLED = false
[cron]
ENABLED = false
[log]
LEVEL = Warn
[webhook]
ALLOWED_HOST_LIST = loopback
"""


@dataclass(frozen=True)
class Repository:
    """A repository that only one test knows.

    Args:
        owner: Whose it is.
        name: Its name.
        url: What git clones, without credentials.
    """

    owner: str
    name: str
    url: str

    @property
    def path(self) -> str:
        return f"/repos/{self.owner}/{self.name}"


@dataclass(frozen=True)
class Gitea:
    """A running Gitea.

    Args:
        home: Its folder.
        url: ``http://127.0.0.1:PORT``.
        tokens: User to token, of ``PEOPLE`` and ``ADMINISTRATOR``; git takes it as their password too.
    """

    home: Path
    url: str
    tokens: Mapping[str, str] = field(repr=False)

    def call(
        self, method: str, path: str, body: Any = None, *, user: str = PEOPLE[0], fails: bool = False
    ) -> Any:
        """One API request of a user below ``/api/v1``; what it answers.

        Raises:
            AssertionError: It was refused, unless that may be.
        """
        answer = urllib3.request(
            method,
            f"{self.url}/api/v1{path}",
            json=body if body is not None else None,
            headers={"Authorization": f"token {self.tokens[user]}"},
            timeout=120,
            retries=False,
        )
        assert fails or answer.status < 300, f"{method} {path}: {answer.status} {answer.data[:500]!r}"
        return json.loads(answer.data) if answer.data else None

    def repository(
        self, *, collaborators: tuple[str, ...] = PEOPLE[1:], is_private: bool = True
    ) -> Repository:
        """A new repository with one commit on main; the others may write to it."""
        name = f"config-{secrets.token_hex(4)}"
        body = {"name": name, "private": is_private, "auto_init": True, "default_branch": "main"}
        self.call("POST", "/user/repos", body)
        made = Repository(PEOPLE[0], name, f"{self.url}/{PEOPLE[0]}/{name}.git")
        for person in collaborators:
            self.call("PUT", f"{made.path}/collaborators/{person}", {"permission": "write"})
        return made

    def clone_url(self, repository: Repository, user: str = PEOPLE[0]) -> str:
        """The url with that user's name and token."""
        return repository.url.replace("://", f"://{user}:{self.tokens[user]}@")

    def push(
        self, repository: Repository, branch: str, files: Mapping[str, str], *, since: str = "main"
    ) -> str:
        """Put files on a branch, making it where it is missing; its commit then."""
        known = {one["name"] for one in self.call("GET", f"{repository.path}/branches?limit=50")}
        entries = []
        for path, text in files.items():
            at = branch if branch in known else since
            seen = self.call(
                "GET", f"{repository.path}/contents/{quote(path)}?ref={quote(at, safe='')}", fails=True
            )
            entry = {"operation": "create", "path": path, "content": _base64(text)}
            if isinstance(seen, dict) and "sha" in seen:
                entry |= {"operation": "update", "sha": seen["sha"]}
            entries.append(entry)
        body: dict[str, Any] = {"files": entries, "message": f"write {', '.join(files)}"}
        body |= {"branch": branch} if branch in known else {"branch": since, "new_branch": branch}
        answer = self.call("POST", f"{repository.path}/contents", body)
        return str(answer["commit"]["sha"])

    def protect(self, repository: Repository, *, approvals: int = 0, checks: tuple[str, ...] = ()) -> None:
        """Protect main: nobody pushes; merging needs approvals and checks."""
        body = {
            "rule_name": "main",
            "enable_push": False,
            "required_approvals": approvals,
            "enable_status_check": bool(checks),
            "status_check_contexts": list(checks),
            "block_on_rejected_reviews": True,
            "block_admin_merge_override": True,
        }
        self.call("POST", f"{repository.path}/branch_protections", body)

    def review(self, repository: Repository, number: int, user: str, verdict: str = "APPROVED") -> int:
        """A review by a user (``APPROVED`` or ``REQUEST_CHANGES``); its id."""
        body = {"event": verdict, "body": "so be it"}
        answer = self.call("POST", f"{repository.path}/pulls/{number}/reviews", body, user=user)
        return int(answer["id"])

    def dismiss(self, repository: Repository, number: int, review: int) -> None:
        """The owner dismisses a review."""
        path = f"{repository.path}/pulls/{number}/reviews/{review}/dismissals"
        self.call("POST", path, {"message": "no longer true"})

    def check(self, repository: Repository, commit: str, state: str, context: str = "test") -> None:
        """Say how a check of a commit went: ``pending``, ``success`` or ``failure``."""
        self.call("POST", f"{repository.path}/statuses/{commit}", {"state": state, "context": context})


def start(home: Path) -> Gitea:
    """Gitea in a folder: the one that runs there, or a new one.

    Raises:
        ClusterError: It cannot be built, or does not start.
    """
    with locked(home / "start.lock"):
        record = home / "record.json"
        if not record.exists():
            _clear_orphans()
            _start(home, record)
        said = json.loads(record.read_text())
    return Gitea(home, said["url"], said["tokens"])


def stop(home: Path) -> None:
    """End it, if it runs, and remove its folder."""
    processes.end(one.pid for one in processes.running(home))
    shutil.rmtree(home, ignore_errors=True)


def _clear_orphans() -> None:
    """Ends what sessions left that were killed: nobody holds the lock of their folder any more."""
    for left in Path(tempfile.gettempdir()).glob("*/" + FOLDER):
        with locked_if_free(left.with_name(OWNER)) as is_orphan:
            if is_orphan:
                stop(left)
                shutil.rmtree(left.parent, ignore_errors=True)


def _start(home: Path, record: Path) -> None:
    debian.install(_PROGRAMS)
    program = built(SOURCE, "gitea")["gitea"]
    port = free_port()
    config = home / "app.ini"
    user = subprocess.check_output(["id", "-un"], text=True).strip()
    config.write_text(_INI.format(user=user, home=home, port=port, static=_static(program)))
    run = [str(program), "--config", str(config)]
    _administer(run, home, "migrate")
    tokens = {}
    for name in (ADMINISTRATOR, *PEOPLE):
        who = ["--username", name, "--email", f"{name}@example.com", "--password", secrets.token_urlsafe(16)]
        may = ["--admin"] if name == ADMINISTRATOR else []
        granted = ["--must-change-password=false", "--access-token", "--access-token-scopes", "all"]
        said = _administer(run, home, "admin", "user", "create", *who, *may, *granted)
        tokens[name] = next(
            word
            for line in said.splitlines()
            if "oken was" in line
            for word in line.split()
            if len(word) == 40
        )
    processes.start(home, [program, "web", "--config", config])
    url = f"http://127.0.0.1:{port}"
    processes.wait_until(lambda: _is_ready(url), "Gitea", home, [_PART])
    record.with_suffix(".new").write_text(json.dumps({"url": url, "tokens": tokens}))
    record.with_suffix(".new").rename(record)
    tell(f"Gitea is ready at {url}")


def _administer(run: list[str], home: Path, *arguments: str) -> str:
    command = [run[0], *arguments, *run[1:]]
    env = {"PATH": debian.PATH, "HOME": str(home)}
    done = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"gitea {' '.join(arguments[:3])}: {done.stdout}{done.stderr}"
    return done.stdout


def _static(program: Path) -> Path:
    """The module's own folder, with templates and translations, which the program does not hold."""
    command = ["go", "mod", "download", "-json", SOURCE.module]
    env = os.environ | {"GOWORK": "off"}
    found = subprocess.check_output(command, cwd=program.parent / "module", env=env, text=True, timeout=300)
    return Path(json.loads(found)["Dir"])


def _is_ready(url: str) -> bool:
    try:
        return urllib3.request("GET", f"{url}/api/healthz", timeout=10, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
