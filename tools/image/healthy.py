"""The health check inside an image: `python healthy.py api|relay`; exit code 0 when the part answers, else 1.

It asks the listener that the settings name, at its own loopback address. The certificate is not checked: it bears the
public name, and the only question is whether the process answers.
"""

import http.client
import os
import ssl
import sys

DEFAULTS = {"api": ("TASUKI_API_LISTEN", "127.0.0.1:8080"), "relay": ("TASUKI_RELAY_ADMIN_LISTEN", "127.0.0.1:9443")}
WILDCARDS = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
TIMEOUT_SECONDS = 3.0


def connection(part: str) -> http.client.HTTPConnection:
    """To the listener of `part`; the relay's health listener never speaks TLS."""
    name, default = DEFAULTS[part]
    host, _, port = os.environ.get(name, default).rpartition(":")
    address = f"{WILDCARDS.get(host, host)}:{port}"
    if part == "api" and os.environ.get("TASUKI_TLS_CERT_FILE"):
        context = ssl._create_unverified_context()
        return http.client.HTTPSConnection(address, timeout=TIMEOUT_SECONDS, context=context)
    return http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)


def main(arguments: list[str]) -> int:
    """Entry of the script."""
    if len(arguments) != 1 or arguments[0] not in DEFAULTS:
        print("usage: python healthy.py api|relay", file=sys.stderr)
        return 2
    try:
        asked = connection(arguments[0])
        asked.request("GET", "/healthz")
        answer = asked.getresponse()
        said = answer.read(200).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer: {error}", file=sys.stderr)
        return 1
    print(said)
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
