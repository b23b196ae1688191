"""Objects, one at a time and in lists: the same on the fake and on the real cluster."""

from typing import Any

import pytest

from kubectl_rapt.errors import Conflict, NotFound
from kubectl_rapt.model.kinds import CONFIG_MAP, POD, Manifest, Ref, ref_of
from tests.contract.conftest import Side


def a_config_map(
    side: Side, name: str = "one", data: dict[str, str] | None = None, **labels: str
) -> dict[str, Any]:
    metadata = {"name": name, "namespace": side.namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {"key": "value"}}


def uid_of(item: Manifest) -> str:
    return str(item["metadata"]["uid"])


def version_of(item: Manifest) -> str:
    return str(item["metadata"]["resourceVersion"])


def names(side: Side, labels: str = "", fields: str = "") -> list[str]:
    found = side.reads.list(CONFIG_MAP, side.namespace, labels=labels, fields=fields)
    return sorted(
        item["metadata"]["name"] for item in found if item["metadata"]["name"] != "kube-root-ca.crt"
    )


def test_what_was_created_is_read_back_with_uid_version_and_time(side: Side) -> None:
    made = side.writes.create(a_config_map(side))
    read = side.reads.get(Ref(CONFIG_MAP, "one", side.namespace))
    assert (read["apiVersion"], read["kind"], read["data"]) == ("v1", "ConfigMap", {"key": "value"})
    assert uid_of(read) == uid_of(made) != ""
    assert version_of(read) == version_of(made) != ""
    assert read["metadata"]["creationTimestamp"].endswith("Z")


def test_a_name_is_taken_only_once(side: Side) -> None:
    side.writes.create(a_config_map(side))
    with pytest.raises(Conflict) as caught:
        side.writes.create(a_config_map(side))
    assert caught.value.code == "already-exists"


def test_what_does_not_exist_is_not_found(side: Side) -> None:
    with pytest.raises(NotFound) as caught:
        side.reads.get(Ref(CONFIG_MAP, "nothing", side.namespace))
    assert caught.value.code == "not-found"
    assert caught.value.message == f'there is no configmap "nothing" in namespace "{side.namespace}"'


def test_listed_objects_say_what_they_are(side: Side) -> None:
    side.writes.create(a_config_map(side))
    for item in side.reads.list(CONFIG_MAP, side.namespace):
        assert ref_of(item).kind == CONFIG_MAP


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("", ["ab", "b", "none"]),
        ("a=1", ["ab"]),
        ("b=2", ["ab", "b"]),
        ("a=1,b=2", ["ab"]),
        ("a==1", ["ab"]),
        ("b=3", []),
        ("a!=1", ["b", "none"]),
        ("a", ["ab"]),
    ],
)
def test_a_list_is_chosen_by_labels(side: Side, labels: str, expected: list[str]) -> None:
    side.writes.create(a_config_map(side, "ab", a="1", b="2"))
    side.writes.create(a_config_map(side, "b", b="2"))
    side.writes.create(a_config_map(side, "none"))
    assert names(side, labels) == expected


def test_a_list_is_chosen_by_name(side: Side) -> None:
    for name in ("one", "two"):
        side.writes.create(a_config_map(side, name))
    assert names(side, fields="metadata.name=two") == ["two"]


def test_a_patch_sets_removes_and_keeps(side: Side) -> None:
    made = side.writes.create(a_config_map(side, data={"keep": "1", "set": "1", "remove": "1"}))
    patched = side.writes.patch(ref_of(made), {"data": {"set": "2", "remove": None, "add": "3"}})
    assert patched["data"] == {"keep": "1", "set": "2", "add": "3"}
    assert uid_of(patched) == uid_of(made)
    assert version_of(patched) != version_of(made)
    assert side.reads.get(ref_of(made)) == patched


def test_a_patch_that_expects_what_is_there_is_done_and_any_other_is_a_conflict(side: Side) -> None:
    marks = {"rapt.dev/unreleased": "true"}
    made = side.writes.create(a_config_map(side, data={"keep": "1", "drop": "1"}, **marks))
    expects = {"/data/keep": "1", "/metadata/labels/rapt.dev~1unreleased": "true"}
    metadata = {"uid": uid_of(made), "labels": {"rapt.dev/unreleased": None}}
    patch = {"metadata": metadata, "data": {"drop": None, "add": "2"}}
    patched = side.writes.patch(ref_of(made), patch, expects=expects)
    assert patched["data"] == {"keep": "1", "add": "2"}
    assert not patched["metadata"].get("labels")
    for wrong in ({"/data/keep": "2"}, {"/data/lacking": "1"}, {"/metadata/labels/lacking": "1"}):
        with pytest.raises(Conflict) as caught:
            side.writes.patch(ref_of(made), {"data": {"keep": "3"}}, expects=wrong)
        assert caught.value.code == "changed-meanwhile"
    of_another = {"metadata": {"uid": "other"}, "data": {"keep": "3"}}
    with pytest.raises(Conflict):
        side.writes.patch(ref_of(made), of_another, expects={"/data/keep": "1"})
    assert side.reads.get(ref_of(made)) == patched


