"""What doctor makes of what it saw: a table for each check."""

import pytest

from kubectl_rapt.config import checkup
from kubectl_rapt.config.checkup import State, Verdict
from kubectl_rapt.errors import Unavailable

FINE = Verdict("ok", "fine")
BROKEN = Verdict("failed", "broken", "mend it", "some-code")


@pytest.mark.parametrize(
    ("verdict", "state", "says", "cure"),
    [
        (checkup.kubectl(["/bin/kubectl", "/other/kubectl"], "1.35.4"), "ok", "1.35.4 at /bin/kubectl", ""),
        (
            checkup.kubectl(["/bin/kubectl"], ""),
            "failed",
            "/bin/kubectl does not tell a version, as kubectl does: it may be another program",
            "kubectl version --client, then remove it from the PATH, or install kubectl again",
        ),
        (
            checkup.kubectl([], ""),
            "warning",
            "it is not on the PATH; Rapt works without it",
            "https://kubernetes.io/docs/tasks/tools/",
        ),
        (checkup.plugin(["/a/kubectl-rapt"], "/a"), "ok", "/a/kubectl-rapt", ""),
        (
            checkup.plugin([], "/opt/rapt/bin"),
            "failed",
            "kubectl-rapt is not on the PATH, so `kubectl rapt` does not work",
            'export PATH="/opt/rapt/bin:$PATH"',
        ),
        (
            checkup.plugin(["/a/kubectl-rapt", "/b/kubectl-rapt"], "/a"),
            "warning",
            "2 different kubectl-rapt are on the PATH, and /a/kubectl-rapt is run",
            "kubectl plugin list, then remove the others",
        ),
        (checkup.completion(["/a/kubectl_complete-rapt"]), "ok", "/a/kubectl_complete-rapt", ""),
        (
            checkup.completion([]),
            "warning",
            "`kubectl rapt <TAB>` completes nothing: kubectl_complete-rapt is not on the PATH",
            "kubectl rapt completion install",
        ),
        (checkup.git("2.39.5", "Ann <ann@example.com>"), "ok", "2.39.5, as Ann <ann@example.com>", ""),
        (checkup.repository("/c.git", "ab" * 20), "ok", "/c.git, main at abababababab", ""),
        (
            checkup.repository("/c.git", ""),
            "failed",
            "/c.git is empty: it has no main",
            "kubectl rapt init",
        ),
        (checkup.registries({"bundled": 6, "team": 1}, {}, {}), "ok", "bundled: 6 templates; team: 1 template", ""),
        (
            checkup.registries({"bundled": 6, "team": 1}, {"team": "as of 2h ago"}, {}),
            "warning",
            "team: as of 2h ago; bundled: 6 templates; team: 1 template",
            "kubectl rapt registry update",
        ),
        (
            checkup.registries({"bundled": 6}, {}, {"team": "it does not answer"}),
            "failed",
            "team: it does not answer; bundled: 6 templates",
            "kubectl rapt registry update",
        ),
        (checkup.forge("none", ""), "ok", "none: changes are branches, and people merge them with git", ""),
        (checkup.forge("gitea", "ann"), "ok", "gitea, as ann", ""),
        (checkup.forge("github", ""), "ok", "github, under a name that it does not tell", ""),
        (checkup.cluster("https://c", 35, 36), "ok", "Kubernetes 1.35 at https://c", ""),
        (checkup.cluster("", 35, None), "ok", "Kubernetes 1.35 at its own pod", ""),
        (
            checkup.cluster("https://c", 35, 37),
            "warning",
            "Kubernetes 1.35 at https://c, and kubectl 1.37 is 2 minor versions newer",
            "kubectl 1.35: https://kubernetes.io/docs/tasks/tools/",
        ),
        (
            checkup.cluster("https://c", 35, 20),
            "warning",
            "Kubernetes 1.35 at https://c, and kubectl 1.20 is 15 minor versions older",
            "kubectl 1.35: https://kubernetes.io/docs/tasks/tools/",
        ),
        (checkup.credentials("ann", "dev"), "ok", "ann (context dev)", ""),
        (checkup.credentials("ann", ""), "ok", "ann (the pod's own account)", ""),
        (
            checkup.credentials("system:anonymous", "dev"),
            "failed",
            "context dev gives no credentials: the API server takes you for anybody",
            "kubectl config view --minify",
        ),
        (checkup.clock(-9.9), "ok", "the same as the API server's", ""),
        (checkup.clock(60), "warning", "60 s ahead of the API server's", "timedatectl set-ntp true"),
        (checkup.clock(-400), "failed", "400 s behind the API server's", "timedatectl set-ntp true"),
        (checkup.kinds({"tools.rapt.dev": "ok", "runs.rapt.dev": "ok"}), "ok", "all there", ""),
        (
            checkup.kinds({"tools.rapt.dev": "unknown", "runs.rapt.dev": "ok"}),
            "ok",
            "all there; 1 may not be looked at closer",
            "",
        ),
        (
            checkup.kinds({"tools.rapt.dev": "missing", "runs.rapt.dev": "not-served"}),
            "failed",
            "tools.rapt.dev is missing, runs.rapt.dev is not served",
            "an administrator types: kubectl rapt install",
        ),
        (
            checkup.kinds({"tools.rapt.dev": "newer"}),
            "warning",
            "tools.rapt.dev are of a newer Rapt",
            "take the newest Rapt",
        ),
        (checkup.admission({"policy rapt-runs": "ok", "binding rapt-runs": "ok"}), "ok", "all there", ""),
        (checkup.admission({}), "ok", "none: this API server has no admission policies (Kubernetes 1.30)", ""),
        (checkup.admission({"policy rapt-runs": "unknown"}), "skipped", "cannot be looked at by you", ""),
        (
            checkup.admission(
                {"policy rapt-runs": "changed", "binding rapt-runs": "missing", "policy rapt-other": "older"}
            ),
            "failed",
            "policy rapt-runs is changed, binding rapt-runs is missing, policy rapt-other is older: "
            "forged Runs may be admitted",
            "an administrator types: kubectl rapt install",
        ),
        (
            checkup.admission({"policy rapt-runs": "newer", "binding rapt-runs": "unknown"}),
            "warning",
            "policy rapt-runs is of a newer Rapt",
            "take the newest Rapt",
        ),
        (
            checkup.engines({"Kueue": "kueue.x-k8s.io", "Flux": ""}, []),
            "ok",
            "Kueue (kueue.x-k8s.io); not here: Flux",
            "",
        ),
        (
            checkup.engines({"metrics": "", "Flux": ""}, ["metrics"]),
            "warning",
            "metrics: installed, and no answer; none; not here: Flux",
            "kubectl get apiservices",
        ),
    ],
)  # fmt: skip
def test_a_fact_becomes_a_verdict_with_its_cure(verdict: Verdict, state: State, says: str, cure: str) -> None:
    assert (verdict.state, verdict.says, verdict.cure) == (state, says, cure)


