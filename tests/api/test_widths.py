"""Every list on a terminal of 80 columns with long names: it fits; in a pipe and with -o wide it has everything."""

import re
import sys
from pathlib import Path

import pytest

from kubectl_rapt.cli import words
from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Environment, Project, Registry
from kubectl_rapt.model import kinds
from kubectl_rapt.model.kinds import Ref
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests import finished, namespaces
from tests.cluster.clusters import Cluster
from tests.killing import ROOT, Person
from tests.registries import RegistryRepository
from tests.repositories import ConfigRepository
from tests.terminals import Terminal

COLUMNS = 80
TOOL = "nightly-backup-of-the-customers-db-in-the-eu1"  # 45 letters, which is the most
RUN = f"{TOOL}-x7k2p"
ENVIRONMENT = "production-of-europe"
REGISTRY = "registry-of-the-platform-team"
SUMMARY = "Write a dump of the whole database to a bucket, verify it, and delete those that are too old"
REASON = "BecauseOfAReasonThatIsRatherLong"

LISTS = {
    "search": ("search nightly", TOOL),
    "show": (f"show {TOOL}", "word"),
    "registry": ("registry", REGISTRY),
    "registry verify": ("registry verify", "note"),
    "explain": (f"explain {TOOL} --in {ENVIRONMENT}", "answers.word"),
    "history": (f"history {TOOL} --in {ENVIRONMENT}", "[0-9a-f]{7}"),
    "changes": ("changes", "[0-9a-f]{6,}"),
    "list": (f"list -A -l rapt.dev/tool={TOOL}", TOOL),
    "list --repository": ("list --repository", TOOL),
    "list --outdated": ("list --outdated", TOOL),
    "runs": (f"runs {TOOL} -A", RUN),
    "schedule": (f"schedule -A --tool {TOOL}", TOOL),
    "schedule --repository": ("schedule --repository", TOOL),
    "why": (f"why {TOOL} --failed -A", RUN),
    "events": (f"events {RUN}", "BecauseOf"),
    "timing": (f"timing {TOOL}", "VERSION"),
    "clean": (f"clean {TOOL} -A --dry-run", f"[Rr]un/{RUN}"),
    "policy": ("policy", "out-of-memory"),
    "policy show": ("policy show out-of-memory", "OOMKilled"),
    "policy simulate": ("policy simulate standard --since 90d", RUN),
    "config view": ("config view", "repository"),
}
"""Command to what is typed, and to what is whole in its lines: the name, which people copy."""
_HEAD = 17
"""How wide the keys of describe are."""
ALONE = {"list --repository", "list --outdated", "schedule --repository"}
"""Other lists of commands that are there already."""
WITH_HEADING = ("show", "policy show")
"""Before their tables is a sentence, which goes on in the next line."""


def test_no_list_is_forgotten() -> None:
    has_wide = {
        name
        for name, command in words.COMMANDS.items()
        if any("wide" in flag.value or "wide" in flag.text for flag in command.flags)
    }
    assert LISTS.keys() - ALONE == has_wide


@pytest.fixture
def ann(cluster: Cluster, namespace: str, admin: tuple[World, Writers], tmp_path: Path) -> Person:
    """An administrator with one tool of everything, whose names are all long."""
    long = namespaces.prepare(cluster, name=f"{namespace}-of-the-team-for-databases")
    folder = tmp_path / "repositories-of-the-platform-team"
    team = RegistryRepository(folder, REGISTRY)
    team.release(TOOL, "1.0.0", summary=SUMMARY)
    cluster_id = namespaces.uid(cluster)
    environments = [
        Environment(ENVIRONMENT, (long,), cluster=cluster_id, is_reviewed=False),
        Environment("staging-of-europe", (namespace,), cluster=cluster_id),
    ]
    repository = ConfigRepository(folder, *environments)
    wanted = Project(
        repository.id,
        {one.name: one for one in environments},
        registries={REGISTRY: Registry(REGISTRY, str(team.path))},
    )
    repository.commit({layout.PROJECT: project.spell(wanted).encode()}, "Registries\n")
    ann = Person(tmp_path / "ann", cluster.kubeconfig, repository=repository.path)
    ann.environ |= {"TERM": "xterm", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "LONG": long}
    for typed in (
        ["add", TOOL, "--in", ENVIRONMENT, "--schedule", "0 3 * * *"],
        ["sync", "--in", ENVIRONMENT],
        ["add", TOOL, "--in", "staging-of-europe"],
    ):
        done = ann.types(*typed)
        assert done.exit_code == 0, done
    team.release(TOOL, "1.1.0", summary=SUMMARY)
    team.say(TOOL, "1.0.0", deprecated=SUMMARY)
    assert ann.types("registry", "update").exit_code == 0
    writers = admin[1]
    tool = admin[0].cluster.get(Ref(kinds.TOOL, TOOL, long))
    spec = {"job": tool["spec"]["job"], "requestedBy": f"ann of {long}"}
    (run,) = finished.create(writers, finished.a_run(RUN, long, TOOL, **spec))
    (job,) = finished.jobs(writers, finished.owned(run, f"{RUN}-1"), how="Failed")
    finished.close(writers, run, "Failed", days=40, job=job, evidence=f"{SUMMARY}; {SUMMARY}")
    (good,) = finished.create(writers, finished.a_run(f"{TOOL}-a1b2c", long, TOOL, **spec))
    (done_job,) = finished.jobs(writers, finished.owned(good, f"{TOOL}-a1b2c-1"))
    finished.close(writers, good, "Succeeded", days=40, job=done_job)
    about = {"apiVersion": "batch/v1", "kind": "Job", "name": f"{RUN}-1", "namespace": long}
    about["uid"] = job["metadata"]["uid"]
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{RUN}.1", "namespace": long},
        "involvedObject": about,
        "type": "Warning",
        "reason": REASON,
        "message": SUMMARY,
        "lastTimestamp": "2026-11-22T12:00:00Z",
        "count": 3,
    }
    namespaces.apply(cluster.kubeconfig, event)
    return ann


