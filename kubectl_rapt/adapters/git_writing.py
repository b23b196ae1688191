"""What is written into a mirror before it is pushed: the tree of a change, and its commit."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from kubectl_rapt.adapters import git_answers, git_input
from kubectl_rapt.adapters.git_program import Mirror, Program
from kubectl_rapt.errors import Invalid

_IMPORT = ("fast-import", "--quiet", "--done", "--date-format=raw")


def tree(program: Program, mirror: Mirror, parent: str, files: Mapping[str, bytes | None]) -> str:
    """Write the blobs and trees of a change; the id of the new root tree."""
    output = program.local(mirror, *_IMPORT, stdin=git_input.import_stream(parent, files))
    answers = iter(output.split(b"\n"))
    before = b""
    if parent:
        before = next(answers)
        for folder in git_input.folders(files):
            if not next(answers).startswith((b"040000 ", b"missing ")):
                raise _blocked(mirror, folder, "is not a folder")
        for path, content in files.items():
            kind = next(answers)
            if content is not None and not kind.startswith((b"100644 ", b"100755 ", b"missing ")):
                raise _blocked(mirror, path, "is not a regular file")
    after = next(answers)
    if before == after:
        where = git_answers.shown(mirror.url)
        raise Invalid("nothing-to-commit", f"the commit to {where} would change nothing", "leave it out")
    return after.split()[2].decode()


def wrap(
    program: Program, mirror: Mirror, tree: str, parents: Sequence[str], message: bytes, now: datetime
) -> str:
    """Make a tree a commit by the user, signed where their configuration says so; the commit's id."""
    # commit-tree itself does not look at commit.gpgsign.
    is_signed = program.setting(mirror, "commit.gpgsign", "bool") == "true"
    options = [*(["-S"] if is_signed else []), *(word for one in parents for word in ("-p", one))]
    when = f"@{int(now.timestamp())} +0000"
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    answer = program.run(mirror, "commit-tree", *options, "-F", "-", tree, stdin=message, extra=dates)
    if answer.code:
        verb = "sign" if is_signed else "commit-tree"
        raise git_answers.classify(verb, answer.code, answer.err, mirror.url, mirror.trust, str(mirror.path))
    return answer.out.decode().strip()


def _blocked(mirror: Mirror, path: str, what: str) -> Invalid:
    return Invalid(
        "path-blocked",
        f"{git_answers.plain(path)} in {git_answers.shown(mirror.url)} {what}, and would be replaced by one",
        "move it away first",
    )
