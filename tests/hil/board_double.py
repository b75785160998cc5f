"""A program that stands in for QEMU: a serial port that answers SMP echoes, and a QMP socket.

`python board_double.py FIRMWARE FLASH SERIAL_PORT QMP [-S]`. On start it says which start this is, counted in FLASH.
"""

import json
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from wire.smp import Decoder, Message, Op, encode_frames


def serve_qmp(path: str, resumed: threading.Event) -> None:
    value = 20000
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        while True:
            connection, _ = server.accept()
            with connection, connection.makefile("rw") as lines:
                print(json.dumps({"QMP": {}}), file=lines, flush=True)
                for line in lines:
                    request = json.loads(line)
                    arguments = request["arguments"]
                    print(json.dumps({"event": "RESUME"}), file=lines)
                    if request["execute"] == "cont":
                        resumed.set()
                    if request["execute"] == "qom-set":
                        value = arguments["value"]
                    answer: dict[str, Any] = {"return": value if request["execute"] == "qom-get" else {}}
                    if arguments.get("path") == "/nowhere":
                        answer = {"error": {"class": "GenericError", "desc": "Device '/nowhere' not found"}}
                    print(json.dumps(answer), file=lines, flush=True)


def serve_serial(port: int, flash: Path, resumed: threading.Event) -> None:
    boots = len(flash.read_bytes()) + 1
    flash.write_bytes(b"x" * boots)
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                resumed.wait()
                connection.sendall(f"boot {boots}\r\n".encode())
                decoder = Decoder()
                while data := connection.recv(4096):
                    for message in decoder.feed(data):
                        connection.sendall(answer(Message.decode(message)))


def answer(request: Message) -> bytes:
    body = {"r": request.body.get("d", "")}
    message = Message(Op(request.op + 1), request.group, request.command, request.sequence, body)
    return encode_frames(message.encode())


def main() -> None:
    _, _firmware, flash, serial_port, qmp, *options = sys.argv
    resumed = threading.Event()
    if "-S" not in options:
        resumed.set()
    threading.Thread(target=serve_qmp, args=(qmp, resumed), daemon=True).start()
    serve_serial(int(serial_port), Path(flash), resumed)


if __name__ == "__main__":
    main()
