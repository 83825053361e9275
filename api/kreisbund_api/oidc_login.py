"""The pages as a client of an issuer (OpenID Connect Core 1.0, RFC 7636): begins, finishes, refreshes, ends a login.

Blocking: call it in a thread. What must survive between begin and finish lies sealed in the browser's own cookie.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from cryptography.exceptions import InvalidTag

from kreisbund_platform.clock import Clock
from kreisbund_platform.egress import Egress, EgressError, Purpose
from kreisbund_platform.identity import sessions
from kreisbund_platform.identity.freshness import FRESH_FOR
from kreisbund_platform.identity.issuer_keys import IssuerUnavailable
from kreisbund_platform.identity.principals import Principal
from kreisbund_platform.identity.sessions import Tokens, WebSession
from kreisbund_platform.identity.standing import AccountBlockedError, standing
from kreisbund_platform.identity.tokens import PAGES_CLIENT, TokenChecker, TokenRefused
from kreisbund_platform.identity.wrapping import unwrap, wrap
from kreisbund_platform.settings import Settings
from kreisbund_platform.tenancy.connections import Connections
from kreisbund_platform.tenancy.registry import IssuerEntry

LOGIN_LASTS_SECONDS = 600
REFRESHED_BEFORE_SECONDS = 30
SLOT_LENGTH = 12
SEALED_FOR = b"kreisbund pending login"


class LoginFailed(Exception):  # noqa: N818 - an outcome that people meet, not a fault of the program
    """The callback finishes no login that this browser began; the text is a code. `BLOCKED`: by the county."""


@dataclass(frozen=True)
class PendingLogin:
    """A login between begin and finish. `begun_at` in Unix seconds."""

    issuer: str
    realm: str
    state: str
    nonce: str
    verifier: str
    next_path: str
    begun_at: int

    @property
    def slot(self) -> str:
        """The end of its cookie's name, so that two tabs can log in at once."""
        return self.slot_of(self.state)

    @staticmethod
    def slot_of(state: str) -> str:
        """The slot of a `state`; made from its hash, because a state from outside may hold anything."""
        return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()[:SLOT_LENGTH]


