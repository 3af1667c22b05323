#!/usr/bin/env python3
"""A server of the JSON protocol, a thread per connection: python_threads.py [PORT], or with PORT in the environment."""

import json
import os
import re
import socket
import socketserver
import struct
import sys
import threading
import time

MOST_LINE_BYTES = 64 * 1024  # newline included
MOST_RESULT_BYTES = 1024 * 1024
MOST_SECONDS = 60
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
LOCK = threading.Lock()
LINK = threading.local()  # to the backend; there is a thread per connection, so each has its own


class Refused(Exception):
    """The request makes no sense; the connection lives on."""


def seconds(text):
    match = re.fullmatch(r"(\d+)(ns|us|ms|s)", text)
    if not match:
        raise Refused(f"{text!r:.50} is not a duration; write it as in 250us, 5ms or 2s")
    duration = int(match[1]) * UNITS[match[2]]
    if duration > MOST_SECONDS:
        raise Refused(f"{text!r} is too long; ask for at most {MOST_SECONDS}s")
    return duration


def spin(duration):
    end = time.thread_time() + duration
    while time.thread_time() < end:
        pass


def call(duration):
    """Asks the backend, whose address is in the environment, and waits for its answer."""
    if "BACKEND" not in os.environ:
        raise Refused("this server has no backend to call; put its ADDRESS:PORT into BACKEND")
    try:
        if not hasattr(LINK, "socket"):
            host, port = os.environ["BACKEND"].rsplit(":", 1)
            LINK.socket, LINK.calls = socket.create_connection((host, int(port))), 0
            LINK.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        LINK.calls = (LINK.calls + 1) % 2**32
        what = struct.pack("<IQ", LINK.calls, round(duration * 1e9))
        LINK.socket.sendall(b"call" + what)
        answer = b""
        while len(answer) < 16:
            more = LINK.socket.recv(16 - len(answer))
            if not more:
                raise OSError("it closed the connection")
            answer += more
        if answer != b"done" + what:
            raise OSError("it gave a wrong answer")
    except OSError as error:
        vars(LINK).pop("socket", None)
        raise Refused(f"the backend did not answer: {error}")


def work(kind, parameter):
    """Does the work and returns its result."""
    if kind == "echo":
        return parameter
    if kind == "reply":
        if not re.fullmatch(r"\d{1,7}", parameter) or int(parameter) > MOST_RESULT_BYTES:
            raise Refused(f"write a number of bytes of at most {MOST_RESULT_BYTES}")
        return "x" * int(parameter)
    if kind == "call":
        call(seconds(parameter))
    elif kind in ("sleep", "block"):
        time.sleep(seconds(parameter))
    elif kind == "spin":
        spin(seconds(parameter))
    elif kind == "lock":
        duration = seconds(parameter)
        with LOCK:
            time.sleep(duration)
    else:
        raise Refused(f"no work is called {kind!r:.50}; work: echo, call, sleep, block, spin, lock, reply")
    return ""


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        served = 0
        try:
            while line := self.rfile.readline(MOST_LINE_BYTES):
                received_ns = time.monotonic_ns()
                if not line.endswith(b"\n"):
                    if len(line) == MOST_LINE_BYTES:
                        self.refuse(f"a line is at most {MOST_LINE_BYTES} bytes, newline included")
                        self.drain()
                    return  # or the client ended in the midst of a request
                try:
                    message = json.loads(line)
                    if close := message.get("CloseConnection"):
                        times = {name: close[name] for name in ("initial_timestamp", "final_timestamp")}
                        self.reply({"ConnectionClosed": {**times, "requests_served": served}})
                        return
                    request = message["RequestWork"]
                    result = work(request["request_message"], request["parameter"])
                    done = {"sender_timestamp": request["sender_timestamp"], "result": result}
                except Refused as reason:
                    self.refuse(str(reason))
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                    self.refuse(f"not a message of this protocol: {error!r:.100}")
                else:
                    served += 1
                    times = {"server_received_ns": received_ns, "server_sent_ns": time.monotonic_ns()}
                    self.reply({"WorkDone": {**done, **times}})
        except OSError:
            pass  # the client has gone

    def reply(self, message):
        self.wfile.write(json.dumps(message).encode() + b"\n")

    def refuse(self, reason):
        self.reply({"Error": {"reason": reason}})

    def drain(self):
        """Takes in some of what is still coming: to close with bytes unread would destroy the reply on its way."""
        self.connection.shutdown(1)
        self.connection.settimeout(1)
        for _ in range(64):
            if not self.connection.recv(MOST_LINE_BYTES):
                return


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 4096


if __name__ == "__main__":
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ["PORT"])
    Server(("127.0.0.1", port), Connection).serve_forever()
