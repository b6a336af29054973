"""A local HTTP server that misbehaves as planned for each request, and otherwise is a plain server with ranges."""

import http.server
import re
import socket
import threading
import time
from contextlib import contextmanager


class FaultyServer(http.server.ThreadingHTTPServer):
    """Serves ``content`` at every path; ``plan`` lists the next behaviours, ``ranges`` the Range headers received."""

    daemon_threads = True

    def __init__(self, content, plan=()):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.plan, self.ranges = content, list(plan), []
        self.lock = threading.Lock()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """Ignore errors, as some tests close the connection on purpose."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        with self.server.lock:
            self.server.ranges.append(self.headers.get("Range"))
            behaviour = self.server.plan.pop(0) if self.server.plan else {}
        if "wait" in behaviour:
            time.sleep(behaviour["wait"])
        if "meet" in behaviour:
            behaviour["meet"].wait()
        if "status" in behaviour:
            self._headers(behaviour["status"], {"Content-Length": "0", **behaviour.get("headers", {})})
            return
        content = behaviour.get("content", self.server.content)
        requested = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(requested[1]) if requested and not behaviour.get("no_ranges") else None
        if start is not None and start >= len(content):
            self._headers(416, {"Content-Length": "0", "Content-Range": f"bytes */{len(content)}"})
            return
        body = content[start or 0 :]
        headers = {} if behaviour.get("no_length") else {"Content-Length": str(len(body))}
        if start is None:
            self._headers(200, headers | {"Connection": "close"})
        else:
            sent_range = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._headers(206, headers | {"Content-Range": sent_range, "Connection": "close"})
        self._send(body, behaviour)

    def _headers(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, body, behaviour):
        if "drip" in behaviour:  # One small piece at a time, with a pause of some seconds.
            size, pause = behaviour["drip"]
            for start in range(0, len(body), size):
                self.wfile.write(body[start : start + size])
                self.wfile.flush()
                time.sleep(pause)
        elif "cut" in behaviour:
            self.wfile.write(body[: behaviour["cut"]])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.wfile.write(body)
        self.close_connection = True


@contextmanager
def serving(content, plan=()):
    """Yield a running `FaultyServer`."""
    with FaultyServer(content, plan) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
