"""Environments that are one place: a tool that both have would be written over by the other."""

from dataclasses import replace

import pytest

from kubectl_rapt import documents
from kubectl_rapt.config import installation, layout, places
from kubectl_rapt.config.places import Twin
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import Refused
from kubectl_rapt.model.kinds import CRON_JOB, EXTERNAL_SECRET, Kind, Manifest
from tests.pure.config.test_installation import BARE


def a_project(*environments: Environment) -> Project:
    return Project("0a1b2c3d", {one.name: one for one in environments})


def a_tool(environment: str, tool: str = "backup", *namespaces: str) -> dict[str, bytes]:
    wanted = replace(BARE, tool=tool, namespaces=namespaces)
    return {layout.definition(environment, tool): installation.spell(wanted).encode()}


DEV = Environment("dev", ("team",), "uid")
PROD = Environment("prod", ("team",), "uid")
WIDE = replace(PROD, namespaces=("live",), allowed_namespaces=("team", "other"))


@pytest.mark.parametrize(
    ("prod", "namespaces", "shared"),
    [
        (PROD, (), ("team",)),
        (replace(PROD, namespaces=("live",)), (), ()),
        (replace(PROD, cluster="another"), (), ()),
        (replace(PROD, cluster=""), (), ()),
        (replace(PROD, namespaces=("live", "team")), (), ()),
        (replace(PROD, namespaces=("live", "team")), ("live", "team"), ("team",)),
        (WIDE, (), ()),
        (WIDE, ("other",), ()),
        (WIDE, ("other", "team"), ("team",)),
    ],
)
def test_a_tool_is_in_two_environments_unless_they_are_one_place(
    prod: Environment, namespaces: tuple[str, ...], shared: tuple[str, ...]
) -> None:
    files = a_tool("dev") | a_tool("prod", "backup", *namespaces) | a_tool("prod", "other")
    found = list(places.twins(a_project(DEV, prod), files))
    assert found == ([Twin("backup", "dev", "prod", shared)] if shared else [])


def test_clusters_that_nobody_knows_are_not_the_same_one() -> None:
    files = a_tool("dev") | a_tool("prod")
    unknown = a_project(replace(DEV, cluster=""), replace(PROD, cluster=""))
    assert list(places.twins(unknown, files)) == []


def test_only_what_is_asked_about_is_refused_and_a_broken_file_is_no_tool_yet() -> None:
    files = (
        a_tool("dev")
        | a_tool("prod")
        | {layout.definition("prod", "x"): b"[", layout.definition("dev", "x"): b"["}
    )
    places.check(a_project(DEV, PROD), files, {"x"})
    with pytest.raises(Refused) as caught:
        places.check(a_project(DEV, PROD), files, {"backup"})
    assert caught.value.code == "same-place"
    assert caught.value.message == (
        'tool "backup" is in dev and prod, which are one place: namespace team of the same cluster'
    )


def an_object(name: str, kind: Kind = CRON_JOB, namespace: str = "team") -> Manifest:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": name, "namespace": namespace},
    }


@pytest.mark.parametrize(
    ("place", "other", "theirs", "mine", "is_clash"),
    [
        ("dev", "a", an_object("a-2"), an_object("a-2"), True),
        ("dev", "a-2-b", an_object("a-2-b"), an_object("a-2-b"), True),
        ("dev", "a-b", an_object("a-b-c", EXTERNAL_SECRET), an_object("a-b-c", EXTERNAL_SECRET), True),
        ("dev", "a", an_object("a-2", EXTERNAL_SECRET), an_object("a-2"), False),
        ("dev", "a", an_object("a-2", namespace="live"), an_object("a-2"), False),
        ("prod", "a", an_object("a-2"), an_object("a-2"), True),
        ("far", "a", an_object("a-2"), an_object("a-2"), False),
    ],
)
def test_an_object_that_another_tool_of_the_cluster_has_is_a_clash(
    place: str, other: str, theirs: Manifest, mine: Manifest, is_clash: bool
) -> None:
    project = a_project(DEV, PROD, Environment("far", ("team",), "another"))
    rendered = documents.dump_all([an_object("z"), theirs]).encode()
    files = a_tool(place, other) | {layout.rendered(place, other): rendered}
    files |= {
        layout.rendered("dev", "mine"): documents.dump_all([mine]).encode(),
        layout.rendered("dev", "x"): b"[",
    }
    found = list(places.clashes(project, files, [("dev", "mine", [mine, an_object("x-1")])]))
    assert [(one.other_environment, one.other) for one in found] == ([(place, other)] if is_clash else [])


def test_two_tools_that_are_made_at_once_and_clash_are_told_once() -> None:
    both = [("dev", "a", [an_object("a"), an_object("a-2")]), ("dev", "a-2", [an_object("a-2")])]
    files = {
        layout.rendered(place, tool): documents.dump_all(objects).encode() for place, tool, objects in both
    }
    (found,) = places.clashes(a_project(DEV), files, both)
    assert found.what == 'needs cronjob/a-2, which tool "a-2" has'
