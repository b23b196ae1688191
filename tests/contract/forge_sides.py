"""The same forge three times: a real Gitea, and GitHub and GitLab as their documentation says they answer."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import yaml

from kubectl_rapt.adapters.forges.forges import Forges
from kubectl_rapt.model.proposals import Address
from tests.forge.gitea import Gitea
from tests.forge.servers import Answer, Between, Deaf, Recording, Server, served

BRANCH = "rapt/prod/backup/1a2b3c"
TOKEN = "s3cret-token"
_EXCHANGES = Path(__file__).parent / "exchanges"


class Side(Protocol):
    """A repository on a forge, and what others do there meanwhile.

    On a recording, what others do has happened already: these methods do nothing then.
    """

    address: Address
    forges: Forges
    slept: list[float]

    def push(self, text: str = "one") -> str:
        """Push a commit to ``BRANCH``; its id."""
        ...

    def push_to_main(self, text: str) -> None: ...

    def review(self, number: int, person: str, verdict: str) -> None: ...

    def dismiss_all(self, number: int) -> None: ...

    def check(self, head: str, state: str) -> None: ...

    def protect(self, approvals: int) -> None: ...

    def fork_with_the_same_branch(self) -> None: ...

    def lose(self, what: str) -> None:
        """The next answer to ``create`` or ``merge`` is lost."""
        ...

    def refuse_next(self, status: int, headers: dict[str, str], message: str) -> None:
        """The next request is answered so."""
        ...


class RealGitea:
    """A repository on the real Gitea, behind a server that can disturb."""

    def __init__(self, gitea: Gitea, between: Between) -> None:
        self._gitea, self._between = gitea, between
        self.repository = gitea.repository()
        user, token = "robin", gitea.tokens["robin"]
        url = between.url.replace("://", f"://{user}:{token}@")
        self.address = Address(f"{url}/robin/{self.repository.name}.git")
        self.slept: list[float] = []
        self.forges = Forges(_ENVIRON)

    def push(self, text: str = "one") -> str:
        return self._gitea.push(self.repository, BRANCH, {"tools/backup.yaml": text})

    def push_to_main(self, text: str) -> None:
        self._gitea.push(self.repository, "main", {"tools/backup.yaml": text})

    def review(self, number: int, person: str, verdict: str) -> None:
        self._gitea.review(self.repository, number, person, verdict)

    def dismiss_all(self, number: int) -> None:
        path = f"{self.repository.path}/pulls/{number}/reviews"
        for review in self._gitea.call("GET", path):
            if review["state"] in ("APPROVED", "REQUEST_CHANGES"):
                self._gitea.dismiss(self.repository, number, review["id"])

    def check(self, head: str, state: str) -> None:
        self._gitea.check(self.repository, head, state)

    def protect(self, approvals: int) -> None:
        self._gitea.protect(self.repository, approvals=approvals)

    def fork_with_the_same_branch(self) -> None:
        self._gitea.call("POST", f"{self.repository.path}/forks", {}, user="sam")
        path = f"/repos/sam/{self.repository.name}/contents/evil.yaml"
        body = {"content": "aGk=", "message": "evil", "branch": "main", "new_branch": BRANCH}
        self._gitea.call("POST", path, body, user="sam")
        wanted = {"head": f"sam:{BRANCH}", "base": "main", "title": "not ours"}
        self._gitea.call("POST", f"{self.repository.path}/pulls", wanted, user="sam")

    def lose(self, what: str) -> None:
        pattern = {"create": "POST .*/pulls$", "merge": "POST .*/merge$"}[what]
        self._between.next(pattern, Answer(is_lost=True))

    def refuse_next(self, status: int, headers: dict[str, str], message: str) -> None:
        self._between.next("/repos/", Answer(status, b'{"message": "%s"}' % message.encode(), headers))


class Recorded:
    """A recording. Commits are ``1111…`` for the first push, ``2222…`` for the second."""

    def __init__(self, kind: str, server: Recording) -> None:
        base = {"github": "/api/v3", "gitlab": "/api/v4"}[kind]
        url = server.url.replace("://", f"://robin:{TOKEN}@")
        self.address = Address(f"{url}/team/config.git", kind, server.url + base)
        self.slept: list[float] = []
        self.forges = Forges(_ENVIRON, sleep=self.slept.append)
        self._pushes = 0

    def push(self, text: str = "one") -> str:
        self._pushes += 1
        return str(self._pushes) * 40

    def push_to_main(self, text: str) -> None: ...

    def review(self, number: int, person: str, verdict: str) -> None: ...

    def dismiss_all(self, number: int) -> None: ...

    def check(self, head: str, state: str) -> None: ...

    def protect(self, approvals: int) -> None: ...

    def fork_with_the_same_branch(self) -> None: ...

    def lose(self, what: str) -> None: ...

    def refuse_next(self, status: int, headers: dict[str, str], message: str) -> None: ...


_ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}


@contextmanager
def opened(kind: str, sentence: str, gitea: Gitea | None) -> Iterator[tuple[Side, Server]]:
    """One side for one sentence, and a server that stands for another host."""
    with ExitStack() as stack:
        elsewhere = Deaf()
        stack.enter_context(served(elsewhere))
        if gitea:
            between = Between(gitea.url)
            stack.enter_context(served(between))
            yield RealGitea(gitea, between), elsewhere
            return
        recording = Recording(_exchanges(kind, sentence, elsewhere.url), f"Bearer {TOKEN}")
        stack.enter_context(served(recording))
        yield Recorded(kind, recording), elsewhere
        recording.check()


def _exchanges(kind: str, sentence: str, elsewhere: str) -> list[Any]:
    recorded = _recorded(kind)
    assert sentence in recorded, f"{kind}.yaml has no exchanges for: {sentence}"
    text = yaml.safe_dump(recorded[sentence], allow_unicode=True, width=10**6)
    loaded: list[Any] = yaml.safe_load(text.replace("{elsewhere}", elsewhere))
    return loaded


@cache
def _recorded(kind: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((_EXCHANGES / f"{kind}.yaml").read_text("utf-8"))
    return loaded
