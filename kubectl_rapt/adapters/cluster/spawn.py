"""Starting kubectl with nothing imported but ``os``: it starts before the rest of the program does, beside it.

``proxy.py`` listens to what is started here.
"""

import os
from _thread import allocate_lock
from collections.abc import Callable, Sequence

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from kubectl_rapt.adapters.cluster.package import Relay, Said

# The shell ends kubectl and removes the folder when its standard input ends, that is when the last copy of our
# end of the pipe is closed: by us, or by the kernel however we died, on Linux and macOS, from whatever thread.
# (PR_SET_PDEATHSIG is Linux only, follows the spawning thread, and misses a parent that is dead already.)
# Ctrl-C and a lost terminal reach the whole process group and are ours to answer, so both ignore them.
_SUPERVISED = """
trap '' INT HUP QUIT
folder=$1; shift
"$@" </dev/null 2>"$folder/complaints" &
exec >/dev/null 2>&1
trap '' TERM
read -r _
kill -9 $!
[ ! -d "$folder" ] || rm -rf "$folder"
"""


class Child:
    """A process that was started.

    Args:
        pid: Its number.
        heard: The descriptor of what it says.
        lifeline: The descriptor whose end is its end; -1 where it ends by itself.
        folder: The folder of its socket; empty where it has none.
    """

    def __init__(self, pid: int, heard: int, lifeline: int = -1, folder: str = "") -> None:
        self.heard, self.folder = heard, folder
        self._pid, self._lifeline = pid, lifeline
        self._status = 0
        self._lock = allocate_lock()

    def close(self) -> int:
        """End it, or wait for its end; its exit status. Any thread may do so, and several at once."""
        with self._lock:  # a number that is closed twice may be something else's by then
            if self.heard >= 0:
                if self._lifeline >= 0:
                    os.close(self._lifeline)
                os.close(self.heard)
                self.heard = -1
                _, self._status = os.waitpid(self._pid, 0)
            return self._status


class Kubectl:
    """What runs for one cluster as one user: the proxy and, where kubectl must be asked for it, ``config view``.

    Args:
        flags: kubectl's flags for that.
        namespace: The namespace that was given; empty where the kubeconfig's is meant.

    Attributes:
        namespace: The namespace in use; None where ``config view`` says it.
        proxy: The proxy.

    Raises:
        Unavailable: There is no kubectl on the PATH, or no place for its socket.
    """

    def __init__(self, flags: tuple[str, ...], namespace: str) -> None:
        self.proxy, self._start_view = _start(flags)
        self._flags, self._given = flags, namespace
        self._is_taken = False
        from kubectl_rapt.adapters.cluster import kubeconfig

        self.namespace = namespace or kubeconfig.namespace(flags, os.environ)
        self._view = self._start_view() if self.namespace is None else None

    def take(self, flags: tuple[str, ...], namespace: str) -> bool:
        """Whether it is for that, and nobody took it before."""
        if self._is_taken or (self._flags, self._given) != (flags, namespace):
            return False
        self._is_taken = True
        return True

    def view(self) -> "Child | Said":
        """``config view``, started now if it was not before."""
        self._view = self._view or self._start_view()
        return self._view

    def close(self) -> None:
        """End both."""
        if self._view:
            self._view.close()
        self.proxy.close()


def _start(flags: Sequence[str]) -> "tuple[Child | Relay, Callable[[], Child | Said]]":
    """The proxy, and what starts ``config view``: kubectl's, or where there is none what takes its place."""
    if not _kubectl():
        from kubectl_rapt.adapters.cluster import package

        if package.is_possible(flags, os.environ):
            relay = package.Relay(flags, private_folder())
            return relay, relay.view
    return start_proxy(flags), lambda: start_view(flags)


def start_proxy(flags: Sequence[str]) -> Child:
    """Start ``kubectl proxy`` on the socket ``s`` in a private folder; it says one line once it listens.

    Raises:
        Unavailable: There is no kubectl on the PATH, or no place for its socket.
    """
    kubectl, folder = find_kubectl(), private_folder()
    heard, says = os.pipe()
    ends, lifeline = os.pipe()
    command = (kubectl, "proxy", "--append-server-path", f"--unix-socket={folder}/s", *flags)
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            ("sh", "-c", _SUPERVISED, "sh", folder, *command),
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, ends, 0), (os.POSIX_SPAWN_DUP2, says, 1)],
        )
    finally:
        os.close(ends)
        os.close(says)
    return Child(pid, heard, lifeline, folder)


def start_view(flags: Sequence[str]) -> Child:
    """Start ``kubectl config view --minify``; what it complains about it says in the same place.

    Raises:
        Unavailable: There is no kubectl on the PATH.
    """
    kubectl = find_kubectl()
    heard, says = os.pipe()
    try:
        pid = os.posix_spawn(
            kubectl,
            (kubectl, "config", "view", "--minify", "-o", "json", *_without_user(flags)),
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, says, 1),
                (os.POSIX_SPAWN_DUP2, says, 2),
            ],
        )
    finally:
        os.close(says)
    return Child(pid, heard)


def _without_user(flags: Sequence[str]) -> list[str]:
    return [flag for flag in flags if not flag.startswith("--as")]


def find_kubectl() -> str:
    """The path of the kubectl that the user's shell would run.

    Raises:
        Unavailable: There is none on the PATH.
    """
    if path := _kubectl():
        return path
    from kubectl_rapt.errors import Unavailable

    raise Unavailable(
        "no-kubectl", "there is no kubectl on the PATH", "https://kubernetes.io/docs/tasks/tools/"
    )


def _kubectl() -> str:
    for folder in os.get_exec_path():
        path = f"{folder or '.'}/kubectl"
        if os.access(path, os.X_OK) and os.path.isfile(path):  # noqa: PTH113
            return path
    return ""


def private_folder() -> str:
    """A new folder of our own; a socket's path has room for about 100 bytes."""
    name = f"rapt-{os.urandom(8).hex()}"
    for parent in (os.environ.get("TMPDIR", ""), "/tmp"):
        if parent and len(parent.encode()) < 70:
            try:
                os.mkdir(f"{parent}/{name}", 0o700)  # noqa: PTH102
            except OSError:
                continue
            return f"{parent}/{name}"
    from kubectl_rapt.errors import Unavailable

    raise Unavailable(
        "no-temporary-folder", "no folder can be made for kubectl's socket in TMPDIR or /tmp", "df -h /tmp"
    )
