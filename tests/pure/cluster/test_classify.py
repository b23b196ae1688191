"""Every recorded refusal, and what a person is told about it."""
# ruff: noqa: E501 - a table reads best with a row on one line

import json

import pytest

from kubectl_rapt.adapters.cluster.answers import SELECTABLE, Ask, classify, expiry, lost
from kubectl_rapt.errors import Conflict, Invalid, NotFound, Problem, RaptError, Refused, Unavailable
from kubectl_rapt.model.kinds import CONFIG_MAP, JOB, NAMESPACE, POD, RUN, TOOL, Kind
from kubectl_rapt.objects import crds
from tests.contract import recorded

CREATE = Ask("create", JOB, "prod", "nightly", may_change=True)
DRY_RUN = Ask("create", JOB, "prod", "nightly")
PATCH = Ask("patch", CONFIG_MAP, "prod", "rec", may_change=True)
DELETE = Ask("delete", CONFIG_MAP, "prod", "rec", may_change=True)
GET = Ask("get", JOB, "prod", "nope")
LIST = Ask("list", JOB, "prod")
LOG = Ask("get", POD, "prod", "pod-1", "log")
THINGS = Ask("list", Kind("nope.example/v1", "Thing", "things"), "prod")
TOOLS = Ask("list", TOOL, "prod")

