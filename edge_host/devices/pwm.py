"""Outputs with pulse width modulation through the files under ``/sys/class/pwm``."""

from __future__ import annotations

from pathlib import Path

from edge_host.config_labels import PwmChannel
from edge_host.labels import Pwm

FOLDER = Path("/sys/class/pwm")


class LinuxPwm(Pwm):
    """One channel, off until its duty cycle is set."""

    def __init__(self, channel: PwmChannel) -> None:
        chip = FOLDER / f"pwmchip{channel.chip}"
        self._folder = chip / f"pwm{channel.channel}"
        self._period = channel.period_ns
        if not self._folder.exists():
            (chip / "export").write_text(str(channel.channel))
        (self._folder / "duty_cycle").write_text("0")
        (self._folder / "period").write_text(str(channel.period_ns))
        (self._folder / "enable").write_text("1")

    def set_duty(self, duty: int) -> None:
        """See `Pwm.set_duty`."""
        (self._folder / "duty_cycle").write_text(str(self._period * duty // self.MOST))


def open_device(channel: PwmChannel) -> LinuxPwm:
    """The output of a channel; raises `OSError`."""
    return LinuxPwm(channel)
