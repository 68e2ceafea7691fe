"""Somebody at the setup page without a browser: TLS, cookie and JSON as a browser has them."""

import http.client
import json
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from hw_mocks.setup_rig import SetupRig
from tests.running import until


class Answer:
    """One answer: status, headers and content."""

    def __init__(self, found: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.content = found.status, found.headers, found.read()

    def json(self) -> Any:
        return json.loads(self.content)


class Installer:
    """A browser's worth of HTTP; `open` types the code."""

    def __init__(self, rig: SetupRig) -> None:
        self.rig, self.cookie = rig, ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def open(self) -> Self:
        answer = self.post("/api/session", {"code": self.rig.code})
        assert answer.status == 200, answer.content
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return self

    def line(self) -> http.client.HTTPSConnection:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as one who clicks on
        place = urlsplit(self.rig.url)
        return http.client.HTTPSConnection("127.0.0.1", place.port, context=context, timeout=60)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request; a header's name is written with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        line = self.line()
        try:
            line.request(method, path, body, sent)
            return Answer(line.getresponse())
        finally:
            line.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, body: object, **headers: str) -> Answer:
        sent = {"Content_Type": "application/json"} | headers
        return self.ask("POST", path, json.dumps(body).encode(), **sent)

    def do(self, path: str, **body: Any) -> Any:
        """Do something that has to work."""
        answer = self.post(path, body)
        assert answer.status == 200, answer.json()
        return answer.json()

    def refused(self, path: str, **body: Any) -> dict[str, Any]:
        """Do something that must not; every refusal says what to do next, in both languages."""
        answer = self.post(path, body)
        found: dict[str, Any] = answer.json()
        assert answer.status >= 400, found
        for words in (found["what"], found["remedy"]):
            assert any("가" <= sign <= "힣" for sign in words["ko"])
            assert words["en"].isascii()
        return found | {"status": answer.status}

    def state(self) -> Any:
        answer = self.get("/api/state")
        assert answer.status == 200, answer.content
        return answer.json()

    def sensor(self, name: str) -> Any:
        return next(each for each in self.state()["sensors"] if each["name"] == name)

    def choose(self, profile: str) -> None:
        """Take a profile, and wait for the agent that comes by it."""
        self.do("/api/profile", name=profile)
        until(lambda: self.state()["device"]["agent"] and self.is_heard(), 30, "the agent is there")

    def is_heard(self) -> bool:
        return all(
            each["state"] != "waiting" or each["value"] is not None
            for each in self.state()["sensors"]
        )

    def steps(self) -> dict[str, bool]:
        return {each["id"]: each["done"] for each in self.state()["steps"]}

    def judged(self, name: str, within_s: float = 30) -> Any:
        """How a trial went, once it is over."""
        until(lambda: self.sensor(name)["trial"]["state"] != "running", within_s, f"{name} judged")
        return self.sensor(name)["trial"]


def readable(found: dict[str, Any]) -> bool:
    """Whether words for people are there in both languages."""
    with suppress(KeyError, TypeError):
        return bool(found["ko"] and found["en"])
    return False
