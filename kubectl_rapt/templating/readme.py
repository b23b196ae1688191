"""The README that a new template begins with: what it does, what it asks, how to run it."""

from kubectl_rapt.model import shell
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.parameters import Parameter


def spell(template: Template) -> str:
    """Markdown with a row for each parameter, to be completed by the author."""
    needed = [one for one in template.parameters if one.required and one.default is None]
    install = "".join(_flag(one) for one in needed if one.at == "install")
    at_run = "".join(_flag(one) for one in needed if one.at == "run")
    lines = [
        f"# {template.name}",
        "",
        f"{template.summary}.",
        "",
        "```",
        f"kubectl rapt add {shell.word(template.name)} --in dev{install}",
        f"kubectl rapt run {shell.word(template.name)}{at_run}",
        "```",
        "",
    ]
    if template.parameters:
        lines += ["| parameter | type | set at | default | |", "|---|---|---|---|---|"]
        lines += [_row(one) for one in template.parameters]
    return "\n".join(lines).rstrip("\n") + "\n"


def _flag(parameter: Parameter) -> str:
    value = parameters.example(parameter)
    spelled = shell.BLANK if value is None else parameters.spell(value)
    return f" --set {shell.word(parameter.name)}={shell.quoted(spelled)}"


def _row(parameter: Parameter) -> str:
    default = parameter.default
    said = "none" if default in ([], "") else "required" if default is None else parameters.spell(default)
    said = " ".join(said.split())
    cells = [
        f"`{parameter.name}`",
        parameter.type,
        parameter.at,
        said if len(said) <= 60 else said[:59] + "…",
        parameter.description,
    ]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
