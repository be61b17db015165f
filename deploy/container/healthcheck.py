"""The health check of the images: exit code 0 if the container's service is ready, else what is missing."""

import os
import ssl
import sys
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 2


def main() -> None:
    """Make one request."""
    scheme = "https" if os.environ.get("TASKMANAGER_TLS_CERTIFICATE") else "http"
    address = f"{scheme}://127.0.0.1:{os.environ['TASKMANAGER_HTTP_PORT']}/health/ready"
    # it connects to itself, and the certificate is for the name by which others know the host
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS, context=context):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        sys.exit(error.read().decode())
    except OSError as error:
        sys.exit(f"no answer from {address}: {error}")


if __name__ == "__main__":
    main()
