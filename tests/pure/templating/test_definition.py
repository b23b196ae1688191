"""``template.yaml``: what is read, and every mistake with its line."""

from typing import Any

import pytest

from kubectl_rapt.errors import Invalid, Problem, Refused
from kubectl_rapt.model.versions import MinorRange, Version
from kubectl_rapt.templating import definition
from kubectl_rapt.templating.definition import Access, Egress, Port, Template
from kubectl_rapt.templating.parameters import Parameter, Rule

LEAST = "apiVersion: rapt.dev/v1alpha1\nkind: Template\nname: backup\nversion: 1.2.0\nsummary: Back up a database\n"
FULL = (
    LEAST
    + """\
parameters:
- name: database
  type: secretRef
- name: url
  type: string
  required: false
- name: tries
  type: integer
  at: run
  default: 3
rules:
- requires: {if: url, then: [tries]}
schedule: "0 3 * * *"
policies: {retry: standard, cleanup: keep.long}
resources:
  requests: {cpu: 1, memory: 64Mi}
  limits: {memory: 64Mi, nvidia.com/gpu: "1"}
concurrency: forbid
access:
- apiGroups: ["", apps]
  resources: [pods/log]
  verbs: [get, list]
  resourceNames: [x]
egress:
- cidr: 10.0.0.0/8
  ports: [5432, {port: 53, protocol: UDP}]
- any: true
- podSelector: {matchLabels: {app: db}}
  namespaceSelector: {}
- host: api.example.com
  ports: [443]
- cidr: fd00::/8
  host: inside.example.com
kubernetes: ">=1.28 <1.36"
minRapt: 0.1.0
freeEnv: true
"""
)


def test_the_least_template_has_the_defaults() -> None:
    assert definition.load(LEAST, "template.yaml") == Template(
        "backup", Version(1, 2, 0), "Back up a database"
    )


def test_a_full_template_is_read() -> None:
    template = definition.load(FULL.encode(), "template.yaml")
    assert template == Template(
        name="backup",
        version=Version(1, 2, 0),
        summary="Back up a database",
        parameters=(
            Parameter("database", "secretRef"),
            Parameter("url", "string", required=False),
            Parameter("tries", "integer", at="run", default=3),
        ),
        rules=(Rule("requires", ("tries",), "url"),),
        schedule="0 3 * * *",
        retry_policy="standard",
        cleanup_policy="keep.long",
        resources={
            "requests": {"cpu": "1", "memory": "64Mi"},
            "limits": {"memory": "64Mi", "nvidia.com/gpu": "1"},
        },
        concurrency="forbid",
        access=(Access(("", "apps"), ("pods/log",), ("get", "list"), ("x",)),),
        egress=(
            Egress(cidr="10.0.0.0/8", ports=(Port(5432), Port(53, "UDP"))),
            Egress(anywhere=True),
            Egress(pods={"app": "db"}, namespaces={}),
            Egress(host="api.example.com", ports=(Port(443),)),
            Egress(cidr="fd00::/8", host="inside.example.com"),
        ),
        kubernetes=MinorRange.parse(">=1.28 <1.36"),
        min_rapt=Version(0, 1, 0),
        free_env=True,
    )


def test_no_egress_is_not_the_same_as_egress_to_nowhere() -> None:
    assert definition.load(LEAST, "t").egress is None
    assert definition.load(f"{LEAST}egress: []\n", "t").egress == ()


def test_a_resource_may_be_nothing_at_all() -> None:
    text = f"{LEAST}resources: {{requests: {{cpu: 0}}, limits: {{}}}}\n"
    assert definition.load(text, "t").resources == {"requests": {"cpu": "0"}}


def problems_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        definition.load(text, "template.yaml")
    assert refused.value.code == "bad-template"
    return [(problem.where, problem.what) for problem in refused.value.problems]


