"""A visitor without a browser, who speaks Streamlit's own protocol with the running app like a page in a browser.

One WebSocket carries what the visitor does and what the page shows; uploads and pictures go over HTTP, with the cookie
and the token that protect them. A hundred visitors cost little, so that a server can be measured under load.
"""

import base64
import http.client
import json
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlparse

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

XSRF_COOKIE = "_streamlit_xsrf"

KEPT_OPEN = 3
"""Seconds after which an idle connection is not reused: the server closes it after five."""


class PageFailed(RuntimeError):
    """The page showed an error, or did not finish in time."""


@dataclass
class Page:
    """What one run of the page's script showed.

    Attributes:
        elements: the elements, by their position.
        raw: all messages of the run in order, as a visitor could see them in the network traffic.
        texts: everything written, in order, including what was replaced later in the same run.
    """

    elements: dict[tuple[int, ...], Element] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list:
        """Return the elements of one kind, by the name of their message."""
        return [getattr(each, kind) for each in self.elements.values() if each.WhichOneof("type") == kind]

    @property
    def pictures(self) -> list:
        """All pictures, with URL and alternative text."""
        return [picture for images in self.of("imgs") for picture in images.imgs]


class Visitor:
    """One session with the app; use it in a `with` block and in one thread."""

    def __init__(self, address: str, patience: float = 120) -> None:
        """Open a session without requesting a page.

        Args:
            address: the app's URL, without a trailing slash.
            patience: seconds that any answer may take.
        """
        self.address, self.patience = address, patience
        self.session, self.script = "", ""
        self.page = Page()
        self._widgets: dict[str, WidgetState] = {}
        self._components: dict[str, Any] = {}  # the latest state of each
        self._fragments: dict[str, str] = {}  # which part of the page each belongs to
        self._downloads: dict[str, str] = {}  # the file of each download button, by its label
        self._sent = 0
        self._file: tuple[str, str] | None = None  # the current upload: its widget and the URL that deletes it
        self._http = http.client.HTTPConnection(urlparse(address).netloc, timeout=patience)
        self._asked = time.monotonic()
        headers, _ = self._request("GET", "/_stcore/health")
        self._token = SimpleCookie(headers.get("Set-Cookie", ""))[XSRF_COOKIE].value
        self._open = ExitStack()
        self._socket = self._open.enter_context(
            connect(
                f"{address.replace('http', 'ws', 1)}/_stcore/stream",
                origin=address,
                subprotocols=["streamlit", self._token],
                additional_headers={"Cookie": f"{XSRF_COOKIE}={self._token}"},
                max_size=None,
                max_queue=None,  # with a full queue, the closing handshake could not be read
                ping_interval=None,  # the app sends pings itself
                open_timeout=patience,
            )
        )

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Close the tab."""
        self._open.close()
        self._http.close()

    def open(self, page: str = "") -> Page:
        """Request a page and wait until its script has run.

        Args:
            page: its URL path, e.g. `"album"`; empty for the main page.
        """
        self.script = ""
        return self._rerun(page=page)

    def upload(self, name: str, data: bytes, wait: bool = True) -> Page:
        """Upload a photo on the main page, replacing the last one, and wait until it has been read.

        Args:
            name: file name.
            data: the file's bytes.
            wait: False returns at once, with the page as it was.
        """
        uploader = next(each for each in self.page.of("file_uploader") if not each.multiple_files)
        self._discard()
        request = BackMsg()
        request.file_urls_request.request_id = uuid.uuid4().hex
        request.file_urls_request.session_id = self.session
        request.file_urls_request.file_names.append(name)
        self._socket.send(request.SerializeToString())
        [urls] = self._receive("file_urls_response").file_urls_response.file_urls
        self._send_file(urls.upload_url, name, data)
        state = WidgetState(id=uploader.id)
        state.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(data), file_id=urls.file_id, file_urls=urls
        )
        self._widgets[uploader.id] = state
        self._file = uploader.id, urls.delete_url
        return self._rerun(wait)

    def send(self, name: str, message: Mapping[str, Any], wait: bool = True) -> dict[str, Any]:
        """Send a message as a component of `ui.messages` does; returns what the component is told afterwards.

        Args:
            name: of the component.
            message: all but its number.
            wait: False returns at once, with what the component was told before.
        """
        self._sent += 1
        number = f"visit-{self._sent}"
        component = self._components[name]
        state = WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{component.id}__events")
        state.json_trigger_value = json.dumps([{"event": "message", "value": {**message, "number": number}}])
        request = BackMsg()
        request.rerun_script.page_script_hash = self.script
        request.rerun_script.fragment_id = self._fragments[name]
        itself = WidgetState(id=component.id, json_value="{}")
        request.rerun_script.widget_states.widgets.extend([*self._widgets.values(), itself, state])
        self._socket.send(request.SerializeToString())
        until = time.monotonic() + self.patience
        while wait and json.loads(self._components[name].json)["answered"] != number:
            if time.monotonic() > until:
                raise PageFailed(f"{name} was not answered")
            self._receive("script_finished")
        return json.loads(self._components[name].json)

    def picture(self, path: str) -> bytes:
        """Get a picture or file of the page, from its own address or out of a data URL."""
        if path.startswith("data:"):
            return base64.b64decode(path.partition(",")[2])
        return self._request("GET", path)[1]

    def download(self, label: str) -> bytes:
        """Click a download button whose file is made when it is asked for, and return the file.

        Args:
            label: of the button.
        """
        return self.picture(self.made_file(label))

    def made_file(self, label: str) -> str:
        """Have the file of a download button made; returns its path, from which a browser would fetch it."""
        request = BackMsg()
        request.backend_operation_request.request_id = uuid.uuid4().hex
        request.backend_operation_request.session_id = self.session
        request.backend_operation_request.deferred_file.file_id = self._downloads[label]
        self._socket.send(request.SerializeToString())
        response = self._receive("backend_operation_response").backend_operation_response
        if response.error_msg:
            raise PageFailed(f"{label}: {response.error_msg}")
        return response.deferred_file.url

    def _discard(self) -> None:
        # A browser deletes a file before it uploads its replacement.
        if self._file:
            widget, delete_url = self._file
            self._request("DELETE", delete_url, headers=self._guard)
            self._widgets.pop(widget, None)
            self._file = None

    def _send_file(self, path: str, name: str, data: bytes) -> None:
        boundary = uuid.uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        self._request("PUT", path, body, self._guard | kind)

    @property
    def _guard(self) -> dict[str, str]:
        return {"X-Xsrftoken": self._token, "Cookie": f"{XSRF_COOKIE}={self._token}"}

    def _request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPMessage, bytes]:
        if time.monotonic() - self._asked > KEPT_OPEN:
            self._http.close()  # the next request opens it again
        self._http.request(method, path, body, headers or {})
        response = self._http.getresponse()
        content = response.read()
        self._asked = time.monotonic()
        if response.status >= 400:
            raise PageFailed(f"{method} {path} was answered with {response.status}: {content[:200]!r}")
        return response.headers, content

    def _rerun(self, wait: bool = True, page: str = "") -> Page:
        message = BackMsg()
        message.rerun_script.page_script_hash = self.script
        message.rerun_script.page_name = page
        message.rerun_script.widget_states.widgets.extend(self._widgets.values())
        self._socket.send(message.SerializeToString())
        if wait:
            self._receive("script_finished")
        return self.page

    def _receive(self, kind: str) -> ForwardMsg:
        """Process what the app sends until a message of the given kind."""
        until = time.monotonic() + self.patience
        while True:
            data = self._socket.recv(timeout=max(0.001, until - time.monotonic()))
            message = ForwardMsg.FromString(data)
            self._take_in(message, data)
            if message.WhichOneof("type") == kind and self._is_last(message):
                return message

    def _is_last(self, message: ForwardMsg) -> bool:
        # An interrupted run is followed by another one, which has the answer.
        early = ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN
        return message.WhichOneof("type") != "script_finished" or message.script_finished != early

    def _take_in(self, message: ForwardMsg, data: bytes) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session = message.new_session.initialize.session_id
            self.script = message.new_session.page_script_hash
            self.page = Page()
        self.page.raw.append(data)
        if kind == "session_event" and message.session_event.WhichOneof("type") == "script_compilation_exception":
            raise PageFailed("the page's script does not compile")
        if kind != "delta" or message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        self.page.elements[tuple(message.metadata.delta_path)] = element
        if element.WhichOneof("type") == "bidi_component":
            name = element.bidi_component.component_name
            self._components[name], self._fragments[name] = element.bidi_component, message.delta.fragment_id
        if element.WhichOneof("type") == "download_button":
            self._downloads[element.download_button.label] = element.download_button.deferred_file_id
        shown = element.WhichOneof("type")
        if shown == "exception":
            raise PageFailed(f"{element.exception.type}: {element.exception.message}")
        text = getattr(getattr(element, shown), "body", "") if shown else ""
        if text:
            self.page.texts.append(text)
