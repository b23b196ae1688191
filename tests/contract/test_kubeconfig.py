"""Our own look into a kubeconfig: where it says something, kubectl says the same."""

import json
import subprocess
from pathlib import Path

import pytest

from kubectl_rapt.adapters.cluster import kubeconfig
from tests.cluster import kubectl

KUBECTL_STYLE = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://one.invalid:6443
  name: one
contexts:
- context:
    cluster: one
    extensions:
    - extension:
        last-update: Thu, 01 Jan 2026 00:00:00 UTC
        provider: minikube.sigs.k8s.io
      name: context_info
    namespace: team-a
    user: ann@one
  name: ann@one
- context:
    cluster: one
    user: ann@one
  name: gke_project_zone_one
current-context: ann@one
kind: Config
preferences: {}
users:
- name: ann@one
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args:
      - |
        contexts:
        current-context: no
      command: /bin/true
      interactiveMode: Never
"""
INDENTED = """\
# written by hand
current-context: "arn:aws:eks:eu-west-1:1:cluster/one"
contexts:
  - name: "arn:aws:eks:eu-west-1:1:cluster/one"
    context:
      user: "one"

      namespace: "team-b"
      cluster: "one"
clusters:
  - name: "one"
    cluster: {server: "https://one.invalid"}
users:
  - {name: "one", user: {token: "x"}}
"""
PLAIN = {
    "as kubectl writes it": (KUBECTL_STYLE, "team-a"),
    "by hand": (INDENTED, "team-b"),
    "without a namespace": (KUBECTL_STYLE.replace("    namespace: team-a\n", ""), "default"),
    "an empty namespace": (KUBECTL_STYLE.replace("namespace: team-a", 'namespace: ""'), "default"),
    "JSON": (
        json.dumps(
            {
                "clusters": [{"name": "c", "cluster": {"server": "https://one.invalid"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "namespace": "team-c"}}],
                "current-context": "x",
            }
        ),
        "team-c",
    ),
}
ODD = [
    KUBECTL_STYLE.replace("namespace: team-a", one)
    for one in (
        "namespace: team-a # ours",
        "namespace: 'team-a'",
        "namespace: team-\n      a",
        "namespace: |-\n      team-a",
        "namespace: &here team-a",
        "namespace: !!str team-a",
        "namespace: 12",
        "namespace: null",
        "namespace: ~",
        "namespace:",
        "namespace: yes",
        '"namespace": team-a',
        "namespace : team-a",
        "namespace:\tteam-a",
        "? namespace\n    : team-a",
        "<<: {namespace: team-a}",
        "namespace: team-a\n    namespace: team-b",
        "namespace: team-a\r",
        'namespace: "team\\u002da"',
        'other: "\n    namespace: no"\n    namespace: team-a',
        "other:\n      namespace: no\n    namespace: team-a",
        "other:\n    - namespace: no\n    namespace: team-a",
        "other: |\n      namespace: no\n    namespace: team-a",
        "other:\n      key: 'x\n    namespace: no'\n    namespace: team-a",
    )
] + [
    "",
    "[]",
    "{}",
    "{",
    "---\n" + KUBECTL_STYLE,
    "\ufeff" + KUBECTL_STYLE,
    KUBECTL_STYLE + "current-context: gke_project_zone_one\n",
    KUBECTL_STYLE + "...\n",
    KUBECTL_STYLE.replace("current-context: ann@one", "current-context: nobody"),
    KUBECTL_STYLE.replace("current-context: ann@one\n", ""),
    KUBECTL_STYLE.replace("gke_project_zone_one", "ann@one"),
    KUBECTL_STYLE.replace("current-context: ann@one", "current-context:\n  ann@one"),
    KUBECTL_STYLE.replace("kind: Config", 'kind: "Config\n'),
    KUBECTL_STYLE.replace("  name: ann@one\n", ""),
    INDENTED.replace("contexts:\n", "contexts: &all\n"),
    '{"contexts": [{"name": "x", "context": {"namespace": 1}}], "current-context": "x"}',
    '{"contexts": [{"name": "x", "context": null}], "current-context": "x"}',
    '{"contexts": {"x": {}}, "current-context": "x"}',
]


def ours(path: Path, *flags: str) -> str | None:
    return kubeconfig.namespace([f"--kubeconfig={path}", *flags], {})


def theirs(path: Path, *flags: str) -> str | None:
    """What ``kubectl config view`` says; None where it complains."""
    command = [str(kubectl.program()), "config", "view", "--minify", "-ojson", f"--kubeconfig={path}", *flags]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return None
    (context,) = json.loads(done.stdout)["contexts"]
    return context["context"].get("namespace") or "default"


@pytest.mark.parametrize(("text", "namespace"), PLAIN.values(), ids=PLAIN)
def test_a_plain_kubeconfig_is_understood(tmp_path: Path, text: str, namespace: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    assert ours(path) == theirs(path) == namespace


def test_another_context_than_the_current_one_can_be_meant(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(KUBECTL_STYLE)
    other = "--context=gke_project_zone_one"
    assert ours(path, other) == theirs(path, other) == "default"
    assert ours(path, "--context=nobody") is None


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_of_an_odd_one_nothing_is_said_but_what_kubectl_says(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_bytes(text.encode())
    assert ours(path) in (None, theirs(path))


def test_what_kubectl_itself_writes_is_plain(tmp_path: Path) -> None:
    path = tmp_path / "config"
    config = [str(kubectl.program()), "config", f"--kubeconfig={path}"]
    for words in (
        ["set-cluster", "one", "--server=https://one.invalid"],
        ["set-credentials", "ann", "--token=x", "--exec-command=/bin/true", "--exec-arg=a b: c"],
        ["set-context", "one", "--cluster=one", "--user=ann", "--namespace=team-a"],
        ["set-context", "two", "--cluster=one", "--user=ann"],
        ["use-context", "one"],
    ):
        subprocess.run([*config, *words], check=True, capture_output=True)
    assert ours(path) == theirs(path) == "team-a"
    assert ours(path, "--context=two") == "default"


@pytest.mark.parametrize(
    ("flags", "environ", "namespace"),
    [
        ([], {"KUBECONFIG": "FOLDER/config"}, "team-a"),
        ([], {"HOME": "FOLDER/home"}, "team-b"),
        ([], {"HOME": "FOLDER/home", "KUBECONFIG": "FOLDER/config"}, "team-a"),
        ([], {"HOME": "FOLDER/home", "KUBECONFIG": ""}, "team-b"),
        ([], {"KUBECONFIG": "FOLDER/config:FOLDER/home/.kube/config"}, None),
        (["--kubeconfig=FOLDER/home/.kube/config"], {"KUBECONFIG": "FOLDER/config"}, "team-b"),
        ([], {"HOME": "FOLDER/nowhere"}, None),
        ([], {}, None),
    ],
)
def test_the_file_is_the_one_that_kubectl_reads(
    tmp_path: Path, flags: list[str], environ: dict[str, str], namespace: str | None
) -> None:
    (tmp_path / "home" / ".kube").mkdir(parents=True)
    (tmp_path / "config").write_text(KUBECTL_STYLE)
    (tmp_path / "home" / ".kube" / "config").write_text(INDENTED)
    given = [flag.replace("FOLDER", str(tmp_path)) for flag in flags]
    told = {key: value.replace("FOLDER", str(tmp_path)) for key, value in environ.items()}
    assert kubeconfig.namespace(given, told) == namespace
