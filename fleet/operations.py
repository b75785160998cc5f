"""Everything that can be done to the fleet, as the API and the dashboard do it.

One method is one transaction, and what follows from it: pages learn of the change, the device gets its desired state,
the broker learns who may speak. Methods block on the database; call them from a thread (FastAPI does so for plain
functions). Each may raise the errors of `fleet.errors`.
"""

from concurrent.futures import Future
from typing import Any

from fleet.broker.config import SiteAccess
from fleet.broker.hub import Hub, leaf_password
from fleet.database import Database
from fleet.identity.authority import Authority
from fleet.models import CommandRecord
from fleet.mqtt.counters import Counters
from fleet.mqtt.uplink import Uplink
from fleet.services import access, desired, devices, enrolment, patches, records, registry, releases, rotations
from fleet.services.changes import Changes
from fleet.services.clock import unix_ms
from fleet.settings import Settings
from fleet.views import (
    AnchorView,
    DeviceKind,
    DeviceView,
    EnrolledView,
    EventView,
    HealthView,
    MeasurementView,
    ReleaseView,
    SiteView,
    TokenView,
    TransitionView,
    WorkloadView,
)
from wire.messages import Command, CommandReply, GuestMessage


class Operations:
    """The fleet, ready to be asked."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        authority: Authority,
        uplink: Uplink,
        changes: Changes,
        counters: Counters,
        hub: Hub | None = None,
    ) -> None:
        self.settings = settings
        self.changes = changes
        self._database = database
        self._authority = authority
        self._uplink = uplink
        self._counters = counters
        self._hub = hub

    def health(self) -> HealthView:
        """Whether the fleet works."""
        with self._database.read() as session:
            registry.sites(session)
        up = self._uplink.is_up
        return HealthView(status="ok" if up else "degraded", broker=up, counters=self._counters.snapshot())

    def add_site(self, name: str) -> SiteView:
        """Makes a site, and its account on the embedded broker."""
        with self._database.write() as session:
            site = registry.add_site(session, name)
        self.refresh_broker()
        return site

    def sites(self) -> list[SiteView]:
        """All sites."""
        with self._database.read() as session:
            return registry.sites(session)

    def new_token(self, site: str) -> TokenView:
        """Makes a one-time token for a device of a site."""
        with self._database.write() as session:
            return registry.new_token(session, site)

    def enroll(
        self,
        *,
        token: str,
        device: str,
        kind: DeviceKind,
        public_key: str | None,
        csr: str | None,
        facts: dict[str, Any],
    ) -> EnrolledView:
        """Takes a device into the fleet."""
        with self._database.write() as session:
            enrolled = enrolment.enroll(
                session,
                self._authority,
                str(self.settings.broker),
                token=token,
                name=device,
                kind=kind,
                public_key=public_key,
                csr=csr,
                facts=facts,
            )
        self.refresh_broker()
        self.changes.notify(device)
        return enrolled

    def devices(self, names: set[str] | None = None) -> list[DeviceView]:
        """All devices, or those of these names that exist."""
        with self._database.read() as session:
            return devices.listing(session, names)

    def device(self, name: str) -> DeviceView:
        """One device."""
        with self._database.read() as session:
            return devices.view(session, name)

    def remove_device(self, name: str) -> None:
        """Takes a device out of the fleet; the embedded broker closes its connection."""
        with self._database.write() as session:
            devices.remove(session, name)
        self.refresh_broker()
        self.changes.notify(name)

    def add_anchor(self, name: str, public_key: str) -> AnchorView:
        """Accepts the signatures of a key."""
        with self._database.write() as session:
            return releases.add_anchor(session, name, public_key)

    def anchors(self) -> list[AnchorView]:
        """All accepted keys."""
        with self._database.read() as session:
            return releases.anchors(session)

    def remove_anchor(self, kid: str) -> None:
        """Accepts the signatures of a key no longer."""
        with self._database.write() as session:
            releases.remove_anchor(session, kid)

    def rotate(self, device: str, message: bytes, *, force: bool = False) -> int:
        """Wants other trust anchors on a device; returns the revision."""
        with self._database.write() as session:
            revision = rotations.put(devices.find(session, device), message, force=force)
        self._desired_changed(device)
        return revision

    def send_message(self, device: str, message: GuestMessage) -> None:
        """Sends a message to the guests of a device; not durable."""
        with self._database.read() as session:
            site = devices.find(session, device).site.name
        self._uplink.send_message(site, device, message)

    def add_release(self, bundle: bytes, *, force: bool = False) -> ReleaseView:
        """Stores a bundle after checking it, then makes the patches to it."""
        with self._database.write() as session:
            release = releases.add(session, bundle, force=force)
        with self._database.read() as session:
            jobs = patches.jobs(session, release.release)
        made = [(job, patches.make(job.base, job.new)) for job in jobs]
        with self._database.write() as session:
            for job, patch in made:
                patches.add(session, job, patch)
            session.flush()
            return releases.view(session, release.release)

    def releases(self) -> list[ReleaseView]:
        """All releases, newest first."""
        with self._database.read() as session:
            return releases.listing(session)

    def release(self, digest: str) -> ReleaseView:
        """One release."""
        with self._database.read() as session:
            return releases.view(session, digest)

    def deploy(self, device: str, workload: str, release: str, *, force: bool = False) -> int:
        """Wants a release on a device; returns the revision."""
        with self._database.write() as session:
            revision = desired.put(session, device, workload, release, force=force)
        self._desired_changed(device)
        return revision

    def undeploy(self, device: str, workload: str) -> int:
        """Wants a workload no longer on a device; returns the revision."""
        with self._database.write() as session:
            revision = desired.delete(session, device, workload)
        self._desired_changed(device)
        return revision

    def workloads(self, device: str) -> list[WorkloadView]:
        """What a device reported last of its workloads."""
        with self._database.read() as session:
            return devices.workloads(session, device)

    def history(self, device: str, workload: str | None = None, limit: int = 200) -> list[TransitionView]:
        """The newest changes of state on a device, oldest first."""
        with self._database.read() as session:
            return devices.history(session, device, workload, limit)

    def telemetry(
        self,
        device: str,
        *,
        name: str | None = None,
        workload: str | None = None,
        after: int | None = None,
        limit: int = 1000,
    ) -> list[MeasurementView]:
        """Stored measurements of a device."""
        with self._database.read() as session:
            return records.telemetry(session, device, name=name, workload=workload, after=after, limit=limit)

    def telemetry_since(self, device: str, time: int, limit: int) -> list[MeasurementView]:
        """The newest measurements of a device made at `time` or later."""
        with self._database.read() as session:
            return records.telemetry_since(session, device, time, limit)

    def events(
        self,
        device: str,
        *,
        kinds: list[str] | None = None,
        levels: list[str] | None = None,
        workload: str | None = None,
        after: int | None = None,
        limit: int = 1000,
    ) -> list[EventView]:
        """Stored events of a device."""
        with self._database.read() as session:
            return records.events(
                session, device, kinds=kinds or (), levels=levels or (), workload=workload, after=after, limit=limit
            )

    def send_command(self, device: str, command: str, args: dict[str, Any]) -> tuple[Command, Future[CommandReply]]:
        """Sends a command to a device; returns what was sent and where its answer will be."""
        with self._database.read() as session:
            site = devices.find(session, device).site.name
        return self._uplink.request(site, device, command, args)

    def note_command(self, device: str, command: Command, *, sent: int, reply: CommandReply | None) -> None:
        """Keeps a command and what became of it; `sent` is the time (Unix ms) at which it went out."""
        with self._database.write() as session:
            record = CommandRecord(
                id=command.id,
                device_id=devices.find(session, device).id,
                command=command.command,
                args=command.args,
                sent=sent,
                answered=None if reply is None else unix_ms(),
                ok=None if reply is None else reply.ok,
                error=None if reply is None else reply.error,
            )
            session.add(record)

    def site_access(self) -> list[SiteAccess]:
        """Who may speak on the embedded broker."""
        with self._database.read() as session:
            members = access.members(session)
        folder = self.settings.broker_folder
        return [SiteAccess(site.name, leaf_password(folder, site.name), site.edges, site.devices) for site in members]

    def refresh_broker(self) -> None:
        """Makes the embedded broker follow the registry."""
        if self._hub is not None:
            self._hub.refresh(self.site_access())

    def _desired_changed(self, device: str) -> None:
        self.changes.notify(device)
        self._uplink.send_desired(device)
