"""Remove a tool from an environment, or from some of its namespaces."""

from collections.abc import Sequence

from kubectl_rapt import edits
from kubectl_rapt.actions.composition import Make
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import layout
from kubectl_rapt.config.changes import Draft
from kubectl_rapt.errors import NotFound, Refused
from kubectl_rapt.model import shell


def draft(tool: str, environment_name: str, namespaces: Sequence[str] = ()) -> Make:
    """The edit that removes a tool; the other consumers of a shared one keep theirs.

    Args:
        tool: The tool's name.
        environment_name: Its environment.
        namespaces: Where it is not to be any more; empty for everywhere.
    """

    def make(found: Repository) -> Draft:
        environment = found.project().environment(environment_name)
        text = found.definition(environment.name, tool).decode()
        path = layout.definition(environment.name, tool)
        if not namespaces:
            return Draft({path: None}, f"Remove {tool} from {environment.name}")
        held = found.installation(environment.name, tool).namespaces or environment.namespaces[:1]
        if strange := [one for one in namespaces if one not in held]:
            raise NotFound(
                "not-shared",
                f"{tool} is not in namespace {', '.join(strange)} but in {', '.join(held)}",
                "kubectl rapt list --repository",
            )
        left = [one for one in held if one not in namespaces]
        if not left:
            raise Refused(
                "last-namespace",
                f"{tool} would be in no namespace of {environment.name} any more",
                f"kubectl rapt remove {shell.word(tool)} --in {shell.word(environment.name)}",
            )
        summary = f"Remove {tool} from namespace {', '.join(namespaces)} in {environment.name}"
        return Draft({path: edits.put(text, "/namespaces", left, path).encode()}, summary)

    return make
