"""A server that takes what rooms are sent, and says what it is told to say."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reconciliation.habits.notices.channels import webhook
from reconciliation.habits.notices.registry import FOR_ROOMS
from reconciliation.models import NoticeRoom
from reconciliation.teams import Team


@dataclass
class Taken:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    taken: list[Taken] = field(default_factory=list)
    status: int = 200
    says: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    #: it takes the message and hangs up without an answer
    hangs_up: bool = False
    address: str = ""

    def room(self, kind: str = "slack", team: Team = Team.BILLING_OPS, **fields: Any) -> NoticeRoom:
        """A room at this server, told everything."""
        made = NoticeRoom(
            name=fields.pop("name", f"#{kind}"),
            kind=kind,
            team=team,
            events=fields.pop("events", list(FOR_ROOMS)),
            host="127.0.0.1",
            **fields,
        )
        made.put_secrets(address=f"{self.address}/rooms/{kind}?sig=hidden-part", secret=webhook.new_secret())
        made.save()
        return made

    def start(self) -> ThreadingHTTPServer:
        mine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                mine.taken.append(Taken(self.path, dict(self.headers), body))
                if mine.hangs_up:
                    self.close_connection = True
                    return
                self.send_response(mine.status)
                for name, value in mine.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(mine.says)))
                self.end_headers()
                self.wfile.write(mine.says.encode())

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{server.server_address[1]}"
        return server
