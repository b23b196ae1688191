"""``rapt.yaml``: read with all its mistakes at once, and edited where it stands."""

import json

import pytest

from kubectl_rapt import documents
from kubectl_rapt.config import project
from kubectl_rapt.config.project import Environment, Profile, Project, Reconcile
from kubectl_rapt.errors import Invalid, NotFound, Problem

STANDARD = Profile(
    {"requests": {"cpu": "50m"}, "limits": {"memory": "256Mi"}}, {"disk": "ssd"}, {"team": "ops"}
)
DEV = Environment("dev", ("team-dev", "team"), "", is_reviewed=False, profile="standard")
PROD = Environment("prod", ("team",), "5d2f-11", is_reviewed=True)
PROJECT = Project("0a1b2c3d", {"dev": DEV, "prod": PROD}, {"standard": STANDARD, "empty": Profile()})
TEXT = """\
# Ours.
apiVersion: rapt.dev/v1alpha1
kind: Project
id: 0a1b2c3d

environments:
  dev:
    # Everybody's playground.
    namespaces: [team-dev]   # the first is the usual one
    review: none
  prod:

    "namespaces":
    - team
  test: {namespaces: [team-test]}
"""


def read(text: str) -> Project:
    return project.read({"rapt.yaml": text.encode()})


@pytest.mark.parametrize("wanted", [PROJECT, Project("0a1b2c3d", {"prod": PROD})])
def test_a_project_is_written_and_read_back(wanted: Project) -> None:
    assert read(project.spell(wanted)) == wanted


def test_a_review_is_required_unless_someone_said_none() -> None:
    found = read(TEXT).environments
    assert [one.is_reviewed for one in found.values()] == [False, True, True]
    assert found["prod"] == Environment("prod", ("team",))


def test_what_passes_do_besides_is_said_by_environment_and_changes_nothing_that_is_rendered() -> None:
    said = "{webhook: {urlEnv: A_URL, secretEnv: A_KEY}, exportTo: /evidence}"
    found = read(TEXT.replace("review: none", f"reconcile: {said}"))
    dev = found.environment("dev")
    assert dev.reconcile == Reconcile("A_URL", "A_KEY", "/evidence")
    assert found.rendering(dev) == read(TEXT).rendering(read(TEXT).environment("dev"))


def test_an_environment_has_its_profile_or_an_empty_one() -> None:
    assert PROJECT.profile(DEV) == STANDARD
    assert PROJECT.profile(PROD) == Profile()


@pytest.mark.parametrize(
    ("name", "hint", "more"),
    [
        ("prd", "--in prod", ""),
        ("xyz", "--in …", ": it has dev, prod"),
        ("", "--in …", ": it has dev, prod"),
    ],
)
def test_an_unknown_environment_proposes_the_nearest_or_names_all(name: str, hint: str, more: str) -> None:
    with pytest.raises(NotFound) as caught:
        PROJECT.environment(name)
    assert caught.value.code == "no-environment"
    assert caught.value.message == f'no environment "{name}" in rapt.yaml{more}'
    assert caught.value.hint == hint
    assert PROJECT.environment("prod") is PROD


def test_a_repository_without_the_file_is_no_config_repository() -> None:
    with pytest.raises(NotFound) as caught:
        project.read({"README.md": b""})
    assert caught.value.code == "no-project"
    assert caught.value.message == "the repository has no rapt.yaml"
    assert caught.value.hint == "kubectl rapt init --local"


def test_what_must_be_there_is_asked_for() -> None:
    with pytest.raises(Invalid) as caught:
        read("{}")
    needed = ["apiVersion", "kind", "id"]
    assert caught.value.problems == tuple(Problem(f"rapt.yaml:1: {key}", "is missing") for key in needed)


def test_a_quantity_may_be_written_as_a_number() -> None:
    text = (
        TEXT
        + "profiles:\n  small:\n    resources:\n      requests: {cpu: 0.5, memory: 64Mi}\n      limits: {}\n"
    )
    assert read(text).profiles["small"] == Profile({"requests": {"cpu": "0.5", "memory": "64Mi"}})


