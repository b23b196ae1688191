"""What git's messages mean: recorded answers of git and of the big hosts, and the errors they become."""

# ruff: noqa: E501

import pytest

from kubectl_rapt.adapters.git_answers import classify, masked, shown
from kubectl_rapt.errors import Conflict, Invalid, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.ports.git import Trust

URL = "https://host.example/team/config.git"

RECORDED: list[tuple[str, str, type[RaptError], str]] = [
    ("ls-remote", "fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.", NotFound, "no-repository"),
    ("ls-remote", "remote: Repository not found.\nfatal: repository 'https://github.com/a/b.git/' not found", NotFound, "no-repository"),
    ("ls-remote", "ERROR: Repository not found.\nfatal: Could not read from remote repository.", NotFound, "no-repository"),
    ("ls-remote", "remote: The project you were looking for could not be found or you don't have permission to view it.", NotFound, "no-repository"),
    ("ls-remote", "fatal: could not read Username for 'https://github.com': terminal prompts disabled", Refused, "no-access"),
    ("ls-remote", "remote: HTTP Basic: Access denied.\nfatal: Authentication failed for 'https://gitlab.com/a/b.git/'", Refused, "no-access"),
    ("ls-remote", "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.", Refused, "no-access"),
    ("ls-remote", "Host key verification failed.\nfatal: Could not read from remote repository.", Refused, "no-access"),
    ("ls-remote", "fatal: detected dubious ownership in repository at '/x'", Refused, "no-access"),
    ("ls-remote", "fatal: unable to access 'https://x/': Could not resolve host: x", Unavailable, "unreachable"),
    ("ls-remote", "fatal: unable to access 'https://x/': Failed to connect to x port 443 after 3 ms: Connection refused", Unavailable, "unreachable"),
    ("ls-remote", "fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate", Unavailable, "unreachable"),
    ("ls-remote", "fatal: unable to access 'https://x/': The requested URL returned error: 502", Unavailable, "unreachable"),
    ("ls-remote", "ssh: connect to host x port 22: Connection timed out\nfatal: Could not read from remote repository.", Unavailable, "unreachable"),
    ("ls-remote", "fatal: unable to access 'https://x/': The requested URL returned error: 301", Invalid, "repository-moved"),
    ("ls-remote", "fatal: transport 'ext' not allowed", Invalid, "bad-address"),
    ("fetch", "fatal: remote error: upload-pack: not our ref 1111111111111111111111111111111111111111", NotFound, "no-commit"),
    ("fetch", "error: Server does not allow request for unadvertised object 1111", NotFound, "no-commit"),
    ("fetch", "error: object 1111111111111111111111111111111111111111: hasDotgit: contains '.git'\nfatal: fsck error in packed object", Invalid, "bad-objects"),
    ("fetch", "error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly\nfatal: early EOF", Unavailable, "unreachable"),
    ("fetch", "error: cannot lock ref 'refs/heads/x': Unable to create '/c/x.lock': File exists.", Unavailable, "stale-lock"),
    ("fetch", "fatal: bad object 1111111111111111111111111111111111111111", Unavailable, "git-failed"),
    ("push", "!\trefs/heads/x:refs/heads/main\t[rejected] (stale info)\nDone\nerror: failed to push some refs", Conflict, "branch-moved"),
    ("push", "remote: error: cannot lock ref 'refs/heads/main': is at 2222 but expected 1111\n!\ta:b\t[remote rejected] (failed to update ref)", Conflict, "branch-moved"),
    ("push", "!\ta:b\t[remote rejected] (reference already exists)", Conflict, "branch-moved"),
    ("push", "!\ta:b\t[remote rejected] (incorrect old value provided)", Conflict, "branch-moved"),
    ("push", "!\ta:b\t[remote rejected] (failed to update ref)", Conflict, "branch-busy"),
    ("push", "!\ta:b\t[remote rejected] (cannot lock ref 'refs/heads/main': Unable to create 'x.lock': File exists.)", Conflict, "branch-busy"),
    ("push", "remote: error: Unable to create '/r/x.lock': Permission denied\n!\ta:b\t[remote rejected] (failed to update ref)", Refused, "push-refused"),
    ("push", "!\ta:b\t[remote rejected] (pre-receive hook declined)", Refused, "push-refused"),
    ("push", "remote: error: GH006: Protected branch update failed for refs/heads/main.\n!\ta:b\t[remote rejected] (protected branch hook declined)", Refused, "push-refused"),
    ("push", "remote: error: GH013: Repository rule violations found\n!\ta:b\t[remote rejected] (push declined due to repository rule violations)", Refused, "push-refused"),
    ("push", "remote: error: insufficient permission for adding an object\n!\ta:b\t[remote rejected] (unpacker error)", Refused, "push-refused"),
    ("push", "fatal: the receiving end does not support --atomic push", Refused, "push-refused"),
    ("push", "remote: Permission to a/b.git denied to robin.\nfatal: unable to access 'https://github.com/a/b.git/': The requested URL returned error: 403", Refused, "no-access"),
    ("push", "error: RPC failed; HTTP 504 curl 22 The requested URL returned error: 504\nfatal: the remote end hung up unexpectedly", Unavailable, "unreachable"),
    ("commit-tree", "Author identity unknown\n\n*** Please tell me who you are.\n\nfatal: no email was given and auto-detection is disabled", Invalid, "no-git-identity"),
    ("sign", "error: Load key \"/k\": incorrect passphrase supplied to decrypt private key?\nfatal: failed to write commit object", Invalid, "signing-failed"),
    ("read", "fatal: not a tree object", Unavailable, "git-failed"),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "said", "kind", "code"), RECORDED, ids=lambda value: str(value)[:60])