CASES: list[tuple[str, Ask, type[RaptError], str, str, str]] = [
    ("400-bad-json", CREATE, Invalid, "invalid-object", "cannot create job/nightly in namespace", "kubectl explain jobs.batch --recursive"),
    ("400-selector", LIST, Invalid, "bad-selector", "-l expects a label selector such as NAME=VALUE: found '='", "-l rapt.dev/environment=prod"),
    ("400-strict-unknown-field", CREATE, Invalid, "invalid-object", "spec.bogus: unknown field", "kubectl explain jobs.batch --recursive"),
    ("400-http-to-https", CREATE, Unavailable, "no-cluster", "Client sent an HTTP request to an HTTPS", "kubectl cluster-info"),
    ("400-log-image-pull", LOG, Unavailable, "not-started", "image can't be pulled", "kubectl describe pod pod-1 -n prod"),
    ("400-log-initializing", LOG, Unavailable, "not-started", "PodInitializing", "kubectl describe pod pod-1 -n prod"),
    ("400-log-initializing-follow", LOG, Unavailable, "not-started", "PodInitializing", "kubectl describe pod"),
    ("400-log-other-container", LOG, Invalid, "invalid-object", "container nope is not valid for pod unsched", "kubectl get pods pod-1 -n prod"),
    ("401-bad-token", LIST, Refused, "not-authenticated", "does not accept these credentials", "kubectl get --raw /version"),
    ("403-anonymous", LIST, Refused, "no-right", 'user "system:anonymous" may not list jobs.batch in namespace "prod"', "kubectl auth can-i list jobs.batch -n prod"),
    ("403-rbac", CREATE, Refused, "no-right", 'user "alice" may not create jobs.batch in namespace "prod"', "kubectl auth can-i create jobs.batch -n prod"),
    ("403-rbac-subresource", LOG, Refused, "no-right", 'user "bob" may not get pods/log in namespace "prod"', "kubectl auth can-i get pods --subresource=log -n prod"),
    ("403-namespace-terminating", CREATE, Refused, "namespace-terminating", 'namespace "prod" is being deleted', "kubectl get namespace prod"),
    ("403-quota-count-jobs", CREATE, Refused, "quota", 'quota "jobs1" in namespace "prod" is used up: requested count/jobs.batch=1, used count/jobs.batch=1, limit count/jobs.batch=1', "kubectl describe quota jobs1 -n prod"),
    ("403-quota-count-jobs-dryrun", DRY_RUN, Refused, "quota", 'quota "jobs1"', "kubectl describe quota jobs1 -n prod"),
    ("404-job", GET, NotFound, "not-found", 'there is no job "nope" in namespace "prod"', "kubectl get jobs.batch -n prod"),
    ("404-log-kubelet", LOG, Unavailable, "not-started", "its node does not know it", "kubectl describe pod pod-1 -n prod"),
    ("404-log-no-pod", LOG, NotFound, "not-found", 'there is no pod "pod-1" in namespace "prod"', "kubectl get pods"),
    ("404-namespace", CREATE, NotFound, "no-namespace", 'there is no namespace "nope"', "kubectl create namespace nope"),
    ("404-namespace", Ask("get", NAMESPACE, "", "nope"), NotFound, "not-found", 'there is no namespace "nope"', "kubectl get namespaces"),
    ("404-unknown-group", THINGS, NotFound, "not-installed", "this cluster has no things.nope.example", "kubectl api-resources"),
    ("404-unknown-group", TOOLS, NotFound, "not-installed", "Rapt is not installed in this cluster", "kubectl rapt install"),
    ("404-unknown-resource", Ask("create", RUN, "prod", "r"), NotFound, "not-installed", "Rapt is not installed", "kubectl rapt install"),
    ("404-unknown-version", THINGS, NotFound, "not-installed", "this cluster has no things", "kubectl api-resources"),
    ("409-already-exists", CREATE, Conflict, "already-exists", 'job/cap-e1 already exists in namespace "prod"', "kubectl get jobs.batch cap-e1 -n prod"),
    ("409-conflict-update", PATCH, Conflict, "changed-meanwhile", "was changed or replaced by someone else meanwhile", "run the same command again"),
    ("409-delete-other-uid", DELETE, Conflict, "changed-meanwhile", "configmap/rec", "run the same command again"),
    ("410-continue-nowatchcache", LIST, Conflict, "expired", "has expired on the server", "run the same command again"),
    ("410-continue-restarted", LIST, Conflict, "expired", "has expired on the server", "run the same command again"),
    ("410-list-exact-nowatchcache", LIST, Conflict, "expired", "has expired on the server", "run the same command again"),
    ("410-list-exact-restarted", LIST, Conflict, "expired", "has expired on the server", "run the same command again"),
    ("413-4MB-body", CREATE, Invalid, "too-large", "limit is 3145728", "keep large data in a volume"),
    ("422-annotations-too-long", CREATE, Invalid, "invalid-object", "metadata.annotations: Too long: may not be more than 262144 bytes", "kubectl explain jobs.batch --recursive"),
    ("422-immutable-template", PATCH, Invalid, "invalid-object", "field is immutable", "kubectl explain "),
    ("422-label-64", CREATE, Invalid, "invalid-object", "must be no more than 63 bytes", "kubectl explain jobs.batch --recursive"),
    ("422-misleading-2MB-object", CREATE, Invalid, "too-large", "job/nightly is too large for the API server", "keep large data in a volume"),
    ("422-name-64", CREATE, Invalid, "invalid-object", "must be no more than 63 bytes", "kubectl explain jobs.batch --recursive"),
    ("422-patch-other-uid", PATCH, Conflict, "changed-meanwhile", "configmap/rec", "run the same command again"),
    ("422-two-causes", CREATE, Invalid, "invalid-object", "is not valid in 2 places: metadata.labels: ", "kubectl explain jobs.batch --recursive"),
    ("500-connection-refused", LIST, Unavailable, "no-cluster", "cannot be reached: dial tcp 127.0.0.1:8080: connect: connection refused", "kubectl cluster-info"),
    ("500-no-such-host", CREATE, Unavailable, "no-cluster", "no such host", "kubectl cluster-info"),
    ("500-unknown-authority", LIST, Unavailable, "no-cluster", "certificate signed by unknown authority", "kubectl cluster-info"),
    ("500-plugin-failed", CREATE, Refused, "not-authenticated", "exec: executable sh failed with exit code 3", "kubectl get --raw /version"),
    ("500-plugin-missing", LIST, Refused, "not-authenticated", "executable not-there-plugin not found", "kubectl get --raw /version"),
    ("500-plugin-wants-terminal", LIST, Refused, "not-authenticated", "standard input is not a terminal", "kubectl get --raw /version"),
    ("500-oidc-token", LIST, Refused, "not-authenticated", "ID Token is not a valid JWT", "kubectl get --raw /version"),
    ("500-eof", LIST, Unavailable, "cut-off", "cannot list jobs.batch", "kubectl get --raw /readyz"),
    ("500-eof", CREATE, Unavailable, "cut-off", "it is not known whether create job/nightly", "kubectl get jobs.batch nightly -n prod"),
    ("500-reset", CREATE, Unavailable, "cut-off", "connection reset by peer", "kubectl get jobs.batch nightly -n prod"),
    ("504-future-rv-list", LIST, Unavailable, "timeout", "Too large resource version", "kubectl get --raw /readyz"),
    ("vap-default", CREATE, Refused, "policy", 'policy "deny-hostnetwork" refuses job/nightly: hostNetwork is not allowed for Jobs', "kubectl get validatingadmissionpolicy deny-hostnetwork -o yaml"),
    ("vap-default-dryrun", DRY_RUN, Refused, "policy", 'policy "deny-hostnetwork" refuses job/nightly: hostNetwork is not', "kubectl get validatingadmissionpolicy"),
    ("vap-Forbidden", CREATE, Refused, "policy", 'policy "deny-hostnetwork-f" refuses job/nightly: hostNetwork is not', "kubectl get validatingadmissionpolicy"),
    ("vap-Forbidden-dryrun", DRY_RUN, Refused, "policy", 'policy "deny-hostnetwork-f"', "kubectl get validatingadmissionpolicy"),
    ("webhook-down", CREATE, Unavailable, "webhook-down", 'admission webhook "mjob.kb.io" does not answer: ', "kubectl get validatingwebhookconfigurations"),
]  # fmt: skip


