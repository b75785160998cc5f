"""All sections of the configuration file, in the order of the reference page: the one list to add a new section to."""

from __future__ import annotations

from edge_host import config, config_labels, config_outbox
from edge_host.http import settings as http_settings
from edge_host.settings import Section

SECTIONS: tuple[Section, ...] = (
    config.DEVICE,
    config.MQTT,
    config.IDENTITY,
    config.AGENT,
    config_outbox.OUTBOX,
    config.METRICS,
    http_settings.HTTP,
    config.BOARDS,
    *config_labels.SECTIONS,
)
