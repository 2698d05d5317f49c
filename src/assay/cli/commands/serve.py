"""assay serve"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli.command import Command
from assay.cli.database_option import database_option, hand_on
from assay.cli.oidc_options import SECRET, check_reach, oidc_options
from assay.cli.session import Session
from assay.errors import MissingExtra

if TYPE_CHECKING:
    from assay.web.settings import Mode, Oidc


@click.command(cls=Command)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Where it listens."
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="On which address.")
@click.option(
    "--mode", type=click.Choice(["local", "token", "password", "oidc"]), default="local", show_default=True,
    help="Who may come in: you alone, whom `assay access` wrote in, or whom an identity provider vouches for.",
)  # fmt: skip
@click.option("--name", "names", multiple=True, metavar="HOST", help="A name under which it is reached.")
@click.option(
    "--endpoint", "endpoints", multiple=True, metavar="PROVIDER=URL",
    help="Where jobs call a provider's models, as in vllm=http://127.0.0.1:8000/v1.",
)  # fmt: skip
@click.option("--prices", metavar="FILE", help="JSON with prices of your own, for jobs that call models.")
@click.option("--https", is_flag=True, help="It is reached over HTTPS, through a proxy of yours.")
@database_option()
@oidc_options
@click.pass_obj
def command(  # noqa: PLR0913 - its options
    session: Session,
    port: int,
    host: str,
    mode: Mode,
    names: tuple[str, ...],
    endpoints: tuple[str, ...],
    prices: str | None,
    https: bool,
    database: str | None,
    oidc: Oidc | None,
) -> None:
    """Open the registry in a browser: pages for people, JSON for programs."""
    try:
        import uvicorn

        from assay.web.app import create_app
    except ImportError:
        raise MissingExtra(
            "the web application needs packages of its own", "pip install 'assay-data[web]'"
        ) from None
    from assay.web.arenas import few_arenas
    from assay.web.settings import Settings

    check_reach(mode, host, https)
    session = session.over(database)
    hand_on(session.database)
    session.registry.check_writable()
    hosts = tuple(dict.fromkeys(name.lower() for name in (*Settings().hosts, host, *names)))
    few_arenas()
    app = create_app(
        session.opened,
        Settings(
            mode,
            hosts,
            secure=https,
            endpoints=endpoints,
            prices=str(Path(prices).resolve()) if prices else "",
            oidc=oidc,
        ),
        environment={name: value for name, value in os.environ.items() if name != SECRET},
    )
    session.err.print(f"assay is open at http://{host}:{port} (Ctrl+C ends it)")
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False, proxy_headers=False)
