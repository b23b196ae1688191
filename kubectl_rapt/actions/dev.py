"""Trying a template without anybody's cluster: what is run, by which engine, and the cluster of one's own."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from kubectl_rapt import documents, writes
from kubectl_rapt.actions import checkout, follow, lint, shell
from kubectl_rapt.actions import run as running
from kubectl_rapt.errors import Invalid, NotFound, Refused, Unavailable
from kubectl_rapt.model.kinds import JOB, Manifest, ref_of
from kubectl_rapt.model.plan import Attend, Create, Delete, WriteFiles
from kubectl_rapt.objects import debug_jobs, labels
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.following import LogLine
from kubectl_rapt.runs.outcome import Outcome
from kubectl_rapt.templating import local as locally
from kubectl_rapt.templating import parameters, places
from kubectl_rapt.templating.local import Command, Local
from kubectl_rapt.writes import Writers

NAME = "rapt-dev"
ENGINES = ("podman", "docker")
STATE = "dev.json"
_LONGEST_SECONDS = 3600
_BUILD_SECONDS = 60.0

Kind = Literal["kind", "testbed", "found"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What is to be tried.

    Args:
        name: Its name.
        job: ``{metadata, spec}`` with its answers in it.
        root: The registry's folder, where it is a template there; empty where it is a Tool of the cluster.
        examples: Parameter to its example, where it has no default and nobody has answered it.
    """

    name: str
    job: Mapping[str, Any]
    root: str = ""
    examples: Mapping[str, str] = field(default_factory=dict)


def render(world: World, what: str, answers: Mapping[str, str]) -> Tried:
    """What a person means, with its answers: a template of the registry around them, or a Tool of their cluster.

    Raises:
        NotFound: It is neither.
        Invalid: It cannot be rendered, or answers do not fit.
    """
    try:
        registry, name = checkout.one(world, what)
    except NotFound as error:
        if "/" in what or what in (".", "..") or error.code not in ("no-checkout", "no-template"):
            raise
        return _tool(world, what, answers, error)
    files = registry.template(name)
    if "template.yaml" not in files:
        raise NotFound("no-template", f"{checkout.folder(name)} has no template.yaml", f"ls {registry.root}")
    template, _ = checkout.load(files, name)
    asked = template.parameters
    given = parameters.parse_all(asked, answers)
    examples = {
        one.name: value
        for one in asked
        if one.name not in given and one.default is None and one.required
        if (value := parameters.example(one)) is not None
    }
    values = parameters.check(asked, {**examples, **given}, subject=name, rules=template.rules)
    rendered = lint.render(world, files, template, values)
    placed = [(one, rendered.places[one.name]) for one in asked if one.name in rendered.places]
    job = places.fill(rendered.job, placed, {one.name: values.get(one.name) for one, _ in placed})
    spelled = {name: parameters.spell(value) for name, value in examples.items()}
    return Tried(name, job, registry.root, spelled)


def _tool(world: World, name: str, answers: Mapping[str, str], error: NotFound) -> Tried:
    try:
        run = running.plan(world, running.Request(name, world.cluster.namespace(), answers, {}))
    except (NotFound, Unavailable) as other:
        what = f"{error.message}, and {other.message}"
        raise NotFound("no-template", what, "kubectl rapt dev run --help") from other
    return Tried(name, run.job)


def engine(world: World, wanted: str = "") -> str:
    """The path of the engine: podman, or a Docker whose daemon answers.

    Raises:
        Unavailable: ``no-engine``: there is none, or the one that was asked for does not answer.
    """
    problems = []
    for name in (wanted,) if wanted else ENGINES:
        path = world.programs.find(name)
        if not path:
            problems.append(f"there is no {name}")
            continue
        answer = world.programs.ask([path, "info"])
        if answer.code == 0:
            return path
        said = [line for line in answer.err.splitlines() if line.strip()]
        problems.append(f"{name} does not answer: {said[-1].strip() if said else answer.code}")
    raise Unavailable("no-engine", "; ".join(problems), "--with cluster")


def as_job(tried: Tried, suffix: str, namespace: str) -> Manifest:
    """The Job that stands for it in a cluster of one's own; it is nobody's run, and goes by itself."""
    template = tried.job["spec"]["template"]
    spec = {key: value for key, value in template["spec"].items() if key != "serviceAccountName"}
    marks = {labels.DEBUG: "dev", labels.MANAGED_BY: "rapt"}
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.name,
        "metadata": {"name": f"dev-{tried.name[:40]}-{suffix}", "namespace": namespace, "labels": marks},
        "spec": {
            **{key: value for key, value in tried.job["spec"].items() if key != "suspend"},
            "activeDeadlineSeconds": _LONGEST_SECONDS,
            "ttlSecondsAfterFinished": debug_jobs.TTL_SECONDS,
            "template": {"metadata": {"labels": marks}, "spec": spec},
        },
    }


def in_engine(
    writers: Writers, engine: str, plan: Local, name: str, is_over: Callable[[], bool] | None = None
) -> Generator[Command | int]:
    """Run a plan's commands one after the other, up to one that fails, and remove what they made.

    Args:
        writers: The door's ports.
        engine: The engine's program.
        plan: The commands.
        name: What their containers are called.
        is_over: Asked meanwhile; what runs is ended when it says so.

    Yields:
        Each command before it has the terminal; at the end the last one's exit code.
    """
    code = 0
    try:
        for command in plan.commands:
            yield command
            code = shell.attend(writers, (engine, *command.words), is_over)
            if code:
                break
    finally:
        for words in locally.removal(plan, name):
            writes.apply(writers, Attend((engine, *words), quiet=True))
    yield code


