"""What Rapt asks of whatever renders templates: Jobs, in order, from text that is not trusted."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kubectl_rapt.errors import RaptError
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.parameters import Parameter


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """One Job to render.

    Args:
        file: The template's file, for messages: ``templates/backup/job.yaml.j2``.
        source: Its text.
        parameters: All its parameters.
        answers: Values by parameter name, as ``parameters.check`` gives them.
    """

    file: str
    source: str
    parameters: tuple[Parameter, ...]
    answers: Mapping[str, Any]


class Renderer(Protocol):
    """Renders templates where they can do no harm: limited in time, memory and output."""

    def render_many(self, requests: Iterable[RenderRequest]) -> Iterator[Rendered | RaptError]:
        """One answer for each request, in order: the Job, or why there is none.

        Neighbours of one template are rendered together: keep them next to each other. Answers are yielded as
        they come; one that fails does not disturb the next.

        Raises:
            Unavailable: The renderer itself does not work.
        """
        ...

    def close(self) -> None:
        """End it. It starts again where it is used again."""
        ...
