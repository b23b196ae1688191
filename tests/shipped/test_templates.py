"""What ships: each template passes its own tests in the real sandbox, and the index knows its files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.errors import RaptError
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.templating import definition, index, policies, testing
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.testing import Case
from tests.shipped import release

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.name for path in (ROOT / "templates").iterdir())
FILES = {name: release.files(ROOT / "templates" / name) for name in NAMES}
TEMPLATES = {
    name: definition.load(FILES[name]["template.yaml"], f"templates/{name}/template.yaml") for name in NAMES
}
CASES = [(name, case) for name in NAMES for case in testing.cases(FILES[name], f"templates/{name}")]
POLICIES = {f"policies/{path}": content for path, content in release.files(ROOT / "policies").items()}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.mark.parametrize(("name", "case"), CASES, ids=[case.source for _, case in CASES])
def test_the_template_passes_its_own_test(sandbox: Sandbox, name: str, case: Case) -> None:
    template = TEMPLATES[name]

    def render(values: Mapping[str, Any]) -> Rendered:
        source = FILES[name]["job.yaml.j2"].decode()
        request = RenderRequest(f"templates/{name}/job.yaml.j2", source, template.parameters, values)
        (rendered,) = sandbox.render_many([request])
        if isinstance(rendered, RaptError):
            raise rendered
        return rendered

    assert testing.run(template, case, render) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_template_renders_and_refuses_in_its_tests(name: str) -> None:
    found = [case for owner, case in CASES if owner == name]
    assert any(case.expect for case in found)
    assert any(case.refused for case in found)


@pytest.mark.parametrize("name", NAMES)
def test_the_folder_and_the_template_have_one_name(name: str) -> None:
    assert TEMPLATES[name].name == name


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_tells_every_parameter_with_its_default(name: str) -> None:
    readme = FILES[name]["README.md"].decode()
    for parameter in TEMPLATES[name].parameters:
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| `{parameter.name}` |")]
        _, _, kind, at, default, *_ = (cell.strip(" `") for cell in row.split("|"))
        said = "none" if parameter.default == [] else str(parameter.default or "required")
        assert (kind, at, default) == (parameter.type, parameter.at, said)


@pytest.mark.parametrize("name", NAMES)
def test_the_policies_that_it_names_are_there(name: str) -> None:
    template = TEMPLATES[name]
    assert policies.compile(POLICIES, template.retry_policy, template.cleanup_policy).job == {
        "backoffLimit": 0,
        "ttlSecondsAfterFinished": 7 * 86_400,
    }


@pytest.mark.parametrize("name", NAMES)
def test_it_says_how_much_it_needs(name: str) -> None:
    resources = TEMPLATES[name].resources
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}


@pytest.mark.parametrize("path", POLICIES)
def test_every_policy_can_be_read(path: str) -> None:
    read: Any = policies.read_cleanup if "/cleanup/" in path else policies.read_retry
    assert read(POLICIES[path], path).summary


@pytest.mark.parametrize("name", NAMES)
def test_the_index_knows_the_files_of_the_template(name: str) -> None:
    text = (ROOT / "registry" / "index.yaml").read_text()
    found = index.load(text, "registry/index.yaml").versions(name).get(TEMPLATES[name].version)
    assert found == index.release_of(FILES[name]), "run: python -m tests.shipped.release"