WRONG: list[tuple[str, str, str]] = [
    ("sumary: x", "sumary", "is not a key here; did you mean: summary?"),
    ("egres: []", "egres", "is not a key here; did you mean: egress?"),
    ("metadata: {name: x}", "metadata", "is not a key here"),
    ("parameters: {}", "parameters", "expected a list, was given {}"),
    (
        "parameters: [{name: a, type: strin}]",
        "parameters[0].type",
        "expected one of: string, integer, number",
    ),
    (
        "parameters: [{name: a, type: string, defalt: b}]",
        "parameters[0].defalt",
        "is not a key here; did you mean: default?",
    ),
    (
        "parameters: [{name: a, type: string, default: 5}]",
        "parameters[0].default",
        "expected text, was given 5",
    ),
    (
        "parameters: [{name: a, type: secretRef, default: {name: b}}]",
        "parameters[0].default",
        "a reference has no default",
    ),
    ("parameters: [{name: a, type: integer, code: true}]", "parameters[0].code", "belongs to string"),
    ("parameters: [{name: a, type: list}, {name: a, type: list}]", "parameters[1].name", "a is asked twice"),
    (
        "parameters: [{name: a, type: list}, {name: b, type: list, renamedFrom: [a]}]",
        "parameters[1].renamedFrom",
        "a is a parameter, or an earlier name, already",
    ),
    (
        "parameters: [{name: a, type: list, renamedFrom: [c]}, {name: b, type: list, renamedFrom: [c]}]",
        "parameters[1].renamedFrom",
        "c is a parameter, or an earlier name, already",
    ),
    (
        "parameters: [{name: a, type: list, renamedFrom: [a b]}]",
        "parameters[0].renamedFrom",
        'expected names that it had before, was given "a b"',
    ),
    ("rules: [{anyOf: [a, b]}]", "rules[0].anyOf", '"a" is not a parameter'),
    ("rules: [{}]", "rules[0]", "a rule is one of: requires, exclusive, anyOf"),
    ("schedule: 5", "schedule", "expected text, was given 5"),
    ("policies: {retri: x}", "policies.retri", "is not a key here; did you mean: retry?"),
    ("policies: {retry: X}", "policies.retry", 'expected the name of an object, was given "X"'),
    ("policies: {cleanup: a_b}", "policies.cleanup", 'expected the name of an object, was given "a_b"'),
    ("policies: x", "policies", 'expected a mapping, was given "x"'),
    ("resources: {request: {}}", "resources.request", "is not a key here; did you mean: requests?"),
    ("resources: {requests: {cpu: 1x}}", "resources.requests.cpu", 'without spaces; was given "1x"'),
    (
        "resources: {requests: {cpu: true}}",
        "resources.requests.cpu",
        "expected a quantity such as 512Mi, was given true",
    ),
    ("resources: {limits: {cpu: -1}}", "resources.limits.cpu", "is less than nothing"),
    (
        "resources: {limits: {c/p/u: 1}}",
        "resources.limits.c/p/u",
        "is not the name of a resource such as cpu or memory",
    ),
    (
        "resources: {requests: {cpu: 2}, limits: {cpu: 1500m}}",
        "resources.requests",
        "cpu: 2 is more than its limit, 1500m",
    ),
    ("concurrency: forbit", "concurrency", "expected one of: allow, forbid, queue; did you mean: forbid?"),
    (
        "access: [{resources: [a], verbs: [b]}]",
        "access[0].apiGroups",
        'is missing: name at least one ("" is the core group)',
    ),
    ('access: [{apiGroups: [""], verbs: [b]}]', "access[0].resources", "is missing: name at least one"),
    (
        'access: [{apiGroups: [""], resources: [a], verbs: []}]',
        "access[0].verbs",
        "is missing: name at least one",
    ),
    (
        'access: [{apiGroups: [""], resources: [a], verbs: [b], names: []}]',
        "access[0].names",
        "is not a key here",
    ),
    (
        'access: [{apiGroups: "", resources: [a], verbs: [b]}]',
        "access[0].apiGroups",
        'expected a list, was given ""',
    ),
    (
        'access: [{apiGroups: [""], resources: [pods, nodes], verbs: [get]}]',
        "access[0].resources",
        "nodes belong to no namespace",
    ),
    (
        "access: [{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]}]",
        "access[0].resources",
        "clusterroles belong to no namespace",
    ),
    (
        'access: [{apiGroups: ["", metrics.k8s.io], resources: [nodes/proxy], verbs: [get]}]',
        "access[0].resources",
        "nodes/proxy belong to no namespace",
    ),
    (
        'access: [{apiGroups: [""], resources: [namespaces], verbs: [get, list]}]',
        "access[0].resources",
        "namespaces belong to no namespace",
    ),
    ("access: [x]", "access[0]", 'expected a mapping, was given "x"'),
    ("egress: [x]", "egress[0]", 'expected a mapping, was given "x"'),
    ("egress: [{}]", "egress[0]", "names no place: cidr, any: true, podSelector, namespaceSelector or host"),
    ("egress: [{any: false}]", "egress[0]", "names no place"),
    (
        "egress: [{cidr: 10.0.0.0/8, any: true}]",
        "egress[0]",
        "names one place: cidr, any, or podSelector and",
    ),
    ("egress: [{podSelector: {}, any: true}]", "egress[0]", "names one place"),
    ("egress: [{namespaceSelector: {}, cidr: 10.0.0.0/8}]", "egress[0]", "names one place"),
    (
        "egress: [{cidr: 10.0.0.1/8}]",
        "egress[0].cidr",
        'expected a network such as 10.0.0.0/8, was given "10.0.0.1/8"',
    ),
    ("egress: [{cidr: 10.0.0.1}]", "egress[0].cidr", "expected a network such as 10.0.0.0/8"),
    ("egress: [{cidr: x}]", "egress[0].cidr", "expected a network such as 10.0.0.0/8"),
    ("egress: [{host: A_b}]", "egress[0].host", 'expected a host\'s name, was given "A_b"'),
    (
        "egress: [{any: true, ports: [0]}]",
        "egress[0].ports[0]",
        "expected a port from 1 to 65535, was given 0",
    ),
    ("egress: [{any: true, ports: [65536]}]", "egress[0].ports[0]", "expected a port from 1 to 65535"),
    (
        "egress: [{any: true, ports: [true]}]",
        "egress[0].ports[0]",
        "expected a port from 1 to 65535, was given true",
    ),
    ("egress: [{any: true, ports: [https]}]", "egress[0].ports[0]", "expected a port from 1 to 65535"),
    (
        "egress: [{any: true, ports: [{port: 0}]}]",
        "egress[0].ports[0].port",
        "expected a port from 1 to 65535, was given 0",
    ),
    (
        "egress: [{any: true, ports: [{protocol: TCP}]}]",
        "egress[0].ports[0].port",
        "expected a port from 1 to 65535, was given nothing",
    ),
    (
        "egress: [{any: true, ports: [{port: 1, protocol: tcp}]}]",
        "egress[0].ports[0].protocol",
        "did you mean: TCP?",
    ),
    ("egress: [{any: true, ports: [{port: 1, x: 1}]}]", "egress[0].ports[0].x", "is not a key here"),
    ("egress: [{podSelector: {app: db}}]", "egress[0].podSelector.app", "is not a key here"),
    (
        "egress: [{podSelector: {matchLabels: {app: 1}}}]",
        "egress[0].podSelector.matchLabels.app",
        "expected text, was given 1",
    ),
    ("egress: [{any: true, x: 1}]", "egress[0].x", "is not a key here"),
    ('kubernetes: "1.28"', "kubernetes", "a range of Kubernetes versions is written like"),
    ('minRapt: "1"', "minRapt", "a version is written like 1.2.3"),
    ("freeEnv: x", "freeEnv", 'expected true or false, was given "x"'),
]