class OidcLogin:
    """Logs people in to the pages at whatever issuer the registry names."""

    def __init__(
        self, settings: Settings, connections: Connections, checker: TokenChecker, clock: Clock, egress: Egress
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._checker = checker
        self._clock = clock
        self._egress = egress

    def begin(self, entry: IssuerEntry, next_path: str, *, anew: bool = False) -> tuple[str, PendingLogin]:
        """The issuer's address to send the browser to. Raises IssuerUnavailable.

        `anew`: the person must prove again who they are, whatever login the issuer still remembers.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _each in range(3))
        pending = PendingLogin(entry.issuer, entry.realm, state, nonce, verifier, next_path, self._seconds())
        query = {
            "response_type": "code",
            "client_id": PAGES_CLIENT,
            "redirect_uri": self._callback,
            "scope": "openid profile",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge_of(pending.verifier),
            "code_challenge_method": "S256",
        }
        if anew:
            query |= {"prompt": "login", "max_age": str(int(FRESH_FOR.total_seconds()))}
        return f"{self._checker.metadata(entry.issuer).authorization_endpoint}?{urlencode(query)}", pending

    def sealed(self, pending: PendingLogin) -> str:
        """The pending login as a cookie's value that the browser can neither read nor change."""
        wrapped = wrap(self._settings.wrapping_key, json.dumps(asdict(pending)).encode(), bound_to=SEALED_FOR)
        return base64.urlsafe_b64encode(wrapped).decode()

    def finish(self, sealed: str, query: Mapping[str, str]) -> tuple[PendingLogin, str]:
        """The new session's cookie value. Raises LoginFailed or IssuerUnavailable."""
        pending = self._unsealed(sealed)
        if not hmac.compare_digest(pending.state.encode(), query.get("state", "").encode("utf-8", "replace")):
            raise LoginFailed("STATE")
        # RFC 9207: an answer of another issuer is a mix-up attack
        if query.get("iss", pending.issuer) != pending.issuer or not query.get("code"):
            raise LoginFailed("ISSUER")
        answer = self._ask(
            pending.issuer,
            grant_type="authorization_code",
            code=query["code"],
            redirect_uri=self._callback,
            code_verifier=pending.verifier,
        )
        return pending, self._open(pending, self._tokens(answer))

    def session_of(self, session_id: str, entry: IssuerEntry) -> tuple[WebSession, Principal] | None:
        """The session of a cookie and whom it speaks for; refreshes tokens. Raises IssuerUnavailable."""
        with self._connections.for_workspace("registry") as connection:
            session = sessions.find_session(connection, self._settings, self._clock, session_id)
        if session is None or session.issuer != entry.issuer:
            return None
        try:
            session = self._refreshed(session)
            return session, self._standing(self._checker.check(session.tokens.access_token))
        except (TokenRefused, LoginFailed, AccountBlockedError):
            self.close(session_id)
            return None

    def _standing(self, principal: Principal) -> Principal:
        """The person as their county sees them now. Raises AccountBlockedError."""
        if principal.tenant is None:
            return principal
        with self._connections.for_tenant(principal.tenant) as connection:
            return standing(connection, principal, self._clock.now()).principal

    def close(self, session_id: str) -> None:
        """Ends a session here."""
        with self._connections.for_workspace("registry") as connection:
            sessions.close_by_id(connection, session_id)

    def end_by_notice(self, logout_token: str) -> int:
        """Ends what the issuer says has ended; answers how many sessions. Raises TokenRefused or IssuerUnavailable."""
        notice = self._checker.check_logout_token(logout_token, PAGES_CLIENT)
        with self._connections.for_workspace("registry") as connection:
            return sessions.close_by_notice(connection, notice)

    def end(self, session: WebSession) -> str:
        """Ends a session here and at the issuer; answers where to send the browser.

        The issuer is told directly (Keycloak ends the login of a refresh token), so it asks the person nothing. Where
        that fails the browser goes there itself.
        """
        with self._connections.for_workspace("registry") as connection:
            sessions.close_session(connection, session)
        home = f"{self._settings.base_url}/"
        try:
            address = self._checker.metadata(session.issuer).end_session_endpoint
        except IssuerUnavailable:
            return home
        if address is None or self._ended_at(address, session.tokens.refresh_token):
            return home
        # client_id instead of id_token_hint: no token belongs into an address
        query = {"client_id": PAGES_CLIENT, "post_logout_redirect_uri": home}
        return f"{address}?{urlencode(query)}"

    def _ended_at(self, address: str, refresh_token: str | None) -> bool:
        if refresh_token is None:
            return False
        try:
            form = {"client_id": PAGES_CLIENT, "refresh_token": refresh_token}
            return self._egress.post_form(Purpose.LOGIN_TOKENS, address, form).status == 204
        except EgressError:
            return False

    @property
    def _callback(self) -> str:
        return f"{self._settings.base_url}/session/callback"

    def _seconds(self) -> int:
        return int(self._clock.now().timestamp())

    def _unsealed(self, sealed: str) -> PendingLogin:
        try:
            wrapped = base64.urlsafe_b64decode(sealed.encode("ascii"))
            pending = PendingLogin(**json.loads(unwrap(self._settings.wrapping_key, wrapped, bound_to=SEALED_FOR)))
        except (InvalidTag, ValueError):
            raise LoginFailed("NOT_BEGUN_HERE") from None
        if self._seconds() - pending.begun_at > LOGIN_LASTS_SECONDS:
            raise LoginFailed("TOO_LATE")
        return pending

    def _open(self, pending: PendingLogin, tokens: Tokens) -> str:
        try:
            subject, sid = self._checker.check_id_token(tokens.id_token, PAGES_CLIENT, pending.nonce)
            principal = self._checker.check(tokens.access_token)
        except TokenRefused as refusal:
            raise LoginFailed(refusal.code) from None
        if principal.subject != subject:
            raise LoginFailed("TWO_SUBJECTS")
        try:
            self._standing(principal)
        except AccountBlockedError:
            raise LoginFailed("BLOCKED") from None
        with self._connections.for_workspace("registry") as connection:
            return sessions.open_session(
                connection, self._settings, self._clock, issuer=pending.issuer, subject=subject, tokens=tokens, sid=sid
            )

    def _refreshed(self, session: WebSession) -> WebSession:
        tokens = session.tokens
        if tokens.expires_at - self._seconds() > REFRESHED_BEFORE_SECONDS or tokens.refresh_token is None:
            return session
        try:
            answer = self._ask(session.issuer, grant_type="refresh_token", refresh_token=tokens.refresh_token)
        except IssuerUnavailable:
            if tokens.expires_at > self._seconds():
                return session  # goes on until its token ends
            raise
        fresh = self._tokens({"id_token": tokens.id_token, "refresh_token": tokens.refresh_token} | answer)
        if self._checker.check(fresh.access_token).subject != session.subject:
            raise LoginFailed("TWO_SUBJECTS")
        with self._connections.for_workspace("registry") as connection:
            return sessions.keep_tokens(connection, self._settings, session, fresh)

    def _ask(self, issuer: str, **form: str) -> dict[str, Any]:
        """The token endpoint's answer. Raises LoginFailed where it refuses, IssuerUnavailable where it is away."""
        endpoint = self._checker.metadata(issuer).token_endpoint
        try:
            answer = self._egress.post_form(Purpose.LOGIN_TOKENS, endpoint, {"client_id": PAGES_CLIENT, **form})
            content = answer.json() if answer.status < 500 else None
        except EgressError:
            raise IssuerUnavailable from None
        if content is None:
            raise IssuerUnavailable
        if answer.status != 200 or not isinstance(content, dict):
            raise LoginFailed("REFUSED_BY_ISSUER")
        return content

    def _tokens(self, answer: Mapping[str, Any]) -> Tokens:
        access, refresh, identity = (answer.get(name) for name in ("access_token", "refresh_token", "id_token"))
        if not isinstance(access, str) or not isinstance(identity, str):
            raise LoginFailed("NO_TOKENS")
        seconds = answer.get("expires_in", 60)
        expires_at = self._seconds() + (seconds if isinstance(seconds, int) else 60)
        return Tokens(access, refresh if isinstance(refresh, str) else None, identity, expires_at)


def challenge_of(verifier: str) -> str:
    """PKCE's S256 challenge (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
