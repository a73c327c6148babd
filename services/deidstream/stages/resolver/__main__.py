"""``python -m deidstream.stages.resolver``: this stage as a process of its own."""

from __future__ import annotations

import sys

from deidstream.adapters import policy_files
from deidstream.stages.process import Process, run
from deidstream.stages.resolver import imported, sealed_import
from deidstream.stages.resolver.config import Project, ResolverSettings
from deidstream.stages.resolver.service import Recipient, Resolver, recipient
from deidstream.stream.instances import Instance

__all__ = ["build", "recipient_of"]


def build(process: Process) -> Resolver:
    """The stage as configured. Raises Misconfigured when a policy or a file of pseudonyms is wrong."""
    settings = process.settings.section("resolver", ResolverSettings)
    return Resolver([recipient_of(project, process) for project in settings.projects], process.clock, settings)


def recipient_of(project: Project, process: Process) -> Recipient:
    """The project with its policy, its keys and the pseudonyms that it brought."""
    brought = imported.read(project.pseudonyms, project.name) if project.pseudonyms else None
    text = sealed_import.read(process.deployment.state, project.name, process.keys)
    if text is not None:
        brought = imported.parse(text, project.name, sealed_import.NAME, brought)
    return recipient(project, policy_files.load(project.policy), process.keys, brought)


if __name__ == "__main__":
    sys.exit(run({"resolver": build}, Process.open(None, Instance(("resolver",)))))
