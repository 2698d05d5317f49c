"""Every command of the terminal over HTTP: `/api/commands/…` under the same names, with the answers of `--json`."""

from assay.web.commands.declaring import add_commands

__all__ = ["add_commands"]
