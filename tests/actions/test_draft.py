"""A Job or CronJob that becomes a template: rendering with the defaults gives it back, or its fields are refused."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from kubectl_rapt import writes
from kubectl_rapt.actions import checkout, draft, lint, verify
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.config.settings import Settings
from kubectl_rapt.errors import Conflict, Invalid
from kubectl_rapt.guard import secrets
from kubectl_rapt.templating import from_job
from tests.fakes.world import FakeWorld, FakeWriters

HERE = Path(__file__).parent
JOBS = sorted((HERE / "jobs").glob("*.yaml"))


@pytest.fixture
def author(tmp_path: Path, renderer: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWorld]:
    """Someone in an empty registry that has the shipped policies."""
    root = tmp_path / "registry-checkout"
    (root / "templates").mkdir(parents=True)
    shutil.copytree(HERE.parents[1] / "policies", root / "policies")
    monkeypatch.chdir(root)
    yield FakeWorld("ann", tmp_path / "ann", Settings(), renderer)


def made(
    author: FakeWorld,
    name: str,
    path: Path | None,
    kept: tuple[str, ...] = (),
    at_run: tuple[str, ...] = (),
) -> draft.Draft:
    """A template, written to the registry."""
    source = draft.understand(author, str(path)) if path else None
    planned = draft.plan(author, name, "Does something", source, kept, at_run)
    for step in planned.plan.steps:
        writes.apply(FakeWriters(author), step)
    return planned


def test_there_are_enough_jobs_of_both_kinds() -> None:
    kinds = [yaml.safe_load(path.read_text())["kind"] for path in JOBS]
    assert (kinds.count("Job") >= 10, kinds.count("CronJob") >= 4, len(kinds) >= 15) == (True, True, True)


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_the_template_gives_the_job_back(author: FakeWorld, path: Path) -> None:
    """As PyYAML reads both, another reader than ours, and without what a server adds."""
    planned = made(author, "tool", path)
    registry, _ = checkout.find(author, ["tool"])
    results = list(verify.results(author, registry, "tool"))
    assert [one.problems for one in results] == [()] * len(results)
    assert len(results) >= 1
    given = yaml.safe_load(path.read_text())
    golden = yaml.safe_load(registry.files["templates/tool/tests/golden/defaults.yaml"])
    spec = given["spec"]
    if given["kind"] == "CronJob":
        assert planned.template.schedule == spec["schedule"]
        assert planned.template.concurrency == spec.get("concurrencyPolicy", "Allow").lower()
        spec = spec["jobTemplate"]["spec"]
    assert list(_lost(spec, golden["spec"], "")) == []
    assert list(_lost(golden["spec"], spec, "")) == []


SERVERS_OWN = (
    *("completions", "parallelism", "completionMode", "manualSelector", "podReplacementPolicy", "selector"),
    *(
        "suspend",
        "creationTimestamp",
        "dnsPolicy",
        "schedulerName",
        "terminationMessagePath",
        "imagePullPolicy",
    ),
    *(
        "terminationMessagePolicy",
        "terminationGracePeriodSeconds",
        "enableServiceLinks",
        "privileged",
        "apiVersion",
    ),
    *("divisor", "optional", "defaultMode", "readOnly", "value"),
)
DEFAULTS = (
    1,
    "NonIndexed",
    False,
    "TerminatingOrFailed",
    None,
    "ClusterFirst",
    "default-scheduler",
    "v1",
    "0",
    420,
)
MORE_DEFAULTS = ("/dev/termination-log", "File", 30, True, "", "IfNotPresent", "Always")


def _lost(one: object, other: object, where: str) -> Iterator[str]:
    """What the first has and the second lacks, but for what a server adds by itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key, value in one.items():
            here = f"{where}/{key}"
            if key in other:
                yield from _lost(value, other[key], here)
            elif key.startswith(("controller-uid", "job-name", "batch.kubernetes.io/")) or key == "selector":
                continue
            elif key == "metadata" and isinstance(value, dict):
                yield from _lost(value, {}, here)
            elif not (key in SERVERS_OWN and (value in DEFAULTS or value in MORE_DEFAULTS)) and value not in (
                {},
                None,
            ):
                yield here
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _lost(left, right, f"{where}/{at}")
    elif one != other:
        yield where


def test_what_a_user_would_change_becomes_a_parameter(author: FakeWorld) -> None:
    planned = made(author, "cleanup", HERE / "jobs" / "04-cron-from-server.yaml")
    asked = {one.name: (one.type, one.default, one.example) for one in planned.template.parameters}
    assert asked == {
        "postgresSecret": ("secretRef", None, {"name": "postgres"}),
        "shopSettings": ("configMapRef", None, {"name": "shop-settings"}),
        "image": ("image", "registry.example/shop/cleanup:1.9.0", None),
        "dbHost": ("string", "postgres.shop.svc", None),
        "dbPort": ("integer", 5432, None),
        "olderThan": ("string", "72h", None),
        "endpoint": ("string", "https://api.example.com/v1", None),
    }
    assert planned.template.concurrency == "forbid"
    assert planned.notes == (
        "the time zone is the installation's: add --time-zone Europe/Prague",
        "a container has no resources: template.yaml has usual ones, which you can change there",
    )


