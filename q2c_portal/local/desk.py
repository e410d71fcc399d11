"""A person at the desk, through the portal's real API: signs in with a password, presses what a browser would press."""

import re
import time
from typing import Any

import httpx


class Person:
    """One signed-in demo user."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.name = name
        self.http = httpx.Client(base_url=url, timeout=120, trust_env=False, follow_redirects=True)
        page = self.http.get("/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        answer = self.http.post(
            "/admin/login/?next=/admin/",
            data={"username": name, "password": password, "csrfmiddlewaretoken": token.group(1) if token else ""},
            headers={"Referer": f"{url}/admin/login/"},
        )
        if "/login" in str(answer.url):
            raise RuntimeError(f"{name} cannot sign in")

    def get(self, path: str, **params: Any) -> Any:
        return self._read(self.http.get(f"/api/v1/{path}", params=params))

    def post(self, path: str, **body: Any) -> Any:
        return self._read(self.send(path, **body))

    def send(self, path: str, **body: Any) -> httpx.Response:
        """The bare answer, for what is expected to be refused."""
        return self.http.post(
            f"/api/v1/{path}",
            json=body,
            headers={"X-CSRFToken": self.http.cookies.get("csrftoken", ""), "Referer": str(self.http.base_url)},
        )

    @staticmethod
    def _read(response: httpx.Response) -> Any:
        if response.is_error:
            raise RuntimeError(
                f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:800]}"
            )
        return response.json()

    # -- what people do, in their words -----------------------------------------------------------
    def ask_for(self, where: str, fix: str, *, because: str, **inputs: str) -> dict[str, Any]:
        """Choose (prefilled where the portal suggests), look at the preview, ask for approval of exactly that."""
        offered = {one["name"]: one["initial"] for one in self.get(f"{where}/fixes/{fix}")["inputs"]}
        chosen = {**offered, **inputs}
        preview = self.post(f"{where}/fixes/{fix}/preview", inputs=chosen)
        asked = self.post(f"{where}/fixes/{fix}/ask", inputs=chosen, sha256=preview["sha256"], because=because)
        return {**asked, "preview": preview}

    def approve(self, number: str, *, because: str = "") -> int:
        """Say yes; the number of the run it starts."""
        return self.post(f"approvals/{number.removeprefix('APR-')}/approve", because=because)["run"]

    def watch(self, run: int, *, patience: float = 600.0, meanwhile: Any = None) -> dict[str, Any]:
        """Wait for a run to end."""
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            state = self.get(f"runs/{run}")
            if state["status"] in ("done", "stopped"):
                return state
            if meanwhile:
                meanwhile()
            time.sleep(0.3)
        raise TimeoutError(f"run {run} has not ended after {patience:.0f} seconds: {state}")
