"""Hostile and odd values: refused with a reason, or carried byte for byte to where the container sees them."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid
from kubectl_rapt.templating import declared, parameters, places
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.parameters import Parameter
from kubectl_rapt.templating.render import render
from tests.attacks import corpus
from tests.attacks.corpus import ValueCase
from tests.attacks.kubernetes import expand

CASES = list(corpus.values())
CARRIED = [case for case in CASES if not case.refused]

# A frame as plain as can be, with the value in a variable and in an argument after a literal --.
SOURCE = """\
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: tool
          image: registry.example/tool:1
          command: [show]
          args: [--, "{{ value }}"]
          env:
            - name: VALUE
              value: "{{ value }}"
            - name: SECRET_ENV
              value: secret
"""
ENVIRONMENT = {"SECRET_ENV": "secret", "KUBERNETES_SERVICE_HOST": "10.0.0.1", "X": "x"}


def seen(job: Any) -> tuple[str, str]:
    """What the container sees of the value: its argument, its variable."""
    container = job["spec"]["template"]["spec"]["containers"][0]
    texts = container["args"][1], container["env"][0]["value"]
    first, second = (expand(text, lambda name: ENVIRONMENT.get(name, f"$({name})")) for text in texts)
    return first, second


def as_run_time(parameter: Parameter) -> Parameter:
    data = {**declared.to_data(parameter), "at": "run"}
    if parameter.type == "image" and not (parameter.choices or parameter.prefixes):
        data["prefixes"] = ["registry.example/"]
    return declared.from_data(data, "")


@pytest.mark.parametrize("case", [case for case in CASES if case.refused], ids=lambda case: case.name)
def test_value_is_refused_with_a_reason(case: ValueCase) -> None:
    with pytest.raises(Invalid) as caught:
        parameters.check([case.parameter], {"value": case.value})
    assert case.refused in caught.value.problems[0].what


@pytest.mark.parametrize("case", CARRIED, ids=lambda case: case.name)
def test_value_given_at_install_is_carried_byte_for_byte(case: ValueCase) -> None:
    answers = parameters.check([case.parameter], {"value": case.value})
    job = render(SOURCE, [case.parameter], answers, name=corpus.FILE).job
    text = documents.dump(job)
    for reader in (lambda text: documents.load(text, "written"), yaml.safe_load, yaml.CSafeLoader):
        data = yaml.load(text, reader) if isinstance(reader, type) else reader(text)
        assert json.dumps(data) == json.dumps(job)
        assert seen(data) == (places.as_text(case.value),) * 2


@pytest.mark.parametrize("case", CARRIED, ids=lambda case: case.name)
def test_value_given_at_run_is_carried_byte_for_byte(case: ValueCase) -> None:
    parameter = as_run_time(case.parameter)
    rendered = render(SOURCE, [parameter], {}, name=corpus.FILE)
    placed = [(parameter, rendered.places["value"])]
    values = parameters.check([parameter], {"value": case.value})
    job = places.fill(documents.load(documents.dump(rendered.job), "tool"), placed, values)
    assert seen(json.loads(documents.dump_json(job))) == (places.as_text(case.value),) * 2
    assert json.dumps(rendered.job) == json.dumps(render(SOURCE, [parameter], {}, name=corpus.FILE).job)


@pytest.mark.parametrize("case", CARRIED, ids=lambda case: case.name)
def test_value_is_no_option_where_no_dashes_stand_before_it(case: ValueCase) -> None:
    source = SOURCE.replace("[--, ", '["first", ')
    parameter = as_run_time(case.parameter)
    placed = [(parameter, render(source, [parameter], {}, name=corpus.FILE).places["value"])]
    job = render(source, [parameter], {}, name=corpus.FILE).job
    if not case.argument:
        assert isinstance(render(source, [case.parameter], {"value": case.value}, name=corpus.FILE), Rendered)
        assert seen(places.fill(job, placed, {"value": case.value}))[0] == places.as_text(case.value)
        return
    with pytest.raises(Invalid, match=case.argument):
        render(source, [case.parameter], {"value": case.value}, name=corpus.FILE)
    with pytest.raises(Invalid, match=case.argument):
        places.fill(job, placed, {"value": case.value})


@pytest.mark.parametrize("case", CARRIED, ids=lambda case: case.name)
def test_value_set_by_env_flag_is_carried_byte_for_byte(case: ValueCase) -> None:
    job = render(SOURCE.replace('"{{ value }}"', "a"), [], {}, name=corpus.FILE).job
    text = places.as_text(case.value)
    assert seen(places.add_env(job, {"VALUE": text}, is_free=False))[1] == text


@given(st.text(alphabet=st.sampled_from("$$$()ABé{}\n"), max_size=30))
def test_doubled_dollars_survive_kubernetes_own_expansion(text: str) -> None:
    assert expand(text.replace("$", "$$"), lambda name: "WRONG") == text


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_is_carried_byte_for_byte(text: str) -> None:
    parameter = Parameter("value", "string")
    job = render(SOURCE, [parameter], {"value": text}, name=corpus.FILE).job
    assert seen(documents.load(documents.dump(job), "written")) == (text, text)


def test_a_hostile_pattern_takes_linear_time() -> None:
    parameter = declared.from_data({"name": "value", "type": "string", "pattern": "^([a-z0-9]+-?)+$"}, "")
    with pytest.raises(Invalid):
        parameters.check([parameter], {"value": "a" * 60_000 + "!"})
