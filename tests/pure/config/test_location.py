"""Where a command acts: an environment and the flags about the cluster, resolved."""

import pytest

from kubectl_rapt.config import location
from kubectl_rapt.config.location import Location
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import RaptError, Refused, UsageError
from kubectl_rapt.model.target import Target

DEV = Environment("dev", ("team-dev",), "uid-1", is_reviewed=False, profile="small")
PROD = Environment("prod", ("live-a", "live-b"), "uid-2", allowed_namespaces=("shared",))
PROJECT = Project("0a1b2c3d", {"dev": DEV, "prod": PROD})


@pytest.mark.parametrize(
    ("environment", "target", "context", "expected"),
    [
        (DEV, Target(), "", Location("dev", "uid-1", "", ("team-dev",), ("team-dev",), "small")),
        (DEV, Target(), "mine", Location("dev", "uid-1", "mine", ("team-dev",), ("team-dev",), "small")),
        (
            DEV,
            Target(context="typed", namespace="team-dev"),
            "mine",
            Location("dev", "uid-1", "typed", ("team-dev",), ("team-dev",), "small"),
        ),
        (
            PROD,
            Target(),
            "",
            Location("prod", "uid-2", "", ("live-a", "live-b"), ("live-a", "live-b", "shared")),
        ),
        (PROD, Target(namespace="live-b"), "", Location("prod", "uid-2", "", ("live-b",), ("live-b",))),
        (PROD, Target(namespace="shared"), "", Location("prod", "uid-2", "", ("shared",), ("shared",))),
    ],
)
def test_an_environment_is_a_cluster_a_context_and_namespaces(
    environment: Environment, target: Target, context: str, expected: Location
) -> None:
    assert location.resolve(PROJECT, environment, target, context) == expected


@pytest.mark.parametrize(
    ("environment", "namespace", "message", "hint"),
    [
        (
            DEV,
            "live-a",
            'namespace "live-a" does not belong to environment "dev", but to prod; dev has team-dev',
            "-n team-dev",
        ),
        (
            PROD,
            "kube-system",
            'namespace "kube-system" does not belong to environment "prod"; prod has live-a, live-b, shared',
            "-n live-a",
        ),
    ],
)
def test_a_namespace_of_another_environment_is_refused(
    environment: Environment, namespace: str, message: str, hint: str
) -> None:
    with pytest.raises(Refused) as caught:
        location.resolve(PROJECT, environment, Target(namespace=namespace), "")
    assert _told(caught.value) == ("other-namespace", message, hint)


def test_one_namespace_is_chosen_only_if_there_is_one() -> None:
    assert location.one_namespace(location.resolve(PROJECT, DEV, Target(), "")) == "team-dev"
    assert location.one_namespace(location.resolve(PROJECT, PROD, Target(namespace="shared"), "")) == "shared"
    with pytest.raises(UsageError) as caught:
        location.one_namespace(location.resolve(PROJECT, PROD, Target(), ""))
    what = 'environment "prod" has several namespaces: live-a, live-b'
    assert _told(caught.value) == ("several-namespaces", what, "-n live-a")


def test_what_belongs_to_another_environment_is_refused() -> None:
    here = location.resolve(PROJECT, DEV, Target(), "")
    location.check_owner(None, "prod", 'tool "big"')
    location.check_owner(here, "dev", 'tool "big"')
    location.check_owner(here, "", 'tool "by-hand"')
    with pytest.raises(Refused) as caught:
        location.check_owner(here, "prod", 'tool "big"')
    what = 'tool "big" belongs to environment "prod", not to "dev"'
    assert _told(caught.value) == ("other-environment", what, "kubectl rapt list --in prod")
    with pytest.raises(Refused) as caught:
        location.check_owner(here, "prod", 'run "big-1"')
    assert caught.value.hint == "kubectl rapt runs --in prod", (
        "what is copied reads, and acts on nothing there"
    )


def _told(error: RaptError) -> tuple[str, str, str]:
    return error.code, error.message, error.hint
