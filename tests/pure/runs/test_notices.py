"""The message to a webhook: the same each time, and signed."""

import hashlib
import hmac
import json

from kubectl_rapt.objects.runs import Attempt
from kubectl_rapt.runs import news, notices
from tests.given import NOON, a_run

RUN = a_run(
    uid="run-1",
    state="Failed",
    attempts=(Attempt(1, "backup-x7k2p-1", "job-1", None, NOON, 3, "ExitCode", "it said no"),),
    finished_at=NOON,
)


def test_a_message_says_what_happened_and_whoever_gets_it_twice_knows() -> None:
    alarm = news.alarm(RUN)
    assert alarm
    told = json.loads(notices.body(RUN, alarm))
    assert told["id"] == notices.identity(RUN, alarm) == "run-1/1/RunFailed"
    assert told["message"] == "run/backup-x7k2p failed: ExitCode, exit code 3"
    assert told["run"]["finishedAt"] == "2026-11-22T12:00:00Z"
    assert (told["run"]["cause"], told["run"]["exitCode"]) == ("ExitCode", 3)
    assert notices.body(RUN, alarm) == notices.body(RUN, alarm)


def test_the_signature_is_of_time_and_body() -> None:
    alarm = news.alarm(RUN)
    assert alarm
    sent = notices.headers(b"{}", alarm, "run-1/1/RunFailed", "key", NOON)
    expected = hmac.new(b"key", f"{int(NOON.timestamp())}.{{}}".encode(), hashlib.sha256).hexdigest()
    assert sent["X-Rapt-Signature"] == f"sha256={expected}"
    assert (sent["X-Rapt-Event"], sent["X-Rapt-Delivery"]) == ("RunFailed", "run-1/1/RunFailed")
