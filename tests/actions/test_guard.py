"""What is refused before anything is written: sizes that nobody gives, secrets, files of SOPS."""

from dataclasses import replace
from typing import Any

import pytest

from kubectl_rapt.actions import add, capacity, compose, desired
from kubectl_rapt.actions import repository as repositories
from kubectl_rapt.actions.add import Request
from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Environment, Profile, Project
from kubectl_rapt.errors import Invalid, Problem, Refused
from kubectl_rapt.guard import secrets
from kubectl_rapt.model.kinds import Manifest
from tests.actions.test_add import asked, carry_out, planned
from tests.bundles import PASSWORD, OneTemplate
from tests.fakes.world import FakeWorld
from tests.repositories import ConfigRepository
from tests.secrets import CANARIES

GITHUB = next(one for one in CANARIES if one.name == "github").value
BARE = Request("bare", "bare", "dev", answers={}, values={})
ENCRYPTED = b"password: ENC[AES256_GCM,data:x]\nsops:\n    version: 3.9.0\n"


def with_profile(repository: ConfigRepository, *names: str, profile: Profile) -> None:
    """Commit that environments share a profile."""
    made = Project(
        repository.id,
        {
            "dev": Environment(
                "dev", ("team",), "uid", is_reviewed=False, profile="small" if "dev" in names else ""
            ),
            "prod": Environment("prod", ("live",), "uid"),
        },
        {"small": profile},
    )
    repository.commit({layout.PROJECT: project.spell(made).encode()})


