"""From a rendered Job to everything that a tool is in the cluster."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import kubectl_rapt
from kubectl_rapt import documents
from kubectl_rapt.config import derive, resolve
from kubectl_rapt.config.installation import Installation, Lock, Schedule
from kubectl_rapt.config.project import Environment, Profile, Project, SecretStore
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.versions import Version
from kubectl_rapt.objects import job_schema, tools
from kubectl_rapt.templating import declared, definition, parameters, places, policies, render
from kubectl_rapt.templating.definition import Access, Egress, Port, Template
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.parameters import Parameter
from kubectl_rapt.templating.policies import Compiled

LOCK = Lock("bundled", "a" * 40, "sha256:" + "b" * 64)
DIGEST = "sha256:" + "c" * 64
PROD = Environment("prod", ("team", "team-2"), "5d2f-11")
PROJECT = Project("0a1b2c3d", {"prod": PROD})
TEMPLATE = Template("backup", Version.parse("1.0.0+7"), "Back up")
INSTALLED = Installation("nightly", "backup", "1.0.0+7", LOCK)
RENDERED = Rendered(
    {
        "spec": {
            "backoffLimit": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [
                        {"name": "tool", "image": "busybox:1.35", "env": [{"name": "TRIES", "value": "3"}]}
                    ],
                }
            },
        }
    },
    {},
)
TRIES = Parameter("tries", "integer", at="run", default=3)
PLACED = replace(RENDERED, places={"tries": ("/spec/template/spec/containers/0/env/0/value",)})


def derived(
    *,
    installed: Installation = INSTALLED,
    template: Template = TEMPLATE,
    rendered: Rendered = RENDERED,
    profile: Profile | None = None,
    compiled: Compiled | None = None,
) -> list[Manifest]:
    environment = replace(PROD, profile="standard" if profile else "")
    project = replace(
        PROJECT, environments={"prod": environment}, profiles={"standard": profile or Profile()}
    )
    resolved = resolve.resolve(project, environment, installed, template)
    return derive.objects(project, environment, resolved, DIGEST, template, rendered, compiled or Compiled())


def one(manifests: list[Manifest], kind: str) -> Manifest:
    found = [manifest for manifest in manifests if manifest["kind"] == kind]
    assert len(found) == 1, f"{len(found)} of kind {kind}"
    return found[0]


def pod_of(manifests: list[Manifest]) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = one(manifests, "Tool")["spec"]["job"]["spec"]["template"]["spec"]
    return spec


MARKS = {
    "app.kubernetes.io/managed-by": "rapt",
    "app.kubernetes.io/name": "backup",
    "app.kubernetes.io/part-of": "nightly",
    "app.kubernetes.io/version": "1.0.0_7",
    "rapt.dev/environment": "prod",
    "rapt.dev/repository": "0a1b2c3d",
    "rapt.dev/template": "backup",
    "rapt.dev/tool": "nightly",
    "rapt.dev/version": "1.0.0_7",
}
EVERYTHING = {
    "installed": replace(INSTALLED, schedules=(Schedule("@daily"),), namespaces=("team", "team-2")),
    "template": replace(TEMPLATE, access=(Access(("",), ("pods",), ("get",)),), egress=()),
}


def test_the_least_tool_is_an_account_and_the_tool_in_the_first_namespace() -> None:
    account, tool = derived()
    metadata = {"namespace": "team", "labels": MARKS}
    annotations = {"kustomize.toolkit.fluxcd.io/substitute": "disabled", "rapt.dev/definition": DIGEST}
    assert account == {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "rapt-nightly", **metadata, "annotations": annotations},
        "automountServiceAccountToken": False,
    }
    assert tool == {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": "nightly", **metadata, "annotations": annotations},
        "spec": {
            "summary": "Back up",
            "environment": "prod",
            "source": {
                "registry": "bundled",
                "template": "backup",
                "version": "1.0.0+7",
                "tree": "a" * 40,
                "digest": "sha256:" + "b" * 64,
                "definition": DIGEST,
                "repository": "0a1b2c3d",
            },
            "concurrency": "allow",
            "job": {
                "metadata": {"labels": MARKS},
                "spec": {
                    "backoffLimit": 0,
                    "template": {
                        "metadata": {"labels": MARKS},
                        "spec": {
                            **RENDERED.job["spec"]["template"]["spec"],
                            "serviceAccountName": "rapt-nightly",
                            "automountServiceAccountToken": False,
                        },
                    },
                },
            },
        },
    }


def test_every_object_is_in_its_namespace_with_its_labels_and_annotations() -> None:
    manifests = derived(**EVERYTHING)  # type: ignore[arg-type]
    kinds = ["ServiceAccount", "Role", "RoleBinding", "NetworkPolicy", "Tool", "CronJob"]
    assert [(one["metadata"]["namespace"], one["kind"]) for one in manifests] == [
        (namespace, kind) for namespace in ("team", "team-2") for kind in kinds
    ]
    for manifest in manifests:
        assert manifest["metadata"]["labels"] == MARKS
        assert manifest["metadata"]["annotations"] == {
            "kustomize.toolkit.fluxcd.io/substitute": "disabled",
            "rapt.dev/definition": DIGEST,
        }


def test_the_same_input_gives_the_same_bytes_and_stays_as_it_was() -> None:
    before = copy.deepcopy(RENDERED)
    texts = {documents.dump_all(derived(**EVERYTHING)) for _ in range(2)}  # type: ignore[arg-type]
    assert len(texts) == 1
    assert before == RENDERED


def test_the_profiles_labels_are_everywhere_and_never_ours() -> None:
    profile = Profile(labels={"team": "ops", "rapt.dev/tool": "other", "app.kubernetes.io/name": "other"})
    labels = {"team": "ops", **MARKS}
    manifests = derived(profile=profile, **EVERYTHING)  # type: ignore[arg-type]
    for manifest in manifests:
        assert manifest["metadata"]["labels"] == labels
    job = manifests[4]["spec"]["job"]
    assert job["metadata"]["labels"] == job["spec"]["template"]["metadata"]["labels"] == labels


def test_a_templates_own_labels_and_annotations_stay_on_its_jobs() -> None:
    own = {"labels": {"shard": "1", "rapt.dev/tool": "x"}, "annotations": {"note": "y"}}
    rendered = copy.deepcopy(RENDERED)
    rendered.job["metadata"] = rendered.job["spec"]["template"]["metadata"] = own
    job = one(derived(rendered=rendered), "Tool")["spec"]["job"]
    expected = {"labels": {"shard": "1", **MARKS}, "annotations": {"note": "y"}}
    assert job["metadata"] == job["spec"]["template"]["metadata"] == expected


def test_policies_fill_what_the_template_leaves_open() -> None:
    compiled = Compiled({"ttlSecondsAfterFinished": 60}, {}, {"failedJobsHistoryLimit": 9})
    manifests = derived(compiled=compiled, installed=replace(INSTALLED, schedules=(Schedule("@daily"),)))
    spec = one(manifests, "Tool")["spec"]["job"]["spec"]
    assert (spec["ttlSecondsAfterFinished"], spec["backoffLimit"]) == (60, 0)
    schedule = one(manifests, "CronJob")["spec"]
    assert schedule["failedJobsHistoryLimit"] == 9
    of_schedule = schedule["jobTemplate"]["spec"]["ttlSecondsAfterFinished"]
    assert of_schedule == 7 * 86_400, "a failure that nobody has recorded stays for a week"
    template = replace(
        TEMPLATE, retry_policy="never", cleanup_policy="week", concurrency="queue", free_env=True
    )
    spec = one(derived(template=template), "Tool")["spec"]
    assert (spec["policies"], spec["concurrency"], spec["freeEnv"]) == (
        {"retry": "never", "cleanup": "week"},
        "queue",
        True,
    )


def test_what_policies_govern_names_them_and_nothing_else_does() -> None:
    template = replace(TEMPLATE, retry_policy="never", cleanup_policy="week")
    installed = replace(INSTALLED, schedules=(Schedule("@daily"),))
    manifests = derived(template=template, installed=installed)
    named = {"rapt.dev/retry-policy": "never", "rapt.dev/cleanup-policy": "week"}
    governed = {one["kind"] for one in manifests if named.items() <= one["metadata"]["labels"].items()}
    assert governed == {"Tool", "CronJob"}
    assert named.items() <= one(manifests, "Tool")["spec"]["job"]["metadata"]["labels"].items()
    assert not named.keys() & one(manifests, "ServiceAccount")["metadata"]["labels"].keys()


def test_a_profile_chooses_the_nodes() -> None:
    assert "nodeSelector" not in pod_of(derived())
    assert pod_of(derived(profile=Profile(node_selector={"disk": "ssd"})))["nodeSelector"] == {"disk": "ssd"}


NONE: dict[str, dict[str, Any]] = {}
SIZES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any] | None]] = [
    ("nobody says", NONE, NONE, NONE, None),
    ("the template says", {"requests": {"cpu": "1"}}, NONE, NONE, {"requests": {"cpu": "1"}}),
    (
        "the profile is stronger",
        {"requests": {"cpu": "1"}},
        {"requests": {"cpu": "2"}},
        NONE,
        {"requests": {"cpu": "2"}},
    ),
    (
        "its own is strongest",
        {"limits": {"cpu": "1"}},
        {"limits": {"cpu": "2"}},
        {"limits": {"cpu": 3}},
        {"limits": {"cpu": 3}},
    ),
    (
        "each resource by itself",
        {"requests": {"cpu": "1", "memory": "1Mi"}, "limits": {"memory": "9Mi"}},
        {"requests": {"cpu": "2"}},
        {"limits": {"memory": "8Mi"}},
        {"requests": {"cpu": "2", "memory": "1Mi"}, "limits": {"memory": "8Mi"}},
    ),
    (
        "a weaker request gives way to a limit",
        NONE,
        {"requests": {"memory": "64Mi", "cpu": "1"}},
        {"limits": {"memory": "32Mi", "cpu": 2}},
        {"requests": {"memory": "32Mi", "cpu": "1"}, "limits": {"memory": "32Mi", "cpu": 2}},
    ),
    (
        "a weaker limit gives way to a request",
        {"limits": {"memory": "64Mi"}},
        {"requests": {"memory": "1Gi"}},
        NONE,
        {"requests": {"memory": "1Gi"}, "limits": {"memory": "1Gi"}},
    ),
    (
        "a request gives way to the smallest limit",
        {"requests": {"cpu": "1"}},
        {"limits": {"cpu": "500m"}},
        NONE,
        {"requests": {"cpu": "500m"}, "limits": {"cpu": "500m"}},
    ),
    (
        "equal amounts keep their spelling",
        {"requests": {"memory": "1024Mi"}},
        {"limits": {"memory": "1Gi"}},
        NONE,
        {"requests": {"memory": "1024Mi"}, "limits": {"memory": "1Gi"}},
    ),
    (
        "amounts are compared, not spellings",
        {"limits": {"memory": "1Gi"}},
        {"requests": {"memory": "900Mi"}},
        NONE,
        {"requests": {"memory": "900Mi"}, "limits": {"memory": "1Gi"}},
    ),
    (
        "a mistake of one author is left for the schema to find",
        NONE,
        NONE,
        {"requests": {"cpu": 2}, "limits": {"cpu": 1}},
        {"requests": {"cpu": 2}, "limits": {"cpu": 1}},
    ),
    (
        "a limit that each run sets has no amount yet",
        NONE,
        {"requests": {"memory": "64Mi"}},
        {"limits": {"memory": "0"}},
        {"requests": {"memory": "64Mi"}, "limits": {"memory": "0"}},
    ),
]


@pytest.mark.parametrize(
    ("templates", "profiles", "own", "expected"), [row[1:] for row in SIZES], ids=[row[0] for row in SIZES]
)
def test_the_strongest_says_how_large_a_container_is(
    templates: dict[str, Any], profiles: dict[str, Any], own: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    rendered = copy.deepcopy(RENDERED)
    pod = rendered.job["spec"]["template"]["spec"]
    if own:
        pod["containers"][0]["resources"] = own
    pod["initContainers"] = copy.deepcopy(pod["containers"])
    found = pod_of(
        derived(template=replace(TEMPLATE, resources=templates), profile=Profile(profiles), rendered=rendered)
    )
    assert found["containers"][0].get("resources") == expected
    assert found["initContainers"][0].get("resources") == expected


def test_a_run_time_parameter_asks_what_the_tools_file_answers_by_default() -> None:
    hidden = Parameter("image", "image", default="busybox:1.35")
    template = replace(TEMPLATE, parameters=(hidden, TRIES))
    asked = {"name": "tries", "type": "integer", "at": ["/spec/template/spec/containers/0/env/0/value"]}
    spec = one(derived(template=template, rendered=PLACED), "Tool")["spec"]
    assert spec["parameters"] == [{**asked, "default": 3}]
    answered = replace(INSTALLED, answers={"tries": 5})
    spec = one(derived(template=template, rendered=PLACED, installed=answered), "Tool")["spec"]
    assert spec["parameters"] == [{**asked, "default": 5}]


def test_a_tool_with_access_gets_a_role_a_binding_and_its_token() -> None:
    access = (
        Access(("",), ("pods", "pods/log"), ("get", "list")),
        Access(("batch",), ("jobs",), ("delete",), ("nightly",)),
    )
    manifests = derived(template=replace(TEMPLATE, access=access))
    role, binding = one(manifests, "Role"), one(manifests, "RoleBinding")
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]},
        {"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": ["nightly"], "verbs": ["delete"]},
    ]
    assert role["metadata"]["name"] == binding["metadata"]["name"] == "rapt-nightly"
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": "rapt-nightly",
    }
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "rapt-nightly", "namespace": "team"}]
    assert pod_of(manifests)["automountServiceAccountToken"] is True
    assert pod_of(derived())["automountServiceAccountToken"] is False


WEB = (Port(443), Port(53, "UDP"))
WEB_DATA = [{"port": 443, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]
EGRESS: list[tuple[Egress, dict[str, Any]]] = [
    (Egress(anywhere=True), {}),
    (Egress(anywhere=True, ports=WEB), {"ports": WEB_DATA}),
    (Egress(host="example.com", ports=WEB), {"ports": WEB_DATA}),
    (Egress(cidr="10.0.0.0/8"), {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}),
    (
        Egress(cidr="10.0.0.0/8", host="a.example", ports=WEB),
        {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": WEB_DATA},
    ),
    (Egress(pods={"app": "db"}), {"to": [{"podSelector": {"matchLabels": {"app": "db"}}}]}),
    (Egress(pods={}), {"to": [{"podSelector": {}}]}),
    (Egress(namespaces={}), {"to": [{"namespaceSelector": {}}]}),
    (
        Egress(pods={"app": "db"}, namespaces={"team": "data"}),
        {
            "to": [
                {
                    "podSelector": {"matchLabels": {"app": "db"}},
                    "namespaceSelector": {"matchLabels": {"team": "data"}},
                }
            ]
        },
    ),
]


@pytest.mark.parametrize(("egress", "rule"), EGRESS)
def test_egress_is_what_was_declared_and_dns(egress: Egress, rule: dict[str, Any]) -> None:
    policy = one(derived(template=replace(TEMPLATE, egress=(egress,))), "NetworkPolicy")
    dns = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    assert policy["spec"] == {
        "podSelector": {"matchLabels": {"rapt.dev/tool": "nightly"}},
        "policyTypes": ["Egress"],
        "egress": [dns, rule],
    }


def test_no_egress_declared_leaves_the_network_alone_and_none_at_all_leaves_dns() -> None:
    assert derive.kinds(derived()) == ["Tool", "ServiceAccount"]
    policy = one(derived(template=replace(TEMPLATE, egress=())), "NetworkPolicy")
    assert len(policy["spec"]["egress"]) == 1


def test_each_schedule_is_a_cron_job_that_nobody_suspends() -> None:
    schedules = (Schedule("@daily"), Schedule("0 5 * * *", "Europe/Prague"), Schedule("@weekly"))
    manifests = derived(installed=replace(INSTALLED, schedules=schedules))
    job = one(manifests, "Tool")["spec"]["job"]
    found = [manifest for manifest in manifests if manifest["kind"] == "CronJob"]
    assert [manifest["metadata"]["name"] for manifest in found] == ["nightly", "nightly-2", "nightly-3"]
    assert [manifest["spec"] for manifest in found] == [
        {"schedule": "@daily", "concurrencyPolicy": "Allow", "jobTemplate": job},
        {
            "schedule": "0 5 * * *",
            "timeZone": "Europe/Prague",
            "concurrencyPolicy": "Allow",
            "jobTemplate": job,
        },
        {"schedule": "@weekly", "concurrencyPolicy": "Allow", "jobTemplate": job},
    ]
    assert found[0]["apiVersion"] == "batch/v1"
    assert "suspend" not in documents.dump_all(manifests)


@pytest.mark.parametrize(
    ("concurrency", "policy"), [("allow", "Allow"), ("forbid", "Forbid"), ("queue", "Forbid")]
)
def test_a_cron_job_starts_no_second_job_unless_that_is_allowed(concurrency: Any, policy: str) -> None:
    installed = replace(INSTALLED, schedules=(Schedule("@daily"),))
    manifests = derived(installed=installed, template=replace(TEMPLATE, concurrency=concurrency))
    assert one(manifests, "CronJob")["spec"]["concurrencyPolicy"] == policy


def test_the_longest_name_still_fits_everything() -> None:
    limits = {"CronJob": 52, "Tool": 45}
    installed = replace(INSTALLED, tool="n" * 45, schedules=(Schedule("@daily"),) * 20)
    for manifest in derived(installed=installed, template=EVERYTHING["template"]):  # type: ignore[arg-type]
        assert len(manifest["metadata"]["name"]) <= limits.get(manifest["kind"], 63)
        assert all(len(value) <= 63 for value in manifest["metadata"]["labels"].values())


STORE = SecretStore("vault", "ClusterSecretStore")
ASKED = replace(
    TEMPLATE,
    parameters=(
        Parameter("password", "secretRef"),
        Parameter("user", "secretRef"),
        Parameter("all", "secretRef", required=False),
        Parameter("other", "secretRef", default={"name": "other", "key": "k"}),
    ),
)


def stored(tool: str, **answers: Any) -> list[Manifest]:
    environment = replace(PROD, secret_store=STORE)
    installed = replace(INSTALLED, tool=tool, answers=answers)
    resolved = resolve.resolve(PROJECT, environment, installed, ASKED)
    found = derive.objects(PROJECT, environment, resolved, DIGEST, ASKED, RENDERED, Compiled())
    return [manifest for manifest in found if manifest["kind"] == "ExternalSecret"]


def test_where_there_is_a_secret_store_each_secret_that_is_answered_is_fetched_from_it() -> None:
    database = {"name": "database", "key": "password"}
    first, second = stored("nightly", password=database, user={"name": "database", "key": "user"})
    assert first["apiVersion"] == "external-secrets.io/v1"
    assert first["metadata"]["name"] == "nightly-database"
    assert (first["metadata"]["namespace"], first["metadata"]["labels"]) == ("team", MARKS)
    assert first["spec"] == {
        "refreshInterval": "1h",
        "secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"},
        "target": {
            "name": "database",
            "creationPolicy": "Orphan",
            "template": {"metadata": {"labels": {"app.kubernetes.io/managed-by": "rapt"}}},
        },
        "data": [
            {"secretKey": "password", "remoteRef": {"key": "database", "property": "password"}},
            {"secretKey": "user", "remoteRef": {"key": "database", "property": "user"}},
        ],
    }
    assert second["metadata"]["name"] == "nightly-other", "a default is an answer"


def test_a_whole_secret_is_fetched_whole_and_two_tools_have_one_of_their_own_each() -> None:
    mine = stored("a", all={"name": "x"}, password={"name": "x", "key": "k"})[-1]
    theirs = stored("b", all={"name": "x"})[-1]
    assert mine["spec"]["dataFrom"] == [{"extract": {"key": "x"}}]
    assert "data" not in mine["spec"]
    assert [one["metadata"]["name"] for one in (mine, theirs)] == ["a-x", "b-x"]
    assert mine["spec"]["target"] == theirs["spec"]["target"]


def test_without_a_store_people_make_the_secrets() -> None:
    answers = {"password": {"name": "database", "key": "password"}}
    found = derived(template=ASKED, installed=replace(INSTALLED, answers=answers))
    assert "ExternalSecret" not in derive.kinds(found)


@pytest.mark.parametrize(
    ("sizes", "lacks"),
    [
        ({}, ["requests.cpu", "requests.memory", "limits.memory"]),
        ({"requests": {"cpu": "1", "memory": "1Gi"}}, ["limits.memory"]),
        ({"limits": {"memory": "1Gi"}}, ["requests.cpu"]),
        ({"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}, []),
        ({"limits": {"cpu": 1, "memory": "1Gi"}}, []),
    ],
)
def test_a_container_without_a_size_is_named_with_what_it_lacks(
    sizes: dict[str, Any], lacks: list[str]
) -> None:
    sized = {"name": "a", "resources": {"requests": {"cpu": "1", "memory": "1"}, "limits": {"memory": "1"}}}
    for group in ("containers", "initContainers"):
        spec = {"containers": [sized], "initContainers": []}
        spec[group] = [*spec[group], {"name": "tool", **({"resources": sizes} if sizes else {})}]
        job = {"spec": {"template": {"spec": spec}}}
        assert derive.unsized(job) == ({"tool": lacks} if lacks else {})


def test_kinds_are_named_once_the_tool_first() -> None:
    kinds = derive.kinds(derived(**EVERYTHING))  # type: ignore[arg-type]
    assert kinds == ["Tool", "CronJob", "NetworkPolicy", "Role", "RoleBinding", "ServiceAccount"]


SHIPPED = Path(kubectl_rapt.__file__).parents[1] / "templates"


@pytest.mark.parametrize("folder", sorted(SHIPPED.iterdir()), ids=lambda folder: folder.name)
def test_what_a_shipped_template_asks_at_run_still_fills_its_places(folder: Path) -> None:
    template = definition.load((folder / "template.yaml").read_text(), "template.yaml")
    answers = {
        one.name: one.example
        for one in template.parameters
        if one.default is None and one.example is not None
    }
    values = parameters.check(template.parameters, answers, rules=template.rules, complete=False)
    rendered = render.render(
        (folder / "job.yaml.j2").read_text(), template.parameters, values, name="job.yaml.j2"
    )
    compiled = policies.Compiled({"ttlSecondsAfterFinished": 60}, {})
    profile = Profile(
        {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}, {"disk": "ssd"}, {"team": "ops"}
    )
    manifests = derived(
        template=template,
        rendered=rendered,
        compiled=compiled,
        profile=profile,
        installed=replace(INSTALLED, answers=answers),
    )
    tool = tools.from_manifest(one(manifests, "Tool"))
    assert job_schema.check(tool.job, job_schema.TOOL_JOB) == []
    placed = [(declared.from_data({**asked, "at": "run"}, ""), asked["at"]) for asked in tool.parameters]
    assert {question.name for question, _ in placed} == {
        one.name for one in template.parameters if one.at == "run"
    }
    assert places.check(tool.job, placed) == []
    for question, pointers in placed:
        for pointer in pointers:
            found: Any = tool.job
            for part in documents.split_pointer(pointer):
                found = found[int(part) if isinstance(found, list) else part]
            assert found == places.spelled(question, pointer, values.get(question.name))
