"""What the command line takes from a user's surroundings for registries in object stores: the folder for what is kept
near, and keys from the files of the AWS tools. Variables (AWS_…) obstore reads itself."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as BadFile
from pathlib import Path
from typing import Final

from assay.errors import UsageError
from assay.store.storage import is_address

CACHE: Final = "ASSAY_CACHE"
_NAMES: Final = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
    "region": "region",
    "endpoint_url": "endpoint",
}


def cache_folder(given: str | None, environment: Mapping[str, str]) -> Path:
    """`--cache`, or ASSAY_CACHE, or the folder `assay` in the user's folder of caches."""
    if chosen := given or environment.get(CACHE):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "assay"
    if base := environment.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"):
        return Path(base) / "assay"
    return Path.home() / ".cache" / "assay"


def store_options(address: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Options of the store that obstore does not find by itself: what ~/.aws/credentials and ~/.aws/config say of the
    profile, where no variable says otherwise; and an endpoint in plain HTTP."""
    if not is_address(address) or not address.startswith("s3://"):
        return {}
    told: dict[str, str] = {}
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        told["endpoint"] = endpoint
    if environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"):
        told["region"] = environment.get("AWS_REGION") or environment["AWS_DEFAULT_REGION"]
    if environment.get("AWS_ACCESS_KEY_ID"):
        return told
    profile = environment.get("AWS_PROFILE")
    found = _profile(profile or "default", environment)
    if profile and not found:
        raise UsageError(f"there is no AWS profile {profile!r}", "`aws configure --profile NAME` makes one")
    return {**found, **told}


def _profile(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    home = Path.home() / ".aws"
    places = (
        (Path(environment.get("AWS_CONFIG_FILE") or home / "config"), (f"profile {name}", name)),
        (Path(environment.get("AWS_SHARED_CREDENTIALS_FILE") or home / "credentials"), (name,)),
    )
    found: dict[str, str] = {}
    for path, sections in places:
        parser = ConfigParser(interpolation=None)
        try:
            parser.read(path, "utf-8")
        except (BadFile, OSError, UnicodeDecodeError):
            raise UsageError(f"{path} cannot be read", "`aws configure` writes such files") from None
        for section in sections:
            if parser.has_section(section):
                values = {key: value for key, value in parser.items(section) if value}
                found |= {ours: values[theirs] for theirs, ours in _NAMES.items() if theirs in values}
                break
    return found
