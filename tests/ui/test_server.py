"""The server as started for visitors: it answers, and refuses other sites' pages and huge files."""

import http.client
import re
from urllib.parse import urlparse

import pytest

from emotiscan.images import MAX_BYTES
from tests.support.places import ROOT
from tests.support.running_app import running_app

FOREIGN = "https://elsewhere.example"
UPLOAD = "/_stcore/upload_file/00000000-0000-0000-0000-000000000000/1"


@pytest.fixture(scope="module")
def host():
    """Host and port of the running app."""
    with running_app() as app:
        yield urlparse(app.address).netloc


def answer(host: str, method: str, path: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        response.text = response.read().decode(errors="replace")
        return response
    finally:
        connection.close()


def handshake(host: str, origin: str) -> int:
    """Status with which the app answers a WebSocket handshake from that origin."""
    return answer(
        host,
        "GET",
        "/_stcore/stream",
        Connection="Upgrade",
        Upgrade="websocket",
        Origin=origin,
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Key="MDEyMzQ1Njc4OWFiY2RlZg==",
        Sec_WebSocket_Protocol="streamlit",
    ).status


def test_health_endpoint_answers(host):
    response = answer(host, "GET", "/_stcore/health")
    assert (response.status, response.text) == (200, "ok")


def test_pages_of_other_sites_cannot_connect(host):
    assert handshake(host, f"http://{host}") == 101
    assert handshake(host, FOREIGN) == 403


def test_pages_of_other_sites_cannot_read_responses(host):
    for path in ("/", "/_stcore/health", "/_stcore/host-config"):
        allowed = answer(host, "GET", path, Origin=FOREIGN).headers.get("Access-Control-Allow-Origin")
        assert allowed not in ("*", FOREIGN), path


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_pages_of_other_sites_cannot_upload_or_delete(host, method):
    """A browser sends the visitor's cookies along, but only the app's own page can read the token."""
    cookie = answer(host, "GET", "/_stcore/health").headers["Set-Cookie"].partition(";")[0]
    token = cookie.partition("=")[2]
    assert answer(host, method, UPLOAD, b"x", Cookie=cookie).status == 403
    assert answer(host, method, UPLOAD, b"x", Cookie=cookie, X_Xsrftoken="guessed").status == 403
    assert answer(host, method, UPLOAD, b"x", Cookie=cookie, X_Xsrftoken=token).status != 403


def test_project_files_are_not_served(host):
    for path in ("/.streamlit/config.toml", "/weights/emotiscan.safetensors", "/app/static/../requirements.txt"):
        assert "maxUploadSize" not in (text := answer(host, "GET", path).text)
        assert "safetensors" not in text[:20]
        assert "streamlit==" not in text


def test_upload_limit_equals_the_decoder_limit():
    limit = re.search(r"^maxUploadSize = (\d+)", (ROOT / ".streamlit/config.toml").read_text(), re.MULTILINE)
    assert int(limit[1]) * 2**20 == MAX_BYTES
