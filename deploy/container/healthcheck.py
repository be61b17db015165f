"""The health check of the images: exit code 0 if the service in here is ready, else what is missing."""

import os
import sys
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 2


def main() -> None:
    """Ask once."""
    address = f"http://127.0.0.1:{os.environ['TASKMANAGER_HTTP_PORT']}/health/ready"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS):
            return
    except urllib.error.HTTPError as error:
        sys.exit(error.read().decode())
    except OSError as error:
        sys.exit(f"no answer from {address}: {error}")


if __name__ == "__main__":
    main()
