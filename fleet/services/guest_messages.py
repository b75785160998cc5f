"""Messages of guests: those that arrive are kept as events of kind `message`, the newest of each device.

They are not durable on their way, so they have no place in the device's numbered stream: their epoch is 0.
"""

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from fleet.models import Device, EventRecord
from fleet.services.clock import unix_ms
from fleet.services.plain import clip
from wire.messages import EventKind, GuestMessage

EPOCH = 0
KEPT = 1_000


def keep(session: Session, device: Device, message: GuestMessage) -> None:
    """Stores a message that came from a device: its subject as context, its data as text, or in hex if it is none."""
    mine = (EventRecord.device_id == device.id, EventRecord.epoch == EPOCH)
    last = session.scalar(select(func.max(EventRecord.seq)).where(*mine)) or 0
    event = EventRecord(device_id=device.id, epoch=EPOCH, seq=last + 1, time=unix_ms(), kind=EventKind.MESSAGE.value)
    event.context = clip(message.subject)
    event.message = clip(shown(message.data))
    session.add(event)
    session.execute(delete(EventRecord).where(*mine, EventRecord.seq <= last + 1 - KEPT))


def shown(data: bytes) -> str:
    """The data of a message for people."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return f"0x{data.hex()}"
    return text if text.isprintable() else f"0x{data.hex()}"
