"""Publish telemetry at a constant rate or without pause. Runs until it is terminated.

    python -m benchmarks.ingest.steady PORT DEVICES RATE

Messages have QoS 0. With ``RATE`` 0 the program publishes the same packets as fast as the broker accepts them.
"""

from __future__ import annotations

import socket
import sys
import time

from benchmarks.ingest.flood import packet

TURN_S = 0.02


def main(port: int, devices: int, rate: int) -> None:
    name = b"steady"
    rest = b"\0\4MQTT\4\2\0\0" + len(name).to_bytes(2) + name
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(bytes([0x10, len(rest)]) + rest)
        assert sock.recv(4) == b"\x20\x02\0\0", "the broker refused the connection"
        number = 0
        if not rate:
            packets = b"".join(packet(device % devices, device, 0) for device in range(max(devices, 200)))
            while True:
                sock.sendall(packets)
        started = time.monotonic()
        while True:
            due = int((time.monotonic() - started) * rate)
            sock.sendall(b"".join(packet(n % devices, n, 0) for n in range(number, due)))
            number = due
            time.sleep(TURN_S)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
