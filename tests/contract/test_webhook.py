"""A webhook that misbehaves: what is tried again, what is not, and that nobody waits for ever."""

import time
from collections.abc import Iterator

import pytest

from kubectl_rapt.adapters.webhook import Webhook
from kubectl_rapt.errors import Refused, Unavailable
from tests.listener import Listener, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def post(listener: Listener, timeout_seconds: float = 30) -> None:
    Webhook(timeout_seconds, 0.01).post(listener.url, b'{"id":1}', {"X-Rapt-Delivery": "1"})


def test_a_message_that_was_not_taken_is_sent_again_as_it_was(listener: Listener) -> None:
    listener.answers = [503, 429]
    post(listener)
    assert [body for body, _ in listener.heard] == [b'{"id":1}'] * 3
    assert {headers["X-Rapt-Delivery"] for _, headers in listener.heard} == {"1"}


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410])
def test_what_would_not_help_is_not_tried_again_and_no_redirect_is_followed(
    listener: Listener, status: int
) -> None:
    listener.answers = [status]
    with pytest.raises(Refused, match=str(status)) as caught:
        post(listener)
    assert caught.value.code == "webhook-refused"
    assert len(listener.heard) == 1


def test_one_that_only_fails_or_never_answers_is_given_up_after_three_tries(listener: Listener) -> None:
    listener.answers = [500, 502, 503]
    with pytest.raises(Unavailable, match="cannot be told"):
        post(listener)
    assert len(listener.heard) == 3
    listener.answers, listener.heard = [None, None, None], []
    with pytest.raises(Unavailable, match="cannot be told"):
        post(listener, 0.5)
    for _ in range(300):  # a busy machine hears the last one after it was given up
        if len(listener.heard) == 3:
            break
        time.sleep(0.1)
    assert len(listener.heard) == 3


def test_where_nobody_listens_it_is_said() -> None:
    listener = Listener()
    listener.server_close()
    with pytest.raises(Unavailable, match="NewConnectionError") as caught:
        post(listener)
    assert caught.value.code == "webhook-silent"
