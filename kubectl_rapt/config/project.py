"""``rapt.yaml``: the environments, profiles and registries of a config repository."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubectl_rapt import documents, edits
from kubectl_rapt.config import layout
from kubectl_rapt.config.installation import digests
from kubectl_rapt.errors import Invalid, NotFound, Problem
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.fields import Fields, Findings, hidden, refuse, shown
from kubectl_rapt.model.quantity import Quantity

ID = re.compile("[0-9a-f]{8}")
SIGNER = re.compile(
    r"(?:ssh-[a-z0-9-]+|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+(?: [^\n]*)?\n?"
    r"|-----BEGIN PGP PUBLIC KEY BLOCK-----\n[\s\S]*-----END PGP PUBLIC KEY BLOCK-----\n?"
)
ADDRESS = re.compile(r"/|~/|[^/]*:")
VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")
CREDENTIALS = re.compile(r"https?://[^/]*@")
BUNDLED = "bundled"
MAX_PRIORITY = 1_000_000


@dataclass(frozen=True, slots=True)
class Defaults:
    """What can be said once for many tools: it counts where nobody closer to the tool says it.

    Args:
        answers: Parameter to value, for the templates that have such a parameter.
        retry_policy: The name of a retry policy; empty for the template's.
        cleanup_policy: The name of a cleanup policy; empty for the template's.
    """

    answers: Mapping[str, Any] = field(default_factory=dict)
    retry_policy: str = ""
    cleanup_policy: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """What the pull requests of an environment's changes are given.

    Args:
        reviewers: Who is asked, by their names on the forge.
        labels: Labels of their pull requests.
        is_merged_automatically: Whether the forge merges them as soon as it may.
    """

    reviewers: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    is_merged_automatically: bool = False


@dataclass(frozen=True, slots=True)
class SecretStore:
    """Where an environment's secrets are kept: the name and kind of a store of the External Secrets Operator."""

    name: str
    kind: str = "SecretStore"


@dataclass(frozen=True, slots=True)
class Reconcile:
    """What a pass over an environment does besides, where whoever starts it says nothing else.

    Args:
        url_variable: The environment variable that holds the webhook's address; empty for no webhook.
        secret_variable: The one that holds its secret.
        export_to: The folder for evidence that policies want exported first; empty: what they govern stays.
    """

    url_variable: str = ""
    secret_variable: str = ""
    export_to: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """A named place where tools run.

    Args:
        name: Its name.
        cluster: The UID of its cluster's ``kube-system``; empty until it was recorded.
        namespaces: Where its tools live; the first is the usual one.
        allowed_namespaces: Where else they may be shared to.
        is_reviewed: Whether changes need a review (``review: required``).
        are_runs_reviewed: Whether each run needs one (``runs: reviewed``).
        profile: The name of its profile; empty for none.
        review: What their pull requests are given.
        defaults: What holds for all its tools.
        secret_store: Where its tools' Secrets come from; None where people make them.
        reconcile: What passes over it do besides.
        wide_access: The tools whose ``access`` may hold ``*``, ``escalate``, ``bind`` or ``impersonate``.
    """

    name: str
    namespaces: tuple[str, ...]
    cluster: str = ""
    is_reviewed: bool = True
    are_runs_reviewed: bool = False
    profile: str = ""
    review: Review = Review()
    allowed_namespaces: tuple[str, ...] = ()
    defaults: Defaults = Defaults()
    secret_store: SecretStore | None = None
    reconcile: Reconcile = Reconcile()
    wide_access: tuple[str, ...] = ()

    @property
    def all_namespaces(self) -> tuple[str, ...]:
        """Every namespace that a tool of this environment may be in."""
        return tuple(dict.fromkeys((*self.namespaces, *self.allowed_namespaces)))


@dataclass(frozen=True, slots=True)
class Profile:
    """What environments share.

    Args:
        resources: ``requests`` and ``limits`` of containers that have none.
        node_selector: Labels of the nodes to run on.
        labels: Labels on everything that is rendered.
        defaults: What holds for all tools of its environments.
    """

    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    defaults: Defaults = Defaults()


@dataclass(frozen=True, slots=True)
class Forge:
    """Where pull requests are, where the repository's address does not tell.

    Args:
        kind: ``github``, ``gitlab``, ``gitea`` or ``none``; empty to find out.
        api: The address of its API; empty for the repository's own host.
    """

    kind: str = ""
    api: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """A git repository of templates.

    Args:
        name: What it is called here.
        url: Its address; ``bundled`` for the one that comes with Rapt.
        priority: The higher wins where several have a template of one name; None where nobody wrote one, and then it
            decides nothing.
        branch: The branch that is read.
        signers: Public keys, of ssh or as a PGP block: versions need a tag that one of them signed. None for
            no such rule.
    """

    name: str
    url: str
    priority: int | None = None
    branch: str = "main"
    signers: tuple[str, ...] = ()

    @property
    def is_bundled(self) -> bool:
        """Whether it comes with Rapt."""
        return self.url == BUNDLED


