"""Several registries: which template a name means, the same again from a lock, and what is never followed."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kubectl_rapt.actions import audit, build, catalogs, registry
from kubectl_rapt.actions.catalogs import Catalog
from kubectl_rapt.actions.registry import Entry
from kubectl_rapt.config import installation
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.config.project import Environment, Project, Registry
from kubectl_rapt.errors import Invalid, NotFound, Refused, Unavailable, UsageError
from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating.reference import Reference
from tests.fakes.world import FakeWorld
from tests.registries import RegistryRepository, template

POLICY = b"""\
apiVersion: rapt.dev/v1alpha1
kind: CleanupPolicy
name: hour
summary: Kept for an hour
keepFor: 1h
keepSuccessful: 1
keepFailed: 1
"""


@pytest.fixture
def team(tmp_path: Path) -> RegistryRepository:
    return RegistryRepository(tmp_path, "team")


@pytest.fixture
def other(tmp_path: Path) -> RegistryRepository:
    return RegistryRepository(tmp_path, "other")


def a_project(*repositories: RegistryRepository, **priorities: int) -> Project:
    """A project whose registries have the names of their repositories."""
    found = [Registry(one.path.stem, str(one.path), priorities.get(one.path.stem)) for one in repositories]
    environment = Environment("dev", ("team",), "uid", is_reviewed=False)
    return Project("0a1b2c3d", {"dev": environment}, registries={one.name: one for one in found})


def find(world: FakeWorld, project: Project, text: str, *, fresh: bool = True) -> Entry:
    return registry.find(world, catalogs.read(world, project, fresh=fresh), Reference.parse(text))


def installed(entry: Entry, tool: str = "say") -> Installation:
    """The tool's file of an entry, written and read again."""
    wanted = Installation(tool, entry.template.name, str(entry.template.version), entry.lock())
    return installation.read(installation.spell(wanted).encode(), tool, f"tools/dev/{tool}.yaml")


def spelled(entry: Entry) -> bytes:
    """The text of the tool's file of an entry."""
    return installation.spell(installed(entry)).encode()


def by_name(found: list[Catalog]) -> dict[str, Catalog]:
    return {one.registry.name: one for one in found}


