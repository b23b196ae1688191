"""Commands that are shown to be copied work where they are copied to."""

import shlex
from collections.abc import Iterator

import pytest

from kubectl_rapt.cli import copying
from tests import secrets

SECRET = next(one.text for one in secrets.CANARIES if one.name == "github")


@pytest.fixture(autouse=True)
def nothing_typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("_", raising=False)
    yield
    copying.remember([])


@pytest.mark.parametrize(
    ("typed", "shown", "expected"),
    [
        ("run a", "follow: kubectl rapt attach a-x", "follow: kubectl rapt attach a-x"),
        ("run a -n team", "follow: kubectl rapt attach a-x", "follow: kubectl rapt attach -n team a-x"),
        ("-nteam run a", "kubectl rapt attach a-x", "kubectl rapt attach -n team a-x"),
        ("run a --in prod", "kubectl rapt logs a-x -c main", "kubectl rapt logs --in prod a-x -c main"),
        (
            "--kubeconfig=/a/my\\ file run a --context blue --as ann --as-group x --as-group y",
            "kubectl rapt why a",
            "kubectl rapt why --kubeconfig '/a/my file' --context blue --as ann --as-group x --as-group y a",
        ),
        ("dead list -n team", "kubectl rapt dead replay a", "kubectl rapt dead replay -n team a"),
        ("run a -n team", "at once: kubectl rapt reconcile", "at once: kubectl rapt reconcile -n team"),
        ("run a -n team -- -n other", "kubectl rapt why a", "kubectl rapt why -n team a"),
        # It says where already.
        ("runs -n team", "kubectl rapt why a -n other", "kubectl rapt why a -n other"),
        ("runs -n team", "kubectl rapt why --namespace=other a", "kubectl rapt why --namespace=other a"),
        ("runs -n team", "kubectl rapt why --failed -A", "kubectl rapt why --failed -A"),
        ("runs -n team --in prod", "kubectl rapt list --in dev", "kubectl rapt list --in dev"),
        # What is about a cluster, and not about a namespace of it.
        ("run a -n team --in prod", "kubectl rapt install", "kubectl rapt install --in prod"),
        ("run a -n team --context blue", "kubectl rapt doctor", "kubectl rapt doctor --context blue"),
        ("run a -n team --context blue", "kubectl rapt purge", "kubectl rapt purge --context blue"),
        ("run a --in prod", "kubectl rapt purge --dry-run", "kubectl rapt purge --dry-run"),
        # What is about a tool in the config repository.
        ("run a -n team --in prod", "kubectl rapt set a --retry x", "kubectl rapt set --in prod a --retry x"),
        ("delete a --in prod", "kubectl rapt remove a", "kubectl rapt remove --in prod a"),
        ("delete a --in prod", "kubectl rapt remove a --in dev", "kubectl rapt remove a --in dev"),
        # What is the same everywhere.
        ("run a -n team", "kubectl rapt help errors no-run", "kubectl rapt help errors no-run"),
        ("run a -n team", "kubectl rapt search", "kubectl rapt search"),
        ("run -n team", "try: kubectl rapt run --help", "try: kubectl rapt run --help"),
        ("add a --in prod", "then: kubectl rapt sync --in prod", "then: kubectl rapt sync --in prod"),
        # What nobody should see.
        (
            "run a --context '\x1b[31mred' --as ann",
            "kubectl rapt why a",
            "kubectl rapt why --context … --as ann a",
        ),
        (f"run a --context {SECRET}", "kubectl rapt why a", "kubectl rapt why --context … a"),
        # What is no command of that name.
        ("run a -n team", "kubectl rapt run-away", "kubectl rapt run-away"),
        ("run a -n team", "kubectl-rapt why a", "kubectl-rapt why a"),
        # kubectl's own.
        ("run a -n team --in prod", "kubectl get pods -n team", "kubectl get pods -n team"),
        ("run a --context blue", "kubectl get pods -n team", "kubectl get --context blue pods -n team"),
        ("run a --context blue", "kubectl cluster-info", "kubectl cluster-info --context blue"),
        ("run a --context blue", "kubectl config get-contexts", "kubectl config get-contexts"),
        ("run a --as ann", "kubectl auth can-i get pods", "kubectl auth --as ann can-i get pods"),
        (
            "why a --as ann",
            "kubectl get configmap x -n n -o json | kubectl replace -f -",
            "kubectl get --as ann configmap x -n n -o json | kubectl replace --as ann -f -",
        ),
        (
            "run a --context blue --as ann --as-group x",
            "kubectl auth can-i impersonate users/ann",
            "kubectl auth --context blue can-i impersonate users/ann",
        ),
        ("run a --context blue", "kubectl proxy has ended", "kubectl proxy has ended"),
        # Several, and several lines.
        (
            "runs -n team",
            "kubectl rapt why a, or kubectl rapt why b -n other",
            "kubectl rapt why -n team a, or kubectl rapt why b -n other",
        ),
        (
            "run a -n team",
            "kubectl rapt why a, or\nkubectl rapt logs a",
            "kubectl rapt why -n team a, or\nkubectl rapt logs -n team a",
        ),
    ],
)
def test_a_command_is_for_the_place_that_was_typed(typed: str, shown: str, expected: str) -> None:
    copying.remember(shlex.split(typed))
    assert copying.here(shown) == expected


def test_who_calls_the_program_by_its_own_name_is_shown_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_", "/usr/local/bin/kubectl-rapt")
    copying.remember(["run", "a", "-n", "team"])
    assert copying.here("kubectl rapt why a") == "kubectl-rapt why -n team a"
    assert copying.here("kubectl rapt help errors no-run") == "kubectl-rapt help errors no-run"
