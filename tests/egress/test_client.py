"""What goes out, to whom, and what comes back: against real servers and a resolver of the test's own."""

import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kreisbund_platform.egress import Egress, EgressFailedError, EgressRefusedError, Purpose, internal_origins
from kreisbund_platform.egress.connecting import Deadline
from tests.egress.servers import plain, serving

KEYS = Purpose.ISSUER_KEYS


def never_asked(name, port):
    raise AssertionError("no name is to be resolved")


def egress_to(*urls, internal=(), resolve=never_asked, trust=None):
    return Egress({KEYS: lambda: urls}, internal_origins(internal), resolve=resolve, trust=trust)


def asked(local, **more):
    base = f"http://127.0.0.1:{local.port}"
    return egress_to(base, internal=[base], **more).request(KEYS, "GET", f"{base}/x")


def refused(call, *arguments, **more):
    with pytest.raises(EgressRefusedError) as caught:
        call(*arguments, **more)
    return caught.value.code


def failed(call, *arguments, **more):
    with pytest.raises(EgressFailedError) as caught:
        call(*arguments, **more)
    return caught.value.code


def test_a_listed_internal_origin_answers():
    with serving(lambda connection: connection.sendall(plain(b'{"a": 1}'))) as local:
        base = f"http://127.0.0.1:{local.port}"
        egress = egress_to(f"{base}/realms/x", internal=[base])
        assert egress.get_json(KEYS, f"{base}/certs") == {"a": 1}
        answer = egress.post_form(KEYS, f"{base}/token", {"code": "a b"})
        assert answer.status == 200
    assert local.requests[0].startswith(b"GET /certs HTTP/1.1\r\nHost: 127.0.0.1:")
    assert local.requests[1].startswith(b"POST /token ")


def test_loopback_is_refused_where_the_operator_did_not_list_that_very_origin():
    with serving(lambda connection: connection.sendall(plain(b"{}"))) as local:
        base = f"http://127.0.0.1:{local.port}"
        other = f"http://127.0.0.1:{local.port + 1}"
        assert refused(egress_to(base, internal=[other]).get_json, KEYS, base) == "NOT_PUBLIC"
        assert refused(egress_to(other, internal=[base]).get_json, KEYS, base) == "NOT_LISTED"
        assert refused(egress_to(base, internal=[base]).get_json, Purpose.CHECKPOINTS, base) == "NOT_LISTED"
    assert local.requests == []


@pytest.mark.parametrize(
    "url", ["http://id.example", "https://id.example:8443", "https://id.example.evil.example", "https://example"]
)
def test_an_origin_is_scheme_host_and_port_together(url):
    assert refused(egress_to("https://id.example").get_json, KEYS, url) == "NOT_LISTED"


def test_a_redirect_is_not_followed_and_not_an_answer():
    with serving(
        lambda connection: connection.sendall(plain(b"", "302 Found", "Location: http://127.0.0.1/"))
    ) as local:
        assert refused(asked, local) == "REDIRECT"
    assert len(local.requests) == 1


def test_the_environments_proxy_is_not_asked(monkeypatch):
    with serving(lambda connection: connection.sendall(plain(b"{}"))) as local:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert asked(local).status == 200


def test_a_name_is_resolved_once_and_the_judged_address_is_called():
    answers = [[ip_address("127.0.0.1")]]
    egress = egress_to("http://rebind.example", resolve=lambda name, port: answers.pop())
    assert refused(egress.get_json, KEYS, "http://rebind.example/") == "NOT_PUBLIC"
    assert answers == []


def test_rebinding_after_the_judgement_changes_nothing(monkeypatch):
    """The name is public when judged; whoever resolved it again would now be sent to loopback."""
    called = []

    def connect(_backend, host, port, *_more, **_options):
        called.append((host, port))
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    answers = [[ip_address("127.0.0.1")], [ip_address("1.1.1.1")]]
    egress = egress_to("http://rebind.example:81", resolve=lambda name, port: answers.pop())
    assert failed(egress.request, KEYS, "GET", "http://rebind.example:81") == "UNREACHABLE"
    assert called == [("1.1.1.1", 81)]
    assert answers == [[ip_address("127.0.0.1")]]


def test_one_private_address_among_public_ones_refuses_the_name():
    found = [ip_address("1.1.1.1"), ip_address("10.0.0.1")]
    egress = egress_to("https://two.example", resolve=lambda *_: found)
    assert refused(egress.get_json, KEYS, "https://two.example") == "NOT_PUBLIC"


def test_an_unknown_name_is_a_failure():
    assert failed(egress_to("https://a.example", resolve=lambda *_: []).get_json, KEYS, "https://a.example") == (
        "NAME_UNKNOWN"
    )


def test_a_huge_answer_is_cut_off():
    def talk(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _part in range(4096):
            connection.sendall(b"x" * 65536)

    with serving(talk) as local:
        assert refused(asked, local) == "TOO_LARGE"


def test_a_packed_answer_is_refused():
    with serving(lambda connection: connection.sendall(plain(b"x", "200 OK", "Content-Encoding: gzip"))) as local:
        assert refused(asked, local) == "PACKED"


@pytest.mark.parametrize("part", [b"X-Slow: 1\r\n", b""], ids=["trickling head", "silence"])
def test_a_slow_answer_ends_at_the_deadline_however_it_trickles(part, monkeypatch):
    from kreisbund_platform.egress import client  # noqa: PLC0415

    now = iter(range(1000))
    monkeypatch.setattr(client, "Deadline", lambda seconds: Deadline(seconds, lambda: next(now) * 0.5))

    def talk(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while part:
            connection.sendall(part)
            time.sleep(0.005)
        connection.recv(1)

    with serving(talk) as local:
        assert failed(asked, local) == "TOO_SLOW"


def test_what_speaks_no_http_is_a_failure():
    with serving(lambda connection: connection.sendall(b"220 mail ready\r\n")) as local:
        assert failed(asked, local) == "UNREACHABLE"
    assert failed(asked, local) == "UNREACHABLE"


def certificate(name: str, folder) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS for `name`, and the trust that believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    trust = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, trust


@pytest.mark.parametrize(("named", "works"), [("id.kreis.example", True), ("other.example", False)])
def test_tls_is_checked_against_the_name_and_not_the_address(tmp_path, named, works):
    server, trust = certificate(named, tmp_path)
    with serving(lambda connection: connection.sendall(plain(b"{}")), server) as local:
        url = f"https://id.kreis.example:{local.port}"
        egress = egress_to(url, internal=[f"{url}=127.0.0.1"], trust=trust)
        if works:
            assert egress.get_json(KEYS, f"{url}/") == {}
            assert f"Host: id.kreis.example:{local.port}".encode() in local.requests[0]
        else:
            assert failed(egress.get_json, KEYS, f"{url}/") == "UNREACHABLE"


def test_default_trust_refuses_a_certificate_that_nobody_vouches_for(tmp_path):
    server, _trust = certificate("id.kreis.example", tmp_path)
    with serving(lambda connection: connection.sendall(plain(b"{}")), server) as local:
        url = f"https://id.kreis.example:{local.port}"
        assert failed(egress_to(url, internal=[f"{url}=127.0.0.1"]).get_json, KEYS, url) == "UNREACHABLE"