def test_what_git_says_becomes_the_error_it_means(
    verb: str, said: str, kind: type[RaptError], code: str
) -> None:
    error = classify(verb, 128, said, URL, Trust.OWN)
    assert (type(error), error.code) == (kind, code)
    assert error.message.isprintable()
    assert error.hint


@pytest.mark.parametrize(
    ("said", "is_unknown"),
    [
        ("fatal: unable to access 'https://x/': Could not resolve host: x", False),
        (
            "ssh: connect to host x port 22: Connection timed out\nfatal: Could not read from remote repository.",
            False,
        ),
        ("error: RPC failed; HTTP 504 curl 22\nfatal: the remote end hung up unexpectedly", True),
        ("send-pack: unexpected disconnect while reading sideband packet", True),
        ("client_loop: send disconnect: Broken pipe\nfatal: the remote end hung up unexpectedly", True),
        ("something that nobody has seen before", True),
        ("", True),
    ],
)
def test_only_a_push_that_was_sent_has_an_unknown_outcome(said: str, is_unknown: bool) -> None:
    error = classify("push", 128, said, URL, Trust.OWN)
    assert isinstance(error, Unavailable)
    assert error.outcome_unknown is is_unknown
    reading = classify("fetch", 128, said, URL, Trust.OWN)
    assert isinstance(reading, Unavailable)
    assert not reading.outcome_unknown


def test_the_words_of_the_remote_are_quoted() -> None:
    said = (
        "remote: \nremote: GitLab: You are not allowed to push to main. \x1b[1m\nremote: \n"
        "!\ta:b\t[remote rejected] (pre-receive hook declined)\nerror: failed to push some refs"
    )
    error = classify("push", 1, said, URL, Trust.OWN)
    assert error.message == f"{URL} refused the push: GitLab: You are not allowed to push to main.  [1m"
    silent = classify("push", 1, "!\ta:b\t[remote rejected] (deletion prohibited)", URL, Trust.OWN)
    assert silent.message == f"{URL} refused the push: deletion prohibited"


def test_a_signal_is_named() -> None:
    assert "signal 9" in classify("fetch", -9, "", URL, Trust.OWN).message


def test_the_hint_fits_whose_repository_it_is() -> None:
    said = "fatal: could not read Username for 'https://x': terminal prompts disabled"
    assert "credential helper" in classify("fetch", 128, said, URL, Trust.OWN).hint
    assert "without your credential helpers" in classify("fetch", 128, said, URL, Trust.HOSTILE).hint


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://robin:secret@host/x.git", "https://host/x.git"),
        ("https://ghp_secret@host/x.git", "https://host/x.git"),
        ("https://robin:sec/ret@host/x.git", "https://host/x.git"),
        ("https://host:8080/@scope/x.git", "https://host:8080/@scope/x.git"),
        ("https://host/a@b/x.git", "https://host/a@b/x.git"),
        ("ssh://git@host/x.git", "ssh://git@host/x.git"),
        ("ssh://git:secret@host/x.git", "ssh://git@host/x.git"),
        ("gopher://robin:secret@host/x", "gopher://host/x"),
        ("git@host:x.git", "git@host:x.git"),
        ("/a/path", "/a/path"),
        ("/a/\x1b[31mpath\n", "/a/ [31mpath"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, expected: str) -> None:
    assert shown(url) == expected


def test_a_secret_is_masked_wherever_it_turns_up() -> None:
    url = "https://robin:p%40ssword@host/x.git"
    assert masked("tried p@ssword, then p%40ssword", url) == "tried ***, then ***"
    assert masked("see https://a:b@other/y", url) == "see https://other/y"
    assert masked("tried username, password", "ssh://username:password@host/x") == "tried username, ***"
    assert masked("a b c", "https://a:b@host/x") == "a b c"
