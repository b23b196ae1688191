"""One child that renders, for all attacks: what one of them breaks, the next would notice."""

from collections.abc import Iterator

import pytest

from kubectl_rapt.adapters.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as renderer:
        yield renderer
