#!/usr/bin/env python3
"""A server of the JSON protocol, a task per connection on one thread: python_asyncio.py [PORT], or with PORT in the
environment."""

import asyncio
import json
import os
import re
import struct
import sys
import time

MOST_LINE_BYTES = 64 * 1024  # newline included
MOST_RESULT_BYTES = 1024 * 1024
MOST_SECONDS = 60
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
LOCK = asyncio.Lock()


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


class Link:
    """A connection's own connection to the backend, whose address is in the environment."""

    def __init__(self):
        self.streams, self.calls = None, 0

    async def call(self, duration):
        if "BACKEND" not in os.environ:
            raise Refused("this server has no backend to call; put its ADDRESS:PORT into BACKEND")
        try:
            if not self.streams:
                host, port = os.environ["BACKEND"].rsplit(":", 1)
                self.streams = await asyncio.open_connection(host, int(port))
            reader, writer = self.streams
            self.calls = (self.calls + 1) % 2**32
            what = struct.pack("<IQ", self.calls, round(duration * 1e9))
            writer.write(b"call" + what)
            if await reader.readexactly(16) != b"done" + what:
                raise OSError("it gave a wrong answer")
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Refused(f"the backend did not answer: {error}")

    def close(self):
        if self.streams:
            self.streams[1].close()
        self.streams = None


async def work(kind, parameter, link):
    """Does the work and returns its result."""
    if kind == "echo":
        return parameter
    if kind == "reply":
        if not re.fullmatch(r"\d{1,7}", parameter) or int(parameter) > MOST_RESULT_BYTES:
            raise Refused(f"write a number of bytes of at most {MOST_RESULT_BYTES}")
        return "x" * int(parameter)
    if kind == "call":
        await link.call(seconds(parameter))
    elif kind == "sleep":
        await asyncio.sleep(seconds(parameter))
    elif kind == "block":
        time.sleep(seconds(parameter))  # on purpose: it stops every other task
    elif kind == "spin":
        spin(seconds(parameter))
    elif kind == "lock":
        duration = seconds(parameter)
        async with LOCK:
            await asyncio.sleep(duration)
    else:
        raise Refused(f"no work is called {kind!r:.50}; work: echo, call, sleep, block, spin, lock, reply")
    return ""


async def answer(line, served, link):
    """The reply to a line, and whether the connection ends with it."""
    received_ns = time.monotonic_ns()
    try:
        message = json.loads(line)
        if close := message.get("CloseConnection"):
            times = {name: close[name] for name in ("initial_timestamp", "final_timestamp")}
            return {"ConnectionClosed": {**times, "requests_served": served}}, True
        request = message["RequestWork"]
        result = await work(request["request_message"], request["parameter"], link)
        done = {"sender_timestamp": request["sender_timestamp"], "result": result}
    except Refused as reason:
        return {"Error": {"reason": str(reason)}}, False
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return {"Error": {"reason": f"not a message of this protocol: {error!r:.100}"}}, False
    times = {"server_received_ns": received_ns, "server_sent_ns": time.monotonic_ns()}
    return {"WorkDone": {**done, **times}}, False


async def drain(reader, writer):
    """Takes in some of what is still coming: to close with bytes unread would destroy the reply on its way."""
    writer.write_eof()
    for _ in range(64):
        if not await asyncio.wait_for(reader.read(MOST_LINE_BYTES), 1):
            return


async def serve(reader, writer):
    served, link = 0, Link()
    try:
        while True:
            try:
                line = await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return  # the client has ended, perhaps in the midst of a request
            except asyncio.LimitOverrunError:
                line = None
            if line is None or len(line) > MOST_LINE_BYTES:
                reason = f"a line is at most {MOST_LINE_BYTES} bytes, newline included"
                writer.write(json.dumps({"Error": {"reason": reason}}).encode() + b"\n")
                return await drain(reader, writer)
            reply, is_last = await answer(line, served, link)
            served += "WorkDone" in reply
            writer.write(json.dumps(reply).encode() + b"\n")
            await writer.drain()
            if is_last:
                return
    except (OSError, asyncio.TimeoutError):
        pass  # the client has gone
    finally:
        link.close()
        writer.close()


async def main(port):
    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=MOST_LINE_BYTES - 1, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1] if len(sys.argv) > 1 else os.environ["PORT"])))
