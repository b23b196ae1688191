"""Whom a forge takes one for: on a real Gitea, and as GitHub and GitLab document their answers."""

import json
import os
from pathlib import Path

import pytest

from kubectl_rapt.adapters.forges.forges import Forges
from kubectl_rapt.errors import Refused
from kubectl_rapt.model.proposals import Address
from tests.forge.gitea import PEOPLE, Gitea
from tests.forge.servers import Answer, Request, Server, served
from tests.killing import Person

ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
NONE = {"nodes": [], "pageInfo": {"hasNextPage": False}}
LISTS = {
    "github": {"data": {"repository": {"open": NONE}}},
    "gitlab": {"data": {"project": {"open": NONE}}},
    "gitea": [],
}
USERS = {"github": {"login": "ann"}, "gitlab": {"username": "ann"}, "gitea": {"login": "ann"}}
BASES = {"github": "", "gitlab": "/api/v4", "gitea": "/api/v1"}


class _Forge(Server):
    """Has no pull requests, and tells who asks, or answers that with a status."""

    def __init__(self, kind: str, status: int) -> None:
        super().__init__()
        self._kind, self._status = kind, status

    def answer(self, request: Request) -> Answer:
        is_user = request.path.endswith("/user")
        data = USERS[self._kind] if is_user else LISTS[self._kind]
        return Answer(self._status if is_user else 200, json.dumps(data).encode())


@pytest.mark.parametrize("kind", BASES)
@pytest.mark.parametrize(("status", "login"), [(200, "ann"), (403, ""), (404, "")])
def test_the_forge_tells_who_asks_unless_the_token_is_for_a_repository_alone(
    kind: str, status: int, login: str
) -> None:
    server = _Forge(kind, status)
    with served(server):
        url = server.url.replace("://", "://ann:token@") + "/team/tools.git"
        assert Forges(ENVIRON).login(Address(url, kind, server.url + BASES[kind])) == login
    assert all(one.headers["authorization"] for one in server.requests)


def test_a_real_forge_knows_its_people_and_doctor_says_so(gitea: Gitea, tmp_path: Path) -> None:
    address = gitea.clone_url(gitea.repository())
    assert Forges(ENVIRON).login(Address(address)) == PEOPLE[0]
    wrong = address.replace(gitea.tokens[PEOPLE[0]], "0" * 40)
    with pytest.raises(Refused) as caught:
        Forges(ENVIRON).login(Address(wrong))
    assert caught.value.code == "forge-login"
    ann = Person(tmp_path / "ann", Path(os.devnull), repository=address)
    told = {one["name"]: one for one in json.loads(ann.types("doctor", "-o", "json").stdout)["checks"]}
    assert (told["forge"]["state"], told["forge"]["says"]) == ("ok", f"gitea, as {PEOPLE[0]}")
    assert gitea.tokens[PEOPLE[0]] not in json.dumps(told)
