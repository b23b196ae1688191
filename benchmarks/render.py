"""The render case's program, run by the Python that Rapt is installed in: ``render.py COUNT``.

From a shipped template and as many answers to Jobs that Kubernetes' schemas accept, through the sandbox, as
commands do it; on standard output as a JSON List.
"""

import gc
import json
import sys

from kubectl_rapt.actions.build import KUBERNETES_MINOR
from kubectl_rapt.adapters.bundle import PackagedBundle
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.adapters.schemas import Schemas
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import JOB, Manifest
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.templating import definition, parameters

TEMPLATE = "templates/http-check"


def main(count: int) -> None:
    """Render, validate and print so many Jobs."""
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
    print(json.dumps({"apiVersion": "v1", "kind": "List", "items": jobs}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