def test_all_mistakes_are_told_at_once_with_file_line_and_key() -> None:
    text = """\
apiVersion: v1
kind: Project
id: 0A1B2C3D
environments:
  Dev:
    namespaces: [Team, team]
    review: never
    profle: standard
  prod:
    profile: standrd
    cluster: 5
  test: [team]
profiles:
  standard:
    resources:
      requests: {cpu: 1, memory: much}
      limit: {memory: 1Gi}
    nodeSelector: ssd
    labels: {team: ops}
budget: 5
"""
    with pytest.raises(Invalid) as caught:
        read(text)
    assert caught.value.code == "bad-project"
    assert caught.value.message == "rapt.yaml has 15 mistakes"
    assert caught.value.problems == (
        Problem("rapt.yaml:1: apiVersion", "expected one of: rapt.dev/v1alpha1"),
        Problem("rapt.yaml:3: id", "expected eight hex digits"),
        Problem("rapt.yaml:5: environments.Dev", "expected a name of small letters, digits and dashes"),
        Problem("rapt.yaml:6: environments.Dev.namespaces", "Team is not the name of a namespace"),
        Problem("rapt.yaml:7: environments.Dev.review", "expected one of: required, none"),
        Problem("rapt.yaml:8: environments.Dev.profle", "is not a key here; did you mean: profile?"),
        Problem("rapt.yaml:9: environments.prod.namespaces", "expected at least one namespace"),
        Problem(
            "rapt.yaml:10: environments.prod.profile", "expected one of: standard; did you mean: standard?"
        ),
        Problem("rapt.yaml:11: environments.prod.cluster", "expected text, was given 5"),
        Problem("rapt.yaml:12: environments.test", 'expected a mapping, was given ["team"]'),
        Problem("rapt.yaml:12: environments.test.namespaces", "expected at least one namespace"),
        Problem(
            "rapt.yaml:16: profiles.standard.resources.requests.memory",
            'a quantity is a number and a unit such as m, k, M, G, Ki, Mi or Gi, without spaces; was given "much"',
        ),
        Problem(
            "rapt.yaml:17: profiles.standard.resources.limit", "is not a key here; did you mean: limits?"
        ),
        Problem("rapt.yaml:18: profiles.standard.nodeSelector", 'expected a mapping, was given "ssd"'),
        Problem("rapt.yaml:20: budget", "is not a key here"),
    )


@pytest.mark.parametrize(("environment", "line"), [("dev", 11), ("prod", 15)])
def test_recording_a_cluster_adds_one_line_and_touches_no_other(environment: str, line: int) -> None:
    edited = project.record_cluster(TEXT, environment, "5d2f-11")
    before, after = TEXT.splitlines(), edited.splitlines()
    assert after[line - 1] == '    cluster: "5d2f-11"'
    assert [*after[: line - 1], *after[line:]] == before
    assert read(edited).environments[environment].cluster == "5d2f-11"
    assert edited.endswith("\n")


def test_clusters_are_recorded_one_after_the_other() -> None:
    text = TEXT
    for number, environment in enumerate(("dev", "prod", "test")):
        text = project.record_cluster(text, environment, f"uid-{number}")
    assert [one.cluster for one in read(text).environments.values()] == ["uid-0", "uid-1", "uid-2"]
    assert "  test: {namespaces: [team-test], cluster: uid-2}" in text.splitlines()


def test_a_cluster_is_recorded_in_json_and_cannot_smuggle_in_lines() -> None:
    text = project.record_cluster(json.dumps({"environments": {"dev": {"namespaces": ["a"]}}}), "dev", "u")
    assert json.loads(text) == {"environments": {"dev": {"namespaces": ["a"], "cluster": "u"}}}
    odd = project.record_cluster(TEXT, "dev", 'a"\n    review: required')
    assert documents.load(odd, "rapt.yaml")["environments"]["dev"]["review"] == "none"
