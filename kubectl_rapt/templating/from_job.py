"""A Job or CronJob that exists, as the files of a template: what people would change becomes a parameter.

What the template's Job could not say is refused, field by field. ``is_same`` is how the caller proves the rest.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from kubectl_rapt import documents
from kubectl_rapt.errors import AGAIN, Invalid, Problem
from kubectl_rapt.model import shell
from kubectl_rapt.objects import job_schema
from kubectl_rapt.templating import declared, parameters, places, shells
from kubectl_rapt.templating.definition import USUAL_RESOURCES
from kubectl_rapt.templating.parameters import RESERVED, Parameter, Type

LooksSecret = Callable[[str, str], str]
"""Given a variable's name and its literal value: why that is a secret in plain sight; empty where it is none."""

_POD = "/spec/template/spec"
_MOST = 63


@dataclass(frozen=True, slots=True)
class Candidate:
    """A literal that may become a parameter.

    Args:
        pointers: Where it stands in the Job.
        parameter: The question; its default is the literal.
        is_text: Whether the field holds text, whatever the parameter's type.
        field: For references: which field of its value stands there.
    """

    pointers: tuple[str, ...]
    parameter: Parameter
    is_text: bool = False
    field: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A manifest that can become a template.

    Args:
        job: ``{metadata, spec}`` of the Job, without what a server or Rapt sets.
        schedule: The CronJob's expression; empty for a Job.
        concurrency: What the CronJob says of a run while another is active.
        literals: What may become a parameter.
        notes: What was left to the installation, for the person.
    """

    job: Mapping[str, Any]
    schedule: str
    concurrency: Literal["allow", "forbid"]
    literals: tuple[Candidate, ...]
    notes: tuple[str, ...]


def read(manifest: Any, looks_secret: LooksSecret) -> Source:
    """Understand a manifest, or refuse it by field.

    Args:
        manifest: A Job or CronJob as ``kubectl get -o yaml`` prints it, or as people write it.
        looks_secret: Finds secrets in plain sight.

    Raises:
        Invalid: ``cannot-convert``, with every field that cannot be in a template, by its JSON pointer.
    """
    kinds = ("batch/v1/Job", "batch/v1/CronJob")
    kind = f"{manifest.get('apiVersion')}/{manifest.get('kind')}" if isinstance(manifest, dict) else "nothing"
    if kind not in kinds:
        what = f"only a Job or CronJob of batch/v1 can become a template, got {kind}"
        raise Invalid("cannot-convert", what, _as_kept_now(manifest))
    problems: list[Problem] = []
    notes: list[str] = []
    schedule, concurrency, prefix = "", "allow", ""
    body = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "status")}
    if kind == kinds[1]:
        schedule, concurrency, body = _cron_job(body, problems, notes)
        prefix = "/spec/jobTemplate"
    job = _normal(body, problems, prefix)
    found = job_schema.check(job, job_schema.TEMPLATE_JOB)
    problems += [Problem(prefix + one.where, _advice(one)) for one in found]
    if not found:
        problems += [Problem(prefix + one.where, one.what) for one, _ in shells.check(job, {})]
        problems += [Problem(prefix + one.where, one.what) for one in _secrets(job, looks_secret)]
    if problems:
        raise _refusal(problems)
    if _has_no_size(job):
        notes.append("a container has no resources: template.yaml has usual ones, which you can change there")
    return Source(job, schedule, concurrency, tuple(_literals(job)), tuple(notes))  # type: ignore[arg-type]  # checked


def _as_kept_now(manifest: Any) -> str:
    """The command that prints what a manifest is about as a cluster of today has it."""
    if not isinstance(manifest, dict) or manifest.get("kind") not in ("Job", "CronJob"):
        return "kubectl get jobs.v1.batch,cronjobs.v1.batch"
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else ""
    return f"kubectl get {manifest['kind'].lower()}s.v1.batch {shell.word(str(name or 'NAME'))} -o yaml"


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Where two Jobs differ, as JSON pointers; the order of keys means nothing."""
    return list(_differences(one, other, ""))