@dataclass(frozen=True, slots=True)
class Project:
    """What ``rapt.yaml`` says.

    Args:
        id: Eight hex digits by which objects in clusters name this repository, whatever its address.
        environments: Name to environment.
        profiles: Name to profile.
        defaults: What holds for all tools.
        forge: Where pull requests are.
        registries: Name to registry, without the bundled one, which is always there.
        allowed_literals: ``sha256:…`` of texts in this file that look like secrets and are none.
    """

    id: str
    environments: Mapping[str, Environment]
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    defaults: Defaults = Defaults()
    forge: Forge = Forge()
    registries: Mapping[str, Registry] = field(default_factory=dict)
    allowed_literals: tuple[str, ...] = ()

    def environment(self, name: str, flag: str = "--in") -> Environment:
        """One environment.

        Args:
            name: Its name.
            flag: The flag that named it.

        Raises:
            NotFound: ``no-environment``, with the nearest name, or else all names.
        """
        if name not in self.environments:
            known = sorted(self.environments)
            nearest = names.nearest(name, known)
            there = "" if nearest or not known else f": it has {', '.join(known)}"
            # Another environment is proposed only for a slip of the fingers: a command that acts on it works too well.
            meant = nearest or shell.BLANK
            what = f'no environment "{name}" in {layout.PROJECT}{there}'
            raise NotFound("no-environment", what, f"{flag} {shell.word(meant)}").meant(name, meant)
        return self.environments[name]

    def profile(self, environment: Environment) -> Profile:
        """The profile of an environment; an empty one where it has none."""
        return self.profiles.get(environment.profile, Profile())

    def rendering(self, environment: Environment) -> tuple[object, ...]:
        """Everything that the rendering of an environment's tools depends on: equal as long as they stay the same."""
        said = replace(environment, cluster="", is_reviewed=True, review=Review(), reconcile=Reconcile())
        return (self.id, said, self.profile(environment), self.defaults)


def ranked(project: Project | None) -> list[Registry]:
    """Every registry, by priority and then by name; None has the bundled one only."""
    found = [Registry(BUNDLED, BUNDLED, priority=0), *(project.registries.values() if project else ())]
    return sorted(found, key=lambda one: (-(one.priority or 0), one.name))


def read(files: Mapping[str, bytes]) -> Project:
    """Read ``rapt.yaml`` out of a repository's tree.

    Raises:
        NotFound: There is none: it is not a config repository.
        Invalid: It is broken: every problem with file, line and key.
    """
    if layout.PROJECT not in files:
        raise NotFound("no-project", f"the repository has no {layout.PROJECT}", "kubectl rapt init --local")
    data, lines = documents.load_with_lines(files[layout.PROJECT], layout.PROJECT)
    return from_document(data, lines)


def from_document(data: Any, lines: Mapping[str, int]) -> Project:
    """Read ``rapt.yaml`` from its document.

    Args:
        data: What ``documents.load_with_lines`` returned.
        lines: And where; empty where nobody knows.

    Raises:
        Invalid: It is broken: every problem with file, line and key.
    """
    findings: Findings = [*hidden(data)]
    project = _project(Fields(data, "", findings))
    refuse(findings, lines, layout.PROJECT, "bad-project")
    return project


def _project(at: Fields) -> Project:
    at.choice("apiVersion", ("rapt.dev/v1alpha1",), required=True)
    at.choice("kind", ("Project",), required=True)
    identifier = at.text("id", required=True)
    if identifier and not ID.fullmatch(identifier):
        at.wrong("id", "expected eight hex digits")
    profiles, environments = at.fields("profiles"), at.fields("environments")
    known = list(profiles)
    project = Project(
        id=identifier,
        profiles={name: _profile(profiles.fields(name)) for name in known},
        environments={name: _environment(name, environments.fields(name), known) for name in environments},
        defaults=_defaults(at),
        forge=_forge(at.fields("forge")),
        registries=_registries(at.fields("registries")),
        allowed_literals=digests(at, "allowedLiterals"),
    )
    at.done()
    return project


def _registries(at: Fields) -> dict[str, Registry]:
    found: dict[str, Registry] = {}
    for name in at:
        inner = at.fields(name)
        one = _registry(name, inner)
        twin = next((other.name for other in found.values() if other.url and other.url == one.url), "")
        if twin:
            inner.wrong("url", f"is the address of {twin} too")
        found[name] = one
    return found


def registry(wanted: Registry) -> Registry:
    """A registry that somebody asks for, held to the same rules as one in ``rapt.yaml``.

    Raises:
        Invalid: ``bad-registry``: every problem at once.
    """
    findings: Findings = []
    found = _registry(wanted.name, Fields(spell_registry(wanted), "", findings))
    if findings:
        raise Invalid(
            "bad-registry",
            f'registry "{wanted.name}" is invalid',
            "kubectl rapt registry add --help",
            [Problem(pointer.removeprefix("/") or "name", what) for pointer, what in findings],
        )
    return found


