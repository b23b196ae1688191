"""Which cluster a command speaks to, and as whom: kubectl's own flags, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """What the user's flags say about the cluster; empty means what kubectl would take.

    Args:
        kubeconfig: ``--kubeconfig``: a path.
        context: ``--context``.
        namespace: ``-n``, ``--namespace``.
        as_user: ``--as``.
        as_groups: ``--as-group``, each.
        request_timeout_seconds: ``--request-timeout``: how long one request may take.
    """

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    as_user: str = ""
    as_groups: tuple[str, ...] = ()
    request_timeout_seconds: float = 30.0

    @property
    def kubectl_flags(self) -> tuple[str, ...]:
        """The flags that make any kubectl command speak to this cluster as this user (not the namespace)."""
        named = (("--kubeconfig", self.kubeconfig), ("--context", self.context), ("--as", self.as_user))
        flags = [f"{flag}={value}" for flag, value in named if value]
        return (*flags, *(f"--as-group={group}" for group in self.as_groups))
