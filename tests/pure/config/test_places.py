"""Environments that are one place: a tool that both have would be written over by the other."""

from dataclasses import replace

import pytest

from kubectl_rapt.config import installation, layout, places
from kubectl_rapt.config.places import Twin
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import Refused
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
