"""The schemas for editors say of a file what its reader says: the same are right, and the same are wrong."""

from collections.abc import Callable
from pathlib import Path

import jsonschema_rs
import pytest

from kubectl_rapt import documents
from kubectl_rapt.config import installation, project, schema
from kubectl_rapt.errors import RaptError
from kubectl_rapt.templating import definition
from tests.house import source
from tests.pure.config import test_installation, test_project, test_registries
from tests.registries import template

READERS: dict[str, Callable[[str], object]] = {
    "project": lambda text: project.read({"rapt.yaml": text.encode()}),
    "tool": lambda text: installation.read(text.encode(), "backup", "tools/prod/backup.yaml"),
    "template": lambda text: definition.load(text, "template.yaml"),
}
VALIDATORS = {name: jsonschema_rs.Draft202012Validator(make()) for name, make in schema.SCHEMAS.items()}
TOOL = installation.spell(test_installation.FULL)
TEMPLATE = template("say", "1.0.0")["template.yaml"].decode()


def is_read(kind: str, text: str) -> bool:
    try:
        READERS[kind](text)
    except RaptError:
        return False
    return True


def is_valid(kind: str, text: str) -> bool:
    return VALIDATORS[kind].is_valid(documents.load(text, kind))


def documented() -> str:
    """The ``rapt.yaml`` of the documentation, with an id of a cluster."""
    text = (source.HOME / "docs" / "repository.md").read_text("utf-8")
    return next(part for part in text.split("```yaml\n")[1:] if "kind: Project" in part).partition("```")[0]


SHIPPED = sorted(Path(source.HOME, "templates").glob("*/template.yaml"))
RIGHT = [
    ("project", test_project.TEXT),
    ("project", project.spell(test_project.PROJECT)),
    ("project", documented()),
    ("tool", TOOL),
    ("tool", installation.spell(test_installation.BARE)),
    ("tool", TOOL.replace("  format: 1\n", "")),
    ("template", TEMPLATE),
    *(("template", path.read_text("utf-8")) for path in SHIPPED),
]


@pytest.mark.parametrize(("kind", "text"), RIGHT, ids=lambda one: one[:30])
def test_what_is_right_is_valid(kind: str, text: str) -> None:
    assert is_read(kind, text)
    errors = [
        f"{one.instance_path}: {one.message}"
        for one in VALIDATORS[kind].iter_errors(documents.load(text, kind))
    ]
    assert errors == []


REGISTRY = test_registries.HEAD + "registries:\n  "
RULE = "rules:\n- "
ASKED = "parameters:\n- {name: a, type: string}\n- {name: b, type: string}\n"


def with_line(text: str, line: str) -> str:
    return f"{text}{line}\n"


