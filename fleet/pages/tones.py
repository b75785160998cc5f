"""Which tone a status or a state has; `petiole.js` holds the same table for the cells of tables."""

STATE_TONES = {
    "offered": "busy",
    "downloading": "busy",
    "verified": "busy",
    "staged": "busy",
    "probation": "busy",
    "confirmed": "good",
    "rolled-back": "warn",
    "failed": "bad",
}
STATUS_TONES = {"online": "good", "offline": "bad", "pending": "none"}

UNITS = {"Cel": "°C", "%RH": "% RH", "count": "", "/": ""}
"""SenML units that people write otherwise."""


def state_tone(state: str) -> str:
    """The tone of a workload's state."""
    return STATE_TONES.get(state, "none")


def unit_text(unit: str | None) -> str:
    """A SenML unit as people write it."""
    return UNITS.get(unit or "", unit or "")