@pytest.mark.parametrize(("line", "key", "what"), WRONG)
def test_a_mistake_is_told_with_its_line_and_key(line: str, key: str, what: str) -> None:
    found = problems_of(f"{LEAST}{line}\n")
    assert found[0][0] == f"template.yaml:6: {key}"
    assert what in found[0][1]
    is_pair = line.startswith("rules: [{anyOf")
    assert len(found) == (2 if is_pair else 1)


REPLACED: list[tuple[str, str, str, str]] = [
    ("v1alpha1", "v1", "template.yaml:1: apiVersion", "expected one of: rapt.dev/v1alpha1"),
    ("Template", "Tool", "template.yaml:2: kind", "expected one of: Template"),
    (
        "name: backup",
        "name: Backup",
        "template.yaml:3: name",
        'a name is small letters, digits and dashes, at most 63; was given "Backup"',
    ),
    ("name: backup", "name: a.b", "template.yaml:3: name", "a name is small letters"),
    ("1.2.0", "v1.2.0", "template.yaml:4: version", 'no v in front); was given "v1.2.0"'),
    ("1.2.0", "1.2", "template.yaml:4: version", "expected text, was given 1.2"),
    ("Back up a database", '""', "template.yaml:5: summary", "is empty"),
    ("summary: Back up a database\n", "", "template.yaml:1: summary", "is missing"),
    ("name: backup\n", "", "template.yaml:1: name", "is missing"),
    ("version: 1.2.0\n", "", "template.yaml:1: version", "is missing"),
    ("kind: Template\n", "", "template.yaml:1: kind", "is missing"),
]


