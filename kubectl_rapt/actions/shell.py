"""A shell in a container that runs: which container, and the command of the person's own kubectl that opens it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kubectl_rapt import writes
from kubectl_rapt.actions.find import Found
from kubectl_rapt.errors import NotFound, Refused, Unavailable
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.kinds import POD
from kubectl_rapt.model.plan import Attend
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

SHELL = ("sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash; exec sh")
IMAGE = "busybox:1.35"
"""What an ephemeral container is made of, unless another image is named: a shell and the usual small programs."""
_ABSENT = ("executable file not found", "no such file or directory", "exec format error")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a shell is to be."""

    pod: Pod
    container: Container


def place(found: Found, name: str, container: str = "") -> Place:
    """The container that a person means: of the newest pod that runs.

    Args:
        found: The execution.
        name: What the person calls it.
        container: Its name; empty for the first that runs and is no init container, or else an init container.

    Raises:
        Refused: ``not-running``: no pod of it runs, or that container does not.
        NotFound: ``no-container``.
    """
    there = [pod for pod in found.pods if any(one.state == "running" for one in pod.containers)]
    if not there:
        hint = (
            f"kubectl rapt debug {found.run.name}" if found.run else f"kubectl rapt logs {shell.word(name)}"
        )
        raise Refused("not-running", f"nothing of {name} runs now", hint)
    pod = there[-1]
    known = [one.name for one in pod.containers]
    if container and container not in known:
        near = names.nearest(container, known) or known[0]
        what = f'{name} has no container "{container}"; it has {", ".join(known)}'
        raise NotFound("no-container", what, f"kubectl rapt shell {shell.word(name)} -c {shell.word(near)}")
    running = [one for one in pod.containers if one.state == "running"]
    chosen = [one for one in running if one.name == container] if container else running
    if not chosen:
        hint = f"kubectl rapt shell {shell.word(name)} -c {shell.word(running[0].name)}"
        raise Refused("not-running", f'container "{container}" of {pod.ref} does not run', hint)
    return Place(pod, min(chosen, key=lambda one: one.is_init))


@dataclass(frozen=True, slots=True)
class Kubectl:
    """The person's own kubectl, for one cluster as one user.

    Args:
        program: Its path.
        flags: What points it there.
        has_terminal: Whether there is a person at a terminal.
    """

    program: str
    flags: tuple[str, ...]
    has_terminal: bool

    def exec(self, where: Place, words: Sequence[str]) -> tuple[str, ...]:
        """The command that runs words in a container."""
        pod, tty = where.pod, ("-i", "-t") if self.has_terminal else ()
        about = (f"--namespace={pod.namespace}", f"--container={where.container.name}", *self.flags)
        return (self.program, "exec", *tty, pod.name, *about, "--", *words)

    def debug(self, where: Place, image: str, words: Sequence[str]) -> tuple[str, ...]:
        """The command that adds an ephemeral container beside a container, and runs words in that."""
        pod, tty = where.pod, ("-i", "-t") if self.has_terminal else ("--attach",)
        about = (f"--namespace={pod.namespace}", f"--target={where.container.name}", f"--image={image}")
        more = ("--profile=general", "--quiet", *self.flags)
        return (self.program, "debug", *tty, pod.name, *about, *more, "--", *words)


def kubectl(world: World, flags: tuple[str, ...], *, has_terminal: bool) -> Kubectl:
    """The person's kubectl.

    Raises:
        Unavailable: ``no-kubectl``.
    """
    program = world.programs.find("kubectl")
    if not program:
        where = "https://kubernetes.io/docs/tasks/tools/"
        raise Unavailable("no-kubectl", "kubectl is not on the PATH", where)
    return Kubectl(program, flags, has_terminal)


def command(
    world: World, program: Kubectl, where: Place, words: Sequence[str], image: str = ""
) -> tuple[str, ...]:
    """The command that opens a shell, or runs words: in the container, or beside it where that has no shell.

    Args:
        world: Where to ask.
        program: The person's kubectl.
        where: The container.
        words: What to run; none for a shell.
        image: An image to use beside the container, whether or not that has a shell.

    Raises:
        Refused: ``no-right``: the person may not do that.
        Unavailable: kubectl cannot say whether there is a shell.
    """
    if not image and (words or _has_shell(world, program, where)):
        check(world, where.pod.namespace, "exec", "create")
        return program.exec(where, words or SHELL)
    check(
        world,
        where.pod.namespace,
        "ephemeralcontainers",
        "patch",
        f"kubectl rapt debug RUN --image {shell.word(IMAGE)}",
    )
    return program.debug(where, image or IMAGE, words or SHELL)


def check(world: World, namespace: str, subresource: str, verb: str, otherwise: str = "") -> None:
    """Make sure that the person may do that with pods. Raises Refused, with what can be done otherwise."""
    if not world.cluster.may(verb, POD, namespace, subresource=subresource):
        what = f"{world.cluster.user()} may not {verb} pods/{subresource} in namespace {namespace}"
        hint = f"kubectl auth can-i {verb} pods --subresource={subresource} -n {namespace}"
        raise Refused("no-right", what, otherwise or hint)


def _has_shell(world: World, program: Kubectl, where: Place) -> bool:
    check(world, where.pod.namespace, "exec", "create")
    quiet = Kubectl(program.program, program.flags, has_terminal=False)
    answer = world.programs.ask(quiet.exec(where, ("sh", "-c", "exit 0")))
    if answer.code == 0:
        return True
    if answer.code in (126, 127) or any(one in answer.err for one in _ABSENT):
        return False
    said = answer.err.strip().splitlines()
    what = f"no shell can be opened in {where.pod.ref}: {said[-1] if said else 'kubectl says nothing'}"
    raise Unavailable("no-shell", what, f"kubectl describe pod {where.pod.name} -n {where.pod.namespace}")


def attend(writers: Writers, command: Sequence[str], is_over: Callable[[], bool] | None = None) -> int:
    """Hand the terminal over to a command until it ends, or until it is over; its exit code."""
    code = writes.apply(writers, Attend(tuple(command), is_over=is_over))
    return code if isinstance(code, int) else 0
