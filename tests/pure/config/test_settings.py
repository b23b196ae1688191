"""The person's own settings: a file, in YAML or JSON, and stronger variables."""

import pytest

from kubectl_rapt.config import settings
from kubectl_rapt.config.settings import Settings
from kubectl_rapt.errors import Invalid, Problem

REPOSITORY, ENVIRONMENT = "git@git.example:ops/config.git", "dev"
FULL = Settings(REPOSITORY, ENVIRONMENT, {"prod": "admin@prod"}, {"git.example.com:3000": "A_TOKEN"})
FILE = (
    f"repository: {REPOSITORY}\nenvironment: dev\ncontexts:\n  prod: admin@prod\n"
    "forges:\n  git.example.com:3000: A_TOKEN\n"
)


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        ("", {}, Settings()),
        (" \n", {}, Settings()),
        ("{}", {}, Settings()),
        (FILE, {}, FULL),
        ('{"environment": "dev"}', {}, Settings(environment="dev")),
        ("", {"RAPT_REPOSITORY": REPOSITORY}, Settings(REPOSITORY)),
        ("", {"RAPT_ENVIRONMENT": "prod"}, Settings(environment="prod")),
        (FILE, {"RAPT_ENVIRONMENT": "prod"}, Settings(REPOSITORY, "prod", FULL.contexts, FULL.forges)),
        (FILE, {"RAPT_REPOSITORY": "elsewhere"}, Settings("elsewhere", "dev", FULL.contexts, FULL.forges)),
        (FILE, {"RAPT_REPOSITORY": "", "RAPT_ENVIRONMENT": "", "RAPT_CONTEXTS": "x"}, FULL),
    ],
)
def test_a_variable_is_stronger_than_the_file(text: str, environ: dict[str, str], expected: Settings) -> None:
    assert settings.read(text, "config.yaml", environ) == expected


def test_all_mistakes_are_told_at_once() -> None:
    text = "repositry: x\nenvironment: [dev]\ncontexts: {prod: 1}\ncolour: blue\ncontext: x\n"
    with pytest.raises(Invalid) as caught:
        settings.read(text, "config.yaml", {})
    assert caught.value.code == "bad-settings"
    assert caught.value.message == "config.yaml has settings that are invalid"
    assert caught.value.hint == '"${EDITOR:-vi}" config.yaml'
    assert caught.value.problems == (
        Problem("repositry", "is not a setting; did you mean: repository?"),
        Problem("environment", "expects a text"),
        Problem("contexts", "expects a mapping of names"),
        Problem("colour", "is not a setting"),
        Problem("context", "is not a setting; did you mean: contexts?"),
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("forges: {git.example.com: ghp_0123456789abcdef}", "bad-settings"),
        ("[]", "bad-settings"),
        ("dev", "bad-settings"),
        ("contexts: prod", "bad-settings"),
        ("a: b: c", "bad-yaml"),
    ],
)
def test_what_is_no_mapping_of_settings_is_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        settings.read(text, "config.yaml", {})
    assert caught.value.code == code
    if text == "[]":
        assert caught.value.message == "config.yaml is not a mapping of settings"
        assert caught.value.hint == '"${EDITOR:-vi}" config.yaml'


@pytest.mark.parametrize("wanted", [Settings(), Settings(REPOSITORY), FULL])
def test_settings_are_written_and_read_back(wanted: Settings) -> None:
    assert settings.read(settings.spell(wanted), "config.json", {}) == wanted


def test_nothing_empty_is_written() -> None:
    assert settings.spell(Settings(environment="dev")) == '{\n  "environment": "dev"\n}\n'
