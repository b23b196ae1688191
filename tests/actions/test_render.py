"""Rendering again after an edit by hand: what merely follows no more is, and what was written by hand is kept."""

import pytest

from kubectl_rapt.actions import merge as merging
from kubectl_rapt.actions import render
from kubectl_rapt.actions import repository as repositories
from kubectl_rapt.config import layout
from kubectl_rapt.errors import Invalid, NotFound, RaptError, Refused
from tests.actions.test_add import asked, carry_out
from tests.actions.test_verbs import errors, made
from tests.fakes.world import FakeWorld
from tests.repositories import ConfigRepository

DEV, PROD = layout.rendered("dev", "hello"), layout.rendered("prod", "hello")


@pytest.fixture
def both(ann: FakeWorld, repository: ConfigRepository) -> ConfigRepository:
    """The same tool in dev and, merged, in prod."""
    carry_out(ann, asked())
    files = repository.files()
    repository.commit({layout.definition("prod", "hello"): files[layout.definition("dev", "hello")]})
    made(ann, render.draft(ann, "prod"))
    (branch,) = set(repository.branches) - {"main"}
    merge(ann, repository, branch.rpartition("/")[2])
    return repository


def merge(world: FakeWorld, repository: ConfigRepository, identifier: str) -> None:
    planned = merging.plan(world, identifier)
    (step,) = planned.plan.steps
    repository.commit(dict(step.files), planned.change.message)  # type: ignore[union-attr]
    repository.git("branch", "-D", planned.change.branch)


def edit_project(repository: ConfigRepository, image: str) -> None:
    """Somebody writes into ``rapt.yaml`` what every tool's image is to be."""
    text = repository.files()[layout.PROJECT].decode()
    kept = text.partition("profiles:")[0].replace("    profile: small\n", "")
    wanted = kept.replace("    review:", "    profile: small\n    review:")
    labels = f"profiles:\n  small:\n    labels: {{image: {image}}}\n"
    repository.commit({layout.PROJECT: (wanted + labels).encode()})


def test_an_edit_of_the_project_is_rendered_as_one_change_without_overwriting(
    ann: FakeWorld, both: ConfigRepository
) -> None:
    edit_project(both, "one")
    assert errors(ann) == [DEV, PROD]
    composition = made(ann, render.draft(ann))
    assert sorted(composition.after) == [DEV, PROD]
    assert composition.change.branch in both.branches
    again = made(ann, render.draft(ann))
    assert (again.change.id, again.is_waiting) == (composition.change.id, True)
    merge(ann, both, composition.change.id)
    assert errors(ann) == []
    assert made(ann, render.draft(ann)).after == {}


def test_rendering_again_after_another_edit_is_another_change(ann: FakeWorld, both: ConfigRepository) -> None:
    found = set()
    for image in ("one", "two", "one"):
        edit_project(both, image)
        composition = made(ann, render.draft(ann, "prod"))
        found.add(composition.change.id)
        merge(ann, both, composition.change.id)
        assert f"image: {image}".encode() in both.files()[PROD]
    assert len(found) == 3


def test_a_hand_edit_is_kept_until_it_is_dropped_also_after_an_edit_of_the_project(
    ann: FakeWorld, both: ConfigRepository
) -> None:
    edited = both.files()[DEV].replace(b"busybox:1.35", b"busybox:1.0")
    both.commit({DEV: edited})
    edit_project(both, "one")
    with pytest.raises(Refused) as caught:
        made(ann, render.draft(ann, "dev"))
    assert (caught.value.code, [one.where for one in caught.value.problems]) == ("hand-edited", [DEV])
    assert "--overwrite" in caught.value.hint
    assert both.files()[DEV] == edited
    made(ann, render.draft(ann, "dev"), overwrite=True)
    assert errors(ann) == [PROD]


def test_merging_drops_the_hand_edits_that_were_agreed_to_and_no_later_ones(
    ann: FakeWorld, both: ConfigRepository
) -> None:
    both.commit({PROD: both.files()[PROD].replace(b"busybox:1.35", b"busybox:1.0")})
    with pytest.raises(Refused):
        made(ann, render.draft(ann, "prod"))
    agreed = made(ann, render.draft(ann, "prod"), overwrite=True).change.id
    later = both.commit({PROD: both.files()[PROD].replace(b"busybox:1.0", b"busybox:1.1")})
    with pytest.raises(Refused) as caught:
        merging.plan(ann, agreed)
    assert (caught.value.code, both.main) == ("hand-edited", later)
    both.commit({PROD: both.files()[PROD].replace(b"busybox:1.1", b"busybox:1.0")})
    merge(ann, both, agreed)
    assert errors(ann) == []


def test_an_edit_of_a_tools_file_is_rendered_alone(ann: FakeWorld, both: ConfigRepository) -> None:
    edit_project(both, "one")
    path = layout.definition("dev", "hello")
    both.commit({path: both.files()[path].replace(b"busybox:1.35", b"busybox:1.36")})
    composition = made(ann, render.draft(ann, "dev", ["hello"]))
    assert list(composition.after) == [DEV]
    assert b"busybox:1.36" in both.files()[DEV]
    assert composition.change.edits == (path,)


@pytest.mark.parametrize(
    ("environment", "tools", "kind", "message"),
    [
        ("nowhere", [], NotFound, 'no environment "nowhere" in rapt.yaml: it has dev, prod'),
        ("dev", ["helo"], NotFound, 'no tool "helo" in environment dev'),
        ("", ["hello", "x"], NotFound, 'no tool "x" in any environment'),
        ("dev", [], Invalid, "2 tools cannot be rendered"),
    ],
)
def test_what_cannot_be_rendered_is_named_and_nothing_is_written(
    ann: FakeWorld,
    both: ConfigRepository,
    environment: str,
    tools: list[str],
    kind: type[RaptError],
    message: str,
) -> None:
    bad = {layout.definition("dev", name): b"template: nothing\n" for name in ("bad", "worse")}
    both.commit({**bad})
    before = both.branches
    with pytest.raises(kind) as caught:
        made(ann, render.draft(ann, environment, tools))
    assert (caught.value.message, both.branches) == (message, before)
    if not tools and environment == "dev":
        assert [one.where for one in caught.value.problems] == sorted(bad)
    assert repositories.read(ann).head == both.main
