"""The cache: what is worked out once, and what damage to its folder comes to."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kubectl_rapt.adapters.cache import FolderCache


def counting(answers: list[bytes]) -> tuple[Callable[[], bytes], list[int]]:
    calls: list[int] = []

    def compute() -> bytes:
        calls.append(1)
        return answers[min(len(calls), len(answers)) - 1]

    return compute, calls


def the_file(folder: Path) -> Path:
    (found,) = [path for path in folder.rglob("*") if not path.is_dir()]
    return found


def test_what_was_worked_out_is_not_worked_out_again(tmp_path: Path) -> None:
    compute, calls = counting([b"one\n\0two"])
    for _ in range(3):
        assert FolderCache(tmp_path).remembered("key", compute) == b"one\n\0two"
    assert len(calls) == 1
    other, others = counting([b"other"])
    assert FolderCache(tmp_path).remembered("key2", other) == b"other"
    assert len(others) == 1


def deleted(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def changed(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"answer", b"anzwer"))


def of_another_key(path: Path) -> None:
    folder = path.parents[1] / "other"
    FolderCache(folder).keep("another key", b"answer")
    path.write_bytes(the_file(folder).read_bytes())
    the_file(folder).unlink()


def a_link(path: Path) -> None:
    target = path.with_name("target")
    path.rename(target)
    path.symlink_to(target)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def without_end(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "damage", [deleted, emptied, cut, changed, of_another_key, a_link, a_folder, a_pipe, without_end]
)
def test_a_damaged_file_is_worked_out_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    cache = FolderCache(tmp_path)
    cache.keep("key", b"answer")
    damage(the_file(tmp_path))
    compute, calls = counting([b"answer"])
    assert cache.remembered("key", compute) == b"answer"
    assert len(calls) == 1


def test_a_cache_that_cannot_be_written_answers_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    compute, calls = counting([b"answer"])
    cache = FolderCache(tmp_path / "file" / "cache")
    assert [cache.remembered("key", compute) for _ in range(2)] == [b"answer"] * 2
    assert len(calls) == 2


def test_an_error_is_not_remembered(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise ValueError("no")

    cache = FolderCache(tmp_path)
    with pytest.raises(ValueError, match="no"):
        cache.remembered("key", fail)
    assert cache.latest("key") is None
    assert cache.remembered("key", lambda: b"yes") == b"yes"


def test_many_at_once_never_see_half_an_answer(tmp_path: Path) -> None:
    answers = [bytes([number]) * 200_000 for number in range(4)]

    def work(number: int) -> bool:
        cache = FolderCache(tmp_path)
        cache.keep("key", answers[number % 4])
        return cache.latest("key") in answers

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(80)))
    assert the_file(tmp_path)