def in_cluster(world: World, writers: Writers, job: Manifest) -> Generator[LogLine | Outcome]:
    """Run a Job, tell its log and how it ended, and delete it."""
    made = writes.apply(writers, Create(job))
    assert isinstance(made, dict), "what is created is answered"
    ref = ref_of(made)
    try:
        for one in follow.follow(world, ref):
            if isinstance(one, LogLine | Outcome):
                yield one
    finally:
        writes.apply(writers, Delete(ref, made["metadata"]["uid"]))


@dataclass(frozen=True, slots=True)
class Up:
    """The cluster of one's own.

    Args:
        kind: Who made it; ``found`` for one that was there, and is not ours to end.
        kubeconfig: Where its kubeconfig is.
    """

    kind: Kind
    kubeconfig: str


def read(world: World, folder: str) -> Up | None:
    """What was started, as it was written down; None for nothing."""
    try:
        said = documents.load(world.checkout.document(str(PurePosixPath(folder, STATE))), STATE)
        return Up(said["kind"], said["kubeconfig"])
    except (NotFound, Invalid, KeyError, TypeError):
        return None


def note(folder: str, up: Up | None) -> WriteFiles:
    """The step that writes down what was started; None for that nothing is there any more."""
    text = documents.dump_json({"kind": up.kind, "kubeconfig": up.kubeconfig}).encode() if up else None
    return WriteFiles(folder, {STATE: text}, is_private=True)


def starting(world: World, folder: str) -> tuple[Up, Attend | None]:
    """How a cluster of one's own is had here: what it will be, and the step that starts it; None where it is there.

    A Docker that answers, with the program kind; else, if Rapt runs from its own checkout, the project's test cluster:
    never a program of the folder that the person stands in. One machine has room for one of those: if the tests have
    it up, it is used, and never ended.

    Raises:
        Unavailable: ``no-engine``: there is neither.
    """
    kind, docker = world.programs.find("kind"), world.programs.find("docker")
    config = str(PurePosixPath(folder, "kubeconfig"))
    if kind and docker and world.programs.ask([docker, "info"]).code == 0:
        command = (kind, "create", "cluster", f"--name={NAME}", f"--kubeconfig={config}")
        return Up("kind", config), Attend(command)
    if words := world.programs.testbed():
        if found := testbed(world, ""):
            return Up("found", found), None
        return Up("testbed", ""), Attend((*words, "up", "--node"), {"RAPT_TESTBED": NAME})
    what = "neither Docker with the program kind nor a test cluster was found"
    raise Unavailable("no-engine", what, "https://kind.sigs.k8s.io/docs/user/quick-start")


def started(world: World, up: Up) -> Up:
    """What was started, with its kubeconfig. Raises Unavailable: it did not come up."""
    if up.kubeconfig:
        return up
    found = testbed(world, NAME)
    if not found:
        raise Unavailable("no-engine", "the test cluster did not come up", "kubectl rapt dev up")
    return Up(up.kind, found)


def start(world: World, writers: Writers, folder: str, up: Up, step: Attend | None) -> Up | int:
    """Start a cluster of one's own and write that down; the exit code of the program that could not start it.

    Raises:
        Unavailable: It did not come up.
    """
    if step and (code := writes.apply(writers, step)):
        return code if isinstance(code, int) else 1
    known = started(world, up)
    writes.apply(writers, note(folder, known))
    return known


def ending(world: World, up: Up) -> Attend | None:
    """The step that ends what was started; None for what was found: that is somebody else's.

    Raises:
        Refused: ``other-cluster-up``: the tests have taken its place on this machine since.
        Unavailable: ``no-engine``: what started it is not here any more.
    """
    if up.kind == "found":
        return None
    if up.kind == "kind":
        kind = world.programs.find("kind")
        if not kind:
            raise Unavailable("no-engine", "the program kind is not installed any more", "install kind again")
        return Attend((kind, "delete", "cluster", f"--name={NAME}", f"--kubeconfig={up.kubeconfig}"))
    words = world.programs.testbed()
    if not words:
        what = "this Rapt runs from no checkout of its own, and another one started the cluster"
        raise Unavailable("no-engine", what, "cd to that checkout, and: python -m tests.cluster down")
    if testbed(world, ""):
        what = "the tests' cluster is up, and has the network that ours had: nothing is ended"
        raise Refused("other-cluster-up", what, "python -m tests.cluster status")
    return Attend((*words, "down"), {"RAPT_TESTBED": NAME})


def end(writers: Writers, folder: str, step: Attend | None) -> int:
    """End what was started, and forget it; the exit code of the program that could not."""
    if step and (code := writes.apply(writers, step)):
        return code if isinstance(code, int) else 1
    writes.apply(writers, note(folder, None))
    return 0


def testbed(world: World, name: str) -> str:
    """The kubeconfig of the project's test cluster of that name, if one is up with a node; empty for none."""
    words = [world.programs.find("env"), f"RAPT_TESTBED={name}", *world.programs.testbed()]
    answer = world.programs.ask([*words, "status"], timeout_seconds=_BUILD_SECONDS)
    lines = answer.out.splitlines()
    if answer.code or any(line.split() == ["node", "none"] for line in lines):
        return ""
    said = next((line for line in lines if line.startswith("export KUBECONFIG=")), "")
    return said.partition("=")[2].strip("'")
