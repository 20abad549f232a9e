# SPDX-License-Identifier: LGPL-2.1-or-later
"""A metadata service as a host may have it: it answers as told, and remembers what it was asked."""

import contextlib
import http.server
import threading

BLOCK = b"x" * 65536


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        n = int(self.headers.get("Content-Length", 0))
        self.server.note((self.command, self.path, dict(self.headers), self.rfile.read(n)))
        with contextlib.suppress(ConnectionError):
            self.server.behaviour()(self)
        self.close_connection = True

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Metadata(http.server.ThreadingHTTPServer):
    """Behaviours are functions of a handler; the last one stays."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.behaviours = [], [status(404)]
        self.lock, self.over = threading.Lock(), threading.Event()
        self.sent = 0
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def behave(self, *behaviours):
        with self.lock:
            self.requests, self.behaviours = [], list(behaviours)

    def behaviour(self):
        with self.lock:
            return self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]

    def note(self, request):
        with self.lock:
            self.requests.append(request)

    def handle_error(self, *_):
        """Whoever asks may go away."""

    def close(self):
        self.over.set()
        self.shutdown()
        self.server_close()


def send(handler, code, body, kind="application/json", **headers):
    handler.send_response(code)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def good(body):
    return lambda handler: send(handler, 200, body)


def status(code):
    return lambda handler: send(handler, code, b'{"error":"no"}')


def html(handler):
    send(handler, 200, b"<!DOCTYPE html><html><body>Please sign in</body></html>", kind="text/html")


def redirect(handler):
    send(handler, 302, b"", Location="/elsewhere")


def huge(handler):
    """A gigabyte, as it says."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 30))
    handler.end_headers()
    pour(handler)


def endless(handler):
    """A gigabyte that does not say so."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    pour(handler)


def pour(handler):
    handler.server.sent = 0
    while handler.server.sent < 1 << 30:
        handler.wfile.write(BLOCK)
        handler.server.sent += len(BLOCK)


def many_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: " + b"x" * 1000 + b"\r\n")
    for _ in range(1 << 14):
        handler.wfile.write(b"X-Filler: " + b"x" * 1000 + b"\r\n")


def drip(handler):
    """A byte now and then, for as long as somebody listens."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    while not handler.server.over.wait(0.1):
        handler.wfile.write(b" ")


def silence(handler):
    handler.server.over.wait()


def cut_off(body):
    def behave(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:len(body) // 2])
    return behave


def not_http(handler):
    handler.wfile.write(b"220 ready when you are\r\n")
