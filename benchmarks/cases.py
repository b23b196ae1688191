"""The comparisons: what people would type, ours and theirs."""

import json
import math
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import cleaning, registries
from benchmarks.timing import Side
from tests import namespaces, story
from tests.cluster import clusters, kubectl
from tests.cluster.clusters import Cluster
from tests.package import built
from tests.repositories import SOMEONE

TOOLS = ("hello", *(f"tool-{number}" for number in range(2, 11)))
JOBS = 1000
IMAGE = "busybox:1.35"
OWN = "RAPT_BENCH_OWN"
"""Names the kubeconfig of a cluster that only one row needs."""


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Args:
        what: Ours, in a few words.
        against: Theirs.
        at_most: The greatest permitted ratio; infinite where the row only explains another.
        rounds: How often each side is timed.
        why: A sentence on where the number comes from.
        ours: Our commands.
        theirs: Theirs.
        of_memory: Whether memory is compared, and not time.
    """

    what: str
    against: str
    at_most: float
    rounds: int
    why: str
    ours: Side
    theirs: Side
    of_memory: bool = False


@contextmanager
def environment(cluster: Cluster, programs: Path) -> Iterator[dict[str, str]]:
    """The environment of an ordinary user with a namespace, ten tools, ten Jobs and a home of their own."""
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    with TemporaryDirectory(prefix="rapt-bench-") as home, clusters.private(controllers=False) as own:
        teller = story.Teller(Path(home), user, cluster.kubeconfig, {})
        environ = {
            **{key: value for key, value in teller.environ.items() if not key.startswith("PYTHON")},
            "KUBECONFIG": f"{home}/kubeconfig",
            "PATH": f"{programs}:{kubectl.program().parent}:{os.environ['PATH']}",
        }
        Path(environ["KUBECONFIG"]).write_text(
            _type(f"kubectl config view --raw --kubeconfig={user}", environ)
        )
        _type("kubectl-rapt init --local", environ)
        for administrator in (cluster, own):
            _type("kubectl-rapt install", {**environ, "KUBECONFIG": str(administrator.kubeconfig)})
        environ[OWN] = str(own.kubeconfig)
        for tool in TOOLS:
            _type(f"kubectl-rapt add {tool} --image {IMAGE} -- echo hello world", environ)
        namespaces.apply(user, *(_suspended(f"job-{number}") for number in range(len(TOOLS))))
        yield environ


def cases(environ: Mapping[str, str]) -> list[Case]:
    """The rows, in the order of the table."""
    home = Path(environ["HOME"])
    render = ["python", str(Path(__file__).with_name("render.py")), str(JOBS)]
    jobs = json.loads(_type(shlex.join(render), environ))
    (home / "jobs.json").write_text(json.dumps(jobs))
    (home / "kustomization.yaml").write_text("resources: [jobs.json]\n")
    edit, commit = (["python", str(Path(__file__).with_name(f"{name}.py"))] for name in ("edit", "commit"))
    repositories = str(home / "repositories")
    _type(shlex.join([*commit, "prepare", repositories]), {**environ, **SOMEONE})
    return [
        Case(
            "`kubectl-rapt version`",
            "`kubectl version --client`",
            1.3,
            41,
            "Python starts and prints a line; nothing else is imported.",
            _same("kubectl-rapt version"),
            _same("kubectl version --client"),
        ),
        *_shell(environ),
        Case(
            "`kubectl-rapt version`, krew's archive",
            "`kubectl-rapt version`, installed by pip",
            1.3,
            41,
            "An interpreter of its own in one folder: nothing is unpacked at a start, no environment is looked for.",
            lambda _: [[str(built.unpacked()), "version"]],
            _same("kubectl-rapt version"),
        ),
        Case(
            f"`kubectl-rapt list`, {len(TOOLS)} tools",
            f"`kubectl get jobs`, {len(TOOLS)} Jobs",
            2.0,
            41,
            "`kubectl proxy`, which authenticates, starts while Python imports the rest; then there is one request.",
            _same("kubectl-rapt list"),
            _same("kubectl get jobs"),
        ),
        Case(
            "`kubectl-rapt run hello --follow`",
            "`kubectl create job`, `kubectl wait`, `kubectl logs`",
            0.6,
            15,
            "The Job, its pods and its log are followed at once, and the container's own end is enough: "
            "nobody waits for the Job's controller to say so.",
            _same("kubectl-rapt run hello --follow"),
            _by_kubectl,
        ),
        Case(
            f"render and validate {JOBS:,} Jobs",
            "`kubectl kustomize` on the same",
            0.25,
            9,
            "A template is compiled once, in a sandbox that renders while its parent validates, and a kind's "
            "schema is compiled once.",
            lambda _: [render],
            _same(f"kubectl kustomize {home}"),
        ),
        Case(
            "200 times one value in `rapt.yaml` and in a tool's file",
            "a round trip of ruamel.yaml",
            1 / 15,
            5,
            "A value is replaced where the C parser found it, and the result is read once more as proof.",
            lambda _: [[*edit, "rapt", "200"]],
            lambda _: [[*edit, "ruamel", "200"]],
        ),
        Case(
            "10 commits of 100 files to a repository of 2,000, pushed",
            "GitPython's index API in a clone",
            0.05,
            3,
            "Nothing is checked out or staged: `git fast-import` writes the change. Most of what is left is "
            "`git push` itself, which nobody makes quicker: see the next row.",
            lambda number: [[*commit, "rapt", repositories, str(number)]],
            lambda number: [[*commit, "gitpython", repositories, str(number)]],
        ),
        Case(
            "10 times `git push` alone, of such commits that are there already",
            "GitPython's index API in a clone",
            math.inf,
            3,
            "The floor of the row above: seven processes of git's own, on this machine, in the same run.",
            lambda number: [[*commit, "push", repositories, str(number)]],
            lambda number: [[*commit, "gitpython", repositories, str(number + 1000)]],
        ),
        *_cleaning(Path(environ[OWN])),
        *_registries(home),
    ]


def crowded(count: int) -> list[Case]:
    """The rows of a cluster with so many Runs, and as many Jobs."""
    ours, crowd = "`kubectl-rapt runs -A`", f"{count:,} Runs and {count:,} Jobs"
    whole, runs = (
        f"kubectl get {kinds} -A --chunk-size=0" for kinds in ("jobs,runs.rapt.dev", "runs.rapt.dev")
    )
    return [
        Case(
            f"{ours}, {crowd}",
            f"`{whole}`",
            0.3,
            5,
            "Rows come as the server prints them, without their objects, and Jobs of Runs do not come at all.",
            _same("kubectl-rapt runs -A"),
            _same(whole),
        ),
        Case(
            f"{ours}, the same",
            "`kubectl get jobs,runs.rapt.dev -A`",
            0.15,
            3,
            "kubectl asks for 500 at a time and holds itself to five requests a second.",
            _same("kubectl-rapt runs -A"),
            _same("kubectl get jobs,runs.rapt.dev -A"),
        ),
        Case(
            f"memory of {ours}, the same",
            f"`{whole}`",
            0.3,
            3,
            "What comes is unpacked and forgotten bit by bit. The memory of `kubectl proxy` is counted.",
            _same("kubectl-rapt runs -A"),
            _same(whole),
            of_memory=True,
        ),
        Case(
            f"`kubectl-rapt reconcile -A` with nothing due, {crowd}",
            f"`{runs}`",
            0.5,
            5,
            "Of what is over, Runs come as rows, and of Jobs those that a CronJob made or a cleanup policy governs: "
            "here one in ten. Where policies govern all of them, all come.",
            _same("kubectl-rapt reconcile -A"),
            _same(runs),
        ),
    ]


def _cleaning(own: Path) -> list[Case]:
    what = f"`kubectl-rapt clean`, {cleaning.CLEANED:,} finished Jobs"
    against = f"`kubectl delete job` by name, {cleaning.BY_NAME} of them"
    return [
        Case(
            what,
            f"{against} in one command",
            1.0,
            3,
            f"{cleaning.CLEANED // cleaning.BY_NAME} times as many: they are listed and decided at once, and "
            "deleted one by one, each by its UID and version, eight in flight over connections that stay open. "
            "kubectl holds itself to five requests a second.",
            *cleaning.sides(own, by_one_command=True),
        ),
        Case(
            f"{what}, the same",
            f"{against}, a command for each",
            1.0,
            5,
            "A kubectl that has just started does not hold itself back. Of Rapt's time, most is the API server's and "
            "etcd's, on the same cores.",
            *cleaning.sides(own, by_one_command=False),
        ),
    ]


def _registries(home: Path) -> list[Case]:
    """A thousand templates: in ten registries to search in, and in one of 200 MB to fetch."""
    folder = home / "registries"
    small = [folder / f"small-{number}.git" for number in range(10)]
    large = folder / "large.git"
    folder.mkdir()
    for path in small:
        registries.make(path, path.stem, 100, 1 << 20)
    registries.make(large, "large", 1000, 200 << 20)
    searched = registries.configure(folder / "searched", *small)
    fetched = registries.configure(folder / "fetched", large)
    cache, clone = folder / "cache", folder / "clone.git"
    cloning = shlex.split(f"git clone --quiet --bare {large.as_uri()} {clone}")
    anew = ["rm", "-rf", str(cache), str(clone)]
    update = shlex.split(f"env XDG_CACHE_HOME={cache} RAPT_REPOSITORY={fetched} kubectl-rapt registry update")
    return [
        Case(
            "`kubectl-rapt search`, 1,000 templates in 10 registries",
            "`kubectl version --client`",
            3.5,
            21,
            "What a commit of a registry offers was worked out once: no git starts, and no YAML is read.",
            _same(f"env RAPT_REPOSITORY={searched} kubectl-rapt search"),
            _same("kubectl version --client"),
        ),
        Case(
            "first `registry update`, 1,000 templates, 200 MB",
            "`git clone --bare` of the same",
            2.5,
            3,
            "Git checks each object as it comes, and each template is read once.",
            lambda _: [anew, update],
            lambda _: [anew, cloning],
        ),
        Case(
            "next `registry update` of the same",
            "`git clone --bare` of the same",
            0.5,
            3,
            "Git is asked once, and says that nothing is new.",
            lambda _: [update],
            lambda _: [["rm", "-rf", str(clone)], cloning],
        ),
    ]


def _same(line: str) -> Side:
    return lambda _: [shlex.split(line)]


def _by_kubectl(number: int) -> list[list[str]]:
    job = f"by-kubectl-{number}"
    return [
        shlex.split(line)
        for line in (
            f"kubectl create job {job} --image={IMAGE} -- echo hello world",
            f"kubectl wait --for=condition=complete --timeout=60s job/{job}",
            f"kubectl logs job/{job}",
        )
    ]


def _suspended(name: str) -> object:
    """A Job to be listed; it never gets a pod."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "tool", "image": IMAGE}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"suspend": True, "template": {"spec": pod}},
    }


def _shell(environ: Mapping[str, str]) -> list[Case]:
    """Help and completion: kubectl starts, asks ``kubectl_complete-rapt``, and passes its answer on to the shell."""
    why = {
        "`kubectl-rapt run --help`": "What every command says of itself is generated: no command is imported for it.",
        "`kubectl rapt add <TAB>`": "kubectl's own start is most of it; names are kept until a fetch brings others.",
        "`kubectl rapt run <TAB>`, live names": "`kubectl proxy` starts while Python imports; then one request.",
    }
    commands = (
        "kubectl-rapt run --help",
        "sh -c \"kubectl __complete rapt add ''\"",
        "sh -c \"kubectl __complete rapt run ''\"",
    )
    return [
        Case(
            what,
            "`kubectl version --client`",
            at_most,
            41,
            why[what],
            _same(command),
            _same("kubectl version --client"),
        )
        for what, command, at_most in zip(why, commands, (2.0, 3.0, 5.0), strict=True)
    ]


def _type(line: str, environ: Mapping[str, str]) -> str:
    """Type one command that prepares; its standard output."""
    done = subprocess.run(
        shlex.split(line), env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{line} ended with {done.returncode}\n{done.stderr}")
    return done.stdout
