"""`python -m taskmanager_testing.goobi`: runs a fake Goobi in its own process until SIGTERM or Ctrl-C."""

import argparse
import signal
import sys
from pathlib import Path

from taskmanager_testing.goobi.server import RunningGoobi
from taskmanager_testing.goobi.settings import read_settings


def main() -> None:
    """Serve until told to stop; the address is the first line of the output."""
    parser = argparse.ArgumentParser("taskmanager_testing.goobi", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free port)")
    parser.add_argument("--config", type=Path, help="TOML file with processes and access rules")
    options = parser.parse_args()
    # blocked before any thread is started, so that no thread receives the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    server = RunningGoobi(read_settings(options.config).goobi(), options.port)
    server.start()
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop()


if __name__ == "__main__":
    main()
