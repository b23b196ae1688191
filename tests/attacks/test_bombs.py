"""Small texts that want to become large: refused in a second of CPU and 200 MiB, and the next one is served."""

import pytest

from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.errors import Invalid
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.templating.job import Rendered
from tests.attacks import corpus
from tests.attacks.corpus import Bomb

SMALL = RenderRequest(
    "small.j2",
    """\
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: tool, image: a}
""",
    (),
    {},
)


@pytest.mark.parametrize("bomb", list(corpus.bombs()), ids=lambda bomb: bomb.name)
def test_bomb_is_refused_in_time_and_memory(bomb: Bomb, sandbox: Sandbox) -> None:
    assert [type(answer) for answer in sandbox.render_many([SMALL])] == [Rendered]
    usual = sandbox.used["peakBytes"]

    request = RenderRequest(corpus.FILE, bomb.source, bomb.parameters, bomb.answers)
    (answer,) = sandbox.render_many([request])

    assert isinstance(answer, Invalid)
    assert bomb.refused in answer.message
    assert len(answer.message) < 1000
    assert sandbox.used["cpuSeconds"] < 1
    assert sandbox.used["peakBytes"] - usual < 200 * 1024 * 1024
