"""The render case's program, run by the Python that Rapt is installed in: ``render.py COUNT [FILE]``.

From a shipped template and as many answers to Jobs that Kubernetes' schemas accept, through the sandbox, as every
command does it. FILE gets the Jobs, for whoever is to read the same.
"""

import gc
import json
import sys
from pathlib import Path

from kubectl_rapt.actions.build import KUBERNETES_MINOR
from kubectl_rapt.adapters.bundle import PackagedBundle
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.adapters.schemas import Schemas
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import JOB, Manifest
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.templating import definition, parameters

TEMPLATE = "templates/http-check"


def main(count: int, file: str = "") -> int:
    gc.disable()
    with Sandbox() as sandbox:
        files = PackagedBundle().files()
        template = definition.load(files[f"{TEMPLATE}/template.yaml"], f"{TEMPLATE}/template.yaml")
        source = files[f"{TEMPLATE}/job.yaml.j2"].decode()
        given = ({"url": f"http://example.com/{number}"} for number in range(count))
        requests = (
            RenderRequest(
                f"{TEMPLATE}/job.yaml.j2",
                source,
                template.parameters,
                parameters.check(template.parameters, answers, subject=template.name, rules=template.rules),
            )
            for answers in given
        )
        schemas = Schemas()
        jobs: list[Manifest] = []
        for number, rendered in enumerate(sandbox.render_many(requests)):
            if isinstance(rendered, RaptError):
                raise rendered
            metadata = {"name": f"http-check-{number}"}
            job = {"apiVersion": JOB.api_version, "kind": JOB.name, "metadata": metadata, **rendered.job}
            if problems := schemas.validate(job, KUBERNETES_MINOR):
                raise SystemExit(f"{metadata['name']} is not valid: {problems}")
            jobs.append(job)
    if file:
        Path(file).write_text("".join(f"---\n{json.dumps(job)}\n" for job in jobs))
    return 0 if len(jobs) == count else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
