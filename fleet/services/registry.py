"""Sites, and the one-time tokens with which devices enrol."""

import hashlib
import secrets

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fleet.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from fleet.models import Device, Site, Token
from fleet.services.clock import unix_ms
from fleet.views import SiteView, TokenView
from wire.errors import MalformedError
from wire.names import check_name

TOKEN_LIFETIME_MS = 3_600_000


def valid_name(kind: str, name: str) -> str:
    """The name itself; InvalidError when it is none (formats.md section 1)."""
    try:
        return check_name(kind, name)
    except MalformedError as error:
        raise InvalidError("malformed", str(error)) from error


def add_site(session: Session, name: str) -> SiteView:
    """Makes a site; ConflictError when there is one of that name."""
    valid_name("site", name)
    if session.scalar(select(Site).where(Site.name == name)):
        raise ConflictError("exists", f"site {name!r} is there already; enrol devices with a token for it")
    site = Site(name=name, created=unix_ms())
    session.add(site)
    return SiteView(name=name, created=site.created, devices=0)


def find_site(session: Session, name: str) -> Site:
    """The site of this name, or NotFoundError."""
    site = session.scalar(select(Site).where(Site.name == name))
    if site is None:
        raise NotFoundError("no-such-site", f"there is no site {name!r}; make it with `petiole fleet site {name}`")
    return site


def sites(session: Session) -> list[SiteView]:
    """All sites by name."""
    query = select(Site, func.count(Device.id)).outerjoin(Device).group_by(Site.id).order_by(Site.name)
    return [SiteView(name=site.name, created=site.created, devices=count) for site, count in session.execute(query)]


def new_token(session: Session, site_name: str) -> TokenView:
    """Makes a token for one device of a site; it is stored as a digest only."""
    site = find_site(session, site_name)
    text = secrets.token_urlsafe(24)
    expires = unix_ms() + TOKEN_LIFETIME_MS
    session.add(Token(digest=_digest(text), site_id=site.id, expires=expires))
    return TokenView(token=text, site=site.name, expires=expires)


def redeem_token(session: Session, text: str) -> Site:
    """The site for which a token lets one device enrol; the token is used up. ForbiddenError when it does not hold."""
    token = session.scalar(select(Token).where(Token.digest == _digest(text)).with_for_update())
    advice = "ask for a new one with `petiole fleet token SITE`"
    if token is None:
        raise ForbiddenError("unknown-token", f"the enrolment token is not known here; {advice}")
    if token.used is not None:
        raise ForbiddenError("used-token", f"the enrolment token was used before; {advice}")
    if token.expires <= unix_ms():
        raise ForbiddenError("expired-token", f"the enrolment token has expired; {advice}")
    token.used = unix_ms()
    return session.get_one(Site, token.site_id)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