def told(name: str, ask: Ask) -> RaptError:
    answer = recorded.answer(name)
    return classify(answer.status, answer.headers, answer.raw, ask)


@pytest.mark.parametrize(
    ("name", "ask", "kind", "code", "message", "hint"), CASES, ids=lambda value: str(value)[:40]
)
def test_a_recorded_answer_becomes_this_error(
    name: str, ask: Ask, kind: type[RaptError], code: str, message: str, hint: str
) -> None:
    error = told(name, ask)
    assert (type(error), error.code) == (kind, code)
    assert message in error.message
    assert error.hint.startswith(hint) and bool(hint) == bool(error.hint)
    assert len(error.message) <= 420 and error.message.isprintable()
    assert not error.message.endswith(".") or error.code in ("policy", "no-cluster")


def test_every_recorded_refusal_has_a_row() -> None:
    assert set(recorded.refusals()) == {name for name, *_ in CASES}


@pytest.mark.parametrize("name", ["500-eof", "500-reset", "504-future-rv-list"])
def test_only_a_lost_answer_of_a_write_leaves_the_outcome_unknown(name: str) -> None:
    write, read = told(name, CREATE), told(name, LIST)
    assert isinstance(write, Unavailable) and write.outcome_unknown
    assert isinstance(read, Unavailable) and not read.outcome_unknown


@pytest.mark.parametrize(
    "name", ["500-connection-refused", "500-no-such-host", "500-unknown-authority", "webhook-down"]
)
def test_what_never_reached_the_server_was_not_done(name: str) -> None:
    error = told(name, CREATE)
    assert isinstance(error, Unavailable) and not error.outcome_unknown


@pytest.mark.parametrize(
    ("header", "seconds"), [("1", 1.0), ("30", 30.0), ("soon", None), ("9" * 20, None), (None, None)]
)
def test_the_server_says_when_to_come_again(header: str | None, seconds: float | None) -> None:
    body = {"kind": "Status", "reason": "TooManyRequests", "message": "too many requests", "code": 429}
    headers = {} if header is None else {"retry-after": header}
    for text in (json.dumps(body).encode(), b"Too many requests, please try again later.\n"):
        error = classify(429, headers, text, CREATE)
        assert isinstance(error, Unavailable) and error.code == "too-many-requests"
        assert error.retry_after_seconds == seconds and not error.outcome_unknown


