"""What a real API server, or the lack of one, refuses: the verb, the resource and the user are named, and in time."""

import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import documents
from kubectl_rapt.cli import main
from tests import hints, namespaces
from tests.cli.endings import refused
from tests.cluster import clusters, kubeconfigs
from tests.cluster.clusters import Cluster, PrivateCluster
from tests.killing import Ended, Person
from tests.repositories import SOMEONE

Types = Callable[..., Ended]
COMMANDS = ("list", "runs", "run hello", "logs hello", "why hello")


@pytest.fixture
def types(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Types:
    """Type a command as an ordinary user, or with another kubeconfig, and then every command that its answer shows."""
    ours = ("XDG_", "RAPT_", "GIT_", "KUBE")
    known: set[tuple[str, str]] = set()

    def types(command: str, kubeconfig: Path = user) -> Ended:
        ended = typed(command.split(), kubeconfig)
        follows = hints.Hints(lambda words: typed(words, kubeconfig), known)
        follows.follow(command.split(), ended)
        return ended

    def typed(words: Sequence[str], kubeconfig: Path) -> Ended:
        with monkeypatch.context() as person:
            for name in [name for name in os.environ if name.startswith(ours)]:
                person.delenv(name)
            for name, value in {**SOMEONE, "HOME": tmp_path / "home", "KUBECONFIG": kubeconfig}.items():
                person.setenv(name, str(value))
            code = main.run(list(words))
        told = capfd.readouterr()
        return Ended(code, told.out, told.err)

    return types


@pytest.fixture(scope="module")
def installed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The kinds are there, and everybody may see which cluster it is."""
    administrator = Person(tmp_path_factory.mktemp("home"), cluster.kubeconfig)
    assert administrator.types("install").exit_code == 0


@pytest.mark.parametrize(
    ("command", "what", "right"),
    [
        (
            "list -n kube-system",
            'list tools.rapt.dev in namespace "kube-system"',
            "list tools.rapt.dev -n kube-system",
        ),
        (
            "runs -n kube-system",
            'list runs.rapt.dev in namespace "kube-system"',
            "list runs.rapt.dev -n kube-system",
        ),
        (
            "-n kube-system run x",
            'get tools.rapt.dev in namespace "kube-system"',
            "get tools.rapt.dev -n kube-system",
        ),
        (
            "logs job/x -n kube-system",
            'get jobs.batch in namespace "kube-system"',
            "get jobs.batch -n kube-system",
        ),
        ("why pod/x -n kube-system", 'get pods in namespace "kube-system"', "get pods -n kube-system"),
        ("list -A", "list tools.rapt.dev in all namespaces", "list tools.rapt.dev -A"),
        ("runs -A", "list runs.rapt.dev in all namespaces", "list runs.rapt.dev -A"),
        ("list --as ann", 'impersonate users "ann"', "impersonate users/ann"),
        ("list --as ann --as-group dev", 'impersonate users "ann"', "impersonate users/ann"),
    ],
)
def test_a_missing_right_is_named_with_verb_resource_and_user(
    types: Types, installed: None, namespace: str, command: str, what: str, right: str
) -> None:
    message = f'user "user-of-{namespace}" may not {what}'
    is_granted = "impersonate" not in what
    where = "" if "-A" in right else f" -n {right.rpartition(' ')[2]}"
    kind, user = "clusterrolebinding" if "-A" in right else "rolebinding", f"user-of-{namespace}"
    role = "view" if what.startswith(("list", "get")) else "edit"
    grant = f"to grant it  kubectl create {kind} {user}-{role} --clusterrole={role} --user={user}{where}"
    expected = refused(6, message, f"kubectl auth can-i {right}", *([grant] if is_granted else []))
    assert types(command) == expected


def test_who_may_not_install_is_told_who_may(types: Types, installed: None, namespace: str) -> None:
    ended = types("install")
    assert (ended.exit_code, ended.stdout) == (6, ""), ended
    assert f"user-of-{namespace} may not do what this needs" in ended.stderr
    for right in ("patch customresourcedefinitions.apiextensions.k8s.io", "list tools.rapt.dev"):
        assert f"  {right} " in ended.stderr, ended
    assert "ask a cluster administrator to type: kubectl rapt install" in ended.stderr


def test_sync_names_all_missing_rights_before_it_writes(
    types: Types, installed: None, cluster: Cluster, tmp_path: Path
) -> None:
    namespace = namespaces.prepare(cluster, role="view")
    viewer = cluster.user(f"user-of-{namespace}", namespace=namespace)
    assert types("init --local", viewer).exit_code == 0
    ended = types("add tcp-check", viewer)
    lines = ended.stderr.splitlines()
    assert (ended.exit_code, lines[0]) == (
        6,
        f"error: user-of-{namespace} may not do what this needs; the change is committed, and not applied",
    )
    user = f"user-of-{namespace}"
    assert lines[-4].split() == (
        f"to grant it kubectl create rolebinding {user}-edit --clusterrole=edit --user={user} -n {namespace}".split()
    )
    assert [" ".join(line.split()) for line in lines[1:-4]] == [
        f"{verb} {kind} in namespace {namespace}"
        for kind in ("serviceaccounts", "networkpolicies.networking.k8s.io", "tools.rapt.dev", "configmaps")
        for verb in ("create", "patch")
    ]
    assert lines[-3] == f"  try: kubectl auth can-i create serviceaccounts -n {namespace}"
    assert re.fullmatch(r"  or: +kubectl rapt sync --in \S+", lines[-2]), lines
    assert types("list", viewer).stderr == f"No tools found in namespace {namespace}.\n"


def test_every_output_can_be_read_whether_there_is_something_or_not(
    types: Types, installed: None, namespace: str
) -> None:
    def output(command: str, form: str) -> Any:
        ended = types(f"{command} -o {form}")
        assert (ended.exit_code, ended.stderr) == (0, ""), f"{command} -o {form}: {ended}"
        return json.loads(ended.stdout) if form == "json" else documents.load(ended.stdout, "output")

    for form in ("json", "yaml"):
        assert output("list", form)["items"] == output("runs", form)["items"] == []
    assert types("list -o name") == types("runs -o name") == Ended(0, "", "")

    assert types("init --local").exit_code == 0
    added = output("add hello --image busybox:1.35", "json")["items"]
    assert [one["kind"] for one in added] == ["ServiceAccount", "Tool"]
    run = output("run hello", "yaml")
    assert (run["apiVersion"], run["kind"]) == ("rapt.dev/v1alpha1", "Run")
    for form in ("json", "yaml"):
        for command, kind in (("list", "Tool"), ("runs", "Run")):
            assert [one["kind"] for one in output(command, form)["items"]] == [kind]
        told = output("why hello", form)
        assert (told["tool"], told["requestedBy"]) == ("hello", f"user-of-{namespace}")
    assert types("list -o name").stdout == "tool.rapt.dev/hello\n"
    assert types("runs -o name").stdout == f"run.rapt.dev/{run['metadata']['name']}\n"
    assert types("sync -o name").stdout.split() == ["serviceaccount/rapt-hello", "tool.rapt.dev/hello"]
    assert types("run hello --dry-run=server -o name").stdout.startswith("job.batch/hello-")
    assert types("runs -o name").stdout.count("\n") == 1


def test_answers_at_a_run_are_told_together_and_nothing_is_created(
    types: Types, installed: None, namespace: str
) -> None:
    assert types("init --local").exit_code == 0
    assert types("add tcp-check").exit_code == 0
    wrong = types("run tcp-check --set hst=x --set port=abc")
    assert wrong.exit_code == 5
    for problem in (
        "3 answers for tcp-check are invalid",
        "hst   is not a parameter; did you mean: host?",
        "host  is missing: expected text of at most 253 characters such as database.example.com",
        'port  expected an integer from 1 to 65535 such as 5432, was given "abc"',
    ):
        assert problem in wrong.stderr
    fixed = types("run tcp-check --set timeout=3s")
    assert (fixed.exit_code, "kubectl rapt set tcp-check" in fixed.stderr) == (6, True), fixed
    for verb, kinds in (("run", "tool"), ("logs", "tool or run"), ("why", "tool or run")):
        assert types(f"{verb} tcp-chek") == refused(
            4, f'no {kinds} "tcp-chek" in namespace {namespace}', f"kubectl rapt {verb} tcp-check"
        )
    assert types("runs").stderr == f"No runs found in namespace {namespace}.\n"
    for named in ("tcp-check", "tool/tcp-check"):  # who wants to stop something is not told to start it
        what = f'tool "tcp-check" has not run in namespace {namespace}'
        assert types(f"cancel {named}") == refused(4, what, "kubectl rapt runs tcp-check")


@pytest.fixture(scope="module")
def bare() -> Iterator[PrivateCluster]:
    """Another cluster, without Rapt's kinds."""
    with clusters.private(controllers=False) as found:
        yield found


def test_another_cluster_than_the_environments_is_refused_before_anything_is_written(
    types: Types, installed: None, bare: PrivateCluster
) -> None:
    assert types("init --local").exit_code == 0
    change = types("changes -o name").stdout
    expected = refused(
        6,
        'kube context "administrator" does not point at the cluster of environment "dev", '
        "and no other kube context of your kubeconfig does",
        "kubectl config get-contexts",
    )
    for command in ("sync", "sync --dry-run", "add tcp-check"):
        assert types(command, bare.kubeconfig) == expected, command
    assert types("changes -o name").stdout == change
    assert "dev synced to" in types("sync").stdout, "the commit is the same, and there is nothing in it"
    assert "nothing to apply" in types("sync").stdout


def test_without_the_kinds_the_command_that_brings_them_is_named(types: Types, bare: PrivateCluster) -> None:
    expected = refused(4, "Rapt is not installed in this cluster", "kubectl rapt install")
    for command in COMMANDS:
        assert types(command, bare.kubeconfig) == expected, command
    assert types("init --local", bare.kubeconfig).exit_code == 0
    added = types("add tcp-check", bare.kubeconfig)
    assert added.exit_code == 4
    assert Ended(4, "", added.stderr) == expected
    assert " committed\n" in added.stdout, "and it says how far it came"
    assert types("sync", bare.kubeconfig) == expected
    ann = bare.user("ann", namespace="default")
    assert types("sync", ann) == refused(
        6,
        'user "ann" may not get namespaces, and so cannot tell which cluster this is',
        "kubectl rapt install\n  or: ask an administrator to run it",
    )


def test_an_api_server_that_died_is_told_in_time(types: Types, bare: PrivateCluster) -> None:
    bare.stop_api_server()
    try:
        for command in ("list", "run hello", "install"):
            begun = time.monotonic()
            ended = types(f"{command} --request-timeout 5s", bare.kubeconfig)
            assert time.monotonic() - begun < 15, command
            first, second, page = ended.stderr.splitlines()
            assert (ended.exit_code, ended.stdout) == (8, ""), f"{command}: {ended}"
            assert first.startswith("error: the API server cannot be reached: dial tcp ")
            assert second == "  try: kubectl cluster-info"
            assert page == "  see: kubectl rapt help errors no-cluster"
    finally:
        bare.start_api_server()


@pytest.fixture
def as_user(cluster: Cluster, tmp_path: Path) -> Callable[..., Path]:
    """A kubeconfig with other credentials, or of another server."""

    def as_user(credentials: dict[str, Any], server: str = "") -> Path:
        text = json.loads(cluster.kubeconfig.read_text())
        endpoint = {"server": server} if server else text["clusters"][0]["cluster"]
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": endpoint}],
            "users": [{"name": "u", "user": credentials}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "team"}}],
        }
        return kubeconfigs.write(tmp_path / "kubeconfig", config)

    return as_user


