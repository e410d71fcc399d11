"""Questions that tell whether a local server answers yet."""

import socket
import urllib.error
import urllib.request

from q2c_portal.local.ports import LOOPBACK

# Loopback never goes through a proxy, whatever the environment says.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers_http(url: str) -> bool:
    """True when the server answers this address with anything but a server error."""
    try:
        with _OPENER.open(url, timeout=3):
            return True
    except urllib.error.HTTPError as answer:
        return answer.code < 500
    except OSError:
        return False


def answers_ping(port: int, *, password: str) -> bool:
    """True when the Redis-protocol server on this loopback port has loaded its data."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as line:
            line.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = line.recv(256)
                if not part:
                    return False
                answer += part
    except OSError:
        return False
    return answer.split(b"\r\n")[1] == b"+PONG"
