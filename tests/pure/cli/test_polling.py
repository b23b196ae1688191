"""Files that a person changes are noticed once for each time that they have come to rest."""

import pytest

from kubectl_rapt.cli import polling
from kubectl_rapt.errors import Invalid


@pytest.fixture(autouse=True)
def _no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "LOOK_SECONDS", 0)


def test_a_change_that_was_seen_while_something_ran_is_not_waited_for_again() -> None:
    contents = iter(["one", "two", "two", "two", "three", "three"])
    files = polling.Files(lambda: {"a": next(contents).encode()})
    assert files.have_changed()
    files.wait()
    files.wait()
    assert next(contents, "") == "", "the second wait saw the next change, and that it had come to rest"


def test_what_cannot_be_read_for_a_moment_is_a_change_too() -> None:
    answers = iter([b"one", None, b"two"])

    def read() -> dict[str, bytes]:
        answer = next(answers)
        if answer is None:
            raise Invalid("bad-checkout", "it is being written")
        return {"a": answer}

    files = polling.Files(read)
    assert files.have_changed() and files.have_changed()