def test_a_name_that_several_registries_have_means_the_one_that_written_priorities_put_first(
    ann: FakeWorld, team: RegistryRepository, other: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    other.release("say", "2.0.0")
    for priorities, taken, hidden in (
        ({"team": 60, "other": 50}, "team", "other"),
        ({"team": 0, "other": 1}, "other", "team"),
        ({"team": -1, "other": -2}, "team", "other"),
    ):
        project = a_project(team, other, **priorities)
        entry = find(ann, project, "say")
        assert entry.registry.name == taken
        assert f"registry {hidden} has a say too, which is not this one: {hidden}/say" in entry.notes
        assert find(ann, project, f"{hidden}/say").registry.name == hidden
        assert find(ann, project, "command").registry.name == "bundled"


@pytest.mark.parametrize("priorities", [{}, {"team": 60}, {"other": -5}, {"team": 60, "other": 60}])
def test_a_name_that_several_registries_have_is_refused_if_no_written_priority_decides(
    ann: FakeWorld, team: RegistryRepository, other: RegistryRepository, priorities: dict[str, int]
) -> None:
    team.release("say", "1.0.0")
    other.release("say", "1.0.0")
    project = a_project(team, other, **priorities)
    with pytest.raises(UsageError) as caught:
        find(ann, project, "say@^1.0")
    assert caught.value.code == "several-registries"
    places = [one.registry.name for one in catalogs.read(ann, project, fresh=False) if one.offers.get("say")]
    assert caught.value.hints == tuple(f"kubectl rapt show '{one}/say@^1.0'" for one in places)
    for place in places:
        assert find(ann, project, f"{place}/say@^1.0").registry.name == place


def test_a_registry_takes_no_bundled_name_unless_a_priority_that_somebody_wrote_says_so(
    ann: FakeWorld, team: RegistryRepository
) -> None:
    team.release("command", "9.0.0")
    with pytest.raises(UsageError) as caught:
        find(ann, a_project(team), "command")
    assert caught.value.message == "several registries have command: bundled, team"
    assert find(ann, a_project(team, team=1), "command").registry.name == "team"
    assert find(ann, a_project(team, team=-1), "command").registry.name == "bundled"
    assert find(ann, a_project(team), "bundled/command").registry.name == "bundled"


def test_a_lock_decides_whatever_other_registries_have_the_name(
    ann: FakeWorld, team: RegistryRepository, other: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    lock = find(ann, a_project(team), "say").lock()
    other.release("say", "9.0.0")
    team.release("say", "1.1.0")
    project = a_project(team, other)
    found = registry.find(ann, catalogs.read(ann, project, fresh=True), Reference("say"), only=lock.registry)
    assert (found.registry.name, str(found.template.version)) == ("team", "1.1.0")


def test_a_hint_about_a_version_names_the_registry_if_the_name_alone_is_refused(
    ann: FakeWorld, team: RegistryRepository, other: RegistryRepository
) -> None:
    for one in (team, other):
        one.release("say", "1.0.0")
    team.release("say", "1.1.0")
    team.say("say", "1.0.0", yanked="it is wrong")
    with pytest.raises(Refused) as caught:
        find(ann, a_project(team, other), "team/say@1.0.0")
    assert (caught.value.code, caught.value.hint) == ("yanked", "kubectl rapt show team/say")
    with pytest.raises(NotFound) as missing:
        find(ann, a_project(team, other), "sya")
    assert missing.value.hint in ("kubectl rapt show team/say", "kubectl rapt show other/say")


def test_a_lock_holds_everything_by_which_the_same_is_found_again(
    ann: FakeWorld, team: RegistryRepository
) -> None:
    team.commit({"policies/cleanup/hour.yaml": POLICY})
    commit = team.release("say", "1.0.0", policies={"cleanup": "hour"})
    entry = find(ann, a_project(team), "say")
    lock = entry.lock()
    assert (lock.registry, lock.commit, lock.tree) == (str(team.path), commit, team.tree("say"))
    assert lock.digest.startswith("sha256:")
    assert entry.policies["policies/cleanup/hour.yaml"] == POLICY
    assert lock.policies.startswith("sha256:")
    assert registry.locked(ann, a_project(team), installed(entry)) == entry


def test_a_policy_that_came_with_rapt_can_be_used_by_a_template_of_any_registry(
    ann: FakeWorld, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0", policies={"retry": "never", "cleanup": "week"})
    entry = find(ann, a_project(team), "say")
    bundled = ann.bundle.files()
    assert entry.policies["policies/cleanup/week.yaml"] == bundled["policies/cleanup/week.yaml"]
    built = build.build(ann, a_project(team), build.Wanted("dev", "say", spelled(entry)))
    text = built.files["rendered/dev/say.yaml"]
    assert b"rapt.dev/cleanup-policy: week" in text
    assert b"backoffLimit: 0" in text
    assert registry.locked(ann, a_project(team), installed(entry)) == entry


def test_a_registrys_own_policy_comes_before_the_one_that_came_with_rapt(
    ann: FakeWorld, team: RegistryRepository
) -> None:
    own = POLICY.replace(b"name: hour", b"name: week")
    team.commit({"policies/cleanup/week.yaml": own})
    team.release("say", "1.0.0", policies={"cleanup": "week"})
    entry = find(ann, a_project(team), "say")
    built = build.build(ann, a_project(team), build.Wanted("dev", "say", spelled(entry)))
    assert b"ttlSecondsAfterFinished: 3600" in built.files["rendered/dev/say.yaml"]


def test_a_registrys_own_policy_that_is_too_large_is_not_replaced_by_one_that_came_with_rapt(
    ann: FakeWorld, team: RegistryRepository
) -> None:
    own = POLICY.replace(b"name: hour", b"name: week") + b"#" * 20_000
    team.commit({"policies/cleanup/week.yaml": own})
    team.release("say", "1.0.0", policies={"cleanup": "week"})
    entry = find(ann, a_project(team), "say")
    with pytest.raises(Invalid):
        build.build(ann, a_project(team), build.Wanted("dev", "say", spelled(entry)))


def test_a_policy_that_nobody_has_is_told_with_where_it_was_looked_for(
    ann: FakeWorld, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0", policies={"retry": "nevr"})
    with pytest.raises(NotFound) as caught:
        entry = find(ann, a_project(team), "say")
        build.build(ann, a_project(team), build.Wanted("dev", "say", spelled(entry)))
    assert caught.value.message == (
        'no retry policy "nevr": registry team has no policies/retry/nevr.yaml, and none came with Rapt; '
        "did you mean: never?"
    )


def test_an_old_version_and_its_policies_stay_as_they_were_locked(
    ann: FakeWorld, bob: FakeWorld, team: RegistryRepository
) -> None:
    team.commit({"policies/cleanup/hour.yaml": POLICY})
    team.release("say", "1.0.0", policies={"cleanup": "hour"})
    project = a_project(team)
    old = find(ann, project, "say")
    team.commit({"policies/cleanup/hour.yaml": POLICY.replace(b"1h", b"2h")})
    team.release("say", "2.0.0", policies={"cleanup": "hour"})
    assert find(ann, project, "say").template.version == Version(2, 0, 0)
    for world in (ann, bob):
        assert registry.locked(world, project, installed(old)) == old


def test_rendering_a_locked_tool_needs_no_registry_that_answers(
    ann: FakeWorld, bob: FakeWorld, team: RegistryRepository
) -> None:
    team.commit({"policies/cleanup/hour.yaml": POLICY})
    team.release("say", "1.0.0", policies={"cleanup": "hour"})
    project = a_project(team)
    definition = installation.spell(installed(find(ann, project, "say"))).encode()
    before = build.build(ann, project, build.Wanted("dev", "say", definition))
    assert b"ttlSecondsAfterFinished: 3600" in before.files["rendered/dev/say.yaml"]
    with team.unreachable():
        assert build.build(ann, project, build.Wanted("dev", "say", definition)) == before
        shutil.rmtree(ann.home / "answers")
        assert build.build(ann, project, build.Wanted("dev", "say", definition)) == before
        with pytest.raises((Unavailable, NotFound)):
            build.build(bob, project, build.Wanted("dev", "say", definition))
    assert build.build(bob, project, build.Wanted("dev", "say", definition)) == before


def test_a_lock_of_a_registry_that_is_not_listed_is_refused(ann: FakeWorld, team: RegistryRepository) -> None:
    team.release("say", "1.0.0")
    wanted = installed(find(ann, a_project(team), "say"))
    with pytest.raises(Refused) as caught:
        registry.locked(ann, a_project(), wanted)
    assert caught.value.code == "unknown-registry"
    assert "registry add" in caught.value.hint


def test_a_registry_that_does_not_answer_is_used_as_it_was(
    ann: FakeWorld, bob: FakeWorld, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    project = a_project(team)
    find(ann, project, "say")
    with team.unreachable():
        entry = find(ann, project, "say")
        assert [note for note in entry.notes if note.startswith("registry team as it was ")]
        read = by_name(catalogs.read(bob, project, fresh=False))
        assert not read["team"].is_usable
        assert read["team"].note.startswith("registry team cannot be used: ")
        assert find(bob, project, "command").template.name == "command"


VERSIONS = [
    ("say", "1.2.0"),
    ("say@^1.0", "1.2.0"),
    ("say@~1.0", "1.0.1"),
    ("say@1.0.0", "1.0.0"),
    ("say@2.0.0-rc.1", "2.0.0-rc.1"),
    ("team/say@^1", "1.2.0"),
]


@pytest.mark.parametrize(("text", "version"), VERSIONS)
def test_a_range_takes_the_newest_that_fits(
    ann: FakeWorld, team: RegistryRepository, text: str, version: str
) -> None:
    for one in ("1.0.0", "1.0.1", "1.2.0", "2.0.0-rc.1"):
        team.release("say", one)
    assert str(find(ann, a_project(team), text).template.version) == version


def test_yanked_and_too_new_versions_are_passed_over_with_the_reason(
    ann: FakeWorld, team: RegistryRepository
) -> None:
    for one in ("1.0.0", "1.1.0", "1.2.0"):
        team.release("say", one)
    project = a_project(team)
    locked = installed(find(ann, project, "say@1.1.0"))
    team.say("say", "1.1.0", yanked="it loses words")
    team.say("say", "1.2.0", min_rapt=Version(99, 0, 0))
    team.say("say", "1.0.0", deprecated="use shout")
    entry = find(ann, project, "say")
    assert str(entry.template.version) == "1.0.0"
    assert entry.notes[:3] == (
        "say 1.2.0 was passed over: needs Rapt 99.0.0 or newer; this is 0.1.0",
        "say 1.1.0 was passed over: yanked: it loses words",
        "say 1.0.0 is deprecated: use shout",
    )
    for text, code in (("say@1.1.0", "yanked"), ("say@1.2.0", "rapt-too-old")):
        with pytest.raises(Refused) as caught:
            find(ann, project, text)
        assert caught.value.code == code
    assert registry.locked(ann, project, locked).template.version == Version(1, 1, 0)


def test_an_installed_tool_never_changes_to_another_registry(
    ann: FakeWorld, team: RegistryRepository, other: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    other.release("say", "9.0.0")
    project = a_project(team, other, other=99)
    read = catalogs.read(ann, project, fresh=True)
    taken = registry.find(ann, read, Reference("say"), only=str(team.path))
    assert (taken.registry.name, str(taken.template.version)) == ("team", "1.0.0")
    with pytest.raises(Refused) as caught:
        registry.find(ann, read, Reference("say"), only="https://gone.example.com/r.git")
    assert caught.value.code == "unknown-registry"


def moved_folder(team: RegistryRepository) -> None:
    team.commit({"templates/say/job.yaml.j2": b"other: files\n"})


def moved_index(team: RegistryRepository) -> None:
    team.say("say", "1.0.0", tree="1" * 40)


def moved_both(team: RegistryRepository) -> None:
    files = template("say", "1.0.0", summary="Something else")
    team.index = type(team.index)({})
    team.release("say", "1.0.0", files)


def forgotten(team: RegistryRepository) -> None:
    team.index = type(team.index)({})
    team.release("shout", "1.0.0")


def moved_tag(team: RegistryRepository) -> None:
    commit = team.commit({"templates/say/job.yaml.j2": b"other: files\n"})
    team.git("update-ref", "refs/tags/say/v1.0.0", commit)
    team.commit({f"templates/say/{path}": content for path, content in template("say", "1.0.0").items()})


def moved_digest(team: RegistryRepository) -> None:
    team.say("say", "1.0.0", digest="sha256:" + "0" * 64)


@pytest.mark.parametrize("move", [moved_folder, moved_index, moved_both, forgotten, moved_tag, moved_digest])
@pytest.mark.parametrize("text", ["say", "say@1.0.0", "say@^1"])
def test_what_was_moved_is_an_alarm_with_both_ids_and_is_never_followed(
    ann: FakeWorld, team: RegistryRepository, move: Callable[[RegistryRepository], None], text: str
) -> None:
    team.release("say", "1.0.0")
    project = a_project(team)
    before = find(ann, project, text)
    move(team)
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            find(ann, project, text)
        assert (caught.value.code, caught.value.exit_code) == ("moved-version", 6)
        assert before.release.tree in caught.value.message or before.release.digest in caught.value.message
    assert registry.locked(ann, project, installed(before)) == before


@pytest.mark.parametrize("move", [moved_folder, moved_index, moved_tag, moved_digest])
def test_who_never_saw_it_otherwise_is_alarmed_as_well(
    bob: FakeWorld, team: RegistryRepository, move: Callable[[RegistryRepository], None]
) -> None:
    team.release("say", "1.0.0")
    move(team)
    with pytest.raises((Refused, NotFound)) as caught:
        find(bob, a_project(team), "say")
    assert caught.value.code == "moved-version"


def test_a_new_commit_is_read_only_where_it_changed(ann: FakeWorld, team: RegistryRepository) -> None:
    team.release("say", "1.0.0")
    team.release("shout", "1.0.0")
    project = a_project(team)
    catalogs.read(ann, project, fresh=True)
    before = {path for path in (ann.home / "answers").rglob("*") if path.is_file()}
    team.release("say", "1.1.0", summary="Say more")
    read = by_name(catalogs.read(ann, project, fresh=True))["team"]
    assert (read.offers["say"].summary, str(read.offers["say"].newest)) == ("Say more", "1.1.0")
    after = {path for path in (ann.home / "answers").rglob("*") if path.is_file()}
    assert len(after - before) == 2, "the catalog of the new commit, and one folder"


@pytest.mark.parametrize("text", ["", "@1", "say@", "/say", "a/b/c", "say@1", "say@>1", "say@latest"])
def test_what_names_no_template_is_told_so(ann: FakeWorld, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        find(ann, a_project(), text)
    assert caught.value.code == "bad-reference"


def test_a_mistyped_registry_or_template_gets_the_nearest(ann: FakeWorld, team: RegistryRepository) -> None:
    team.release("say", "1.0.0")
    with pytest.raises(NotFound) as caught:
        find(ann, a_project(team), "teem/say")
    assert (caught.value.code, "did you mean: team?" in caught.value.message) == ("no-registry", True)
    with pytest.raises(NotFound) as caught:
        find(ann, a_project(team), "comand")
    assert (caught.value.code, caught.value.hint) == ("no-template", "kubectl rapt show command")


def a_key(folder: Path, name: str) -> str:
    """Make an ssh key pair; the public line."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return (folder / f"{name}.pub").read_text().strip()


def sign(team: RegistryRepository, key: Path, tag: str, at: str = "main") -> None:
    settings = {
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "user.name": "Someone",
        "user.email": "someone@example.com",
    }
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    team.git(*words, "tag", "--force", "--sign", "-m", "a release", tag, at)


def test_with_signers_only_a_version_whose_tag_they_signed_is_installed(
    ann: FakeWorld, team: RegistryRepository, tmp_path: Path
) -> None:
    mine, other = a_key(tmp_path, "mine"), a_key(tmp_path, "other")
    team.release("say", "1.0.0")
    team.release("say", "1.1.0")
    plain = a_project(team)
    signed = replace(plain, registries={"team": replace(plain.registries["team"], signers=(other, mine))})

    def refusal(text: str = "say") -> str:
        with pytest.raises(Refused) as caught:
            find(ann, signed, text)
        assert caught.value.code == "bad-signature"
        assert [one.where for one in caught.value.problems][:1] == ["expected"]
        return " ".join([caught.value.message, *(one.what for one in caught.value.problems)])

    assert find(ann, plain, "say").template.version == Version(1, 1, 0)
    assert "no such tag" in refusal()
    team.git("tag", "say/v1.1.0", "main")
    assert "not annotated" in refusal()
    sign(team, tmp_path / "mine", "say/v1.1.0")
    assert find(ann, signed, "say").template.version == Version(1, 1, 0)
    assert "no such tag" in refusal("say@1.0.0")
    # A signed tag under another name is a signed tag of something else.
    team.git("update-ref", "refs/tags/say/v1.0.0", team.git("rev-parse", "say/v1.1.0").decode().strip())
    assert "a signed tag of something else: say/v1.1.0" in refusal("say@1.0.0")
    a_key(tmp_path, "third")
    sign(team, tmp_path / "third", "say/v1.1.0")
    assert "is not signed by one of the registry's signers" in refusal()
    assert find(ann, plain, "say").template.version == Version(1, 1, 0)


def test_a_signed_tag_that_points_at_other_files_is_an_alarm(
    ann: FakeWorld, team: RegistryRepository, tmp_path: Path
) -> None:
    mine = a_key(tmp_path, "mine")
    before = team.main
    team.release("say", "1.0.0")
    sign(team, tmp_path / "mine", "say/v1.0.0", before)
    plain = a_project(team)
    signed = replace(plain, registries={"team": replace(plain.registries["team"], signers=(mine,))})
    with pytest.raises(Refused) as caught:
        find(ann, signed, "say")
    assert (caught.value.code, team.tree("say") in caught.value.message) == ("moved-version", True)


def test_a_file_that_was_written_before_policies_were_locked_still_renders(ann: FakeWorld) -> None:
    entry = find(ann, a_project(), "http-check")
    old = replace(entry.lock(), policies="", commit="")
    wanted = replace(installed(entry), lock=old)
    assert "commit" not in installation.spell(wanted)
    assert registry.locked(ann, a_project(), wanted).policies == entry.policies


def test_policies_that_are_not_those_that_were_locked_are_an_alarm(
    ann: FakeWorld, team: RegistryRepository
) -> None:
    team.commit({"policies/cleanup/hour.yaml": POLICY})
    team.release("say", "1.0.0", policies={"cleanup": "hour"})
    entry = find(ann, a_project(team), "say")
    later = team.commit({"policies/cleanup/hour.yaml": POLICY.replace(b"1h", b"2h")})
    find(ann, a_project(team), "say")
    wanted = replace(installed(entry), lock=replace(entry.lock(), commit=later))
    with pytest.raises(Refused) as caught:
        registry.locked(ann, a_project(team), wanted)
    assert (caught.value.code, entry.lock().policies in caught.value.message) == ("moved-version", True)


def test_a_lock_whose_digest_is_of_other_files_is_an_alarm(ann: FakeWorld, team: RegistryRepository) -> None:
    team.release("say", "1.0.0")
    entry = find(ann, a_project(team), "say")
    wrong = replace(installed(entry), lock=replace(entry.lock(), digest="sha256:" + "0" * 64))
    with pytest.raises(Refused) as caught:
        registry.locked(ann, a_project(team), wrong)
    assert caught.value.code == "moved-version"
    assert entry.release.digest in caught.value.message
    assert "0" * 64 in caught.value.message


def test_a_locked_tool_with_a_yanked_version_has_a_note(ann: FakeWorld, team: RegistryRepository) -> None:
    team.release("say", "1.0.0")
    project = a_project(team)
    wanted = installed(find(ann, project, "say"))
    assert audit.notes(catalogs.read(ann, project, fresh=True), wanted) == []
    team.say("say", "1.0.0", yanked="it loses words")
    notes = audit.notes(catalogs.read(ann, project, fresh=True), wanted)
    assert notes == ["say has say 1.0.0, which is yanked: it loses words"]


def test_a_deleted_cache_changes_no_answer(ann: FakeWorld, team: RegistryRepository) -> None:
    team.release("say", "1.0.0")
    team.commit({"templates/bad/template.yaml": b"a: [1"})

    def answer(fresh: bool) -> list[Catalog]:
        return [replace(one, known=None) for one in catalogs.read(ann, a_project(team), fresh=fresh)]

    before = answer(fresh=True)
    shutil.rmtree(ann.home / "answers")
    assert answer(fresh=True) == before
    shutil.rmtree(ann.home / "git")
    assert answer(fresh=False) == before
    shutil.rmtree(ann.home / "git")
    shutil.rmtree(ann.home / "answers")
    assert answer(fresh=False) == before


def signers(project: Project, *keys: str) -> Project:
    """The same project, whose registry team has signers."""
    return replace(project, registries={"team": replace(project.registries["team"], signers=keys)})


def test_what_is_locked_is_rendered_only_where_a_signer_vouches_for_it(
    ann: FakeWorld, bob: FakeWorld, team: RegistryRepository, tmp_path: Path
) -> None:
    mine, other = a_key(tmp_path, "mine"), a_key(tmp_path, "other")
    plain = a_project(team)
    team.commit({"policies/cleanup/hour.yaml": POLICY})
    team.release("say", "1.0.0", policies={"cleanup": "hour"})
    wanted = installed(find(ann, plain, "say"))
    signed = signers(plain, mine)
    for world in (ann, bob):  # bob has never seen the registry
        with pytest.raises(Refused) as caught:
            registry.locked(world, signed, wanted)
        assert caught.value.code == "bad-signature"
    sign(team, tmp_path / "mine", "say/v1.0.0")
    assert registry.locked(bob, signed, wanted).template.version == Version(1, 0, 0)
    with pytest.raises(Refused) as caught:
        registry.locked(bob, signers(plain, other), wanted)
    assert caught.value.code == "bad-signature"
    # A signed version whose files are others than the locked ones is an alarm, as is another version's name.
    team.release("say", "1.1.0")
    later = replace(wanted, lock=find(ann, plain, "say@1.1.0").lock())
    for broken in (later, replace(later, version="1.1.0")):
        with pytest.raises(Refused) as caught:
            registry.locked(bob, signed, broken)
        assert caught.value.code in ("moved-version", "bad-signature")


def test_the_policies_of_a_registry_with_signers_are_those_that_they_signed(
    ann: FakeWorld, team: RegistryRepository, tmp_path: Path
) -> None:
    path = "policies/cleanup/hour.yaml"
    mine = a_key(tmp_path, "mine")
    team.commit({path: POLICY})
    commit = team.release("say", "1.0.0")
    sign(team, tmp_path / "mine", "say/v1.0.0")
    # Whoever may push to main without a key writes another policy; the template names none of them.
    longer = POLICY.replace(b"1h", b"900h")
    later = team.commit({path: longer})
    signed = signers(a_project(team), mine)
    entry = find(ann, signed, "say")
    assert (entry.commit, entry.policies[path]) == (commit, POLICY)
    edited = replace(installed(entry), lock=replace(entry.lock(), commit=later))
    assert registry.locked(ann, signed, edited).policies[path] == POLICY
    assert registry.locked(ann, a_project(team), edited).policies[path] == longer


def test_a_signature_is_checked_once_for_a_version_and_its_keys(
    ann: FakeWorld, team: RegistryRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = a_key(tmp_path, "mine")
    team.release("say", "1.0.0")
    sign(team, tmp_path / "mine", "say/v1.0.0")
    signed = signers(a_project(team), mine)
    wanted = installed(find(ann, signed, "say"))
    registry.locked(ann, signed, wanted)

    def never(*_: object) -> None:
        raise AssertionError("git was asked again")

    monkeypatch.setattr(type(ann.git), "signed", never)
    monkeypatch.setattr(type(ann.git), "fetch", never)
    monkeypatch.setattr(type(ann.git), "known", never)
    for _ in range(3):
        assert registry.locked(ann, signed, wanted).commit == team.main


def test_a_version_that_was_edited_by_hand_is_not_the_locked_one(
    ann: FakeWorld, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    team.release("say", "1.1.0")
    wanted = replace(installed(find(ann, a_project(team), "say@1.0.0")), version="1.1.0")
    with pytest.raises(Invalid) as caught:
        registry.locked(ann, a_project(team), wanted)
    assert (caught.value.code, caught.value.message) == (
        "bad-definition",
        f"the file of {wanted.tool} says say 1.1.0, and what it has locked is say 1.0.0",
    )
    assert caught.value.hint == f"kubectl rapt upgrade {wanted.tool} --to 1.1.0"
