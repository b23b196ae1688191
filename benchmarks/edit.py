"""The edit case's program, run by the Python that Rapt is installed in: ``edit.py rapt|ruamel COUNT``.

It sets one value in a ``rapt.yaml`` of 200 lines and in a tool's file of 60 so often: by Rapt's splice, or by a
round trip of ruamel.yaml, which keeps comments too.
"""

import gc
import io
import sys

PROJECT = "# Ours.\napiVersion: rapt.dev/v1alpha1\nkind: Project\nid: 0a1b2c3d\n\nenvironments:\n" + "".join(
    f"""\
  team-{number}:   # the place of team {number}
    cluster: 5d2f11aa-0000-4000-8000-{number:012}
    # the first is the usual one
    namespaces: [team-{number}, shared]
    review: required
    profile: standard

"""
    for number in range(28)
)
TOOL = (
    "# How we look.\napiVersion: rapt.dev/v1alpha1\nkind: Installation\ntemplate: http-check\nanswers:\n"
    + "".join(
        f"  # about option {number}\n  option-{number}: 'https://example.com/{number}'   # as agreed\n\n"
        for number in range(18)
    )
)
EDITS = ((PROJECT, ("environments", "team-20", "profile")), (TOOL, ("answers", "option-9")))


def main(way: str, count: int) -> None:
    """Edit so often."""
    gc.disable()  # as kubectl-rapt does
    for number in range(count):
        for text, keys in EDITS:
            edited = (
                _by_rapt(text, keys, f"other-{number}") if way == "rapt" else _by_ruamel(text, keys, number)
            )
            if f"other-{number}" not in edited:
                raise SystemExit("the edit is not there")


def _by_rapt(text: str, keys: tuple[str, ...], value: str) -> str:
    from kubectl_rapt import edits

    return edits.put(text, "/" + "/".join(keys), value)


def _by_ruamel(text: str, keys: tuple[str, ...], number: int) -> str:
    from ruamel.yaml import YAML

    yaml, output = YAML(typ="rt"), io.StringIO()
    at = data = yaml.load(text)
    for key in keys[:-1]:
        at = at[key]
    at[keys[-1]] = f"other-{number}"
    yaml.dump(data, output)
    return output.getvalue()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
