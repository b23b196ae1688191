"""Whole numbers in texts that anybody may have written."""

import pytest

from kubectl_rapt.model import digits


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", 0), ("7", 7), ("007", 7), ("123456789012345", 123456789012345)),
        *(("", None), ("-1", None), ("+1", None), ("1.0", None), (" 1", None), ("1\n", None), ("1_0", None)),
        *(("²", None), ("١٢", None), ("９", None), ("9" * 5000, None)),
    ],
)
def test_ascii_digits_are_a_number_and_nothing_else_is(text: str, number: int | None) -> None:
    assert digits.whole(text) == number
