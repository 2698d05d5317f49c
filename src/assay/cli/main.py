"""The entry point: `assay`, a group that imports a command's file only when that command is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from assay.cli import streams
from assay.cli.command import global_options
from assay.errors import AssayError

SECTIONS = {
    "Make": {
        "init": "Create a registry.",
        "curate": "Turn raw files into a clean version, and account for every record.",
        "import": "Take files as they are into a version.",
        "generate": "Have language models write a version's examples, to quotas.",
        "template": "What language models are asked.",
        "freeze": "Keep an eval set out of every version from now on.",
    },
    "Name": {
        "branch": "Lines of versions beside main.",
        "tag": "Names for versions.",
        "merge": "Bring a branch's changes into another.",
        "rollback": "An older version's examples as a new version, with the reason.",
    },
    "Look": {
        "serve": "The registry in a browser, and over HTTP.",
        "list": "The datasets.",
        "log": "What happened, and who did it.",
        "show": "A version's card, or one example whole.",
        "head": "The first examples of a version.",
        "find": "Examples by words and fields, with counts, page by page.",
        "search": "Examples that contain words.",
        "query": "SQL over a version, its facts, its ledger and the log.",
        "facts": "The tags and scores of a version.",
        "stats": "Figures about a version, and whether they are healthy.",
        "report": "The same as one HTML page, with charts.",
        "trend": "All versions of a line as series, and where one jumps.",
        "map": "Where the examples lie: clusters, named, in the plane.",
        "collapse": "How synthetic depth and diversity move, and whether models collapse on them.",
        "card": "What others must know of a version, as a card or in a standard's form.",
    },
    "Explain": {
        "diff": "What changed between two versions.",
        "drift": "How rows are spread in two versions, and what made the difference.",
        "compare": "What a change of data did to the models that learned from it.",
        "why": "What became of a record, and the evidence.",
        "rejected": "The records that did not make it, page by page.",
        "trace": "Everything known about an example.",
        "blame": "Who and what brought an example into a version.",
        "sweep": "What other thresholds would have kept.",
        "radius": "Every version and run that something reached.",
        "lineage": "What went into a version, and which runs came of it.",
    },
    "Govern": {
        "review": "Queues of examples, and people's verdicts on them.",
        "judge": "Let models judge examples, and see how far they can be believed.",
        "gold": "A sample judged by hand, frozen as an eval set.",
        "policy": "What a version must be like, and who may approve it.",
        "check": "Hold a version against the policy.",
        "waive": "Let a finding pass for a while.",
        "approve": "Approve a version that others made.",
        "release": "Release a version that is approved.",
        "revoke": "Withdraw a version for good.",
        "fact": "State tags and scores about examples.",
        "disable": "Take examples out, and keep them out.",
        "enable": "Let disabled examples stand again.",
        "restore": "Take rejected records into the next version.",
        "forget": "Destroy the texts of examples everywhere, for good.",
        "run": "Run a training on a version, and keep a receipt of it.",
        "runs": "Which models learned from which version.",
        "audit": "Prove that the log is whole, and hold it against what you kept.",
        "access": "Who may come in where `serve` asks.",
        "evidence": "Everything that proves a version, in one signed file.",
    },
    "Keep": {
        "export": "Write a version as files.",
        "verify": "Check every byte against its name.",
        "gc": "Remove what no version holds.",
        "compact": "The newest version in fewer files.",
        "doctor": "Say what ails the registry, and repair what can be.",
    },
}
COMMANDS = {name: text for section in SECTIONS.values() for name, text in section.items()}


class LazyGroup(click.Group):
    """Commands by name, each in `assay.cli.commands.<name>`, with one-line helps that need no import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = "import_" if cmd_name == "import" else cmd_name
        command: click.Command = import_module(f"assay.cli.commands.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, 1)
            ctx.fail(f"there is no command {name!r}" + (f"; did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()), col_max=10, col_spacing=4)


CLOSED_PIPE = 141
"""What a shell says of a program that SIGPIPE ended."""
COMPLETE = "_ASSAY_COMPLETE"
JOB = "ASSAY_JOB"
"""Set where the web application runs the command line; see `assay.cli.job`."""
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 90}


@click.command(cls=LazyGroup, context_settings=CONTEXT)
@click.version_option(package_name="assay-data", prog_name="assay")
@click.pass_context
def group(
    ctx: click.Context,
    folder: str | None,
    cache: str | None,
    actor: str | None,
    as_of: str | None,
    as_json: bool,
) -> None:
    """Curate, version and govern fine-tuning datasets, down to the single row.

    The options of this page may also stand after the command's name. A REF is a dataset (helpdesk: its newest
    version) or a version of it (helpdesk@v2).
    """
    from assay.cli.database_option import from_environment
    from assay.cli.session import Session

    place = folder or os.environ.get("ASSAY_REGISTRY") or None
    ctx.obj = Session(
        place, actor, as_json, given=bool(folder), as_of=as_of, cache=cache, database=from_environment()
    )


group.params[:0] = global_options()


def run(args: Sequence[str]) -> int:
    """Run one command line and give its exit code; never raises for an error of the user or the system."""
    streams.prepare()
    try:
        code = _run(list(args))
        sys.stdout.flush()
    except BrokenPipeError:
        streams.silence()
        return CLOSED_PIPE
    return code


def _run_as_job(args: Sequence[str]) -> int:
    """The same where the web application asked for it: how it ended is written down."""
    from assay.cli import job

    folder = job.job_folder()
    if folder is None:
        return run(args)
    job.begin()
    code = run(args)
    job.end(folder, code)
    return code


def _run(words: list[str]) -> int:
    as_json = "--json" in (words[: words.index("--")] if "--" in words else words)
    try:
        with group.make_context("assay", words) as ctx:
            group.invoke(ctx)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        raise
    except (AssayError, click.ClickException, OSError) as error:
        from assay.cli.failure import as_assay_error, report

        said = as_assay_error(error)
        report(said, as_json)
        return said.exit_code
    return 0


def main() -> None:
    """Run the process's command line, or answer the shell that asks how to complete it."""
    asked = os.environ.get(COMPLETE)
    if asked:
        from click.shell_completion import shell_complete

        sys.exit(shell_complete(group, {}, "assay", COMPLETE, asked))
    sys.exit(_run_as_job(sys.argv[1:]) if JOB in os.environ else run(sys.argv[1:]))


if __name__ == "__main__":
    main()
