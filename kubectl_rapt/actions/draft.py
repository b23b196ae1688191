"""Beginning a template: a small good one, or one made of a Job or CronJob that exists."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.actions import lint
from kubectl_rapt.errors import Conflict, Invalid, Problem
from kubectl_rapt.guard import secrets
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.kinds import JOB, TOOL
from kubectl_rapt.model.plan import Plan, WriteFiles
from kubectl_rapt.objects import tools
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import definition, from_job, parameters, policies, readme, testing
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.from_job import Source
from kubectl_rapt.templating.lint import DEFINITION, README, SOURCE
from kubectl_rapt.templating.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Draft:
    """A new template.

    Args:
        template: What it declares.
        plan: What is to be written.
        after: Path from the registry's root to content.
        notes: What was left to the installation.
    """

    template: Template
    plan: Plan
    after: Mapping[str, bytes | None]
    notes: tuple[str, ...] = ()


def understand(world: World, path: str) -> Source:
    """The Job or CronJob in a file, as it could become a template; of a Tool its Job.

    Args:
        world: Where the file is read.
        path: The file; ``-`` is standard input.

    Raises:
        NotFound: There is no such file.
        Invalid: It cannot be read, or ``cannot-convert`` with every field that stands in the way.
    """
    name = "standard input" if path == "-" else path
    return from_job.read(_job_of(documents.load(world.checkout.document(path), name)), secrets.why)


def _job_of(manifest: Any) -> Any:
    """The Job of a Tool, of today's form or the predecessor's; anything else as it is."""
    is_tool = isinstance(manifest, dict) and manifest.get("kind") == TOOL.name
    if not is_tool or not isinstance(manifest.get("metadata"), dict):
        return manifest
    tool = tools.from_manifest(
        {**manifest, "metadata": {"name": "tool", "namespace": "", **manifest["metadata"]}}
    )
    spec = tool.job["spec"]
    # Labels are Rapt's to set.
    pod = {"spec": spec["template"]["spec"]}
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.name,
        "metadata": {"name": tool.name},
        "spec": {**spec, "template": pod},
    }


def plan(
    world: World,
    name: str,
    summary: str,
    source: Source | None,
    kept: Collection[str] = (),
    at_run: Collection[str] = (),
) -> Draft:
    """What beginning a template would write.

    Args:
        world: Where to read.
        name: Its name.
        summary: One line; empty for a first one.
        source: The Job that it is made of; None for a small one to begin with.
        kept: Parameters that stay literals; references cannot.
        at_run: Parameters that each run may set; references and images cannot.

    Raises:
        NotFound: There is no registry here.
        Invalid: The name is none; ``bad-answers``: a parameter is none, or cannot be that; ``not-equal``: rendering
            does not give the Job back.
        Conflict: ``template-exists``.
    """
    if not names.is_dns_label(name):
        raise Invalid(
            "bad-name",
            f"a template's name is small letters, digits and dashes: {name}",
            f"kubectl rapt template new {names.as_label(name)}",
        )
    root, _ = world.checkout.find()
    known = world.checkout.files(root)
    folder = f"templates/{name}"
    if any(path.startswith(f"{folder}/") for path in known):
        hint = f"kubectl rapt template new {shell.word(name)}-2"
        raise Conflict("template-exists", f"{folder} exists already", hint).meant(name, f"{name}-2")
    if source is None:
        made = _skeleton(name, summary or "Say a word", policies.available(known, world.bundle.files()))
    else:
        made = _converted(world, name, summary or f"Run {name}", source, kept, at_run)
    template = definition.load(made[DEFINITION], f"{folder}/{DEFINITION}")
    made[README] = readme.spell(template)
    after: dict[str, bytes | None] = {f"{folder}/{path}": made[path].encode() for path in sorted(made)}
    return Draft(template, Plan((WriteFiles(root, after),)), after, source.notes if source else ())


def may_be_set_at_run(parameter: Parameter) -> bool:
    """Whether each run may set a parameter of a converted template: names of objects and any image may not be."""
    return parameter.type not in parameters.REFERENCES and parameter.type != "image"


def _check_chosen(known: Mapping[str, Parameter], kept: Collection[str], at_run: Collection[str]) -> None:
    problems = []
    for one in dict.fromkeys((*kept, *at_run)):
        if one not in known:
            problems.append(Problem(one, "is not a parameter"))
        elif known[one].type in parameters.REFERENCES:
            problems.append(Problem(one, "is a reference, and no template names an object"))
        elif one in at_run and not may_be_set_at_run(known[one]):
            problems.append(
                Problem(one, "is an image: give it choices or prefixes in template.yaml, and at: run there")
            )
        elif one in kept and one in at_run:
            problems.append(Problem(one, "stays as it is, and so no run can set it"))
    if problems:
        names_ = [one for one in known if known[one].type not in parameters.REFERENCES]
        flags = [*(["--keep"] if kept else []), *(["--at-run"] if at_run else [])]
        hint = f"{' or '.join(flags)} {'|'.join(names_) or 'none'}"
        what = f"{' and '.join(flags)} do not fit the parameters that were found"
        raise Invalid(
            "bad-answers",
            what if len(flags) > 1 else what.replace("do not fit", "does not fit"),
            hint,
            problems,
        )


def _converted(
    world: World,
    name: str,
    summary: str,
    source: Source,
    kept: Collection[str],
    at_run: Collection[str],
) -> dict[str, str]:
    known = {literal.parameter.name: literal.parameter for literal in source.literals}
    _check_chosen(known, kept, at_run)
    made = from_job.files(name, summary, source, known.keys() - set(kept), {}, at_run)
    template = definition.load(made[DEFINITION], DEFINITION)
    asked = template.parameters
    answers = {one.name: one.example for one in asked if one.type in parameters.REFERENCES}
    files = {path: text.encode() for path, text in made.items()}
    job = lint.render(world, files, template, parameters.check(asked, answers)).job
    if different := from_job.is_same(source.job, job):
        raise Invalid(
            "not-equal",
            "the template would not give this Job back",
            "change the fields named here, or keep them: --keep NAME",
            [Problem(pointer, "comes out different") for pointer in different],
        )
    made["tests/defaults.yaml"] = _case(answers, golden="golden/defaults.yaml")
    made["tests/golden/defaults.yaml"] = testing.spell(job)
    if asked:
        refused = (
            {**answers, "image": ""}
            if "image" in known and "image" not in kept
            else {**answers, "noSuch": ""}
        )
        says = "image: expected an image" if "image" in refused else "noSuch: is not a parameter"
        made["tests/refused.yaml"] = _case(refused, refused=says)
    return made


def _case(answers: Mapping[str, Any], **says: str) -> str:
    return documents.dump({"answers": dict(answers), **says})


def _skeleton(name: str, summary: str, known: Mapping[str, bytes]) -> dict[str, str]:
    """The smallest template that shows the most: a parameter of each kind, a test of each kind."""
    named = [
        f"  {kind}: {policy}"
        for kind, policy in (("retry", "never"), ("cleanup", "week"))
        if policies.path(kind, policy) in known
    ]
    text = _TEMPLATE.replace("NAME", name).replace("SUMMARY", documents.scalar(summary))
    declared = text.replace("POLICIES\n", "\n".join(["policies:", *named, "", ""]) if named else "")
    golden = _JOB.replace("{{ image }}", "busybox:1.35").replace("{{ word }}", "hello")
    return {
        DEFINITION: declared,
        SOURCE: _JOB,
        "tests/defaults.yaml": _case({}, golden="golden/defaults.yaml"),
        "tests/golden/defaults.yaml": documents.dump(documents.load(golden, SOURCE)),
        "tests/no-word.yaml": documents.dump(
            {"answers": {}, "run": {"word": ""}, "refused": "word: expected text of 1 to 100 characters"}
        ),
    }


_TEMPLATE = """\
apiVersion: rapt.dev/v1alpha1
kind: Template
name: NAME
version: 0.1.0
summary: SUMMARY

parameters:
- name: word
  type: string
  description: What to say
  at: run
  default: hello
  minimum: 1
  maximum: 100
- name: image
  type: image
  description: Image with a shell
  default: busybox:1.35

POLICIES
resources:
  requests: {cpu: 10m, memory: 16Mi}
  limits: {memory: 64Mi}

# It connects to nothing. Leave this out where the network is to stay as it is.
egress: []
"""

_JOB = """\
apiVersion: batch/v1
kind: Job
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      activeDeadlineSeconds: 600
      securityContext:
        runAsNonRoot: true
        runAsUser: 65534
        runAsGroup: 65534
        seccompProfile:
          type: RuntimeDefault
      containers:
      - name: tool
        image: {{ image }}
        command:
        - sh
        - -c
        - echo "$WORD"
        env:
        - name: WORD
          value: {{ word }}
        terminationMessagePolicy: FallbackToLogsOnError
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities:
            drop: [ALL]
"""