def plugin(command: str, *words: str, mode: str = "Never") -> dict[str, Any]:
    """Credentials that a program brings; its mode says whether it wants to ask somebody."""
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": command, "args": words, "interactiveMode": mode}}


@pytest.mark.parametrize(
    ("credentials", "message", "hint"),
    [
        (
            plugin("sh", "-c", "echo 'login expired, run: corp login' >&2; exit 3"),
            "getting credentials: exec: executable sh failed with exit code 3 (login expired, run: corp login)",
            "kubectl get --raw /version",
        ),
        (
            plugin("sh", "-c", "printf '\\033[31mred\\033[0m\\n' >&2; exit 3"),
            "getting credentials: exec: executable sh failed with exit code 3 (red)",
            "kubectl get --raw /version",
        ),
        (
            plugin("login", mode="Always"),
            "getting credentials: exec plugin cannot support interactive mode: standard input is not a terminal",
            "kubectl get --raw /version",
        ),
        (
            plugin("/nonexistent/login"),
            "getting credentials: exec: fork/exec /nonexistent/login: no such file or directory",
            "kubectl get --raw /version",
        ),
        (
            {"token": "expired"},
            "the API server does not accept these credentials",
            "kubectl get --raw /version",
        ),
        ({}, "the kubeconfig has no credentials for this user", "kubectl config view --minify"),
    ],
)
def test_a_login_that_fails_says_why(
    types: Types, as_user: Callable[..., Path], credentials: dict[str, Any], message: str, hint: str
) -> None:
    for command in ("list", "run hello"):
        assert types(command, as_user(credentials)) == refused(6, message, hint), command


