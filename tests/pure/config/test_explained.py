"""What is explained is what is rendered, for whatever template, profile and Job: each value, and none left out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kubectl_rapt.config import explained
from kubectl_rapt.config.explained import Line
from kubectl_rapt.config.project import Profile
from kubectl_rapt.templating.job import Rendered
from tests.pure.config.test_derive import PROD, TEMPLATE, derived, one

STANDARD = replace(PROD, profile="standard")
CPU = st.sampled_from(["10m", "50m", "100m", "1", "2000m", 1])
MEMORY = st.sampled_from(["64Mi", "128Mi", "1Gi"])
GROUP = st.fixed_dictionaries({}, optional={"cpu": CPU, "memory": MEMORY})
SIZES = st.fixed_dictionaries({}, optional={"requests": GROUP, "limits": GROUP})
LABELS = st.dictionaries(
    st.sampled_from(["team", "cost", "rapt.dev/tool"]), st.sampled_from(["a", "b"]), max_size=3
)
SELECTOR = st.dictionaries(st.sampled_from(["disk", "zone"]), st.sampled_from(["ssd", "x"]), max_size=2)


def container(name: str) -> st.SearchStrategy[dict[str, Any]]:
    fixed = {"name": st.just(name), "image": st.just("busybox:1.35")}
    return st.fixed_dictionaries(fixed, optional={"resources": SIZES})


@st.composite
def jobs(draw: st.DrawFn) -> dict[str, Any]:
    names = ["tool", "proxy"][: draw(st.integers(1, 2))]
    spec: dict[str, Any] = {"restartPolicy": "Never", "containers": [draw(container(one)) for one in names]}
    if draw(st.booleans()):
        spec["initContainers"] = [draw(container("prepare"))]
    if draw(st.booleans()):
        spec["nodeSelector"] = draw(SELECTOR)
    pod: dict[str, Any] = {"spec": spec}
    if draw(st.booleans()):
        pod["metadata"] = {"labels": draw(LABELS)}
    return {"spec": {"template": pod}}


@given(
    jobs(),
    SIZES,
    st.builds(Profile, labels=LABELS, node_selector=SELECTOR, resources=SIZES),
)
def test_each_value_that_is_explained_is_the_one_that_is_rendered_and_none_is_left_out(
    rendered: dict[str, Any], sizes: Mapping[str, Any], profile: Profile
) -> None:
    template = replace(TEMPLATE, resources=sizes)
    objects = derived(template=template, rendered=Rendered(rendered, {}), profile=profile)
    job = one(objects, "Tool")["spec"]["job"]
    pod = job["spec"]["template"]
    told = {line.key: line for line in explained.job(job, rendered, template, STANDARD, profile)}

    containers = [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]
    expected: dict[str, Any] = {}
    for each in containers:
        start = "resources" if len(containers) == 1 else f"resources.{each['name']}"
        for group, amounts in each.get("resources", {}).items():
            expected |= {f"{start}.{group}.{name}": amount for name, amount in amounts.items()}
    expected |= {f"nodeSelector.{key}": value for key, value in pod["spec"].get("nodeSelector", {}).items()}
    resources_and_places = {
        key: line.value for key, line in told.items() if key.startswith(("resources.", "nodeSelector."))
    }
    assert resources_and_places == expected
    for key, line in told.items():
        if key.startswith("labels."):
            assert pod["metadata"]["labels"][key.removeprefix("labels.")] == line.value
    assert {f"labels.{key}" for key in profile.labels if key != "rapt.dev/tool"} <= told.keys()


@given(SIZES, SIZES)
def test_who_is_named_has_said_that_value(own: dict[str, Any], of_profile: dict[str, Any]) -> None:
    rendered = {
        "spec": {
            "template": {
                "spec": {"containers": [{"name": "tool", "image": "busybox:1.35", "resources": own}]}
            }
        }
    }
    profile = Profile(resources=of_profile)
    job = one(derived(rendered=Rendered(rendered, {}), profile=profile), "Tool")["spec"]["job"]
    said = {"job.yaml.j2 of backup": own, "profile standard": of_profile}
    for line in explained.job(job, rendered, TEMPLATE, STANDARD, profile):
        if line.key.startswith("resources."):
            _, group, name = line.key.split(".")
            source, _, limited_by = line.source.partition(", limited by ")
            if limited_by:
                other = "limits" if group == "requests" else "requests"
                assert said[limited_by][other][name] == line.value
            else:
                assert said[source][group][name] == line.value


def test_the_jobs_own_size_is_told_and_not_the_profiles() -> None:
    resources = {"requests": {"cpu": "10m"}}
    container = {"name": "tool", "image": "busybox:1.35", "resources": resources}
    rendered = {"spec": {"template": {"spec": {"containers": [container]}}}}
    profile = Profile(resources={"requests": {"cpu": "50m", "memory": "64Mi"}})
    job = one(derived(rendered=Rendered(rendered, {}), profile=profile), "Tool")["spec"]["job"]
    assert list(explained.job(job, rendered, TEMPLATE, STANDARD, profile)) == [
        Line("resources.requests.cpu", "10m", "job.yaml.j2 of backup"),
        Line("resources.requests.memory", "64Mi", "profile standard"),
    ]
