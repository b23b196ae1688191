"""A registry of one template, as tests want it."""

from collections.abc import Mapping
from dataclasses import dataclass

from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating import index
from kubectl_rapt.templating.index import Index

SIZES = "resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 64Mi}}"
_TEMPLATE = """\
apiVersion: rapt.dev/v1alpha1
kind: Template
name: bare
version: 1.0.0
summary: Made for a test
"""
_JOB = """\
apiVersion: batch/v1
kind: Job
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: tool
        image: busybox:1.35
        command: ["true"]
"""


@dataclass(frozen=True)
class OneTemplate:
    """Implements Bundle with one template, ``bare``.

    Args:
        definition: More lines of its ``template.yaml``.
        container: More lines of its container, with their indentation.
    """

    definition: str = SIZES
    container: str = ""

    def files(self) -> Mapping[str, bytes]:
        """See the port."""
        inside = {
            "template.yaml": (_TEMPLATE + self.definition + "\n").encode(),
            "job.yaml.j2": (_JOB + self.container).encode(),
            "README.md": b"# Bare\n",
        }
        listed = index.append(Index({}), "bare", Version.parse("1.0.0"), index.release_of(inside))
        return {
            **{f"templates/bare/{path}": content for path, content in inside.items()},
            "registry/index.yaml": index.dump(listed).encode(),
        }


PASSWORD = OneTemplate(
    f"parameters:\n- {{name: password, type: secretRef, description: Password}}\n{SIZES}",
    "        env:\n        - name: PASSWORD\n          valueFrom:\n            secretKeyRef: {{ password }}\n",
)
"""One that asks for a key of a Secret."""
