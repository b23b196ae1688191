"""What reviewers read about a release."""

from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating import definition, proposal, readme
from kubectl_rapt.templating.compatibility import Change

TEMPLATE = definition.load(
    """
apiVersion: rapt.dev/v1alpha1
kind: Template
name: backup
version: 1.1.0
summary: Back up a volume
parameters:
- {name: volume, type: volumeRef, description: Claim to archive}
- {name: words, type: list, at: run, default: []}
- {name: code, type: string, at: run, description: "a | b", example: "echo hello"}
- {name: keep, type: integer, default: 7, description: How many}
- {name: script, type: string, default: "one\\ntwo"}
""",
    "template.yaml",
)


def test_a_first_release_shows_all_of_its_examples() -> None:
    made = proposal.proposal(TEMPLATE, None, (), {}, {"tests/a.yaml": "kind: Job\n"}, ["It is the first."])
    assert made.branch == "rapt/template/backup/1.1.0"
    assert made.title == "Release backup 1.1.0"
    assert made.body == (
        "Back up a volume\n\n- It is the first.\n\n### Rendered examples\n\n"
        "```diff\n--- /dev/null\n+++ b/tests/a.yaml\n@@ -0,0 +1 @@\n+kind: Job\n```\n"
    )
    assert made.message == f"{made.title}\n\n{made.body}"


def test_a_later_release_says_what_changes() -> None:
    changes = [Change("minor", "keep", "is new")]
    same = {"tests/a.yaml": "kind: Job\n"}
    made = proposal.proposal(TEMPLATE, Version(1, 0, 0), changes, same, same)
    assert made.title == "Release backup 1.1.0 (after 1.0.0)"
    assert "### What changes since 1.0.0\n\n- minor: `keep` is new\n" in made.body
    assert made.body.endswith("### Rendered examples\n\nEvery example renders as it did before.\n")


def test_a_test_that_is_gone_is_shown() -> None:
    made = proposal.proposal(TEMPLATE, Version(1, 0, 0), (), {"tests/a.yaml": "a\n"}, {})
    assert "--- a/tests/a.yaml\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n" in made.body


def test_no_example_ends_its_own_block() -> None:
    made = proposal.proposal(TEMPLATE, None, (), {}, {"tests/a.yaml": "```\n# A heading\n`````\n"})
    lines = made.body.splitlines()
    assert lines[-1] == "``````"
    assert lines.count("``````diff") == 1


def test_a_difference_without_end_is_cut() -> None:
    made = proposal.proposal(TEMPLATE, None, (), {}, {"tests/a.yaml": "line\n" * 5000})
    assert len(made.body.splitlines()) < 2020
    assert made.body.endswith("… and 3003 lines more\n")


def test_the_readme_has_a_row_for_each_parameter_and_a_command_to_try() -> None:
    text = readme.spell(TEMPLATE)
    assert "kubectl rapt add backup --in dev --set volume=data\n" in text
    assert "kubectl rapt run backup --set code='echo hello'\n" in text
    assert [line for line in text.splitlines() if line.startswith("| `")] == [
        "| `volume` | volumeRef | install | required | Claim to archive |",
        "| `words` | list | run | none |  |",
        "| `code` | string | run | required | a \\| b |",
        "| `keep` | integer | install | 7 | How many |",
        "| `script` | string | install | one two |  |",
    ]