def test_what_is_kept_stays_a_literal(author: FakeWorld) -> None:
    planned = made(author, "cleanup", HERE / "jobs" / "04-cron-from-server.yaml", ("dbPort", "olderThan"))
    assert {"dbPort", "olderThan"} & {one.name for one in planned.template.parameters} == set()
    source = (Path("templates/cleanup/job.yaml.j2")).read_text()
    assert 'value: "5432"' in source
    assert '- "72h"' in source


@pytest.mark.parametrize("kept", ["nothing", "postgresSecret"])
def test_only_literals_can_be_kept(author: FakeWorld, kept: str) -> None:
    with pytest.raises(Invalid) as caught:
        made(author, "cleanup", HERE / "jobs" / "04-cron-from-server.yaml", (kept,))
    assert caught.value.code == "bad-answers"
    assert not list(Path("templates").iterdir())


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_what_each_run_may_set_gives_the_same_job_and_passes_its_tests(author: FakeWorld, path: Path) -> None:
    found = draft.understand(author, str(path)).literals
    wanted = tuple(one.parameter.name for one in found if draft.may_be_set_at_run(one.parameter))
    planned = made(author, "job", path, at_run=wanted)
    assert {one.name for one in planned.template.parameters if one.at == "run"} == set(wanted)
    registry, _ = checkout.find(author, ["job"])
    results = list(verify.results(author, registry, "job"))
    assert [one.problems for one in results] == [()] * len(results)


@pytest.mark.parametrize(
    ("at_run", "what"),
    [
        ("nothing", "is not a parameter"),
        ("postgresSecret", "is a reference, and no template names an object"),
        ("image", "is an image: give it choices or prefixes in template.yaml, and at: run there"),
        ("dbPort", "stays as it is, and so no run can set it"),
    ],
)
def test_what_no_run_may_set_is_told_and_nothing_is_written(
    author: FakeWorld, at_run: str, what: str
) -> None:
    with pytest.raises(Invalid) as caught:
        made(author, "cleanup", HERE / "jobs" / "04-cron-from-server.yaml", ("dbPort",), (at_run,))
    assert (caught.value.code, [one.what for one in caught.value.problems]) == ("bad-answers", [what])
    assert not list(Path("templates").iterdir())


def test_a_small_template_passes_lint_and_test_at_once(author: FakeWorld) -> None:
    made(author, "say", None)
    registry, _ = checkout.find(author, ["templates/say"])
    assert lint.lint_template(author, registry, "say") == []
    results = list(verify.results(author, registry, "say"))
    assert [one.problems for one in results] == [(), ()]


def test_a_template_that_exists_is_not_overwritten(author: FakeWorld) -> None:
    made(author, "say", None)
    with pytest.raises(Conflict) as caught:
        made(author, "say", HERE / "jobs" / "01-pi.yaml")
    assert caught.value.code == "template-exists"


def read(text: str) -> Mapping[str, str]:
    """JSON pointer to what is refused there."""
    with pytest.raises(Invalid) as caught:
        from_job.read(yaml.safe_load(text), secrets.why)
    assert caught.value.code == "cannot-convert"
    return {one.where: one.what for one in caught.value.problems}


def test_all_fields_that_cannot_be_kept_are_named_at_once() -> None:
    found = read(
        """
apiVersion: batch/v1
kind: CronJob
metadata: {name: x, labels: {app: x}}
spec:
  schedule: '0 0 * * *'
  startingDeadlineSeconds: 60
  concurrencyPolicy: Replace
  failedJobsHistoryLimit: 5
  suspend: true
  jobTemplate:
    spec:
      ttlSecondsAfterFinished: 100
      activeDeadlineSeconds: 5
      template:
        metadata: {labels: {app.kubernetes.io/name: x}}
        spec:
          restartPolicy: Never
          serviceAccountName: builder
          nodeSelector: {disk: ssd}
          hostNetwork: true
          volumes: [{name: host, hostPath: {path: /}}]
          containers:
          - name: tool
            image: a:1
            securityContext: {privileged: true}
            livenessProbe: {exec: {command: [a]}}
            ports: [{containerPort: 80}]
            imagee: b
"""
    )
    spec, pod = "/spec/jobTemplate/spec", "/spec/jobTemplate/spec/template/spec"
    assert found.keys() == {
        "/metadata/labels/app",
        "/spec/startingDeadlineSeconds",
        "/spec/concurrencyPolicy",
        "/spec/failedJobsHistoryLimit",
        "/spec/suspend",
        f"{spec}/ttlSecondsAfterFinished",
        f"{spec}/activeDeadlineSeconds",
        f"{spec}/template/metadata/labels/app.kubernetes.io~1name",
        f"{pod}/serviceAccountName",
        f"{pod}/nodeSelector",
        f"{pod}/hostNetwork",
        f"{pod}/volumes/0/hostPath",
        f"{pod}/containers/0/securityContext/privileged",
        f"{pod}/containers/0/livenessProbe",
        f"{pod}/containers/0/ports",
        f"{pod}/containers/0/imagee",
    }
    assert "cleanup policy" in found[f"{spec}/ttlSecondsAfterFinished"]
    assert "did you mean image" in found[f"{pod}/containers/0/imagee"]


