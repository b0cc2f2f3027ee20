"""Whose answer it is that says that a process of the stack is ready."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from herun.stack.ports import LOOPBACK
from herun.stack.web import answers_itself, answers_ok


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


async def test_what_another_process_answers_on_its_port_makes_nobody_ready() -> None:
    server = HTTPServer((LOOPBACK, 0), Ready)
    port = server.server_address[1]
    answering = threading.Thread(target=server.serve_forever)
    answering.start()
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert await answers_ok(LOOPBACK, port, "/readyz")
        assert await answers_itself(os.getpid(), LOOPBACK, port, "/readyz")
        assert not await answers_itself(other.pid, LOOPBACK, port, "/readyz")
    finally:
        other.communicate(b"\n")
        server.shutdown()
        answering.join()
        server.server_close()
    assert not await answers_itself(other.pid, LOOPBACK, port, "/readyz")