PROJECT_LINES = [
    "budget: 5",
    "profiles: {small: {resources: {requests: {memory: much}}}}",
    "profiles: {small: {resources: {requests: {memory: e5}}}}",
    "profiles: {small: {resources: {requests: {memory: [1]}}}}",
    "profiles: {small: {resources: {limit: {memory: 1Gi}}}}",
    "profiles: {small: {nodeSelector: ssd}}",
    "profiles: {small: {labels: {a: 5}}}",
    "profiles: []",
    "forge: {kind: svn}",
    "forge: {kinds: gitea}",
    "policies: {retries: never}",
    "policies: {retry: 5}",
    "answers: [1]",
    "allowedLiterals: [x]",
    'allowedLiterals: ["sha256:1"]',
]
ENVIRONMENT_KEYS = [
    "namespaces: []",
    "namespaces: [Team]",
    "namespaces: team",
    "allowedNamespaces: [a.b]",
    "review: never",
    "profle: standard",
    "cluster: 5",
    "autoMerge: maybe",
    "reviewers: [5]",
    "secretStore: {}",
    "secretStore: {name: Vault}",
    "secretStore: {name: vault, kind: Store}",
    "reconcile: {webhook: {url: 'https://alerts.example.com/a'}}",
    "reconcile: {webhook: {urlEnv: 'https://alerts.example.com/a', secretEnv: A}}",
    "reconcile: {webhook: {urlEnv: A}}",
    "reconcile: {webhook: {}}",
    "reconcile: {exportTo: evidence}",
    "reconcile: {export: /evidence}",
]
WRONG = [
    ("project", "{}"),
    ("project", "[]"),
    ("project", test_project.TEXT.replace("0a1b2c3d", "0A1B2C3D")),
    ("project", test_project.TEXT.replace("v1alpha1", "v2")),
    ("project", test_project.TEXT.replace("kind: Project", "kind: Tool")),
    ("project", test_project.TEXT.replace("  prod:", "  Prod:")),
    *(("project", with_line(test_project.TEXT, line)) for line in PROJECT_LINES),
    *(
        ("project", test_project.TEXT.replace("{namespaces: [team-test]}", f"{{namespaces: [a], {key}}}"))
        for key in ENVIRONMENT_KEYS
        if not key.startswith("namespaces")
    ),
    *(
        ("project", test_project.TEXT.replace("{namespaces: [team-test]}", f"{{{key}}}"))
        for key in (*ENVIRONMENT_KEYS[:3], "")
    ),
    *(
        ("project", f"{REGISTRY}{text}\n")
        for text in (
            *("team: {}", "team: {url: team.git}", "team: {url: bundled}", "team: {url: ''}"),
            *('team: {url: "https://token@example.com/x"}', "team: {url: /x, priority: high}"),
            *("team: {url: /x, priority: true}", "team: {url: /x, priority: 1000001}"),
            *("team: {url: /x, signers: [me]}", "team: {url: /x, trusted: true}"),
            *(
                'team: {url: /x, signers: ["ssh-ed25519 AAAA a\\n* x"]}',
                "Team: {url: /x}",
                "bundled: {url: /x}",
            ),
        )
    ),
    ("tool", "{}"),
    *(
        ("tool", TOOL.replace(old, new))
        for old, new in (
            ("v1alpha1", "v2"),
            ("kind: Installation", "kind: Tool"),
            ("template: backup", 'template: ""'),
            ("template: backup", "template: 5"),
            ('version: "1.2.3"', "version: 1.2"),
            ("a" * 40, "main"),
            ("a" * 40, "A" * 40),
            ("registry: bundled", "registri: bundled"),
            ("format: 1", "format: 2"),
            ("format: 1", "format: 1\n  sha: x"),
            ("namespaces:", "namespace:"),
            ("- team\n", "- 1\n"),
            ('- cron: "@daily"', '- crn: "@daily"'),
            ('- cron: "@daily"', '- "@daily"'),
            ("answers:", "answers: [1]\nother:"),
        )
    ),
    ("template", "{}"),
    *(
        ("template", with_line(TEMPLATE.replace("parameters:", "parametres:"), line))
        for line in ("freeEnv: true",)
    ),
    *(
        ("template", with_line(TEMPLATE, line))
        for line in (
            *("freeEnv: 5", "concurrency: sometimes", "schedule: 5", "minRapt: v1", "egres: []"),
            *("egress: [{ports: [0], any: true}]", "egress: [{any: yes please}]", "egress: [{where: x}]"),
            *("access: [{apiGroups: ['']}]", "access: [{apiGroups: [''], resources: [], verbs: [get]}]"),
            *(f"{RULE}{{}}", f"{RULE}{{exclusive: [word]}}", f"{RULE}{{anyOf: [word, word]}}"),
            *(f"{RULE}{{requires: {{if: word}}}}", f"{RULE}{{unless: [word]}}"),
        )
    ),
    *(
        ("template", TEMPLATE.replace(old, new))
        for old, new in (
            ("name: say", "name: Say"),
            ('version: "1.0.0"', "version: v1"),
            ("type: string", "type: text"),
            ("type: string", "type: string\n  at: once"),
            ("type: string", "type: string\n  maximum: much"),
            ("name: word", "name: Word"),
            ("name: word", "name: a-b"),
            ("  limits:", "  limit:"),
        )
    ),
]


@pytest.mark.parametrize(("kind", "text"), WRONG, ids=range(len(WRONG)))
def test_what_its_reader_refuses_is_not_valid(kind: str, text: str) -> None:
    assert (is_read(kind, text), is_valid(kind, text)) == (False, False), text


@pytest.mark.parametrize(
    ("kind", "text"), [("project", test_project.TEXT), ("tool", TOOL), ("template", TEMPLATE)]
)
def test_every_key_of_a_schema_is_one_that_its_reader_knows(kind: str, text: str) -> None:
    data = documents.load(text, kind)
    for key in schema.SCHEMAS[kind]()["properties"]:
        try:
            READERS[kind](documents.dump({**data, key: {"surprise": 1}}))
        except RaptError as error:
            unknown = [one.where for one in error.problems if one.what.startswith("is not a key here")]
            assert not [where for where in unknown if where.endswith(f": {key}")]