def test_a_plugin_that_asks_gets_no_answer_and_its_question_is_told(
    types: Types, as_user: Callable[..., Path]
) -> None:
    asks = plugin("sh", "-c", "printf 'One-time code: ' >&2; read -r code || exit 4", mode="IfAvailable")
    ended = types("list", as_user(asks))
    what = "getting credentials: exec: executable sh failed with exit code 4"
    # kubectl may have started it twice.
    assert re.match(
        rf"error: {what} \((One-time code: ?)+\)\n  try: kubectl get --raw /version\n", ended.stderr
    )
    assert ended.exit_code == 6


@pytest.mark.parametrize(
    ("flags", "code", "message", "hint"),
    [
        ("--context nope", 4, 'no context "nope"', "kubectl config get-contexts"),
        (
            "--kubeconfig /nonexistent/kubeconfig",
            5,
            "stat /nonexistent/kubeconfig: no such file or directory",
            "kubectl config view",
        ),
        (
            f"--kubeconfig {os.devnull}",
            8,
            "the API server cannot be reached: dial tcp 127.0.0.1:8080: connect: connection refused",
            f"kubectl cluster-info --kubeconfig {os.devnull}",
        ),
    ],
)
def test_a_kubeconfig_that_leads_nowhere_is_named(
    types: Types, flags: str, code: int, message: str, hint: str
) -> None:
    for command in ("list", "run hello"):
        assert types(f"{command} {flags}") == refused(code, message, hint)