@pytest.mark.parametrize(("old", "new", "where", "what"), REPLACED)
def test_what_every_template_needs_is_checked(old: str, new: str, where: str, what: str) -> None:
    (found,) = problems_of(LEAST.replace(old, new))
    assert found[0] == where
    assert what in found[1]


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = LEAST.replace("1.2.0", "1") + "freeEnv: 5\nparameters:\n- name: a\n  type: x\nzzz: 1\n"
    assert [where for where, _ in problems_of(text)] == [
        "template.yaml:4: version",
        "template.yaml:6: freeEnv",
        "template.yaml:9: parameters[0].type",
        "template.yaml:10: zzz",
    ]


def test_a_document_that_is_no_mapping_is_one_mistake() -> None:
    with pytest.raises(Invalid) as refused:
        definition.load("- a\n", "template.yaml")
    assert refused.value.message == "template.yaml has 1 mistake"
    assert refused.value.problems == (Problem("template.yaml:1", 'expected a mapping, was given ["a"]'),)


@pytest.mark.parametrize(
    ("text", "code"), [("a: \x85", "bad-text"), ("a: b\r\n", "bad-text"), ("a: yes", "bad-yaml")]
)
def test_the_text_itself_is_checked_first(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        definition.load(text, "template.yaml")
    assert refused.value.code == code


RAPTS: list[tuple[Any, str, bool]] = [
    (Version(0, 2, 0), "0.2.0", True),
    (Version(0, 3, 0), "0.2.0", True),
    (Version(0, 1, 9), "0.2.0", False),
    (Version(0, 2, 0, ("rc", "1")), "0.2.0", False),
]


@pytest.mark.parametrize(("rapt", "least", "is_read"), RAPTS)
def test_a_template_of_a_newer_rapt_is_refused_as_that(rapt: Version, least: str, is_read: bool) -> None:
    text = f"{LEAST}minRapt: {least}\n"
    if is_read:
        assert definition.load(text, "t", rapt=rapt).min_rapt == Version.parse(least)
        return
    with pytest.raises(Refused) as refused:
        definition.load(f"{text}newKey: 1\n", "t", rapt=rapt)
    assert refused.value.code == "rapt-too-old"
    assert refused.value.message == f"t needs Rapt {least} or newer; this is {rapt}"
