"""``rendered/<env>`` as it is: kubectl and the kustomization that Flux would generate make the same objects as sync."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import documents
from kubectl_rapt.actions import repository
from kubectl_rapt.actions import sync as syncing
from kubectl_rapt.config import derive, layout, project, rendered
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.config.project import Environment, Project, SecretStore
from kubectl_rapt.model.kinds import TOOL, Manifest, Ref, ref_of
from kubectl_rapt.objects import crds, labels
from kubectl_rapt.templating.definition import Access, Egress
from kubectl_rapt.templating.policies import Compiled
from tests import namespaces
from tests.api.teams import Team, kubectl_does
from tests.api.test_guard import DEFINITION
from tests.cluster import clusters
from tests.cluster.clusters import PrivateCluster
from tests.pure.config.test_derive import ASKED, DIGEST, INSTALLED, RENDERED

SCRIPT = """\
echo "${HOME}" "$HOME" $$ "$$HOME" ${VAR:=x} ${VAR:-'y'} "${#VAR}" ${VAR/a/b} $(date)
case ${1} in *) echo '$${kept}' ;; esac
"""
_SUBSTITUTED = re.compile(r"\$\$|\$\{[^}]*\}")
"""What Flux's post-build substitution touches: it expands ``${…}`` as a shell would, and makes one of two dollars."""
_OF_THE_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")


@pytest.fixture(scope="module")
def cluster() -> Iterator[PrivateCluster]:
    """A cluster of one's own: it has the kind ExternalSecret, and no operator that acts on any."""
    with clusters.private() as found:
        namespaces.apply(found.kubeconfig, *crds.manifests(), DEFINITION)
        definitions = ("externalsecrets.external-secrets.io", f"{TOOL.plural}.{TOOL.group}")
        for name in definitions:
            namespaces.soon(found.kubeconfig, "get", name.partition(".")[0], "--all-namespaces")
        yield found


@pytest.fixture
def team(open_team: Any, cluster: PrivateCluster) -> Any:
    """An administrator, who may also bind roles, with environments dev and prod and every kind of object in each."""
    with open_team(cluster.kubeconfig, namespaces.prepare(cluster)) as team:
        team.add_template("script", values={"script": SCRIPT}, schedule="0 3 * * *")
        team.add_template("tcp-check", answers={"host": "example.com", "port": "80"})
        store = SecretStore("vault", "ClusterSecretStore")
        dev = replace(repository.read(team.world).project().environment("dev"), secret_store=store)
        prod = replace(dev, name="prod", namespaces=(team.namespace, namespaces.prepare(cluster)))
        both = Project(team.repository.id, {"dev": dev, "prod": prod})
        team.repository.commit({layout.PROJECT: project.spell(both).encode()})
        for environment in (dev, prod):
            tool = replace(INSTALLED, tool=f"of-{environment.name}")
            team.repository.commit(
                {layout.rendered(environment.name, tool.tool): _everything(both, environment, tool)}
            )
        yield team


def _everything(both: Project, environment: Environment, tool: Any) -> bytes:
    """A tool with rights, a network of its own and schedules, in each namespace of its environment."""
    schedules = (Schedule("0 3 * * *"), Schedule("0 4 * * *", "Europe/Berlin"))
    answers = {"password": {"name": "database", "key": "password"}, "all": {"name": "rest"}}
    installed = replace(tool, answers=answers, schedules=schedules, namespaces=environment.namespaces)
    access = (Access(("", "batch"), ("pods", "jobs"), ("get", "list"), ("one",)),)
    template = replace(ASKED, access=access, egress=(Egress(cidr="10.0.0.0/8"), Egress(anywhere=True)))
    manifests = derive.objects(both, environment, installed, DIGEST, template, RENDERED, Compiled())
    return documents.dump_all(manifests).encode()


def written(team: Team, environment: str, folder: Path) -> Path:
    """The rendered folder of an environment, as a checkout has it."""
    for path, content in team.repository.files().items():
        if path.startswith(layout.rendered_folder(environment) + "/"):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    return folder / layout.rendered_folder(environment)


