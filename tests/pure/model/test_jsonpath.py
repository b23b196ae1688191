"""JSONPath against the real kubectl, which needs no cluster to print a local object."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kubectl_rapt.model.jsonpath import JsonPath
from tests.cluster import kubectl

OBJECT = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "one", "labels": {"rapt.dev/tool": "backup"}, "annotations": {"x": "1"}},
    "spec": {
        "items": [
            {"name": "a", "size": 3, "on": True, "ratio": 1.5, "tags": ["x", "y"], "at": {"z": "<&>"}},
            {"name": "b", "size": 10, "on": False, "tags": [], "none": None},
            {"name": "it's", "size": -1, "at": {"z": "é\tü", "deep": {"name": "inner"}}},
        ],
        "big": 12345678901,
        "text": "two words",
        "empty": {},
    },
}

RIGHT = (
    "{.metadata.name}",
    "plain text",
    "{}",
    "a{.metadata.name}b{.kind}c",
    "{@.metadata.name} {$.kind}",
    "{.missing}",
    "{.missing.too}|",
    "{.metadata}",
    "{.spec.items}",
    "{.spec.empty}",
    "{.spec.items[0]}",
    "{.spec.items[-1].name}",
    "{.spec.items[*].name}",
    "{.spec.items[:2].name}",
    "{.spec.items[1:].name}",
    "{.spec.items[0:3:2].name}",
    "{.spec.items[::2].name}",
    "{.spec.items[-2:].name}",
    "{.spec.items[-2:-1].name}",
    "{.spec.items[1:1].name}",
    "{.spec.items[].name}",
    "{.spec.items[0,2].name}",
    "{.spec.items[*]['name', 'size']}",
    "{.spec.items[*]['name','size']}",
    "{['metadata']['name']}",
    r"{.metadata.labels.rapt\.dev/tool}",
    r"{.metadata.labels['rapt\.dev/tool']}",
    "{.metadata.labels['rapt.dev/tool']}|",
    "{.spec.items[*].size}",
    "{.spec.items[*].ratio}",
    "{.spec.items[*].on}",
    "{.spec.items[1].none}",
    "{.spec.big}",
    "{.spec.text}",
    "{.spec.items[*].tags}",
    "{.spec.items[*].tags[*]}",
    "{.spec.items[0].tags.*}",
    "{..deep.name}",
    "{.spec..name}",
    '{.spec.items[?(@.name=="a")].size}',
    "{.spec.items[?(@.name=='a')].size}",
    '{.spec.items[?(@.name!="a")].name}',
    "{.spec.items[?(@.size>2)].name}",
    "{.spec.items[?(@.size>=3)].name}",
    "{.spec.items[?(@.size<3)].name}",
    "{.spec.items[?(@.size<=-1)].name}",
    "{.spec.items[?(@.on==true)].name}",
    "{.spec.items[?(@.on)].name}",
    "{.spec.items[?(@.at.deep)].name}",
    "{.spec.items[?(@.tags[0])].name}",
    "{.spec.items[?(@.ratio==1.5)].name}",
    '{range .spec.items[*]}{.name}={.size}{"\\n"}{end}',
    "{range .spec.items[*]}[{.name}{range .tags[*]} {@}{end}]{end} end",
    "{range .missing[*]}x{end}y",
    "{range .spec.items[*]}{.name}",
    "{range .spec.items[0:0]}x{end}y{.kind}",
    '{\'single\'}{"double\\t"}{"\\u00e9\\x41\\\\."}',
    "{5}{-1}{true}",
    "{.spec.items[0]['at'].z}",
    "{ .kind }",
    "{.spec.items[0].name}{'\\''}",
)

WRONG = (
    "{.metadata.name",
    "{name}",
    "{end}",
    "{.spec.items[5].name}",
    "{.spec.items[0:9].name}",
    "{.spec.items[2:1].name}",
    "{.spec.items[x]}",
    "{.spec.items[0}",
    "{.spec.text[0]}",
    "{.spec.items[?(@.name==1)].name}",
    "{.spec.text[?(@.a)]}",
    '{.spec.items[?(@.name=="a"].size}',
    "{'open}",
    "{....name}",
    "{%}",
    "{.spec.items[?(@.name='a')].size}",
    '{.spec.items[?(@.tags[0]=="x")].name}',
)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[str, bool]]:
    """What kubectl prints, and whether it minds."""
    file = tmp_path_factory.mktemp("local") / "object.json"
    file.write_text(json.dumps(OBJECT))

    def printed(template: str) -> tuple[str, bool]:
        local = ["annotate", "--local", "--overwrite", f"--filename={file}", "x=1"]
        done = subprocess.run(
            [str(kubectl.program()), *local, f"--output=jsonpath={template}"],
            capture_output=True,
            check=False,
            env={"HOME": str(Path(file).parent), "KUBECONFIG": "/dev/null"},
        )
        return done.stdout.decode(), done.returncode == 0

    return printed


@pytest.mark.parametrize("template", RIGHT)
def test_kubectl_prints_the_same(printed: Callable[[str], tuple[str, bool]], template: str) -> None:
    text, is_right = printed(template)
    assert is_right, "kubectl does not take it"
    assert JsonPath.parse(template).text(OBJECT) == text


@pytest.mark.parametrize("template", WRONG)
def test_kubectl_refuses_the_same(printed: Callable[[str], tuple[str, bool]], template: str) -> None:
    _, is_right = printed(template)
    assert not is_right, "kubectl takes it"
    with pytest.raises(ValueError, match=r"\w"):
        JsonPath.parse(template).text(OBJECT)