def test_every_cause_is_a_problem_once() -> None:
    assert [problem.where for problem in told("422-two-causes", CREATE).problems] == [
        "metadata.labels",
        "spec.template.spec.restartPolicy",
    ]
    assert len(told("422-name-64", CREATE).problems) == len(set(told("422-name-64", CREATE).problems))
    assert told("400-strict-unknown-field", CREATE).problems == (Problem("spec.bogus", "unknown field"),)


@pytest.mark.parametrize(
    ("status", "message", "why"),
    [
        (
            403,
            'admission webhook "policy.example.com" denied the request: not on Fridays',
            ": not on Fridays",
        ),
        (400, 'admission webhook "policy.example.com" denied the request without explanation', ""),
        (
            422,
            'pods "x" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostPID=true)',
            ": host",
        ),
    ],
)
def test_a_policy_of_any_make_is_a_refusal(status: int, message: str, why: str) -> None:
    body = {"kind": "Status", "message": message, "reason": "Forbidden", "code": status}
    error = classify(status, {}, json.dumps(body).encode(), CREATE)
    assert (type(error), error.code) == (Refused, "policy")
    assert f"refuses job/nightly{why}" in error.message


def test_a_quota_that_wants_resources_says_which() -> None:
    message = 'pods "x" is forbidden: failed quota: q: must specify requests.cpu for: c'
    error = classify(
        403, {}, json.dumps({"kind": "Status", "message": message, "code": 403}).encode(), CREATE
    )
    assert (error.code, error.message) == (
        "quota",
        'quota "q" in namespace "prod" wants these to be given: requests.cpu for: c',
    )


def test_text_of_the_server_cannot_steer_a_terminal() -> None:
    evil = "\x1b]0;title\x07\x1b[31mred\x1b[0m\r\nnext\u202eline\u2066\x00\x9b1m"
    for body in (
        {
            "kind": "Status",
            "message": evil,
            "reason": evil,
            "code": 500,
            "details": {"name": evil, "causes": [{"message": evil, "field": evil}]},
        },
        {"kind": "Status", "message": f"policy 'x': User \"{evil}\" cannot get resource", "code": 403},
    ):
        for status in (400, 403, 404, 409, 422, 429, 500, 599):
            for raw in (json.dumps(body).encode(), evil.encode()):
                error = classify(status, {}, raw, CREATE)
                texts = [
                    error.message,
                    error.hint,
                    *(problem.where + problem.what for problem in error.problems),
                ]
                assert all(text.isprintable() for text in texts), texts


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"kind":"Status"}',
        b'{"kind":"Status","details":[],"message":7}',
        b"\xff\xfe",
        b'{"kind":"Status","details":{"causes":[1,{"field":2}]}}',
    ],
)
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 502, 503, 504])
def test_any_answer_becomes_an_error_with_a_message(status: int, body: bytes) -> None:
    error = classify(status, {}, body, CREATE)
    assert error.message and error.code


@pytest.mark.parametrize("name", ["410-watch-nowatchcache", "410-watch-restarted"])
def test_a_watch_says_within_a_success_that_it_is_too_old(name: str) -> None:
    assert recorded.answer(name).status == 200
    assert expiry(recorded.answer(name).body)


def test_another_error_of_a_watch_is_no_expiry() -> None:
    assert not expiry({"type": "ERROR", "object": {"kind": "Status", "code": 500, "reason": "InternalError"}})


def test_a_lost_read_may_be_repeated_and_a_lost_write_is_looked_after() -> None:
    assert not lost(LIST, "cut").outcome_unknown
    assert lost(CREATE, "cut").outcome_unknown
    assert lost(CREATE, "cut").hint == "kubectl get jobs.batch nightly -n prod"


def test_the_fields_to_select_runs_by_are_those_of_the_installed_kind() -> None:
    (run,) = [
        one
        for one in crds.manifests()
        if one["kind"] == "CustomResourceDefinition" and one["spec"]["names"]["kind"] == "Run"
    ]
    (version,) = run["spec"]["versions"]
    installed = {one["jsonPath"].removeprefix(".") for one in version["selectableFields"]}
    assert set(SELECTABLE["runs"]) == installed
