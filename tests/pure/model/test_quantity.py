"""Quantities: Kubernetes' grammar, amounts and order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_rapt.model.quantity import Quantity

AMOUNTS = [
    ("0", 0),
    ("1", 1_000_000_000),
    ("-1", -1_000_000_000),
    ("+1", 1_000_000_000),
    ("12", 12_000_000_000),
    ("1.5", 1_500_000_000),
    (".5", 500_000_000),
    ("1.", 1_000_000_000),
    ("00", 0),
    ("007", 7_000_000_000),
    ("0.5Gi", 536_870_912_000_000_000),
    ("1.5Gi", 1_610_612_736_000_000_000),
    ("100m", 100_000_000),
    ("1500m", 1_500_000_000),
    ("1n", 1),
    ("1u", 1_000),
    ("25n", 25),
    ("1m", 1_000_000),
    ("1k", 1_000_000_000_000),
    ("1M", 1_000_000_000_000_000),
    ("1G", 1_000_000_000_000_000_000),
    ("1T", 1_000_000_000_000_000_000_000),
    ("1P", 1_000_000_000_000_000_000_000_000),
    ("1E", 1_000_000_000_000_000_000_000_000_000),
    ("1Ki", 1_024_000_000_000),
    ("1Mi", 1_048_576_000_000_000),
    ("1Gi", 1_073_741_824_000_000_000),
    ("1Ti", 1_099_511_627_776_000_000_000),
    ("1Pi", 1_125_899_906_842_624_000_000_000),
    ("1Ei", 1_152_921_504_606_846_976_000_000_000),
    ("7Ei", 8_070_450_532_247_928_832_000_000_000),
    ("-1Ki", -1_024_000_000_000),
    ("2e3", 2_000_000_000_000),
    ("2E3", 2_000_000_000_000),
    ("2e+3", 2_000_000_000_000),
    ("2e-3", 2_000_000),
    ("1e18", 1_000_000_000_000_000_000_000_000_000),
    ("1e-9", 1),
    ("1e-10", 1),
    ("-1e-30", -1),
    ("0.0000000001", 1),
    ("1.0000000001", 1_000_000_001),
    ("0.1234567891", 123_456_790),
    ("-0.1234567891", -123_456_790),
    ("9223372036854775807", 9_223_372_036_854_775_807_000_000_000),
    ("0e40", 0),
    ("1.5e3", 1_500_000_000_000),
    ("1.Ki", 1_024_000_000_000),
]
"""Spelling and billionths, computed by ``resource.ParseQuantity`` of k8s.io/apimachinery v0.35.0."""


@pytest.mark.parametrize(("text", "nano"), AMOUNTS)
def test_a_quantity_is_what_kubernetes_computes(text: str, nano: int) -> None:
    quantity = Quantity.parse(text)
    assert quantity.nano == nano
    assert str(quantity) == text


NONE_TEXT = (
    "|+|-|.|--1|+-1|1 | 1|1 Ki|1K|1ki|1KI|1kib|1KiB|1B|1mi|1e|1E+|1ei|1e1.5|1e3m"
    "|1,5|1.2.3|1_0|0x1|1\n|NaN|٣|Ki|m|e3"
)
NONE = NONE_TEXT.split("|")


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_quantity_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(
        ValueError, match="a quantity is a number and a unit such as m, k, M, G, Ki, Mi or Gi"
    ):
        Quantity.parse(text)


@pytest.mark.parametrize("text", ["9223372036854775808", "-8Ei", "1e19", "1e999999999", "9" * 4000])
def test_more_than_kubernetes_keeps_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a quantity is at most 2\^63-1$"):
        Quantity.parse(text)


def test_an_exponent_of_any_size_takes_no_time() -> None:
    assert Quantity.parse("1e-999999999999").nano == 1
    assert Quantity.parse("0e999999999999").nano == 0
    assert Quantity.parse(f"{'9' * 100}e-100").nano == 10**9
    assert Quantity.parse(f"{'9' * 100}e-109").nano == 1


def test_quantities_are_compared_by_amount_and_not_by_spelling() -> None:
    parse = Quantity.parse
    assert parse("1Gi") == parse("1024Mi")
    assert hash(parse("1Gi")) == hash(parse("1024Mi"))
    assert parse("1000m") == parse("1")
    assert sorted(map(parse, ["1Gi", "1G", "2", "100m", "-1"])) == list(
        map(parse, ["-1", "100m", "2", "1G", "1Gi"])
    )
    assert parse("1G") < parse("1Gi") <= parse("1024Mi")


@settings(deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["m", "", "k", "Ki", "M", "Mi"]))
def test_every_number_with_a_unit_is_a_quantity(number: int, unit: str) -> None:
    factors = {"m": 10**6, "": 10**9, "k": 10**12, "Ki": 1024 * 10**9, "M": 10**15, "Mi": 1024**2 * 10**9}
    assert Quantity.parse(f"{number}{unit}").nano == number * factors[unit]
