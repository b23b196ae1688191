"""What lint finds: each row spoils a good template in one way, and the finding names file and line."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_rapt import writes
from kubectl_rapt.actions import checkout, draft, lint, release, verify
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.config.settings import Settings
from kubectl_rapt.errors import Invalid, NotFound
from kubectl_rapt.model.plan import WriteFiles
from tests.fakes.world import FakeWorld, FakeWriters

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.name for path in (ROOT / "templates").iterdir())


@pytest.fixture
def author(tmp_path: Path, renderer: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWorld]:
    """Someone in a registry with the template say, which is released."""
    root = tmp_path / "checkout"
    (root / "templates").mkdir(parents=True)
    shutil.copytree(ROOT / "policies", root / "policies")
    monkeypatch.chdir(root)
    world = FakeWorld("ann", tmp_path / "ann", Settings(), renderer)
    for plan in (draft.plan(world, "say", "Say a word", None).plan, None):
        for step in (plan or release.plan(world, "say").plan).steps:
            writes.apply(FakeWriters(world), step)
    yield world


def linted(author: FakeWorld) -> list[str]:
    registry, (name,) = checkout.find(author, ["say"])
    return [f"{one.where}  {one.what}" for one in lint.lint_template(author, registry, name)]


def test_a_released_template_that_is_good_has_no_findings(author: FakeWorld) -> None:
    assert linted(author) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        (
            "template.yaml",
            "name: say",
            "name: shout",
            "template.yaml:3: name  expected the folder's name, say",
        ),
        (
            "template.yaml",
            "type: image",
            "type: imge",
            "template.yaml:16: parameters[1].type  expected one of",
        ),
        ("template.yaml", "  maximum: 100\n", "  maximum: 100\n\tx", "template.yaml:1"),
        (
            "template.yaml",
            "version: 0.1.0",
            "version: 0.0.9",
            "template.yaml:4: version  0.1.0 is released already",
        ),
        ("template.yaml", "Say a word", "Say it", "template.yaml:4: version  the files changed since 0.1.0"),
        (
            "template.yaml",
            "cleanup: week",
            "cleanup: wek",
            "policies.cleanup  no cleanup policy",
        ),
        ("template.yaml", "busybox:1.35", "busybox", "parameters[1].default  the image busybox has no tag"),
        ("template.yaml", "busybox:1.35", "busybox:latest", "whatever latest means on the day"),
        ("template.yaml", "busybox:1.35", "r.example:5000/b", "the image r.example:5000/b has no tag"),
        (
            "template.yaml",
            "  description: What to say\n",
            "",
            "template.yaml:8: parameters[0].name  word has no desc",
        ),
        ("template.yaml", "  default: hello\n", "  pattern: '[x]+'\n", "neither default nor example"),
        (
            "template.yaml",
            "limits: {memory: 64Mi}",
            "limits: {}",
            "the container tool has no limits, and a Job without",
        ),
        ("template.yaml", "egress: []", "schedule: '* * *'", "schedule  expects 5 fields"),
        (
            "template.yaml",
            "- name: image",
            "- {name: more, type: string, description: x}\n- name: image",
            "never used",
        ),
        ("job.yaml.j2", "{{ image }}", "busybox:1.35", "parameters[1].name  image is asked and never used"),
        ("job.yaml.j2", "{{ image }}", "busybox # {# {{ image }} #}", "image is asked and never used"),
        ("job.yaml.j2", "{{ image }}", "busybox", "job.yaml.j2:17  the image busybox has no tag"),
        ("job.yaml.j2", "{{ word }}", "{{ word | upper }}", "job.yaml.j2:24  word is set at each run"),
        ("job.yaml.j2", "{{ word }}", "{{ wrd }}", "job.yaml.j2:24  wrd is not known here"),
        ("job.yaml.j2", "{{ image }}", "{% include 'x' %}", "{% include %} may not stand in a template"),
        ("job.yaml.j2", "restartPolicy: Never", "restartPolicy: Always", 'restartPolicy: is "Always"'),
        ("job.yaml.j2", "backoffLimit: 0", "backofLimit: 0", "did you mean backoffLimit"),
        (
            "job.yaml.j2",
            "      containers:",
            "      hostNetwork: true\n      containers:",
            "no tool may set it",
        ),
        (
            "job.yaml.j2",
            "        env:",
            "        resources: {requests: {cpu: '1', memory: 1Mi}, limits: {memory: 1Ki}}\n        env:",
            "the files changed",
        ),
        (
            "README.md",
            "`word`",
            "word",
            "template.yaml:8: parameters[0].name  README.md does not name `word`",
        ),
        ("tests/defaults.yaml", "golden: golden/defaults.yaml", "refused: x", "no test renders the template"),
        (
            "tests/defaults.yaml",
            "golden: golden/defaults.yaml",
            "refused: x",
            "golden/defaults.yaml  no test names",
        ),
        ("tests/no-word.yaml", "refused:", "refusd:", "tests/no-word.yaml:4: refusd  is not a key here"),
        (
            "tests/no-word.yaml",
            'refused: "word: expected text of 1 to 100 characters"',
            "expect: {}",
            "which answers",
        ),
    ],
)
def test_lint_finds_it(author: FakeWorld, file: str, old: str, new: str, finding: str) -> None:
    path = Path("templates/say") / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    found = linted(author)
    assert any(finding in one for one in found), found
    assert all(one.startswith(("templates/say/", "registry/index.yaml")) for one in found)


@pytest.mark.parametrize("file", ["template.yaml", "job.yaml.j2", "README.md"])
def test_a_file_that_is_missing_is_found(author: FakeWorld, file: str) -> None:
    Path("templates/say", file).unlink()
    assert any(one.startswith(f"templates/say/{file}  is missing") for one in linted(author))


def test_tests_that_are_missing_are_found(author: FakeWorld) -> None:
    shutil.rmtree("templates/say/tests")
    assert [one for one in linted(author) if "say/tests" in one] == [
        "templates/say/tests  no test renders the template: answers, and expect or golden",
        "templates/say/tests  no test says which answers are refused: answers, and refused",
    ]


def test_an_index_that_cannot_be_read_is_a_finding(author: FakeWorld) -> None:
    Path("registry/index.yaml").write_text("a: [")
    assert any(one.startswith("registry/index.yaml") for one in linted(author))


@pytest.mark.parametrize("name", NAMES)
def test_what_ships_has_no_findings_and_passes_its_tests(
    renderer: Sandbox, tmp_path: Path, name: str
) -> None:
    world = FakeWorld("ann", tmp_path, Settings(), renderer)
    registry, chosen = checkout.find(world, [f"{ROOT}/templates/{name}"])
    assert chosen == [name]
    assert lint.lint_template(world, registry, name) == []
    assert [one.problems for one in verify.results(world, registry, name) if one.problems] == []


CASES = [
    ("answers: {}\nmatrix: {image: ['a:1', 'b:2'], word: [x, 'y z']}", ""),
    ("answers: {}\nmatrix: {image: ['a:1', 'B:?'], word: [x]}", 'with image="B:?", word="x": it is refused'),
    ("answers: {}\nmatrix: {image: []}", "expected a list of values for image"),
    ("answers: {}\nmatrix: {word: [" + "a, " * 1001 + "]}", "makes 1001 combinations"),
    ("matrix: {word: [a]}\nexpect: {spec: {backoffLimit: 1}}", 'with word="a": expected 1, found 0'),
    ("matrix: {word: [a]}\ngolden: golden/defaults.yaml", "a matrix renders many Jobs"),
    ("golden: ../x.yaml", "expected a file such as golden/name.yaml"),
    ("golden: golden/none.yaml", "no file tests/golden/none.yaml: --update writes it"),
    ("run: {word: bye}\ngolden: golden/defaults.yaml", "the Job is not as in tests/golden/defaults.yaml"),
    (
        "schedule:\n  cron: '30 2 * * *'\n  timeZone: Europe/Prague\n  now: '2026-03-28T00:00:00Z'\n"
        "  next: ['2026-03-28T02:30:00+01:00', '2026-03-30T02:30:00+02:00']",
        "",
    ),
    (
        "schedule: {cron: '30 2 * * *', now: '2026-03-28T00:00:00Z', next: ['2026-03-29T02:30:00Z']}",
        "expected 2026-03-29T02:30:00+00:00, and it fires at 2026-03-28T02:30:00+00:00",
    ),
    (
        "schedule: {cron: '0 0 30 2 *', now: '2026-03-28T00:00:00Z', next: ['2026-03-29T02:30:00Z']}",
        "no more",
    ),
    (
        "schedule: {cron: '* *', now: '2026-03-28T00:00:00Z', next: ['2026-03-29T02:30:00Z']}",
        "expects 5 fields",
    ),
    ("schedule: {now: '2026-03-28T00:00:00Z', next: ['2026-03-29T02:30:00Z']}", "expects 5 fields"),
    (
        "schedule: {cron: '@daily', timeZone: Europe/Pragu, now: '2026-03-28T00:00:00Z', "
        "next: ['2026-03-29T00:00:00Z']}",
        "did you mean: Europe/Prague?",
    ),
    (
        "schedule: {cron: '@daily', now: '2026-03-28', next: ['2026-03-29T02:30:00Z']}",
        "expected a time such as",
    ),
    ("schedule: {cron: '@daily', now: '2026-03-28T00:00:00Z'}", "names no firing"),
    ("schedule: 5", "expected a mapping"),
    ("schedule: {cron: '@daily', now: '2026-03-28T00:00:00Z', next: [x]}\nrefused: x", "or else refused"),
]


@pytest.mark.parametrize(("text", "finding"), CASES)
def test_a_test_of_each_kind(author: FakeWorld, text: str, finding: str) -> None:
    Path("templates/say/tests/one.yaml").write_text(text)
    registry, _ = checkout.find(author, ["say"])
    (found,) = [one for one in verify.results(author, registry, "say") if one.source.endswith("one.yaml")]
    whats = [problem.what for problem in found.problems]
    assert whats == [] if not finding else any(finding in what for what in whats), whats
    assert all(problem.where.startswith("templates/say/tests/one.yaml:") for problem in found.problems)


def test_golden_files_are_rewritten_and_then_pass(author: FakeWorld) -> None:
    Path("templates/say/tests/defaults.yaml").write_text("run: {word: bye}\ngolden: golden/defaults.yaml")
    registry, _ = checkout.find(author, ["say"])
    plan = verify.goldens(registry, list(verify.results(author, registry, "say")))
    (step,) = plan.steps
    assert isinstance(step, WriteFiles)
    writes.apply(FakeWriters(author), step)
    assert "value: bye" in Path("templates/say/tests/golden/defaults.yaml").read_text()
    registry, _ = checkout.find(author, ["say"])
    results = list(verify.results(author, registry, "say"))
    assert [one.problems for one in results] == [(), ()]
    assert verify.goldens(registry, results).steps == ()


def test_the_order_of_keys_in_a_golden_file_means_nothing(author: FakeWorld) -> None:
    golden = Path("templates/say/tests/golden/defaults.yaml")
    lines = golden.read_text().splitlines()
    golden.write_text("\n".join([*lines[2:], "# by hand", *reversed(lines[:2])]))
    registry, _ = checkout.find(author, ["say"])
    assert [one.problems for one in verify.results(author, registry, "say")] == [(), ()]


def test_templates_are_found_by_name_by_folder_and_all_at_once(author: FakeWorld, tmp_path: Path) -> None:
    shutil.copytree("templates/say", "templates/also")
    root = str(tmp_path / "checkout")
    for wanted, expected in (
        ([], ["also", "say"]),
        (["say"], ["say"]),
        (["templates/say/"], ["say"]),
        (["./templates/say/tests"], ["say"]),
        ([f"{root}/templates/also", "say", "say"], ["also", "say"]),
    ):
        registry, chosen = checkout.find(author, wanted)
        assert (registry.root, chosen) == (root, expected)


def test_a_template_that_is_mistyped_is_told_the_nearest(author: FakeWorld) -> None:
    with pytest.raises(NotFound) as caught:
        checkout.find(author, ["sya"])
    assert (caught.value.code, caught.value.typo) == ("no-template", ("sya", "say"))


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("quite-another", "kubectl rapt template new quite-another"),
        ("templates", "kubectl rapt template new templates"),
        ("templates/none", ""),
        ("policies/retry", "ls "),
    ],
)
def test_what_is_no_template_is_not_found(author: FakeWorld, wanted: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        checkout.find(author, [wanted])
    assert caught.value.code == "no-template"
    assert caught.value.hint.startswith(hint)


def test_a_folder_outside_of_a_registry_is_not_found(author: FakeWorld, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        checkout.find(author, [str(tmp_path / "elsewhere") + "/x"])
    assert caught.value.code == "no-checkout"


def test_links_are_refused_wherever_they_lead(author: FakeWorld) -> None:
    for target in ("/etc/passwd", "template.yaml", "nowhere"):
        link = Path("templates/say/link")
        link.symlink_to(target)
        with pytest.raises(Invalid) as caught:
            checkout.find(author, ["say"])
        assert caught.value.code == "bad-checkout"
        link.unlink()


def test_files_are_written_all_or_none(author: FakeWorld) -> None:
    root, _ = author.checkout.find()
    before = dict(author.checkout.files(root))
    blocked = Path("templates/blocked")
    blocked.mkdir()
    (blocked / "file").touch()
    files: dict[str, bytes | None] = {
        "templates/say/template.yaml": b"new",
        "templates/say/README.md": None,
        "templates/new/deep/file": b"new",
        "templates/blocked": b"a folder stands here",
    }
    with pytest.raises(Exception) as caught:
        author.checkout.write(root, files)
    assert getattr(caught.value, "code", "") == "cannot-write-files"
    assert author.checkout.files(root) == {**before, "templates/blocked/file": b""}


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "templates/../../x", "templates//x", ".git/hooks/x", "a/.GIT/x"]
)
def test_nothing_is_written_outside(author: FakeWorld, path: str) -> None:
    root, _ = author.checkout.find()
    with pytest.raises(Invalid):
        author.checkout.write(root, {path: b"x"})


def test_nothing_is_written_through_a_link(author: FakeWorld, tmp_path: Path) -> None:
    root, _ = author.checkout.find()
    Path("templates/link").symlink_to(tmp_path)
    with pytest.raises(Invalid):
        author.checkout.write(root, {"templates/link/x": b"x"})
    assert not (tmp_path / "x").exists()
