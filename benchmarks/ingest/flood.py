"""Publish telemetry as fast as the broker accepts it, with little CPU time of its own.

    python -m benchmarks.ingest.flood PORT QOS MESSAGES DEVICES FIRST

Packets are encoded in advance. The program prints when it started to publish and when the broker had received all
messages, in epoch seconds. ``FIRST`` is the ``seq`` of the first message; different runs use different numbers.
"""

from __future__ import annotations

import socket
import sys
import threading
import time

UNCONFIRMED = 5_000
"""Maximum number of QoS 1 messages in flight."""
CHUNK = 200


def payload(device: int, seq: int) -> bytes:
    """Return 143 bytes of JSON: four metrics, a time and a sequence number."""
    temperature, humidity = 61 + (seq + device) % 400 / 100, 40 + seq % 200 / 10
    pressure, vibration = 1_000 + seq % 300 / 10, 1 + (seq * 7 + device) % 1_000 / 1_000
    return (
        f'{{"ts":{time.time_ns() // 1_000_000},"seq":{100_000_000 + seq},"bearing_temperature":{temperature:.2f},'
        f'"ambient_humidity":{humidity:.2f},"discharge_pressure":{pressure:.2f},"vibration_rms":{vibration:.6f}}}'
    ).encode()


def packet(device: int, seq: int, qos: int) -> bytes:
    """Encode a PUBLISH packet of MQTT 3.1.1."""
    topic, body = f"devices/bench-{device:06d}/telemetry".encode(), payload(device, seq)
    number = (seq % 65_535 + 1).to_bytes(2) if qos else b""
    rest = len(topic).to_bytes(2) + topic + number + body
    assert 128 <= len(rest) < 16_384
    return bytes([0x30 | qos << 1, len(rest) & 0x7F | 0x80, len(rest) >> 7]) + rest


def main(port: int, qos: int, messages: int, devices: int, first: int) -> None:
    chunks = [
        b"".join(packet(number % devices, first + number, qos) for number in range(start, min(start + CHUNK, messages)))
        for start in range(0, messages, CHUNK)
    ]
    with socket.create_connection(("127.0.0.1", port)) as sock:
        name = b"flood-%d" % first
        rest = b"\0\4MQTT\4\2\0\0" + len(name).to_bytes(2) + name
        sock.sendall(bytes([0x10, len(rest)]) + rest)
        assert sock.recv(4) == b"\x20\x02\0\0", "the broker refused the flood"
        confirmed = threading.Semaphore(UNCONFIRMED // CHUNK)
        done = threading.Event()

        def count_acknowledgements() -> None:
            received_bytes = 0
            while received_bytes < 4 * messages:
                got = len(sock.recv(65_536))
                assert got, "the broker closed the connection during the flood"
                for _ in range((received_bytes + got) // (4 * CHUNK) - received_bytes // (4 * CHUNK)):
                    confirmed.release()
                received_bytes += got
            done.set()

        print(time.time(), flush=True)
        if qos:
            threading.Thread(target=count_acknowledgements, daemon=True).start()
        for chunk in chunks:
            if qos:
                confirmed.acquire()
            sock.sendall(chunk)
        if qos:
            done.wait()
        else:
            sock.sendall(b"\xc0\0")  # PINGRESP comes after everything before it has been read
            assert sock.recv(2) == b"\xd0\0"
        print(time.time(), flush=True)
        sock.sendall(b"\xe0\0")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
