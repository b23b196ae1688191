"""``rapt.yaml``: the environments, profiles and registries of a config repository."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.config import layout
from kubectl_rapt.config.installation import digests
from kubectl_rapt.errors import Invalid, NotFound
from kubectl_rapt.model import names
from kubectl_rapt.model.fields import Fields, Findings, refuse, shown
from kubectl_rapt.model.quantity import Quantity

_ID = re.compile("[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class SecretStore:
    """Where an environment's secrets are kept: the name and kind of a store of the External Secrets Operator."""

    name: str
    kind: str = "SecretStore"


@dataclass(frozen=True, slots=True)
class Environment:
    """A named place where tools run.

    Args:
        name: Its name.
        cluster: The UID of its cluster's ``kube-system``; empty until it was recorded.
        namespaces: Where its tools may live; the first is the usual one.
        is_reviewed: Whether changes need a review (``review: required``).
        profile: The name of its profile; empty for none.
        secret_store: Where its tools' Secrets come from; None where people make them.
    """

    name: str
    namespaces: tuple[str, ...]
    cluster: str = ""
    is_reviewed: bool = True
    profile: str = ""
    secret_store: SecretStore | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Defaults that environments share.

    Args:
        resources: ``requests`` and ``limits`` of containers that have none.
        node_selector: Labels of the nodes to run on.
        labels: Labels on everything that is rendered.
    """

    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Project:
    """What ``rapt.yaml`` says.

    Args:
        id: Eight hex digits by which objects in clusters name this repository, whatever its address.
        environments: Name to environment.
        profiles: Name to profile.
        allowed_literals: ``sha256:…`` of texts in this file that look like secrets and are none.
    """

    id: str
    environments: Mapping[str, Environment]
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    allowed_literals: tuple[str, ...] = ()

    def environment(self, name: str) -> Environment:
        """One environment. Raises NotFound, with the nearest name."""
        if name not in self.environments:
            known = sorted(self.environments)
            nearest = names.nearest(name, known)
            known_ones = f"--in {nearest}" if nearest else f"--in {'|'.join(known)}"
            raise NotFound("no-environment", f'no environment "{name}" in {layout.PROJECT}', known_ones)
        return self.environments[name]

    def profile(self, environment: Environment) -> Profile:
        """The profile of an environment; an empty one where it has none."""
        return self.profiles.get(environment.profile, Profile())


def read(files: Mapping[str, bytes]) -> Project:
    """Read ``rapt.yaml`` out of a repository's tree.

    Raises:
        NotFound: There is none: it is not a config repository.
        Invalid: It is broken: every problem with file, line and key.
    """
    if layout.PROJECT not in files:
        raise NotFound("no-project", f"the repository has no {layout.PROJECT}", "kubectl rapt init --local")
    data, lines = documents.load_with_lines(files[layout.PROJECT], layout.PROJECT)
    findings: Findings = []
    project = _project(Fields(data, "", findings))
    refuse(findings, lines, layout.PROJECT, "bad-project")
    return project


def _project(at: Fields) -> Project:
    at.choice("apiVersion", ("rapt.dev/v1alpha1",), required=True)
    at.choice("kind", ("Project",), required=True)
    identifier = at.text("id", required=True)
    if identifier and not _ID.fullmatch(identifier):
        at.wrong("id", "expected eight hex digits")
    profiles, environments = at.fields("profiles"), at.fields("environments")
    known = list(profiles)
    project = Project(
        id=identifier,
        profiles={name: _profile(profiles.fields(name)) for name in known},
        environments={name: _environment(name, environments.fields(name), known) for name in environments},
        allowed_literals=digests(at, "allowedLiterals"),
    )
    at.done()
    return project


def _environment(name: str, at: Fields, profiles: list[str]) -> Environment:
    environment = Environment(
        name,
        namespaces=at.texts("namespaces"),
        cluster=at.text("cluster"),
        is_reviewed=at.choice("review", ("required", "none"), "required") != "none",
        profile=at.choice("profile", profiles),
        secret_store=_secret_store(at.fields("secretStore")) if "secretStore" in at else None,
    )
    if not names.is_dns_label(name):
        at.wrong("", "expected a name of small letters, digits and dashes")
    if not environment.namespaces:
        at.wrong("namespaces", "expected at least one namespace")
    for namespace in environment.namespaces:
        if not names.is_dns_label(namespace):
            at.wrong("namespaces", f"{namespace} is not the name of a namespace")
    at.done()
    return environment


def _secret_store(at: Fields) -> SecretStore:
    kind = at.choice("kind", ("SecretStore", "ClusterSecretStore"), "SecretStore")
    store = SecretStore(at.text("name", required=True), kind)
    if store.name and not names.is_dns_subdomain(store.name):
        at.wrong("name", f"{store.name} is not the name of a {kind}")
    at.done()
    return store


def _profile(at: Fields) -> Profile:
    resources = at.fields("resources")
    profile = Profile(
        resources={
            kind: amounts
            for kind in ("requests", "limits")
            if (amounts := _quantities(resources.fields(kind)))
        },
        node_selector=_texts(at.fields("nodeSelector")),
        labels=_texts(at.fields("labels")),
    )
    resources.done()
    at.done()
    return profile


def _quantities(at: Fields) -> dict[str, str]:
    found = {}
    for name in at:
        given = at.value(name)
        try:
            found[name] = str(Quantity.parse(given if isinstance(given, str) else documents.scalar(given)))
        except ValueError as error:
            at.wrong(name, f"{error}; was given {shown(given)}")
    return found


def _texts(at: Fields) -> dict[str, str]:
    return {key: at.text(key) for key in at}


def spell(project: Project) -> str:
    """A new ``rapt.yaml``; one that exists is edited, never spelled again."""
    environments: dict[str, Any] = {}
    for name, one in project.environments.items():
        environments[name] = {
            **({"cluster": one.cluster} if one.cluster else {}),
            "namespaces": list(one.namespaces),
            "review": "required" if one.is_reviewed else "none",
            **({"profile": one.profile} if one.profile else {}),
            **(
                {"secretStore": {"name": store.name, "kind": store.kind}}
                if (store := one.secret_store)
                else {}
            ),
        }
    profiles = {
        name: {
            **({"resources": one.resources} if one.resources else {}),
            **({"nodeSelector": one.node_selector} if one.node_selector else {}),
            **({"labels": one.labels} if one.labels else {}),
        }
        for name, one in project.profiles.items()
    }
    return documents.dump(
        {
            "apiVersion": "rapt.dev/v1alpha1",
            "kind": "Project",
            "id": project.id,
            "environments": environments,
            **({"profiles": profiles} if profiles else {}),
        }
    )


def record_cluster(text: str, environment: str, uid: str) -> str:
    """``rapt.yaml`` with the cluster of an environment written in; every other line stays as it is.

    Args:
        text: The file as it is.
        environment: An environment that names no cluster yet.
        uid: The UID of its cluster's ``kube-system``.

    Raises:
        Invalid: The file is written in a way that has no line for it, such as JSON: then a person writes it.
    """
    source = layout.PROJECT
    _, lines = documents.load_with_lines(text, source)
    rows = text.splitlines(keepends=True)
    first = min(
        (line for pointer, line in lines.items() if pointer.startswith(f"/environments/{environment}/")),
        default=0,
    )
    if first:
        indent = rows[first - 1][: len(rows[first - 1]) - len(rows[first - 1].lstrip())]
        edited = "".join([*rows[: first - 1], f'{indent}cluster: "{uid}"\n', *rows[first - 1 :]])
        expected = documents.load(text, source)
        expected["environments"][environment]["cluster"] = uid
        try:
            if documents.load(edited, source) == expected:
                return edited
        except Invalid:
            pass
    raise Invalid(
        "cannot-edit",
        f"{source} has no line of its own for the cluster of {environment}",
        f'write cluster: "{uid}" into environment {environment}',
    )
