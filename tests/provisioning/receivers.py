"""What stands at the gateway's outputs in tests: a web server, and topics that are listened to."""

import http.server
import json
import threading
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.brokers import DEADLINE_S, Mosquitto

STATUS = "haetae/gateway/v1/status"
HOME_TOPICS = ("homeassistant/#", "haetae/gateway/v1/home-assistant/#", STATUS)


@dataclass(frozen=True)
class Post:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class WebServer:
    """Takes POSTs on loopback; `answers` are the status of the next to /hook, else it is `status`.

    `hold` keeps requests waiting: what a slow receiver is like.
    """

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.answers: list[int] = []
        self.status = 204
        self.hold = threading.Event()
        self.hold.set()
        self._changed = threading.Condition()
        server = self

        class Taker(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.hold.wait(DEADLINE_S)
                status = server.take(Post(self.path, headers, body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a killed client
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, post: Post) -> int:
        """Note a request; the status it is answered with."""
        with self._changed:
            is_next = self.answers and post.path == "/hook"
            status = self.answers.pop(0) if is_next else self.status
            self.posts.append(post)
            self._changed.notify_all()
        return status

    def wait_for(self, count: int) -> bool:
        """Whether so many requests have come, in good time."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.posts) >= count, DEADLINE_S)

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Ear:
    """Hears topics as one user; as `onem2m` it answers requests as a server of oneM2M does."""

    def __init__(self, broker: Mosquitto, user: str, *topics: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.instances: set[str] = set()
        self.is_deaf = False  # answers nothing
        self._changed = threading.Condition()
        self._subscribed = False
        certificate, key = broker.authority.issue(user)
        self._client = client = Client(
            CallbackAPIVersion.VERSION2, client_id=user, protocol=MQTTProtocolVersion.MQTTv5
        )
        client.tls_set(str(broker.authority.ca), str(certificate), str(key))
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.connect("localhost", broker.port)
        client.loop_start()
        client.subscribe([(topic, 1) for topic in topics])
        self.until(lambda: self._subscribed)

    def until(self, holds: Any) -> bool:
        """Wait until `holds`, looking again at each message."""
        with self._changed:
            return bool(self._changed.wait_for(holds, DEADLINE_S))

    def on(self, topic: str) -> list[bytes]:
        """What came on topics with this beginning."""
        return [body for where, body in self.heard if where.startswith(topic)]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_subscribe(self, *_: Any) -> None:
        with self._changed:
            self._subscribed = True
            self._changed.notify_all()

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        if message.topic.startswith("/oneM2M/req/") and not self.is_deaf:
            request = json.loads(message.payload)
            name = request["pc"]["m2m:cin"]["rn"]
            status = 4105 if name in self.instances else 2001
            self.instances.add(name)
            answer = json.dumps({"rsc": status, "rqi": request["rqi"]})
            client.publish(message.topic.replace("/req/", "/resp/"), answer, qos=1)
        with self._changed:
            self.heard.append((message.topic, bytes(message.payload)))
            self._changed.notify_all()
