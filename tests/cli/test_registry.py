"""``registry``, ``search`` and ``show`` with several registries, as they are typed."""

import json
from pathlib import Path

import pytest

from kubectl_rapt.cli import candidates, completing
from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Environment, Project, Registry
from kubectl_rapt.model.versions import Version
from tests.cli.conftest import Ask
from tests.cli.endings import refused
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository


@pytest.fixture
def team(tmp_path: Path) -> RegistryRepository:
    return RegistryRepository(tmp_path, "team")


@pytest.fixture
def other(tmp_path: Path) -> RegistryRepository:
    return RegistryRepository(tmp_path, "other")


class Configured(ConfigRepository):
    """A config repository that lists registries."""

    def lists(self, *registries: Registry, is_reviewed: bool = False) -> None:
        environment = Environment("dev", ("team",), "uid", is_reviewed=is_reviewed)
        wanted = Project(self.id, {"dev": environment}, registries={one.name: one for one in registries})
        self.commit({layout.PROJECT: project.spell(wanted).encode()}, "Registries\n")


@pytest.fixture
def config(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Configured:
    monkeypatch.setenv("RAPT_REPOSITORY", str(tmp_path / "config.git"))
    return Configured(tmp_path, Environment("dev", ("team",), "uid", is_reviewed=False))


def registry(repository: RegistryRepository, priority: int | None = None) -> Registry:
    return Registry(repository.path.stem, str(repository.path), priority)


def test_without_a_config_repository_there_is_the_bundled_registry(ask: Ask) -> None:
    listed = ask("registry")
    assert (listed.exit_code, listed.stderr) == (0, "")
    assert listed.stdout.split()[:7] == [
        *("NAME", "URL", "PRIORITY", "TEMPLATES", "QUARANTINED", "COMMIT", "AGE")
    ]
    assert "bundled   bundled   0" in listed.stdout
    assert "http-check" in ask("search").stdout
    assert "PARAMETER" in ask("show", "command").stdout
    assert ask("registry", "verify").stdout.endswith(" versions in 1 registry are what they should be\n")


def test_search_and_show_find_what_a_registry_has_and_say_what_is_deprecated(
    ask: Ask, config: Configured, team: RegistryRepository, other: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    team.release("say", "1.1.0")
    other.release("say", "3.0.0")
    other.say("say", "3.0.0", deprecated="use team/say")
    config.lists(registry(team, 50), registry(other, 10))
    found = ask("search", "say")
    assert [line.split()[:4] for line in found.stdout.splitlines()[1:]] == [
        ["say", "1.1.0", "team", "Say"],
        ["other/say", "3.0.0", "other", "(deprecated)"],
    ]
    assert ask("search", "say", "-o", "name").stdout == "say\nother/say\n"
    assert json.loads(ask("search", "say", "-o", "json").stdout)[1] == {
        "name": "say",
        "version": "3.0.0",
        "registry": "other",
        "summary": "Say a word, as say does",
        "deprecated": "use team/say",
    }
    for text, version in (
        ("say", "1.1.0 (team)"),
        ("say@~1.0", "1.0.0 (team)"),
        ("other/say", "3.0.0 (other)"),
    ):
        assert ask("show", text).stdout.startswith(f"say {version}   ")
    assert "note: say 3.0.0 is deprecated: use team/say" in ask("show", "other/say").stderr


def test_a_template_that_several_registries_have_is_named_with_its_registry(
    ask: Ask, config: Configured, team: RegistryRepository, other: RegistryRepository
) -> None:
    """A registry that is added as the page says takes no name that a person types."""
    for one in (team, other):
        one.release("say", "1.0.0")
        one.release("http-check", "9.0.0", summary="Ask an address")
    assert ask("registry", "add", "team", str(team.path)).exit_code == 0
    assert ask("show", "say").stdout.startswith("say 1.0.0 (team)")
    config.lists(registry(team), registry(other))
    assert ask("show", "say") == refused(
        2,
        "several registries have say: other, team",
        "kubectl rapt show other/say\n  or: kubectl rapt show team/say",
        code="several-registries",
    )
    assert ask("show", "--output", "yaml", "http-check@^1") == refused(
        2,
        "several registries have http-check: bundled, other, team",
        "\n  or: ".join(
            f"kubectl rapt show --output yaml '{one}/http-check@^1'" for one in ("bundled", "other", "team")
        ),
    )
    assert ask("search", "say", "-o", "name").stdout == "other/say\nteam/say\n"
    assert [line.split()[0] for line in ask("search", "say").stdout.splitlines()[1:]] == [
        "other/say",
        "team/say",
    ]
    assert ask("search", "team/", "-o", "name").stdout == "team/http-check\nteam/say\n"
    for place in ("team", "other"):
        shown = ask("show", f"{place}/say").stdout
        assert f"say 1.0.0 ({place})" in shown
        assert f"kubectl rapt add {place}/say" in shown
    completed = {text for text, _ in candidates.find(completing.ask(["show", ""]), None, 10)}
    assert {"team/say", "other/say", "bundled/http-check", "command"} < completed
    assert not {"say", "http-check"} & completed


def test_add_is_typed_again_with_the_registry_and_then_goes_through(
    ask: Ask, config: Configured, team: RegistryRepository, other: RegistryRepository
) -> None:
    for one in (team, other):
        one.release("say", "1.0.0")
        one.release("command", "9.0.0")
    config.lists(registry(team), registry(other))
    words = ("--in", "dev", "--dry-run=client")
    asked = ask("add", "--name", "say", "say", *words)
    tries = [f"kubectl rapt add --name say {one}/say --in dev --dry-run=client" for one in ("other", "team")]
    assert asked == refused(2, "several registries have say: other, team", "\n  or: ".join(tries))
    for place, repository in (("other", other), ("team", team)):
        done = ask("add", "--name", "say", f"{place}/say", *words)
        assert (done.exit_code, f"registry: {repository.path}" in done.stdout) == (0, True), done
    own = ask("add", "hello", "--image", "busybox:1.35", *words)
    assert (own.exit_code, "registry: bundled" in own.stdout) == (0, True), own


def test_an_installed_tool_goes_on_with_the_registry_of_its_lock(
    ask: Ask, config: Configured, team: RegistryRepository, other: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    config.lists(registry(team), is_reviewed=True)
    assert ask("add", "say", "--in", "dev").exit_code == 0
    (made,) = set(config.branches) - {"main"}
    config.move_main(config.branches[made])
    other.release("say", "9.0.0")
    config.lists(registry(team), registry(other), is_reviewed=True)
    for words in ("set say word=b", "render say", "check", "upgrade say", "explain say"):
        ended = ask(*words.split(), *(("--in", "dev") if words != "check" else ()))
        assert "several registries" not in ended.stderr, (words, ended)
        assert ended.exit_code == 0, (words, ended)


def test_search_and_list_work_while_no_repository_answers(
    ask: Ask, config: Configured, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    config.lists(registry(team))
    before = ask("search")
    with team.unreachable(), config.unreachable():
        assert ask("search") == before
        assert ask("show", "say").exit_code == 0
        assert "team" in ask("registry").stdout


def test_update_tells_what_is_new(ask: Ask, config: Configured, team: RegistryRepository) -> None:
    team.release("say", "1.0.0")
    config.lists(registry(team))
    assert ask("registry", "update").stdout == "team: 1 templates, 1 versions\n"
    assert ask("registry", "update").stdout == "team: nothing new\n"
    team.release("say", "1.1.0")
    team.release("shout", "1.0.0")
    assert ask("registry", "update", "-o", "name").stdout == "team/say@1.1.0\nteam/shout@1.0.0\n"
    team.release("shout", "1.0.1")
    assert ask("registry", "update").stdout == "team: new shout 1.0.1\n"


def test_update_of_a_registry_that_does_not_answer_updates_the_others(
    ask: Ask, config: Configured, team: RegistryRepository, other: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    config.lists(registry(team), registry(other))
    with other.unreachable():
        ended = ask("registry", "update")
    assert (ended.exit_code, ended.stdout) == (8, "team: 1 templates, 1 versions\n")
    assert "error: 1 of 2 registries could not be updated" in ended.stderr


def test_a_moved_release_is_an_alarm_of_update_and_of_verify(
    ask: Ask, config: Configured, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    before = team.index.templates["say"]
    config.lists(registry(team))
    assert ask("registry", "update").exit_code == 0
    team.say("say", "1.0.0", tree="1" * 40)
    for verb in ("update", "verify"):
        ended = ask("registry", verb)
        assert ended.exit_code == 6
        assert "1" * 40 in ended.stderr
        assert next(iter(before.values())).tree in ended.stderr
    # Nobody gets used to it.
    assert ask("registry", "update").exit_code == 6


def test_verify_finds_a_lock_that_the_index_denies_also_without_a_memory(
    ask: Ask, config: Configured, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    config.lists(registry(team))
    tree = team.tree("say")
    lock = {"registry": str(team.path), "tree": "2" * 40, "digest": "sha256:" + "3" * 64}
    kind = {"apiVersion": "rapt.dev/v1alpha1", "kind": "Installation"}
    tool = {**kind, "template": "say", "version": "1.0.0", "lock": lock}
    config.commit({layout.definition("dev", "say"): json.dumps(tool).encode()})
    ended = ask("registry", "verify")
    assert ended.exit_code == 6
    assert "2" * 40 in ended.stdout
    assert tree in ended.stdout


def test_verify_ends_with_1_where_something_is_wrong_that_is_no_alarm(
    ask: Ask, config: Configured, team: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    team.commit({"templates/broken/template.yaml": b"no: template\n", "templates/broken/job.yaml.j2": b""})
    config.lists(registry(team))
    ended = ask("registry", "verify", "-o", "json")
    assert ended.exit_code == 1
    (finding,) = json.loads(ended.stdout)
    assert (finding["gravity"], finding["entry"]) == ("problem", "templates/broken")
    listed = ask("registry")
    assert listed.exit_code == 0
    assert "note: team: templates/broken is quarantined: " in listed.stderr


def test_a_word_that_registry_does_not_know_is_refused(ask: Ask) -> None:
    ended = ask("registry", "lst")
    assert (ended.exit_code, "try: kubectl rapt registry --help" in ended.stderr) == (2, True)
    listed = ask("registry", "list")
    assert (listed.exit_code, "try: kubectl rapt registry\n" in listed.stderr) == (2, True)


COMMENTED = """\
# Who looks after this: someone@example.com
apiVersion: rapt.dev/v1alpha1
kind: Project
id: "0a1b2c3d"
registries:   # ours first
  other:
    url:   {other}
    priority: 10
environments:
  dev: {{namespaces: [team], review: {review}, cluster: uid}}
"""


def commented(config: Configured, other: RegistryRepository, review: str = "none") -> str:
    """A ``rapt.yaml`` as a person wrote it, committed; its text."""
    text = COMMENTED.format(other=other.path, review=review)
    config.commit({layout.PROJECT: text.encode()})
    return text


def test_add_lists_a_registry_and_changes_no_other_line(
    ask: Ask, config: Configured, team: RegistryRepository, other: RegistryRepository
) -> None:
    text = commented(config, other)
    team.release("say", "1.0.0")
    team.release("say", "1.1.0")
    words = ("registry", "add", "team", str(team.path), "--priority", "60")
    dry = ask(*words, "--dry-run")
    assert (dry.exit_code, config.files()[layout.PROJECT].decode()) == (0, text)
    assert "nothing was written" in dry.stdout
    done = ask(*words)
    assert (done.exit_code, done.stderr) == (0, "team has 1 template in 2 versions\n")
    added = f"  team:\n    url: {team.path}\n    priority: 60\n"
    assert config.files()[layout.PROJECT].decode() == text.replace("environments:", f"{added}environments:")
    assert ask("search", "say", "-o", "name").stdout == "say\n"
    main = config.main
    again = ask(*words)
    assert (again.exit_code, again.stdout, config.main) == (0, "nothing to change\n", main)


def test_a_project_in_json_stays_json(ask: Ask, config: Configured, team: RegistryRepository) -> None:
    environments = {"dev": {"namespaces": ["team"], "review": "none"}}
    head = {"apiVersion": "rapt.dev/v1alpha1", "kind": "Project", "id": "0a1b2c3d"}
    text = json.dumps({**head, "environments": environments}, indent=2) + "\n"
    config.commit({layout.PROJECT: text.encode()})
    assert ask("registry", "add", "team", str(team.path)).exit_code == 0
    found = json.loads(config.files()[layout.PROJECT])
    assert found == {**head, "environments": environments, "registries": {"team": {"url": str(team.path)}}}
    assert ask("registry", "remove", "team").exit_code == 0
    assert json.loads(config.files()[layout.PROJECT])["registries"] == {}


def test_add_and_remove_wait_for_a_review_where_an_environment_asks_for_one(
    ask: Ask, config: Configured, team: RegistryRepository, other: RegistryRepository
) -> None:
    text = commented(config, other, "required")
    words = ("registry", "add", "team", str(team.path))
    assert ask(*words).exit_code == 0
    (branch,) = set(config.branches) - {"main"}
    assert branch.startswith("rapt/all/project/")
    tip = config.branches[branch]
    again = ask(*words)
    assert "is pushed already" in again.stdout
    assert config.branches[branch] == tip
    assert config.files()[layout.PROJECT].decode() == text
    assert ask("changes", "merge", branch.rpartition("/")[2]).exit_code == 0
    assert "team" in ask("registry").stdout


@pytest.mark.parametrize(
    ("name", "url", "code", "message"),
    [
        ("bundled", "{team}", 5, 'registry "bundled" is invalid'),
        ("Team", "{team}", 5, 'registry "Team" is invalid'),
        ("new", "team.git", 5, 'registry "new" is invalid'),
        ("new", "https://me:word@example.com/x", 5, 'registry "new" is invalid'),
        ("new", "ext::sh -c id", 5, "is not an address"),
        ("new", "ssh://-oProxyCommand=id/x", 5, "is not an address"),
        ("new", "{team}/nothing", 4, "no git repository"),
        ("other", "{team}", 7, "registry other is listed already, and otherwise"),
        ("new", "{other}", 7, "is listed already, as other"),
        ("new", "{plain}", 5, "registry new cannot be used: it has no registry/index.yaml"),
    ],
)
def test_add_refuses_what_is_no_registry_and_writes_nothing(
    ask: Ask,
    config: Configured,
    team: RegistryRepository,
    other: RegistryRepository,
    tmp_path: Path,
    name: str,
    url: str,
    code: int,
    message: str,
) -> None:
    commented(config, other)
    plain = ConfigRepository(tmp_path / "plain", Environment("dev", ("team",)))
    before = config.branches
    ended = ask("registry", "add", name, url.format(team=team.path, other=other.path, plain=plain.path))
    assert (ended.exit_code, ended.stdout, config.branches) == (code, "", before)
    assert message in ended.stderr
    assert "word" not in ended.stderr


def test_add_names_what_is_quarantined_and_refuses_a_registry_of_nothing_else(
    ask: Ask, config: Configured, team: RegistryRepository
) -> None:
    team.commit({"templates/evil/template.yaml": b"[", "templates/evil/job.yaml.j2": b""})
    refused = ask("registry", "add", "team", str(team.path))
    assert refused.exit_code == 6
    assert "templates/evil" in refused.stderr
    team.release("say", "1.0.0")
    added = ask("registry", "add", "team", str(team.path))
    assert added.exit_code == 0
    assert added.stderr.startswith("team has 1 template in 1 version; 1 quarantined\n  templates/evil: ")


def test_add_reads_the_public_keys_that_must_sign(
    ask: Ask, config: Configured, team: RegistryRepository, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.pub"
    keys.write_text("# the team's\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4 someone@example.com\n\n")
    assert ask("registry", "add", "team", str(team.path), "--keys", str(keys)).exit_code == 0
    (found,) = project.read(config.files()).registries.values()
    assert found.signers == ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4 someone@example.com",)
    before = config.branches
    for text in ("", "# nothing\n", "not a key\n"):
        keys.write_text(text)
        ended = ask("registry", "add", "again", str(team.path), "--keys", str(keys))
        assert (ended.exit_code, config.branches) == (5, before)
    assert ask("registry", "add", "again", str(team.path), "--keys", str(tmp_path / "no")).exit_code == 4


def test_remove_takes_its_lines_only_and_never_a_registry_that_tools_came_from(
    ask: Ask, config: Configured, team: RegistryRepository, other: RegistryRepository
) -> None:
    team.release("say", "1.0.0")
    text = commented(config, other)
    assert ask("registry", "add", "team", str(team.path)).exit_code == 0
    lock = {"registry": str(team.path), "tree": team.tree("say"), "digest": "sha256:" + "3" * 64}
    kind = {"apiVersion": "rapt.dev/v1alpha1", "kind": "Installation"}
    tool = {**kind, "template": "say", "version": "1.0.0", "lock": lock}
    path = layout.definition("dev", "hello")
    config.commit({path: json.dumps(tool).encode()})
    main = config.main
    ended = ask("registry", "remove", "team")
    assert (ended.exit_code, config.main) == (6, main)
    assert f"{path}  say 1.0.0" in ended.stderr
    config.commit({path: None})
    with team.unreachable():
        assert ask("registry", "remove", "team").exit_code == 0
    assert config.files()[layout.PROJECT].decode() == text
    for name, hint in (("team", "rapt.yaml"), ("othr", "did you mean: other?"), ("bundled", "comes with")):
        ended = ask("registry", "remove", name)
        assert ended.exit_code == 4
        assert hint in ended.stderr


def test_versions_that_may_not_be_installed_say_why(
    ask: Ask, config: Configured, team: RegistryRepository
) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        team.release("say", version)
    team.say("say", "1.1.0", yanked="it loses words")
    team.say("say", "1.2.0", min_rapt=Version(99, 0, 0))
    config.lists(registry(team))
    passed = ask("add", "say", "--in", "dev", "--dry-run").stderr
    assert "say 1.1.0 was passed over: yanked: it loses words" in passed
    assert "say 1.2.0 was passed over: needs Rapt 99.0.0 or newer" in passed
    assert ask("add", "say@1.1.0", "--in", "dev") == refused(
        6, "say 1.1.0 is yanked: it loses words", "kubectl rapt show say"
    )
    newer = ask("add", "say@1.2.0", "--in", "dev")
    assert newer.exit_code == 6
    assert "error: say 1.2.0 needs Rapt 99.0.0 or newer; this is " in newer.stderr
    assert "  try: take a newer Rapt, or an older version\n" in newer.stderr
