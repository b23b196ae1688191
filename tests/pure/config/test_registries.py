"""The registries of ``rapt.yaml``: read, spelled, and put in order."""

import pytest

from kubectl_rapt import documents
from kubectl_rapt.config import project
from kubectl_rapt.config.project import BUNDLED, Environment, Project, Registry
from kubectl_rapt.errors import Invalid

SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== releases@example.com"
PGP = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZ==\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"
HEAD = (
    "apiVersion: rapt.dev/v1alpha1\nkind: Project\nid: 0a1b2c3d\nenvironments: {dev: {namespaces: [team]}}\n"
)


def read(text: str) -> Project:
    return project.read({"rapt.yaml": (HEAD + text).encode()})


def test_a_registry_is_read_with_what_it_does_not_say() -> None:
    found = read("registries:\n  team:\n    url: https://example.com/team.git\n").registries
    assert found == {"team": Registry("team", "https://example.com/team.git", None, "main", ())}


def test_what_is_spelled_is_read_again() -> None:
    wanted = Project(
        "0a1b2c3d",
        {"dev": Environment("dev", ("team",))},
        registries={
            "team": Registry("team", "git@example.com:team.git", 70, "stable", (SSH, PGP)),
            "other": Registry("other", "/srv/other.git", -5),
        },
    )
    assert project.read({"rapt.yaml": project.spell(wanted).encode()}) == wanted
    assert documents.load(project.spell(wanted), "rapt.yaml")["registries"]["other"] == {
        "url": "/srv/other.git",
        "priority": -5,
    }


def test_the_higher_priority_comes_first_and_equal_ones_by_name() -> None:
    found = {
        name: Registry(name, f"/srv/{name}", priority)
        for name, priority in (("b", 50), ("a", 50), ("low", -1), ("none", None), ("top", 90))
    }
    wanted = Project("0a1b2c3d", {}, registries=found)
    assert [one.name for one in project.ranked(wanted)] == ["top", "a", "b", BUNDLED, "none", "low"]
    assert [one.name for one in project.ranked(None)] == [BUNDLED]
    assert project.ranked(None)[0].is_bundled


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        ("team: {}", "team.url", "is missing"),
        ("team: {url: team.git}", "team.url", "expected https://host/path"),
        ("team: {url: ../team.git}", "team.url", "expected https://host/path"),
        ("team: {url: bundled}", "team.url", "expected https://host/path"),
        ('team: {url: "https://token@example.com/x"}', "team.url", "holds credentials"),
        ('team: {url: "https://sam:secret@example.com/x"}', "team.url", "holds credentials"),
        ("team: {url: /x, priority: high}", "team.priority", "expected a whole number"),
        ("team: {url: /x, priority: true}", "team.priority", "expected a whole number"),
        ("team: {url: /x, signers: [me]}", "team.signers", "expected a public key"),
        ('team: {url: /x, signers: ["ssh-ed25519 AAAA a\\n* x"]}', "team.signers", "expected a public key"),
        ("team: {url: /x, trusted: true}", "team.trusted", "is not a key here"),
        ("Team: {url: /x}", "Team", "expected a name"),
        ("bundled: {url: /x}", "bundled", "expected a name"),
        ("a: {url: /x}\n  b: {url: /x}", "b.url", "is the address of a too"),
    ],
)
def test_a_mistake_is_told_with_its_key(text: str, key: str, what: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(f"registries:\n  {text}\n")
    (problem,) = caught.value.problems
    assert problem.where.endswith(f": registries.{key}")
    assert what in problem.what


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.com/x.git", "ssh://git@example.com/x.git", "git@example.com:x.git"),
        *("/srv/x.git", "~/x.git", "file:///srv/x.git", "http://127.0.0.1:3000/x.git"),
    ],
)
def test_an_address_may_be_one_of_these(url: str) -> None:
    assert read(f'registries: {{team: {{url: "{url}"}}}}\n').registries["team"].url == url


def test_the_secret_of_an_address_is_not_repeated() -> None:
    with pytest.raises(Invalid) as caught:
        read('registries: {team: {url: "https://sam:hunter2secret@example.com/x"}}\n')
    assert "hunter2secret" not in str([caught.value.message, caught.value.hint, caught.value.problems])