def _registry(name: str, at: Fields) -> Registry:
    is_ranked = "priority" in at
    priority = at.value("priority")
    if is_ranked and (type(priority) is not int or abs(priority) > MAX_PRIORITY):
        at.wrong("priority", f"expected a whole number, was given {shown(priority)}")
        priority = None
    registry = Registry(
        name,
        url=at.text("url", required=True),
        priority=priority,
        branch=at.text("branch", "main"),
        signers=at.texts("signers"),
    )
    if not names.is_dns_label(name) or name == BUNDLED:
        at.wrong("", f"expected a name of small letters, digits and dashes, and not {BUNDLED}")
    if CREDENTIALS.match(registry.url):
        at.wrong("url", "holds credentials, which everybody who reads the repository would have")
    elif registry.url and not ADDRESS.match(registry.url):
        at.wrong("url", "expected https://host/path, ssh://host/path, user@host:path or an absolute path")
    for signer in registry.signers:
        if not SIGNER.fullmatch(signer):
            at.wrong("signers", "expected a public key: one line of ssh's, or a PGP PUBLIC KEY BLOCK")
    at.done()
    return registry


def _environment(name: str, at: Fields, profiles: list[str]) -> Environment:
    environment = Environment(
        name,
        namespaces=at.texts("namespaces"),
        cluster=at.text("cluster"),
        is_reviewed=at.choice("review", ("required", "none"), "required") != "none",
        are_runs_reviewed=at.choice("runs", ("direct", "reviewed"), "direct") == "reviewed",
        profile=at.choice("profile", profiles),
        review=Review(at.texts("reviewers"), at.texts("reviewLabels"), at.flag("autoMerge")),
        allowed_namespaces=at.texts("allowedNamespaces"),
        defaults=_defaults(at),
        secret_store=_secret_store(at.fields("secretStore")) if "secretStore" in at else None,
        reconcile=_reconcile(at.fields("reconcile")),
        wide_access=at.texts("wideAccess"),
    )
    if not names.is_dns_label(name):
        at.wrong("", "expected a name of small letters, digits and dashes")
    if not environment.namespaces:
        at.wrong("namespaces", "expected at least one namespace")
    for key in ("namespaces", "allowedNamespaces"):
        for namespace in at.texts(key):
            if not names.is_dns_label(namespace):
                at.wrong(key, f"{namespace} is not the name of a namespace")
    at.done()
    return environment


def _reconcile(at: Fields) -> Reconcile:
    webhook = at.fields("webhook")
    has_one = "webhook" in at
    found = Reconcile(
        webhook.text("urlEnv", required=has_one),
        webhook.text("secretEnv", required=has_one),
        at.text("exportTo"),
    )
    for key in ("urlEnv", "secretEnv"):
        if (name := webhook.text(key)) and not VARIABLE.fullmatch(name):
            webhook.wrong(
                key, "expected the name of an environment variable, which holds it where a pass runs"
            )
    if found.export_to and not found.export_to.startswith("/"):
        at.wrong("exportTo", "expected an absolute path")
    webhook.done()
    at.done()
    return found


def _forge(at: Fields) -> Forge:
    forge = Forge(at.choice("kind", ("github", "gitlab", "gitea", "none")), at.text("api"))
    at.done()
    return forge


def _defaults(at: Fields) -> Defaults:
    answers, policies = at.fields("answers"), at.fields("policies")
    defaults = Defaults(
        {name: answers.value(name) for name in answers}, policies.text("retry"), policies.text("cleanup")
    )
    policies.done()
    return defaults


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
        defaults=_defaults(at),
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
            **({"runs": "reviewed"} if one.are_runs_reviewed else {}),
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
    registries = {name: spell_registry(one) for name, one in project.registries.items()}
    return documents.dump(
        {
            "apiVersion": "rapt.dev/v1alpha1",
            "kind": "Project",
            "id": project.id,
            "environments": environments,
            **({"profiles": profiles} if profiles else {}),
            **({"registries": registries} if registries else {}),
        }
    )


def spell_registry(registry: Registry) -> dict[str, Any]:
    """A registry as it stands in ``rapt.yaml``, below its name."""
    return {
        "url": registry.url,
        **({"priority": registry.priority} if registry.priority is not None else {}),
        **({"branch": registry.branch} if registry.branch != "main" else {}),
        **({"signers": list(registry.signers)} if registry.signers else {}),
    }


def record_cluster(text: str, environment: str, uid: str) -> str:
    """``rapt.yaml`` with the cluster of an environment written in; every other line stays as it is.

    Args:
        text: The file as it is.
        environment: An environment in it that names no cluster yet.
        uid: The UID of its cluster's ``kube-system``.

    Raises:
        Invalid: ``cannot-write-yaml``: there is no way to write it that changes nothing else.
    """
    pointer = f"{documents.join_pointer('/environments', environment)}/cluster"
    return edits.put(text, pointer, uid, layout.PROJECT)