def test_a_server_that_is_silent_is_left_after_the_request_timeout(
    types: Types, as_user: Callable[..., Path]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        kubeconfig = as_user({"token": "x"}, f"http://127.0.0.1:{silent.getsockname()[1]}")
        for command, what in (
            ("list", 'list tools.rapt.dev in namespace "team"'),
            ("run hello", 'get tool/hello in namespace "team"'),
            ("install", "get the API"),
        ):
            begun = time.monotonic()
            ended = types(f"{command} --request-timeout 1s", kubeconfig)
            assert ended == refused(8, f"cannot {what}: no answer within 1 s", "kubectl get --raw /readyz")
            assert time.monotonic() - begun < 10


def test_a_plugin_that_hangs_is_left_after_the_request_timeout(
    types: Types, as_user: Callable[..., Path]
) -> None:
    kubeconfig = as_user(plugin("sleep", "60"))
    for command, what in (
        ("list", 'list tools.rapt.dev in namespace "team"'),
        ("run hello", 'get tool/hello in namespace "team"'),
        ("install", "get the API"),
    ):
        begun = time.monotonic()
        ended = types(f"{command} --request-timeout 1", kubeconfig)
        assert ended == refused(8, f"cannot {what}: no answer within 1 s", "kubectl get --raw /readyz")
        assert time.monotonic() - begun < 10


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()
        self.wfile.write(b"<h1>Nothing here</h1>\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_server_of_web_pages_is_not_taken_for_a_cluster_without_rapt(
    types: Types, as_user: Callable[..., Path]
) -> None:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        ended = types("list", as_user({"token": "x"}, f"http://127.0.0.1:{server.server_address[1]}"))
        server.shutdown()
        thread.join()
    message = "no API server answers there (404: <h1>Nothing here</h1>)"
    assert ended == refused(8, message, "kubectl cluster-info")