def manifests(folder: Path) -> dict[Ref, Manifest]:
    return {
        ref_of(one): one
        for path in sorted(folder.glob("*.yaml"))
        for one in documents.load_all(path.read_bytes(), str(path))
    }


def generated(cluster: PrivateCluster, folder: Path) -> str:
    """What kustomize builds of the file that Flux generates where a folder has none: every file is a resource."""
    resources = "".join(f"- {path.name}\n" for path in sorted(folder.glob("*.yaml")))
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
    (folder / "kustomization.yaml").write_text(head + resources)
    return kubectl_does(cluster.kubeconfig, "kustomize", str(folder))


def stored(team: Team, refs: Mapping[Ref, Manifest]) -> dict[Ref, Any]:
    """The objects as the cluster has them, without what the server says of each."""
    found = {}
    for ref in refs:
        live = team.world.cluster.get(ref)
        metadata = {key: value for key, value in live["metadata"].items() if key not in _OF_THE_SERVER}
        noted = (labels.SYNC, labels.APPLIED)  # what sync notes for itself
        marks = metadata.get("annotations", {})
        metadata["annotations"] = {key: text for key, text in marks.items() if key not in noted}
        found[ref] = {**live, "metadata": metadata}
    return found


def emptied(cluster: PrivateCluster, folder: Path) -> None:
    kubectl_does(cluster.kubeconfig, "delete", "--wait", "--recursive", f"--filename={folder}")


def test_kubectl_and_kustomize_make_the_same_objects_as_sync(
    team: Team, cluster: PrivateCluster, tmp_path: Path
) -> None:
    apply = ("apply", "--server-side", "--recursive")
    for environment in ("dev", "prod"):
        folder = written(team, environment, tmp_path)
        wanted = manifests(folder)
        assert {ref.kind for ref in wanted} == set(rendered.KINDS), "every kind"
        syncing.sync(team.world, team.writers, environment, lambda one: None)
        expected = stored(team, wanted)
        emptied(cluster, folder)
        kubectl_does(cluster.kubeconfig, *apply, f"--filename={folder}")
        assert stored(team, wanted) == expected
        emptied(cluster, folder)
        built = generated(cluster, folder)
        kubectl_does(cluster.kubeconfig, "apply", "--server-side", "--filename=-", stdin=built)
        assert stored(team, wanted) == expected


def test_nothing_that_flux_builds_is_substituted_and_every_text_stays_as_it_is(
    team: Team, cluster: PrivateCluster, tmp_path: Path
) -> None:
    folder = written(team, "dev", tmp_path)
    wanted = manifests(folder)
    built = {ref_of(one): one for one in documents.load_all(generated(cluster, folder), "built")}
    assert built == wanted
    key, value = labels.NO_SUBSTITUTION
    for ref, manifest in built.items():
        assert manifest["metadata"]["annotations"][key] == value, f"Flux substitutes in {ref}"
    touched = {ref.kind.name for ref, one in built.items() if _SUBSTITUTED.search(documents.dump(one))}
    assert touched == {"Tool", "CronJob"}, "without the annotation Flux would change these"
    for ref in built:
        if ref.kind.name in touched and ref.name == "script":
            # The kubelet makes one dollar of two in arguments, so rendering has doubled them.
            assert SCRIPT in {text.replace("$$", "$") for text in _texts(built[ref])}


def _texts(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return set().union(*map(_texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(_texts, value))
    return {value} if isinstance(value, str) else set()


def test_a_checkout_that_others_applied_is_synced_without_a_change(
    team: Team, cluster: PrivateCluster, tmp_path: Path
) -> None:
    folder = written(team, "dev", tmp_path)
    command = ("apply", "--server-side", "--recursive", "--field-manager=rapt-sync", f"--filename={folder}")
    kubectl_does(cluster.kubeconfig, *command)
    told: list[syncing.Synced] = []
    syncing.sync(team.world, team.writers, "dev", told.append)
    assert {one.what for one in told} == {"unchanged"}