def test_secrets_in_plain_sight_are_refused_without_being_repeated() -> None:
    found = read(
        """
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: tool
        image: a:1
        args: ["postgres://keeper:hunter22@db/shop", --password, hunter22, --token=$(OTHER)]
        env:
        - {name: DB_PASSWORD, value: hunter22}
        - {name: API_TOKEN, value: $(OTHER)}
        - {name: KEYBOARD, value: hunter22}
"""
    )
    container = "/spec/template/spec/containers/0"
    assert found.keys() == {f"{container}/env/0/value", f"{container}/args/0", f"{container}/args/2"}
    assert "secretKeyRef" in found[f"{container}/env/0/value"]
    assert not any("hunter22" in what for what in found.values())


JOB = "apiVersion: batch/v1\nkind: Job\n"
CRON_JOB = "apiVersion: batch/v1\nkind: CronJob\n"
ODD = "{env: [1], image: [], volumeMounts: [2], securityContext: 3}"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (JOB, "/spec"),
        (f"{JOB}spec: []", "/spec"),
        (f"{JOB}metadata: a\nspec: {{}}", "/metadata"),
        (f"{JOB}spec: {{template: {{spec: {{containers: [a]}}}}}}", "/spec/template/spec/containers/0"),
        (
            f"{JOB}spec: {{template: {{spec: {{volumes: [1], containers: [{ODD}]}}}}}}",
            "/spec/template/spec/volumes/0",
        ),
        (CRON_JOB, "/spec/jobTemplate"),
        (f"{CRON_JOB}spec: {{jobTemplate: {{spec: {{}}}}}}", "/spec/schedule"),
        (f"{CRON_JOB}metadata: [1]\nspec: {{schedule: '', jobTemplate: {{}}}}", "/spec/schedule"),
        (
            f"{CRON_JOB}spec: {{schedule: '@daily', concurrencyPolicy: [], jobTemplate: {{metadata: 1, spec: 2}}}}",
            "/spec/concurrencyPolicy",
        ),
    ],
)
def test_what_is_no_job_is_refused_by_field(text: str, where: str) -> None:
    assert where in read(text)


@pytest.mark.parametrize(
    ("text", "kind", "hint"),
    [
        ("[]", "nothing", "kubectl get jobs.v1.batch,cronjobs.v1.batch"),
        ("apiVersion: v1\nkind: Pod", "v1/Pod", "kubectl get jobs.v1.batch,cronjobs.v1.batch"),
        ("apiVersion: v1\nkind: List", "v1/List", "kubectl get jobs.v1.batch,cronjobs.v1.batch"),
        (
            "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: nightly}",
            "batch/v1beta1/CronJob",
            "kubectl get cronjobs.v1.batch nightly -o yaml",
        ),
    ],
)
def test_another_kind_is_refused_with_the_command_that_prints_the_right_one(
    text: str, kind: str, hint: str
) -> None:
    with pytest.raises(Invalid) as caught:
        from_job.read(yaml.safe_load(text), secrets.why)
    assert caught.value.code == "cannot-convert"
    assert caught.value.message == f"only a Job or CronJob of batch/v1 can become a template, got {kind}"
    assert (caught.value.hint, caught.value.problems) == (hint, ())


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_no_template_lacks_resources_that_nobody_gave(author: FakeWorld, path: Path) -> None:
    made(author, "tool", path)
    registry, _ = checkout.find(author, ["tool"])
    found = [one.what for one in lint.lint_template(author, registry, "tool")]
    assert not [one for one in found if "has no requests and no limits" in one], found


def test_a_reference_that_a_script_would_get_is_refused() -> None:
    found = read(
        """
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: tool, image: "a:1", command: [sh, -c, 'echo $(NAME)'], env: [{name: NAME, value: x}]}
"""
    )
    assert "paste $(NAME) into the script" in found["/spec/template/spec/containers/0/command/2"]


@pytest.mark.parametrize("name", ["migrate", "process"])
def test_a_tool_of_the_predecessor_becomes_a_template_with_its_job(author: FakeWorld, name: str) -> None:
    path = HERE.parent / "predecessor" / "tools" / f"{name}.yaml"
    planned = made(author, name, path)
    given = yaml.safe_load(path.read_text())["spec"]
    golden = yaml.safe_load(planned.after[f"templates/{name}/tests/golden/defaults.yaml"] or b"")
    (container,) = golden["spec"]["template"]["spec"]["containers"]
    assert container["command"] == given["jobTemplate"]["command"]
    assert container["args"] == [one.get("default", "") for one in given["arguments"]]
