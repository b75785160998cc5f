"""SMP by smp (github.com/JPHutchins/smp); runs in an environment of its own, see `tests.wire.foreign`."""

# mypy: ignore-errors
# (the libraries are not in the environment that mypy looks at)

import json
import sys

from smp import image_management, os_management, packet
from smp.header import Header


def requests():
    """Requests as stock tools send them: name, header fields, message and serial frames."""
    messages = {
        "echo": os_management.EchoWriteRequest(d="Hello world!", sequence=1),
        "reset": os_management.ResetWriteRequest(sequence=2),
        "parameters": os_management.MCUMgrParametersReadRequest(sequence=3),
        "image state": image_management.ImageStatesReadRequest(sequence=4),
        "image upload": image_management.ImageUploadWriteRequest(
            off=0, data=bytes(range(256)), image=0, len=256, sha=b"s" * 32, sequence=5
        ),
    }
    return [
        {
            "name": name,
            "op": int(message.header.op),
            "version": int(message.header.version),
            "group": int(message.header.group_id),
            "command": int(message.header.command_id),
            "sequence": message.header.sequence,
            "message": bytes(message).hex(),
            "frames": b"".join(packet.encode(bytes(message))).hex(),
        }
        for name, message in messages.items()
    ]


def read_frames(all_frames):
    """The message in each of several runs of serial frames."""
    return [_read_frames(frames) for frames in all_frames]


def _read_frames(frames):
    decoder = packet.decode()
    next(decoder)
    for line in bytes.fromhex(frames).splitlines(keepends=True):
        try:
            decoder.send(line)
        except StopIteration as end:
            return bytes(end.value).hex()
    return None


def read_header(message):
    """The header of a message."""
    header = Header.loads(bytes.fromhex(message)[: Header.SIZE])
    return {
        "op": int(header.op),
        "version": int(header.version),
        "length": header.length,
        "group": int(header.group_id),
        "sequence": header.sequence,
        "command": int(header.command_id),
    }


def read_echo(message):
    """The text of an echo answer."""
    return os_management.EchoWriteResponse.loads(bytes.fromhex(message)).r


if __name__ == "__main__":
    function, arguments = json.load(sys.stdin)
    functions = {"requests": requests, "read_frames": read_frames, "read_header": read_header, "read_echo": read_echo}
    json.dump(functions[function](**arguments), sys.stdout)