def _differences(one: Any, other: Any, pointer: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            inside = documents.join_pointer(pointer, key)
            if key not in one or key not in other:
                yield inside
            else:
                yield from _differences(one[key], other[key], inside)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differences(left, right, f"{pointer}/{at}")
    elif type(one) is not type(other) or one != other:
        yield pointer


def _refusal(problems: list[Problem]) -> Invalid:
    count = "1 field" if len(problems) == 1 else f"{len(problems)} fields"
    return Invalid(
        "cannot-convert",
        f"this cannot become a template: {count} must change first",
        f"change the fields named here, then {AGAIN}",
        problems,
    )


_INSTEAD: Mapping[str, str] = {
    "ttlSecondsAfterFinished": "remove it: the template's cleanup policy says how long Jobs are kept",
    "activeDeadlineSeconds": "move it to spec.template.spec: on the Job it would delete the pod and its log",
    "serviceAccountName": "remove it, and declare under access: in template.yaml what the tool may do",
    "nodeSelector": "remove it: the environment's profile chooses nodes",
}


def _advice(problem: Problem) -> str:
    last = problem.where.rpartition("/")[2]
    advice = _INSTEAD.get(last, "")
    return (
        f"{problem.what}; {advice}"
        if advice and advice.partition(":")[0] not in problem.what
        else problem.what
    )


def _cron_job(
    body: dict[str, Any], problems: list[Problem], notes: list[str]
) -> tuple[str, str, dict[str, Any]]:
    spec = body.get("spec")
    if not isinstance(spec, dict) or not isinstance(spec.get("jobTemplate"), dict):
        raise _refusal([Problem("/spec/jobTemplate", "is missing")])
    words = {"Allow": "allow", "Forbid": "forbid"}
    given = spec.get("concurrencyPolicy", "Allow")
    if not isinstance(given, str) or given not in words:
        given = str(given)
        what = f"{given} has no like: a run may wait (concurrency: queue) or be left out (Forbid)"
        problems.append(Problem("/spec/concurrencyPolicy", what))
    if zone := spec.get("timeZone"):
        notes.append(f"the time zone is the installation's: add --time-zone {zone}")
    limits = {"successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1}
    for key, usual in limits.items():
        if spec.get(key, usual) != usual:
            what = "has no place in a template: a cleanup policy says how many Jobs are kept"
            problems.append(Problem(f"/spec/{key}", what))
    if spec.get("suspend"):
        problems.append(Problem("/spec/suspend", "has no place in a template: set it to false"))
    known = {"schedule", "concurrencyPolicy", "timeZone", "suspend", "jobTemplate", *limits}
    for key in spec:
        if key not in known:
            problems.append(
                Problem(documents.join_pointer("/spec", key), "is not a field that a template can keep")
            )
    schedule = spec.get("schedule")
    if not isinstance(schedule, str) or not schedule:
        problems.append(Problem("/spec/schedule", "is missing"))
    metadata = body.get("metadata")
    for field in ("labels", "annotations") if isinstance(metadata, dict) else ():
        held = _kept_keys(metadata.get(field) if isinstance(metadata, dict) else None)
        problems += [
            Problem(
                f"/metadata/{field}/{key.replace('/', '~1')}",
                "is the CronJob's own: write it in the jobTemplate",
            )
            for key in held or ()
        ]
    inner = spec["jobTemplate"]
    unknown = [key for key in inner if key not in ("metadata", "spec")]
    problems += [Problem(f"/spec/jobTemplate/{key}", "is not a field of a Job's template") for key in unknown]
    return (
        str(schedule),
        words.get(given, "allow"),
        {"metadata": inner.get("metadata"), "spec": inner.get("spec")},
    )


_SERVER_KEYS = (
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/",
    "kubectl.kubernetes.io/last-applied-configuration",
)
_SERVER_METADATA = (
    *("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp"),
    *("managedFields", "selfLink"),
)


def _kept_keys(held: Any) -> Any:
    if not isinstance(held, dict):
        return held
    return {key: value for key, value in held.items() if not key.startswith(_SERVER_KEYS)}


def _metadata(given: Any) -> Any:
    """Labels and annotations of people; a name and what a server writes go."""
    if not isinstance(given, dict):
        return given
    kept = {key: value for key, value in given.items() if key not in _SERVER_METADATA}
    for field in ("labels", "annotations"):
        if field in kept:
            kept[field] = _kept_keys(kept[field])
    return {key: value for key, value in kept.items() if value not in (None, {})}


def _without(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping without what a server would write there by itself, and without what is empty."""
    return {
        key: value
        for key, value in given.items()
        if value is not None
        and not (key in defaults and value == defaults[key] and type(value) is type(defaults[key]))
    }


def _normal(body: Mapping[str, Any], problems: list[Problem], prefix: str) -> dict[str, Any]:
    """``{metadata, spec}`` of a Job without what its server, or nobody, has said."""
    job = {"metadata": _metadata(body.get("metadata")), "spec": body.get("spec")}
    job |= {key: value for key, value in body.items() if key not in job}
    if isinstance(job["spec"], dict):
        job["spec"] = _spec(job["spec"])
    return {key: value for key, value in job.items() if value not in (None, {})}


def _spec(given: Mapping[str, Any]) -> dict[str, Any]:
    spec = _without(
        given,
        {
            "suspend": False,
            "completionMode": "NonIndexed",
            "manualSelector": False,
            "podReplacementPolicy": "TerminatingOrFailed",
        },
    )
    if not spec.get("manualSelector"):
        spec.pop("selector", None)
    if (spec.get("parallelism"), spec.get("completions")) == (1, 1):
        del spec["parallelism"], spec["completions"]
    if isinstance(template := spec.get("template"), dict):
        inner = {**template, "metadata": _metadata(template.get("metadata"))}
        if isinstance(inner.get("spec"), dict):
            inner["spec"] = _pod(inner["spec"])
        spec["template"] = {key: value for key, value in inner.items() if value not in (None, {})}
    return spec


def _pod(given: Mapping[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "enableServiceLinks": True,
        "volumes": [],
        "initContainers": [],
    }
    pod = _without(given, defaults)
    for field in ("containers", "initContainers"):
        if isinstance(pod.get(field), list):
            pod[field] = [_container(one) if isinstance(one, dict) else one for one in pod[field]]
    if isinstance(pod.get("volumes"), list):
        pod["volumes"] = [_volume(one) if isinstance(one, dict) else one for one in pod["volumes"]]
    return pod


def _container(given: Mapping[str, Any]) -> dict[str, Any]:
    image = given.get("image")
    is_latest = isinstance(image, str) and (":" not in image.rpartition("/")[2] or image.endswith(":latest"))
    defaults: dict[str, Any] = {
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always" if is_latest and "@" not in str(image) else "IfNotPresent",
        "resources": {},
        "securityContext": {},
        "env": [],
        "envFrom": [],
        "args": [],
        "command": [],
        "volumeMounts": [],
        "stdin": False,
        "tty": False,
    }
    container = _without(given, defaults)
    if isinstance(container.get("env"), list):
        container["env"] = [_variable(one) if isinstance(one, dict) else one for one in container["env"]]
    if isinstance(security := container.get("securityContext"), dict):
        container["securityContext"] = _without(security, {"privileged": False})
    if isinstance(mounts := container.get("volumeMounts"), list):
        container["volumeMounts"] = [
            _without(one, {"readOnly": False}) if isinstance(one, dict) else one for one in mounts
        ]
    return container


def _variable(given: Mapping[str, Any]) -> dict[str, Any]:
    variable = dict(given)
    if "valueFrom" not in variable and variable.get("value") is None:
        variable["value"] = ""  # which is what a variable without value has
    source = variable.get("valueFrom")
    if isinstance(source, dict):
        source = dict(source)
        for field, defaults in (("fieldRef", {"apiVersion": "v1"}), ("resourceFieldRef", {"divisor": "0"})):
            if isinstance(source.get(field), dict):
                source[field] = _without(source[field], defaults)
        for field in ("secretKeyRef", "configMapKeyRef"):
            if isinstance(source.get(field), dict):
                source[field] = _without(source[field], {"optional": False})
        variable["valueFrom"] = source
    return variable


def _volume(given: Mapping[str, Any]) -> dict[str, Any]:
    volume = {key: value for key, value in given.items() if value is not None or key == "emptyDir"}
    if volume.get("emptyDir", 0) is None:
        volume["emptyDir"] = {}
    for field in ("secret", "configMap", "projected"):
        if isinstance(volume.get(field), dict):
            volume[field] = _without(volume[field], {"defaultMode": 0o644, "optional": False})
    if isinstance(volume.get("persistentVolumeClaim"), dict):
        volume["persistentVolumeClaim"] = _without(volume["persistentVolumeClaim"], {"readOnly": False})
    return volume


def _containers(job: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    pod = job["spec"]["template"]["spec"]
    for field in ("containers", "initContainers"):
        for at, container in enumerate(pod.get(field, ())):
            yield f"{_POD}/{field}/{at}", container


def _has_no_size(job: Mapping[str, Any]) -> bool:
    """Whether a container does not say at all how large it is."""
    return any(not container.get("resources") for _, container in _containers(job))


def _secrets(job: Mapping[str, Any], looks_secret: LooksSecret) -> Iterator[Problem]:
    for here, container in _containers(job):
        for at, variable in enumerate(container.get("env", ())):
            why = looks_secret(variable["name"], variable.get("value", "")) if "value" in variable else ""
            if why:
                advice = "put it into a Secret, and write valueFrom.secretKeyRef"
                yield Problem(f"{here}/env/{at}/value", f"{variable['name']} {why}: {advice}")
        for field in ("command", "args"):
            words = container.get(field, ())
            for at, word in enumerate(words):
                flag = words[at - 1] if at and words[at - 1].startswith("-") else ""
                if why := looks_secret(flag.lstrip("-"), word):
                    advice = "put it into a Secret, and give it to an environment variable"
                    yield Problem(f"{here}/{field}/{at}", f"{why}: {advice}")


def _literals(job: Mapping[str, Any]) -> list[Candidate]:
    found: list[Candidate] = []
    taken: set[str] = set()
    for literal in (*_references(job), *_images(job), *_variables(job), *_arguments(job)):
        twin = next((one for one in found if _is_twin(one, literal)), None)
        if twin:
            found[found.index(twin)] = replace(twin, pointers=(*twin.pointers, *literal.pointers))
            continue
        name = _free(literal.parameter.name, taken)
        taken.add(name)
        found.append(replace(literal, parameter=replace(literal.parameter, name=name)))
    # People are asked for what must be answered first.
    return sorted(found, key=lambda literal: literal.parameter.type not in parameters.REFERENCES)


def _is_twin(one: Candidate, other: Candidate) -> bool:
    """Whether two literals are one: the same name and value, or the same object."""
    if one.parameter.type in parameters.REFERENCES:
        return one.parameter.type == other.parameter.type and one.parameter.example == other.parameter.example
    return replace(one.parameter, description="") == replace(other.parameter, description="") and (
        one.is_text == other.is_text
    )


def _free(name: str, taken: Collection[str]) -> str:
    number = 1
    free = name
    while free in taken or free in RESERVED:
        number += 1
        free = f"{name[: _MOST - 4]}{number}"
    return free


def _camel(text: str, instead: str) -> str:
    """``BACKUP_DIR`` and ``backup-dir`` as ``backupDir``."""
    words = [word for word in re.split("[^A-Za-z0-9]+", text) if word]
    if not words:
        return instead
    words = [word.lower() if word.isupper() or index == 0 else word for index, word in enumerate(words)]
    name = words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])
    return (name if re.match("[a-z]", name) else f"{instead}{name[:1].upper()}{name[1:]}")[:_MOST]


_ENDINGS: Mapping[str, str] = {"secretRef": "Secret", "configMapRef": "Settings", "volumeRef": "Volume"}


def _references(job: Mapping[str, Any]) -> Iterator[Candidate]:
    for pointer, kind, name, _ in places.references(job):
        ending = _ENDINGS[kind]
        camel = _camel(name, ending.lower())
        called = (
            camel if camel.lower().endswith(ending.lower()) else f"{camel[: _MOST - len(ending)]}{ending}"
        )
        yield Candidate(
            (pointer,),
            Parameter(
                called,
                kind,  # type: ignore[arg-type]  # a key of REFERENCES
                f"{parameters.REFERENCES[kind]} to use",
                example={"name": name},
            ),
            field="name",
        )


def _images(job: Mapping[str, Any]) -> Iterator[Candidate]:
    for here, container in _containers(job):
        is_first = here == f"{_POD}/containers/0"
        name = "image" if is_first else f"{_camel(container['name'], 'container')}Image"
        parameter = Parameter(
            name, "image", f"Image of the container {container['name']}", default=container["image"]
        )
        try:
            parameters.value_of(parameter, container["image"])
        except ValueError:
            continue
        yield Candidate((f"{here}/image",), parameter)


def _variables(job: Mapping[str, Any]) -> Iterator[Candidate]:
    for here, container in _containers(job):
        for at, variable in enumerate(container.get("env", ())):
            text = variable.get("value")
            if text is not None and "$" not in text:
                name = _camel(variable["name"], "env")
                yield _typed(f"{here}/env/{at}/value", name, text, f"Environment variable {variable['name']}")


def _arguments(job: Mapping[str, Any]) -> Iterator[Candidate]:
    """Words after a long option, and addresses; a shell's own words stay as they are."""
    for here, container in _containers(job):
        words = [
            (f"{here}/{field}/{at}", word)
            for field in ("command", "args")
            for at, word in enumerate(container.get(field, ()))
        ]
        if any(shells.reads_code(word) for _, word in words):
            continue
        for at, (pointer, word) in enumerate(words):
            before = words[at - 1][1] if at else ""
            if at == 0 or not word or "$" in word or word.startswith("-"):
                continue
            if re.fullmatch("--[a-z][a-z0-9-]*", before) and _is_value(word):
                yield _typed(pointer, _camel(before, "option"), word, f"Value of {before}")
            elif re.match("[a-z][a-z0-9+.-]*://", word):
                yield _typed(pointer, "url", word, "Address")


def _is_value(word: str) -> bool:
    """Whether a word after an option is its value, and no command or file of the image."""
    return re.fullmatch("[a-z]+", word) is None or len(word) < 3


def _typed(pointer: str, name: str, text: str, description: str) -> Candidate:
    """A text as the value of a parameter whose type says more than text, where its spelling allows no other."""
    kind: Type = "string"
    value: Any = text
    if text in ("true", "false"):
        kind, value = "boolean", text == "true"
    elif re.fullmatch("0|-?[1-9][0-9]{0,14}", text):
        kind, value = "integer", int(text)
    return Candidate((pointer,), Parameter(name, kind, description, default=value), is_text=True)


def files(
    name: str,
    summary: str,
    source: Source,
    chosen: Collection[str],
    policies: Mapping[str, str],
    at_run: Collection[str] = (),
) -> dict[str, str]:
    """The template's own files, without tests and README: ``template.yaml`` and ``job.yaml.j2``.

    Args:
        name: The template.
        summary: One line.
        source: What ``read`` understood.
        chosen: The names of the parameters; references are always some.
        policies: ``retry`` and ``cleanup`` to the name of a policy.
        at_run: The names of those that each run may set.
    """
    literals = picked(source, chosen)
    asked = [
        declared.to_data(replace(one.parameter, at="run" if one.parameter.name in at_run else "install"))
        for one in literals
    ]
    template: dict[str, Any] = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Template",
        "name": name,
        "version": "1.0.0",
        "summary": summary,
        **({"parameters": asked} if asked else {}),
        **({"schedule": source.schedule} if source.schedule else {}),
        **({"policies": dict(policies)} if policies else {}),
        **({"concurrency": source.concurrency} if source.concurrency != "allow" else {}),
        **(
            {"resources": {key: dict(sizes) for key, sizes in USUAL_RESOURCES.items()}}
            if _has_no_size(source.job)
            else {}
        ),
    }
    return {"template.yaml": documents.dump(template), "job.yaml.j2": _jinja(source.job, literals)}


def picked(source: Source, chosen: Collection[str]) -> list[Candidate]:
    """The literals that become parameters: references, because a template names no object, and those chosen."""
    return [
        literal
        for literal in source.literals
        if literal.parameter.type in parameters.REFERENCES or literal.parameter.name in chosen
    ]


def _jinja(job: Mapping[str, Any], literals: list[Candidate]) -> str:
    """The Job's YAML with its parameters; what Jinja would read as its own is written in escapes."""
    outputs = {
        pointer: (
            f'"{{{{ {output} }}}}"'
            if literal.is_text and literal.parameter.type != "string"
            else f"{{{{ {output} }}}}"
        )
        for literal in literals
        for pointer in literal.pointers
        if (output := ".".join(part for part in (literal.parameter.name, literal.field) if part))
    }
    text = documents.dump_json(job)
    mark = "rapt0here"
    while mark in text:
        mark += "x"
    replaced: list[str] = []

    def put(node: Any, pointer: str) -> Any:
        if pointer in outputs:
            replaced.append(outputs[pointer])
        elif isinstance(node, dict):
            return {key: put(value, documents.join_pointer(pointer, key)) for key, value in node.items()}
        elif isinstance(node, list):
            return [put(item, f"{pointer}/{at}") for at, item in enumerate(node)]
        elif isinstance(node, str) and _OPENING.search(node):
            quoted = documents.dump_json(node, indent=None).strip()
            replaced.append(_OPENING.sub(r"\\x7b", quoted))
        else:
            return node
        return f"{mark}{len(replaced) - 1}end"

    spelled = documents.dump({"apiVersion": "batch/v1", "kind": "Job", **put(job, "")})
    return re.sub(f"{mark}([0-9]+)end", lambda found: replaced[int(found[1])], spelled)


_OPENING = re.compile(r"\{(?=[{%#])")
