"""What a template's folder may hold."""

import pytest

from kubectl_rapt.templating import contents

GOOD = [("template.yaml", "100644", 10), ("job.yaml.j2", "100644", 10)]
MIB = 1024 * 1024


def test_plain_files_in_folders_are_a_template() -> None:
    assert contents.fault(GOOD) == ""
    more = [("tests", "040000", 0), *[(f"tests/{number}.yaml", "100644", 1) for number in range(198)]]
    assert contents.fault([*GOOD, *more]) == ""
    assert contents.fault([*GOOD, ("a", "100644", MIB), ("ä", "100644", MIB)]) == ""


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        (GOOD[:1], "it has no job.yaml.j2"),
        (GOOD[1:], "it has no template.yaml"),
        ([], "it has no template.yaml"),
        ([(f"{number}", "100644", 1) for number in range(201)], "it has more than 200 files"),
        ([*GOOD, ("a", "120000", 1)], "'a' is a symbolic link; a template has plain files only"),
        ([*GOOD, ("a", "160000", 0)], "'a' is a submodule; a template has plain files only"),
        ([*GOOD, ("a", "100755", 1)], "'a' is executable; a template has plain files only"),
        ([*GOOD, ("a", "100664", 1)], "'a' has the mode 100664; a template has plain files only"),
        ([*GOOD, ("a", "100644", MIB + 1)], "'a' has 1,048,577 bytes; a file has at most 1 MiB"),
        ([*GOOD, *[(f"{one}", "100644", MIB) for one in range(5)]], "its files have more than 5 MiB in all"),
        ([*GOOD, ("a", "100644", 1), ("A", "100644", 1)], "'a' and 'A' are one file on some machines"),
        ([*GOOD, ("ß", "100644", 1), ("SS", "100644", 1)], "'\\xdf' and 'SS' are one file on some machines"),
        (
            [*GOOD, ("a", "040000", 0), ("a/x", "100644", 1), ("A", "040000", 0), ("A/y", "100644", 1)],
            "'a' and 'A' are one file on some machines",
        ),
        (
            [*GOOD, ("é", "100644", 1), ("e\u0301", "100644", 1)],
            "'\\xe9' and 'e\\u0301' are one file on some machines",
        ),
        ([*GOOD, ("../a", "100644", 1)], "'../a' leads out of the folder"),
        ([*GOOD, ("/a", "100644", 1)], "'/a' leads out of the folder"),
        ([*GOOD, ("a/.GIT/x", "100644", 1)], "'a/.GIT/x' leads out of the folder"),
        ([*GOOD, (".git.", "100644", 1)], "'.git.' leads out of the folder"),
        ([*GOOD, ("a\\b", "100644", 1)], "'a\\\\b' has a character that no path should have"),
        ([*GOOD, ("a\nb", "100644", 1)], "'a\\nb' has a character that no path should have"),
        ([*GOOD, ("a\udcff", "100644", 1)], "'a\\udcff' is not UTF-8"),
    ],
)
def test_everything_else_is_a_fault(entries: list[tuple[str, str, int]], fault: str) -> None:
    assert contents.fault(entries) == fault
