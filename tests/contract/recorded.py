"""Answers of a real API server (v1.35) and of ``kubectl proxy``, as they were recorded."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "answers"


@dataclass(frozen=True)
class Answer:
    """A recorded answer; the names of its headers are lower-case."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def raw(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


def answer(name: str) -> Answer:
    """The answer in the file of that name."""
    data = json.loads((_FOLDER / f"{name}.json").read_text())
    if "httpStatus" not in data:  # recorded without its envelope
        return Answer(data["code"], {}, data)
    headers = {key.lower(): value for key, value in data.get("headers", {}).items()}
    return Answer(data["httpStatus"], headers, data["body"])


def refusals() -> list[str]:
    """The names of all answers that are no success."""
    names = sorted(path.stem for path in _FOLDER.glob("*.json"))
    return [name for name in names if answer(name).status >= 400]
