"""The Kubernetes Event that tells what became of a run, on the Run itself or on its Tool."""

import hashlib
from datetime import datetime

from kubectl_rapt.model import names, times
from kubectl_rapt.model.kinds import EVENT, Manifest, Ref

COMPONENT = "rapt"
_MESSAGE_LIMIT = 1024
"""The API server refuses longer ones."""


def manifest(
    about: Ref, uid: str, told: str, reason: str, message: str, at: datetime, *, is_warning: bool
) -> Manifest:
    """The Event. The same news of the same run has the same name, so that of several who tell it one is heard.

    Args:
        about: The object that it is shown with.
        uid: That object's UID.
        told: What makes this news the same: the Run's UID, and the number of the attempt.
        reason: One word.
        message: One line for people.
        at: When.
        is_warning: Whether somebody should look.
    """
    suffix = hashlib.sha256(f"{told}/{uid}/{reason}".encode()).hexdigest()[:16]
    time = times.spell(at)
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.name,
        "metadata": {
            "name": f"{names.shorten(about.name, 46)}.{suffix}",
            "namespace": about.namespace,
        },
        "involvedObject": {
            "apiVersion": about.kind.api_version,
            "kind": about.kind.name,
            "name": about.name,
            "namespace": about.namespace,
            "uid": uid,
        },
        "reason": reason,
        "message": message[:_MESSAGE_LIMIT],
        "type": "Warning" if is_warning else "Normal",
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }
