"""Pages of the documentation on a terminal."""

from pathlib import Path

from kubectl_rapt.cli import pages

ERRORS = Path(__file__).parents[3] / "docs" / "errors.md"
TEXT = """\
# Errors

Of these there are two.

## first-one

It went wrong: this way. And so
it goes on.

A second paragraph.

## second

`kubectl` is not there.
"""


def test_what_stands_under_each_heading_is_found() -> None:
    found = pages.sections(TEXT)
    assert list(found) == ["first-one", "second"]
    assert found["second"] == "`kubectl` is not there."
    assert pages.summary(found["first-one"]) == "It went wrong: this way"


def test_paragraphs_are_filled_to_the_width() -> None:
    found = pages.sections(TEXT)["first-one"]
    assert pages.filled(found, 40) == "It went wrong: this way. And so it goes\non.\n\nA second paragraph."


def test_each_page_of_an_error_is_paragraphs_that_fit_any_terminal() -> None:
    for code, body in pages.sections(ERRORS.read_text("utf-8")).items():
        assert body, f"{code} has a heading and no words"
        lines = body.splitlines()
        assert not any(line.startswith(("- ", "|", "```", "#", "    ")) for line in lines), (
            f"{code}: a page is shown on terminals, as paragraphs"
        )
        assert len(pages.summary(body)) > 10, code