def on_a_terminal(ann: Person, typed: list[str]) -> list[str]:
    """The lines on standard output, which is a terminal of 80 columns."""
    command = [
        "sh",
        "-c",
        '"$@" 2>"$0"',
        str(ann.home / "said"),
        sys.executable,
        "-m",
        "kubectl_rapt",
        *typed,
    ]
    with Terminal(command, ann.environ, ann.home, columns=COLUMNS) as terminal:
        terminal.ends()
        return terminal.text.splitlines()


def test_no_line_is_wider_than_the_terminal_and_names_are_whole(ann: Person) -> None:
    wrong = []
    for command, (typed, name) in LISTS.items():
        where = [] if "-A" in typed or "--in" in typed else ["-n", ann.environ["LONG"]]
        line = [*typed.split(), *where]
        narrow, wide = on_a_terminal(ann, line), on_a_terminal(ann, [*line, "-o", "wide"])
        piped = ann.types(*line).stdout.splitlines()
        if not any(re.search(name, one) for one in narrow):
            wrong.append(f"{command}: {name} is cut: {narrow}")
        # A path that is longer than a line is copied, and so not cut.
        over = [one for one in narrow if len(one) > COLUMNS and not re.search(rf"/\S{{{COLUMNS - 20}}}", one)]
        wrong += [f"{command}: {len(one)} columns: {one}" for one in over]
        wrong += [f"{command}: cut with -o wide: {one}" for one in wide if "…" in one]
        wrong += [f"{command}: cut in a pipe: {one}" for one in piped if "…" in one]
        if command in WITH_HEADING:
            continue
        if not wide or len(piped[0].split()) > len(wide[0].split()):
            wrong.append(f"{command}: left out with -o wide: {wide}")
    assert not wrong, "\n".join(wrong)


def test_no_sentence_or_table_of_describe_is_wider_than_the_terminal_and_nothing_is_cut(ann: Person) -> None:
    wrong: list[str] = []
    for what in (f"tool/{TOOL}", f"run/{RUN}"):
        line = ["describe", what, "-n", ann.environ["LONG"]]
        narrow, piped = on_a_terminal(ann, line), ann.types(*line).stdout
        wide = [one for one in narrow if len(one) > COLUMNS and "kubectl" not in one]  # a command stays whole
        wrong += [f"{what}: {one}" for one in wide if " " in one[_HEAD:].strip()]
        wrong += [f"{what}: cut: {one}" for one in narrow if "…" in one and one not in piped]
        for word in (TOOL, *([RUN] if what.startswith("run") else [])):
            if not any(word in one for one in narrow):
                wrong.append(f"{what}: {word} is cut: {narrow}")
    assert not wrong, "\n".join(wrong)


SENTENCES = {
    f"why {RUN}": SUMMARY,
    f"show {TOOL}": SUMMARY,
    f"status --in {ENVIRONMENT}": "schedule resume",
    f"drift --in {ENVIRONMENT}": "was changed",
    "schedule": "schedule resume",
    "doctor": "cluster",
}
"""What is typed, and what is in the sentences of its answer."""


def test_sentences_are_broken_between_words_and_commands_and_names_stay_whole(
    ann: Person, admin: tuple[World, Writers]
) -> None:
    there = ["-n", ann.environ["LONG"]]
    assert ann.types("schedule", "suspend", TOOL, *there).exit_code == 0
    patch = {"metadata": {"labels": {"rapt.dev/version": f"1.0.0-{'x' * 40}"}}, "spec": {"summary": SUMMARY}}
    admin[1].cluster.patch(Ref(kinds.TOOL, TOOL, ann.environ["LONG"]), patch)
    wrong = []
    for typed, word in SENTENCES.items():
        line = [*typed.split(), *([] if "--in" in typed else there)]
        with Terminal(
            [sys.executable, "-m", "kubectl_rapt", *line], ann.environ, ann.home, columns=COLUMNS
        ) as terminal:
            terminal.ends()
            narrow = terminal.text.splitlines()
        piped = ann.types(*line)
        whole = f"{piped.stdout}{piped.stderr}"
        if word not in whole:
            wrong.append(f"{typed}: no {word} in {whole}")
        wide = [one for one in narrow if len(one) > COLUMNS and "kubectl" not in one]
        wrong += [f"{typed}: {one}" for one in wide if max(map(len, one.split())) < COLUMNS // 2]
        if typed != "schedule" and sorted(whole.split()) != sorted(" ".join(narrow).split()):
            wrong.append(f"{typed}: {narrow} is not {whole}")
    assert not wrong, "\n".join(wrong)


def test_a_reason_of_clean_goes_on_in_the_next_line(ann: Person) -> None:
    line = ["clean", TOOL, "-n", ann.environ["LONG"], "--dry-run"]
    narrow, piped = on_a_terminal(ann, line), ann.types(*line).stdout
    assert "…" not in "".join(narrow), narrow
    why = re.search(r"ended .*$", piped, re.MULTILINE)
    assert why, piped
    assert all(word in " ".join(narrow) for word in why[0].split()), narrow
    assert not [one for one in narrow if len(one) > COLUMNS], piped
