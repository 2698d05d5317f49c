"""assay serve"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session
from assay.errors import MissingExtra

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command(cls=Command)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Where it listens."
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="On which address.")
@click.pass_obj
def command(session: Session, port: int, host: str) -> None:
    """Open the registry in a browser: pages for people, JSON for programs, on this machine."""
    try:
        import uvicorn

        from assay.web.app import create_app
    except ImportError:
        raise MissingExtra(
            "the web application needs packages of its own", "pip install 'assay-data[web]'"
        ) from None
    import assay
    from assay.web.settings import Settings

    session.registry.check_writable()
    app = create_app(lambda: assay.open(session.path, actor=session.actor), Settings())
    session.err.print(f"assay is open at http://{host}:{port} (Ctrl+C ends it)")
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False, proxy_headers=False)