def test_a_patch_that_changes_nothing_makes_no_version(side: Side) -> None:
    made = side.writes.create(a_config_map(side))
    assert version_of(side.writes.patch(ref_of(made), {"data": {"key": "value"}})) == version_of(made)


def test_a_patch_of_an_older_version_is_a_conflict(side: Side) -> None:
    made = side.writes.create(a_config_map(side))
    patch = {"metadata": {"uid": uid_of(made), "resourceVersion": version_of(made)}, "data": {"key": "new"}}
    side.writes.patch(ref_of(made), patch)
    with pytest.raises(Conflict) as caught:
        side.writes.patch(ref_of(made), patch | {"data": {"key": "newer"}})
    assert caught.value.code == "changed-meanwhile"
    assert side.reads.get(ref_of(made))["data"] == {"key": "new"}


def test_a_patch_of_another_object_with_that_name_is_a_conflict(side: Side) -> None:
    old = side.writes.create(a_config_map(side))
    side.writes.delete(ref_of(old), uid=uid_of(old))
    side.writes.create(a_config_map(side))
    with pytest.raises(Conflict) as caught:
        side.writes.patch(ref_of(old), {"metadata": {"uid": uid_of(old)}, "data": {"key": "new"}})
    assert caught.value.code == "changed-meanwhile"


def test_nothing_is_made_by_a_patch(side: Side) -> None:
    with pytest.raises(NotFound):
        side.writes.patch(Ref(CONFIG_MAP, "nothing", side.namespace), {"data": {"key": "new"}})


def test_the_status_is_written_by_itself_alone(side: Side) -> None:
    container = {"name": "main", "image": "busybox:1.35"}
    spec = {"schedulerName": "nobody", "containers": [container]}
    metadata = {"name": "pod", "namespace": side.namespace}
    pod = side.writes.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"reason": "Early"}}
    )
    assert "reason" not in pod.get("status", {})
    side.writes.patch(ref_of(pod), {"status": {"reason": "Ignored"}})
    assert "reason" not in side.reads.get(ref_of(pod)).get("status", {})
    patch = {"metadata": {"labels": {"ignored": "yes"}}, "status": {"phase": "Failed", "reason": "Told"}}
    patched = side.writes.patch(ref_of(pod), {"status": patch["status"]}, subresource="status")
    assert (patched["status"]["phase"], patched["status"]["reason"]) == ("Failed", "Told")
    assert patched["spec"]["schedulerName"] == "nobody"
    assert side.reads.get(Ref(POD, "pod", side.namespace))["status"]["reason"] == "Told"


def test_what_was_deleted_is_gone(side: Side) -> None:
    made = side.writes.create(a_config_map(side))
    side.writes.delete(ref_of(made), uid=uid_of(made), resource_version=version_of(made))
    with pytest.raises(NotFound):
        side.reads.get(ref_of(made))
    with pytest.raises(NotFound):
        side.writes.delete(ref_of(made), uid=uid_of(made))


def test_another_object_of_that_name_is_not_deleted(side: Side) -> None:
    old = side.writes.create(a_config_map(side))
    side.writes.delete(ref_of(old), uid=uid_of(old))
    new = side.writes.create(a_config_map(side))
    with pytest.raises(Conflict) as caught:
        side.writes.delete(ref_of(old), uid=uid_of(old))
    assert caught.value.code == "changed-meanwhile"
    assert uid_of(side.reads.get(ref_of(old))) == uid_of(new)


def test_an_object_that_changed_is_not_deleted(side: Side) -> None:
    made = side.writes.create(a_config_map(side))
    side.writes.patch(ref_of(made), {"data": {"key": "new"}})
    with pytest.raises(Conflict) as caught:
        side.writes.delete(ref_of(made), uid=uid_of(made), resource_version=version_of(made))
    assert caught.value.code == "changed-meanwhile"


def test_the_context_the_user_and_the_version_are_known(side: Side) -> None:
    assert side.reads.context().namespace == side.reads.namespace() == side.namespace
    assert side.reads.context().server.startswith("https://")
    assert side.reads.user()
    assert side.reads.minor_version() >= 28
