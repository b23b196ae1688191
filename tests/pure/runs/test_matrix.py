"""One run for each combination of answers."""

import pytest

from kubectl_rapt.errors import UsageError
from kubectl_rapt.runs import matrix


def test_every_combination_once_in_the_order_given() -> None:
    assert matrix.read(["day=mon,tue", "size=s,l"]) == [
        {"day": "mon", "size": "s"},
        {"day": "mon", "size": "l"},
        {"day": "tue", "size": "s"},
        {"day": "tue", "size": "l"},
    ]
    assert matrix.read([]) == [{}], "without a matrix there is one run, with nothing of its own"


@pytest.mark.parametrize(
    "texts",
    [["day"], ["=a"], ["day="], ["day=a,,b"], ["day=a", "day=b"], ["day=a,a"]],
)
def test_what_is_no_matrix_is_refused(texts: list[str]) -> None:
    with pytest.raises(UsageError, match="--matrix"):
        matrix.read(texts)


def test_the_number_of_runs_is_bounded() -> None:
    tens = ",".join(map(str, range(10)))
    assert len(matrix.read([f"a={tens}", f"b={tens}"])) == matrix.MOST == 100
    with pytest.raises(UsageError, match="1000 runs"):
        matrix.read([f"a={tens}", f"b={tens}", f"c={tens}"])


def test_a_combination_has_the_same_name_whatever_else_is_in_the_matrix() -> None:
    wide, narrow = matrix.read(["day=mon,tue", "size=s"]), matrix.read(["size=s", "day=tue"])
    names = [matrix.name("nightly", one) for one in wide]
    assert len(set(names)) == 2
    assert matrix.name("nightly", narrow[0]) == names[1]
    assert all(len(name) == len("nightly") + matrix.ROOM for name in names)


@pytest.mark.parametrize(("codes", "code"), [([0, 0], 0), ([], 0), ([0, 42, 7], 42), ([125, 1], 125)])
def test_the_first_code_that_is_not_nought_ends_it(codes: list[int], code: int) -> None:
    assert matrix.exit_code(codes) == code