def test_a_job_without_sizes_is_refused_with_the_lines_that_give_them(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    ann.bundle = OneTemplate(definition="")  # type: ignore[assignment]
    before = repository.branches
    with pytest.raises(Invalid) as caught:
        planned(ann, BARE)
    assert caught.value.code == "no-resources"
    lacks = "has no requests.cpu, requests.memory, limits.memory"
    assert caught.value.problems == (Problem("container tool", lacks),)
    assert caught.value.hint == (
        "in rapt.yaml: profiles: {standard: {resources: {requests: {cpu: 100m, memory: 64Mi}, "
        "limits: {memory: 256Mi}}}} and environments: {dev: {profile: standard}}"
    )
    assert repository.branches == before


def test_a_profile_gives_what_a_template_lacks(ann: FakeWorld, repository: ConfigRepository) -> None:
    ann.bundle = OneTemplate(definition="resources: {requests: {cpu: 10m, memory: 1Mi}}")  # type: ignore[assignment]
    with_profile(repository, "dev", profile=Profile({"requests": {"cpu": "1"}}))
    with pytest.raises(Invalid) as caught:
        planned(ann, BARE)
    assert caught.value.problems == (Problem("container tool", "has no limits.memory"),)
    assert "profiles: {small: " in caught.value.hint
    assert "environments" not in caught.value.hint
    with_profile(repository, "dev", profile=Profile({"limits": {"memory": "64Mi"}}))
    assert planned(ann, BARE).plan.steps


@pytest.mark.parametrize("canary", CANARIES, ids=lambda one: one.name)
def test_a_secret_as_an_answer_is_refused_whatever_it_is_an_answer_to(ann: FakeWorld, canary: Any) -> None:
    for request in (
        Request("script", "x", "dev", answers={"script": f"echo begin\n{canary.text}\n"}, values={}),
        Request("command", "x", "dev", {}, {"image": "busybox:1.35", "command": ["sh", "-c", canary.text]}),
        Request("http-check", "x", "dev", answers={"status": canary.text}, values={}),
        Request("http-check", "x", "dev", answers={"unknown": canary.text}, values={}),
    ):
        with pytest.raises(Refused) as caught:
            planned(ann, request)
        assert caught.value.code == "literal-secret"
        assert canary.value not in f"{caught.value.message} {caught.value.hint} {caught.value.problems}"


def test_what_is_allowed_by_its_digest_is_written_and_may_be_used_in_runs(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    digest = secrets.find(GITHUB)[0].digest
    request = replace(asked(word=f"--not-a-token={GITHUB}"), allowed_literals=(digest,))
    addition = carry_out(ann, request)
    text = repository.files()["tools/dev/hello.yaml"].decode()
    assert f"allowedLiterals:\n- {digest}\n" in text
    (tool,) = [one for one in addition.built[0].objects if one["kind"] == "Tool"]
    assert tool["metadata"]["annotations"]["rapt.dev/allowed-literals"] == digest
    with pytest.raises(Refused):
        planned(ann, replace(asked(word=f"{GITHUB}"), allowed_literals=(digest[:-1] + "0",)))


@pytest.mark.parametrize(
    "bundle",
    [
        OneTemplate(container=f"        args: [--header, {GITHUB}]\n"),
        OneTemplate(container="        env:\n        - {name: DB_PASSWORD, value: letmein}\n"),
        OneTemplate(container=f"        # {GITHUB}\n        args: [{GITHUB!r}]\n"),
    ],
)
def test_a_secret_in_a_template_is_refused(ann: FakeWorld, bundle: OneTemplate) -> None:
    ann.bundle = bundle  # type: ignore[assignment]
    with pytest.raises(Refused) as caught:
        planned(ann, BARE)
    assert caught.value.code == "literal-secret"
    assert caught.value.problems[0].where.startswith("tool/bare.spec.job.spec.template.spec.containers[0].")


def test_a_secret_in_the_project_is_refused_with_its_line_until_it_is_allowed(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    text = repository.files()[layout.PROJECT]
    repository.commit({layout.PROJECT: text + f"# token: {GITHUB}\n".encode()})
    with pytest.raises(Refused) as caught:
        planned(ann, asked())
    assert caught.value.problems[0].where == f"rapt.yaml:{len(text.splitlines()) + 1}"
    allowed = f'# token: {GITHUB}\nallowedLiterals: ["{secrets.find(GITHUB)[0].digest}"]\n'
    repository.commit({layout.PROJECT: text + allowed.encode()})
    assert planned(ann, asked()).plan.steps


def test_a_comment_in_a_tools_file_is_looked_at_too(ann: FakeWorld, repository: ConfigRepository) -> None:
    found, path = repositories.read(ann), layout.definition("dev", "hello")
    definition = add.draft(ann, asked())(found).edits[path]
    assert definition is not None
    with pytest.raises(Refused) as caught:
        compose.compose(ann, found, {path: definition + f"# {GITHUB}\n".encode()})
    where = f"tools/dev/hello.yaml:{len(definition.splitlines()) + 1}"
    assert [one.where for one in caught.value.problems] == [where]


@pytest.mark.parametrize("path", ["tools/dev/hello.yaml", "rendered/dev/hello.yaml"])
def test_a_file_of_sops_is_never_overwritten(ann: FakeWorld, repository: ConfigRepository, path: str) -> None:
    repository.commit({path: ENCRYPTED})
    with pytest.raises(Refused) as caught:
        planned(ann, asked())
    assert (caught.value.code, caught.value.message) == (
        "encrypted-file",
        f"{path} is encrypted by SOPS, and Rapt leaves such files alone",
    )
    assert repository.files()[path] == ENCRYPTED


def test_a_rendered_file_of_sops_is_none_of_what_is_applied(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    carry_out(ann, asked())
    repository.commit(
        {"rendered/dev/secret.yaml": ENCRYPTED, "rendered/dev/more/secret.json": b'{\n\t"sops": {}\n}'}
    )
    wanted = desired.desired(repositories.read(ann), "dev")
    assert wanted.encrypted == ("rendered/dev/more/secret.json", "rendered/dev/secret.yaml")
    assert [one["metadata"]["name"] for one in wanted.objects] == ["rapt-hello", "hello"]


def test_an_environment_with_a_store_has_external_secrets(
    ann: FakeWorld, repository: ConfigRepository
) -> None:
    text = repository.files()[layout.PROJECT].decode()
    store = "    secretStore: {name: vault, kind: ClusterSecretStore}\n"
    repository.commit(
        {layout.PROJECT: text.replace("    review: none\n", f"    review: none\n{store}").encode()}
    )
    ann.bundle = PASSWORD  # type: ignore[assignment]
    carry_out(ann, replace(BARE, answers={"password": "database/password"}))
    wanted = desired.desired(repositories.read(ann), "dev")
    kinds = [one["kind"] for one in wanted.objects]
    assert kinds == ["ServiceAccount", "ExternalSecret", "Tool"], "before what needs it"


LITTLE = {"metadata": {"name": "q", "namespace": "team"}, "spec": {"hard": {"requests.cpu": "1m"}}}


def made(world: FakeWorld, kind: str, **content: Any) -> Manifest:
    return world.cluster.create({"apiVersion": "v1", "kind": kind, **content})


def test_limits_are_asked_of_the_environments_own_cluster_only(ann: FakeWorld) -> None:
    addition = planned(ann, asked())

    def check(uid: str) -> list[str]:
        return capacity.check(ann, replace(addition.environments[0], cluster=uid), addition.built[0])

    begins = "the limits of namespace team were not checked: "
    assert check("uid") == [f'{begins}there is no namespace "kube-system" in namespace ""']
    system = made(ann, "Namespace", metadata={"name": "kube-system"})
    uid = system["metadata"]["uid"]
    assert check("uid") == [f"{begins}the kube context points at another cluster"]
    assert check(uid) == check("") == []
    made(ann, "ResourceQuota", **LITTLE)
    with pytest.raises(Invalid) as caught:
        check(uid)
    assert (caught.value.code, caught.value.message) == (
        "over-quota",
        "namespace team would never admit hello",
    )
    assert check("uid") == [f"{begins}the kube context points at another cluster"]


def test_a_size_that_each_run_sets_is_not_judged(ann: FakeWorld) -> None:
    ann.bundle = OneTemplate(  # type: ignore[assignment]
        "parameters:\n- {name: memory, type: quantity, at: run, description: Memory}\n"
        "resources: {requests: {cpu: 10m}}",
        "        resources: {requests: {memory: 1Mi}, limits: {memory: {{ memory }} }}\n",
    )
    addition = planned(ann, BARE)
    notes = capacity.check(ann, addition.environments[0], addition.built[0])
    assert notes == ["the limits of namespace team were not checked: each run sets memory"]
