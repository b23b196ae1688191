"""How a template is named."""

import pytest

from kubectl_rapt.errors import UsageError
from kubectl_rapt.model.versions import VersionRange
from kubectl_rapt.templating.reference import Reference


@pytest.mark.parametrize(
    ("text", "registry", "name", "wanted"),
    [
        ("backup", "", "backup", ""),
        ("team/backup", "team", "backup", ""),
        ("backup@1.2.0", "", "backup", "1.2.0"),
        ("backup@^1.2", "", "backup", "^1.2"),
        ("team/backup@~1.2", "team", "backup", "~1.2"),
        ("team/backup@1.0.0-rc.1+b", "team", "backup", "1.0.0-rc.1+b"),
    ],
)
def test_a_reference_is_read_and_spelled(text: str, registry: str, name: str, wanted: str) -> None:
    found = Reference.parse(text)
    assert found == Reference(name, registry, VersionRange.parse(wanted) if wanted else None)
    assert str(found) == text


@pytest.mark.parametrize(
    "text", ["", "@1.0.0", "a@", "/a", "a/", "a/b/c", "a@1", "a@b", "a@1.0.0@2.0.0", "a@1/2"]
)
def test_what_is_no_reference_says_how_one_is_written(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Reference.parse(text)
    assert caught.value.code == "bad-reference"
    assert caught.value.hint
