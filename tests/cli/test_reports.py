"""The report about a bug holds neither values nor secrets."""

from pathlib import Path

import pytest

from kubectl_rapt.cli import options
from tests.cli.conftest import Ask
from tests.secrets import CANARIES, Canary


@pytest.mark.parametrize("canary", CANARIES, ids=lambda one: one.name)
def test_a_report_repeats_no_value_that_was_typed(
    ask: Ask, home: Path, monkeypatch: pytest.MonkeyPatch, canary: Canary
) -> None:
    def bug(*_: object) -> None:
        try:
            raise KeyError(canary.text)
        except KeyError as error:
            raise ValueError(f"cannot take {canary.value} of {canary.text!r}") from error

    monkeypatch.setattr(options, "open_world", bug)
    words = ["script", "--in", "dev", "--set", f"script={canary.text}", f"--set=args={canary.value}"]
    for command in ("run", "add"):
        ended = ask(command, *words)
        assert ended.exit_code == 3
        path = Path(ended.stderr.split("report: ")[1].strip())
        report = path.read_text()
        assert "ValueError: cannot take …" in report
        for told in (report, ended.stderr, ended.stdout):
            assert canary.value not in told