RECORDED = {"dev": "uid-1", "staging": "uid-1", "prod": "uid-2", "new": ""}


@pytest.mark.parametrize(
    ("uid", "wanted", "state", "says"),
    [
        ("uid-1", "dev", "ok", "the cluster of dev, staging"),
        ("uid-1", "", "ok", "the cluster of dev, staging"),
        ("uid-1", "prod", "failed", "this is another cluster than environment prod has: it is that of dev, staging"),
        ("uid-3", "prod", "failed", "this is another cluster than environment prod has"),
        ("uid-1", "new", "warning", "environment new does not say yet which cluster is its own"),
        ("uid-3", "", "warning", "no environment has this cluster"),
    ],
)  # fmt: skip
def test_the_cluster_is_held_against_the_environments(uid: str, wanted: str, state: State, says: str) -> None:
    verdict = checkup.identity(uid, RECORDED, wanted)
    assert (verdict.state, verdict.says) == (state, says)


ALL: dict[str, tuple[str, ...]] = dict.fromkeys(("see", "run", "clean", "sync", "grant", "install"), ())


@pytest.mark.parametrize(
    ("missing", "state", "says", "role"),
    [
        ({}, "ok", "may see, run, clean, sync, grant, install in namespace team", ""),
        (
            {"install": ["create crds", "patch crds"]},
            "ok",
            "may see, run, clean, sync, grant in namespace team; not install (create crds and 1 more)",
            "",
        ),
        (
            {"run": ["create runs.rapt.dev"]},
            "warning",
            "may see, clean, sync, grant, install in namespace team; not run (create runs.rapt.dev)",
            "edit",
        ),
        (
            {"see": ["list tools.rapt.dev"]},
            "failed",
            "may run, clean, sync, grant, install in namespace team; not see (list tools.rapt.dev)",
            "view",
        ),
        (
            {name: ["x"] for name in ALL},
            "failed",
            "may do nothing in team; not see (x), run (x), clean (x), sync (x), grant (x), install (x)",
            "edit",
        ),
    ],
)  # fmt: skip
def test_missing_rights_are_told_by_what_they_are_for(
    missing: dict[str, list[str]], state: State, says: str, role: str
) -> None:
    verdict = checkup.rights({**ALL, **missing}, "team")
    assert (verdict.state, verdict.says) == (state, says)
    cure = f"an administrator: kubectl create rolebinding NAME --clusterrole={role} --user=YOU -n team"
    assert verdict.cure == (cure if role else "")


@pytest.mark.parametrize(
    ("verdict", "basis", "expected"),
    [
        (BROKEN, FINE, BROKEN),
        (FINE, BROKEN, FINE),
        (BROKEN, BROKEN, Verdict("warning", "skipped: the cluster check failed")),
        (BROKEN, Verdict("warning", "old"), BROKEN),
    ],
)
def test_what_rests_on_something_broken_is_not_broken_itself(
    verdict: Verdict, basis: Verdict, expected: Verdict
) -> None:
    assert checkup.resting(verdict, {"cluster": basis, "credentials": FINE}) == expected


def test_an_error_is_a_failure_with_its_code_and_cure() -> None:
    error = Unavailable("no-cluster", "it cannot be reached", "kubectl cluster-info")
    assert checkup.of_error(error) == Verdict(
        "failed", "it cannot be reached", "kubectl cluster-info", "no-cluster"
    )
    assert checkup.late(2).says == "no answer within 2 s"
