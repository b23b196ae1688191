"""Starting kubectl with next to nothing imported: it starts before the rest of the program does, beside it.

``proxy.py`` listens to what is started here.
"""

import os
import sys
from _thread import allocate_lock
from collections.abc import Callable, Sequence
from contextlib import suppress

SIGKILL = 9
SIGSTOP = 17 if sys.platform == "darwin" else 19
TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from kubectl_rapt.adapters.cluster.package import Relay, Said

# Ctrl-C and a lost terminal reach the whole process group and are ours to answer: kubectl ignores them. Its number
# is in the folder before it begins, and without the folder it does not begin.
_DEAF = """trap '' INT HUP QUIT; echo $$ >"$0/pid" && exec "$@\""""
# After how many seconds of silence kubectl asks whether a connection still lives, and how long it waits for the answer:
# its own 30 and 15 s are more than a request may take.
_LIVELINESS = {"HTTP2_READ_IDLE_TIMEOUT_SECONDS": "8", "HTTP2_PING_TIMEOUT_SECONDS": "4"}
# Another process, in a group of its own, reads from a pipe whose other end we alone hold, and which the kernel closes
# however we die, on Linux and macOS, from whatever thread. It then ends kubectl and removes the folder, also if our
# whole group was killed. If we end as we should, we do that, and tell it so.
# (PR_SET_PDEATHSIG is Linux only, follows the spawning thread, and misses a parent that is dead already.)
# It is there before the folder is: whoever is killed in between leaves nothing.
# What kubectl waits for, a credential plug-in and what that has started, goes with it. They are not in a group of their
# own, because a plug-in may ask its person on the terminal, which only the group in the foreground can read.
_HEIR = """
trap '' INT HUP QUIT TERM
read -r _ && exit
tree() {
    kill -STOP "$1" && echo "$1"
    ps -A -o pid= -o ppid= | while read -r one of; do [ "$of" = "$1" ] && tree "$one"; done
}
for _ in 1 2 3 4 5 6 7 8 9 10; do
    for folder; do
        [ -d "$folder" ] || continue
        read -r pid <"$folder/pid" && kill -9 $(tree "$pid")
        rm -f "$folder/pid" "$folder/s" "$folder/complaints"
        rmdir "$folder" && exit
    done
    sleep 0.1
done
"""


class Child:
    """A process that was started; nobody else waits for it.

    Args:
        pid: Its number.
        heard: The descriptor of what it says.
        folder: The folder of its socket, which goes with it; empty where it has none.
        heir: The number of the process that cleans up if we cannot; 0 where there is none.
        lifeline: The descriptor by whose end that process learns of ours.
    """

    def __init__(self, pid: int, heard: int, folder: str = "", heir: int = 0, lifeline: int = -1) -> None:
        self.heard, self.folder = heard, folder
        self._pid, self._heir, self._lifeline = pid, heir, lifeline
        self._status: int | None = None
        self._lock = allocate_lock()

    def wait(self) -> int:
        """Wait for its end; its exit status. Any thread may do so, and several at once."""
        with self._lock:
            return self._wait()

    def close(self) -> int:
        """End it and wait for that; its exit status. Any thread may do so, and several at once."""
        with self._lock:  # a number that is waited for, or closed, twice may be something else's by then
            if self._status is None:
                for pid in [*_under(self._pid), self._pid]:
                    with suppress(OSError):  # one of those under it may have ended
                        os.kill(
                            pid, SIGKILL
                        )  # itself is ours until it is waited for, also where it has ended
            return self._wait()

    def _wait(self) -> int:
        if self._status is None:
            _, self._status = os.waitpid(self._pid, 0)
            os.close(self.heard)
            self.heard = -1
            if self.folder:
                _remove(self.folder)
            if self._heir:
                with suppress(OSError):  # somebody may have killed it
                    os.write(self._lifeline, b"done\n")
                os.close(self._lifeline)
                os.waitpid(self._heir, 0)
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
        """End both, and wait for that."""
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
    kubectl, folders = find_kubectl(), _folders()
    heard, says = os.pipe()
    ends, lifeline = os.pipe()
    complaints = os.O_WRONLY | os.O_CREAT
    heir = pid = 0
    try:
        heir = os.posix_spawn(
            "/bin/sh",
            ("sh", "-c", _HEIR, "sh", *folders),
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, ends, 0),
                (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
            ],
            setpgroup=0,
        )
        folder = _make_one(folders)
        command = (kubectl, "proxy", "--append-server-path", f"--unix-socket={folder}/s", *flags)
        pid = os.posix_spawn(
            "/bin/sh",
            ("sh", "-c", _DEAF, folder, *command),
            {**_LIVELINESS, **os.environ},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, says, 1),
                (os.POSIX_SPAWN_OPEN, 2, f"{folder}/complaints", complaints, 0o600),
            ],
        )
    finally:
        os.close(ends)
        os.close(says)
        if not pid:
            os.close(heard)
            os.close(lifeline)  # the heir, if there is one, removes the folder
    return Child(pid, heard, folder, heir, lifeline)


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

    raise Unavailable("no-kubectl", "kubectl is not on the PATH", "https://kubernetes.io/docs/tasks/tools/")


def _kubectl() -> str:
    for folder in os.get_exec_path():
        path = f"{folder or '.'}/kubectl"
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return ""


def private_folder() -> str:
    """A new folder of our own."""
    return _make_one(_folders())


def _folders() -> list[str]:
    """Where a new folder of our own may be made; a socket's path has room for about 100 bytes."""
    name = f"rapt-{os.urandom(8).hex()}"
    parents = (os.environ.get("TMPDIR", ""), "/tmp")
    return [f"{parent}/{name}" for parent in parents if parent and len(parent.encode()) < 70]


def _make_one(folders: Sequence[str]) -> str:
    """Make the first of these folders that can be made."""
    refused = []
    for folder in folders:
        try:
            os.mkdir(folder, 0o700)
        except OSError as error:
            refused.append(f"{os.path.dirname(folder)}: {error.strerror}")
            continue
        return folder
    from kubectl_rapt.errors import Unavailable

    raise Unavailable(
        "no-temporary-folder",
        f"no folder can be made for kubectl's socket ({', '.join(refused)})",
        "df -h /tmp, or use another folder: export TMPDIR=FOLDER",
    )


def _under(pid: int) -> list[int]:
    """What a process has started, and what those have.

    Each is stopped first: it then starts nothing more, and none of their numbers becomes free.
    """
    with suppress(OSError):
        os.kill(pid, SIGSTOP)
    found = _children(pid)
    return [*(one for child in found for one in _under(child)), *found]


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        if os.path.isdir("/proc/self"):
            return []
        with os.popen("ps -A -o pid= -o ppid=") as listed:
            pairs = [line.split() for line in listed]
        return [int(child) for child, parent in pairs if parent == str(pid)]
    found: list[int] = []
    for thread in threads:
        with suppress(OSError), open(f"/proc/{pid}/task/{thread}/children") as file:
            found += map(int, file.read().split())
    return found


def _remove(folder: str) -> None:
    """Remove a private folder with what is in it; what cannot be removed, a later command sweeps."""
    with suppress(OSError):
        for name in os.listdir(folder):
            os.unlink(f"{folder}/{name}")
        os.rmdir(folder)
