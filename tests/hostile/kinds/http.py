"""HTTP servers on this machine that cut, drip, lie, or answer with nonsense."""

import hashlib
import io
import socketserver
import threading
import zipfile

from faulty_server import FaultyServer

from kinds.attempt import Attempt
from kinds.material import write_dataset


def _archive():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.nii.gz", bytes(5000))
    return stream.getvalue()


CONTENT = _archive()
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()

PLANS = {
    "always cut at once": [{"cut": 0}] * 40,
    "404": [{"status": 404}] * 40,
    "403": [{"status": 403}] * 40,
    "503": [{"status": 503}] * 40,
    "302 to itself": [{"status": 302, "headers": {"Location": "/"}}] * 400,
    "302 to a file": [{"status": 302, "headers": {"Location": "file:///etc/passwd"}}] * 40,
    "302 without a place": [{"status": 302}] * 40,
    "206 without a range": [{"status": 206}] * 40,
    "416": [{"status": 416}] * 40,
    "999": [{"status": 999}] * 40,
    "Retry-After no number": [{"status": 503, "headers": {"Retry-After": "soon"}}] * 40,
    "another file": [{"content": b"other"}] * 40,
    "a login page": [{"content": b"<html>log in</html>"}] * 40,
    "no length, cut": [{"no_length": True, "content": CONTENT[:50]}] * 40,
    "a drip of another file": [{"drip": (10, 0.2), "content": bytes(100)}] * 40,
}

RAW_ANSWERS = {
    "nothing": b"",
    "no HTTP": b"hello\r\n\r\n",
    "bytes": bytes(range(256)),
    "length no number": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nx",
    "length negative": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx",
    "length huge": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\nx",
    "header not ASCII": b"HTTP/1.1 200 OK\r\nX: \xff\xfe\r\n\r\nx",
    "header endless": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "chunks broken": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
}


class _RawAnswer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(4096)
        self.request.sendall(self.server.answer)


class _RawServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Ignore errors: the client may leave early."""


def attempts():
    for name, plan in PLANS.items():
        yield Attempt("http", "answers", name, _faulty(plan))
    for name, answer in RAW_ANSWERS.items():
        yield Attempt("http", "raw answers", name, _raw(answer))
    for url in ("http://127.0.0.1:9/a.zip", "http://[::/a.zip", "http:///a.zip", "http://127.0.0.1:99999/a.zip"):
        yield Attempt("http", "address", url, _address(url))
    yield Attempt("http", "address", "a file that does not exist", _address("file:///nowhere/a.zip"))


def _address(url):
    def write(folder):
        fetch = {"url": url, "archive": "a.zip", "sha256": CHECKSUM}
        write_dataset(folder, access={"fetch": fetch})
        return ["download", "./scans.yaml", "--out", "data"]

    return write


def _serve(server):
    """Serve until this process ends; the attempt's own process is the only client."""
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()


def _faulty(plan):
    def write(folder):
        server = FaultyServer(CONTENT, plan)
        _serve(server)
        return _address(f"{server.address}/a.zip")(folder)

    return write


def _raw(answer):
    def write(folder):
        server = _RawServer(("127.0.0.1", 0), _RawAnswer)
        server.answer = answer
        _serve(server)
        return _address(f"http://127.0.0.1:{server.server_address[1]}/a.zip")(folder)

    return write
