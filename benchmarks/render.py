"""The render case's program, run by the Python that Rapt is installed in: ``render.py COUNT``.

From a shipped template and as many answers to Jobs that Kubernetes' schemas accept, through the sandbox, as
commands do it; on standard output as a JSON List.
"""

import gc
import json
import os
import sys
from collections.abc import Iterator

from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import JOB, Manifest
from kubectl_rapt.ports.renderer import RenderRequest

TEMPLATE = "templates/http-check"
KUBERNETES_MINOR = 35


def main(count: int) -> None:
    """Render, validate and print so many Jobs."""
    gc.disable()  # as kubectl-rapt does
    with Sandbox() as sandbox:
        jobs = list(_jobs(sandbox, count))
    print(json.dumps({"apiVersion": "v1", "kind": "List", "items": jobs}), flush=True)
    os._exit(0)  # as kubectl-rapt does


def _jobs(sandbox: Sandbox, count: int) -> Iterator[Manifest]:
    # Here, because the sandbox starts meanwhile.
    from kubectl_rapt.adapters.bundle import PackagedBundle
    from kubectl_rapt.adapters.schemas import Schemas
    from kubectl_rapt.templating import definition, parameters

    files = PackagedBundle().files()
    template = definition.load(files[f"{TEMPLATE}/template.yaml"], f"{TEMPLATE}/template.yaml")
    source = files[f"{TEMPLATE}/job.yaml.j2"].decode()
    requests = [
        RenderRequest(
            f"{TEMPLATE}/job.yaml.j2",
            source,
            template.parameters,
            parameters.check(
                template.parameters,
                {"url": f"http://example.com/{number}"},
                subject=template.name,
                rules=template.rules,
            ),
        )
        for number in range(count)
    ]
    schemas = Schemas()
    for number, rendered in enumerate(sandbox.render_many(requests)):
        if isinstance(rendered, RaptError):
            raise rendered
        metadata = {"name": f"http-check-{number}"}
        job = {"apiVersion": JOB.api_version, "kind": JOB.name, "metadata": metadata, **rendered.job}
        if problems := schemas.validate(job, KUBERNETES_MINOR):
            raise SystemExit(f"{metadata['name']} is not valid: {problems}")
        yield job


if __name__ == "__main__":
    main(int(sys.argv[1]))
