"""The gateway that a command talks to, and the token it shows: options before environment before profile."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from taskmanager_cli.errors import UsageError
from taskmanager_cli.settings.profiles import Profile, load

LOCAL = "http://127.0.0.1:8080"
"""The address when nothing names one: a gateway on this machine."""
VARIABLES: Mapping[str, str] = {
    "TASKMANAGER_PROFILE": "Profile of the configuration file, as --profile.",
    "TASKMANAGER_ADDRESS": "Address of a gateway, as --address.",
    "TASKMANAGER_TOKEN": "The token itself.",
    "TASKMANAGER_TOKEN_FILE": "File with the token, as --token-file.",
    "TASKMANAGER_ACTOR": "Person on whose behalf the token is used, as --actor.",
    "TASKMANAGER_CA_FILE": "Certificates to trust for https, as --ca-file.",
    "TASKMANAGER_CLI_CONFIG": "The configuration file, instead of ~/.config/taskmanager/config.toml.",
    "NO_COLOR": "If set, nothing is coloured.",
    "COLUMNS": "Width of the terminal, if it does not say so itself.",
}
"""What the environment may say."""
SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 3600
"""How long an answer may be waited for."""
TOKEN_COMMAND_SECONDS = 60
"""How long a keyring may ask its owner to be unlocked."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says about the connection."""

    profile: str | None = None
    address: str | None = None
    token_file: str | None = None
    actor: str | None = None
    ca_file: str | None = None
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything needed to send a request. `timeout` in seconds."""

    address: str
    token: str | None
    actor: str | None
    ca_file: str | None
    timeout: float


def connection_of(options: Options, environment: Mapping[str, str]) -> Connection:
    """The connection to use; raises UsageError if a part of it cannot be used.

    The token of a profile is shown only to the address of that profile: with another address, the token has
    to be named as well.
    """
    if not SHORTEST_SECONDS <= options.timeout <= LONGEST_SECONDS:
        raise UsageError(f"--timeout must be {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds.")
    profile = load(environment).chosen(options.profile or environment.get("TASKMANAGER_PROFILE"))
    named = options.address or environment.get("TASKMANAGER_ADDRESS")
    address = checked_address(named or (profile.address if profile else LOCAL))
    own = profile if profile and address == checked_address(profile.address) else None
    return Connection(
        address=address,
        token=_token(options, environment, own),
        actor=options.actor or environment.get("TASKMANAGER_ACTOR") or (profile.actor if profile else None),
        ca_file=_ca_file(options, environment, own),
        timeout=options.timeout,
    )


def checked_address(address: str) -> str:
    """The address without a slash at its end; raises UsageError unless it is http or https with a host."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and _is_host(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username is not None:
        raise UsageError(
            f"{address!r} is not the address of a gateway; write it like https://jobs.example.org."
        )
    return address.rstrip("/").removesuffix("/api/v1")


def _is_host(name: str | None) -> bool:
    """Whether every label of the name can be looked up."""
    try:
        return (
            bool(name) and str(name).isprintable() and " " not in str(name) and bool(str(name).encode("idna"))
        )
    except UnicodeError:
        return False


def _ca_file(options: Options, environment: Mapping[str, str], profile: Profile | None) -> str | None:
    named = (
        options.ca_file or environment.get("TASKMANAGER_CA_FILE") or (profile.ca_file if profile else None)
    )
    if named is None:
        return None
    file = Path(named).expanduser()
    if not file.is_file():
        raise UsageError(f"The file of certificates {named} does not exist.")
    return str(file)


def _token(options: Options, environment: Mapping[str, str], profile: Profile | None) -> str | None:
    if options.token_file:
        return _from_file(options.token_file)
    if token := environment.get("TASKMANAGER_TOKEN"):
        return _checked_token(token, "TASKMANAGER_TOKEN")
    if file := environment.get("TASKMANAGER_TOKEN_FILE"):
        return _from_file(file)
    if profile and profile.token_file:
        return _from_file(profile.token_file)
    if profile and profile.token_command:
        return _from_command(profile.token_command)
    return None


def _from_file(name: str) -> str:
    try:
        text = Path(name).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The file of the token {name} cannot be read: {error}.") from error
    return _checked_token(text, f"the file {name}")


def _from_command(words: tuple[str, ...]) -> str:
    program = words[0]
    try:
        done = subprocess.run(
            words, stdout=subprocess.PIPE, text=True, check=True, timeout=TOKEN_COMMAND_SECONDS
        )
    except OSError as error:
        raise UsageError(f"The token_command {program!r} cannot be started: {error}.") from error
    except subprocess.CalledProcessError as error:
        raise UsageError(
            f"The token_command {program!r} failed with exit code {error.returncode}."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"The token_command {program!r} did not end in {TOKEN_COMMAND_SECONDS} s."
        ) from error
    return _checked_token(done.stdout, f"the token_command {program!r}")


def _checked_token(text: str, origin: str) -> str:
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"There is no token in {origin}: a token is one word that begins with tm_.")
    return token
