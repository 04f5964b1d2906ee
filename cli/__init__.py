"""The `partner-copilot` command.

`--json` prints the contract's objects on standard output; logs go to standard error. Heavy parts are imported by the command that
needs them, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer
from rich.markup import escape

from cli import (
    admin,
    asking,
    audit,
    backup,
    cases,
    confidence,
    curation,
    documents,
    evals,
    failures,
    gaps,
    grants,
    guarding,
    jobs,
    mcp,
    policies,
    reindex,
    releases,
    retention,
    running,
    slack,
    sources,
    subject,
    tasks,
    usage,
    users,
    vault,
    widget,
)
from cli.common import err
from core.errors import CopilotError

INTERRUPTED = 130
"""A shell's status of a command that ctrl-C ended: 128 + SIGINT."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A support copilot for software vendors and their partners: cited answers from your own documents, or an honest no.",
)
for command in (
    running.demo,
    running.serve,
    documents.ingest,
    asking.ask,
    asking.search,
    gaps.gaps,
    guarding.redact,
    guarding.screen,
    vault.restore,
    running.migrate,
    running.worker,
    mcp.mcp,
    reindex.reindex,
    backup.backup,
    backup.restore,
):
    app.command()(command)
app.add_typer(running.doctor, name="doctor")
app.add_typer(admin.tenants, name="tenant")
admin.tenants.command("profile")(grants.tenant_profile)
app.add_typer(admin.keys, name="key")
app.add_typer(users.users, name="user")
app.add_typer(grants.grants, name="grant")
app.add_typer(jobs.jobs, name="job")
app.add_typer(slack.workspaces, name="slack")
app.add_typer(sources.sources, name="source")
app.add_typer(curation.documents, name="document")
app.add_typer(curation.corpora, name="corpus")
app.add_typer(failures.failures, name="failures")
app.add_typer(releases.releases, name="release")
app.add_typer(releases.golden, name="golden")
app.add_typer(confidence.confidence, name="confidence")
app.add_typer(audit.audit, name="audit")
app.add_typer(usage.usage, name="usage")
app.add_typer(vault.vault, name="vault")
app.add_typer(retention.retention, name="retention")
app.add_typer(subject.subjects, name="subject")
admin.tenants.command("erase")(subject.tenant_erase)
app.add_typer(widget.widgets, name="widget")
app.add_typer(cases.cases, name="case")
app.add_typer(policies.policy, name="policy")
app.add_typer(policies.prompt, name="prompt")
app.add_typer(tasks.tasks, name="task")
app.add_typer(evals.evals, name="eval")


def main() -> None:
    """Entry point: faults become one line on standard error and a status other than 0."""
    # Read when torch is loaded: its threads must not spin for work while ingest and other requests need the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        status = app(standalone_mode=False)
    except CopilotError as error:
        _fail(f"{error.detail} [{error.code}]")
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except typer.TyperException as error:
        if not (message := error.format_message()):
            sys.exit(2)  # a group without its command: the help is already shown
        _fail(f"{message}; see --help", status=2)
    if status == INTERRUPTED:  # typer turns ctrl-C into this status
        _fail("interrupted; what was finished is kept, and the same command goes on from there", status=status)
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str, *, status: int = 1) -> NoReturn:
    err.print(f"[red]error:[/red] {escape(message)}", soft_wrap=True)
    sys.exit(status)
