"""Server-side request forgery by spelling: every one of these is refused before anything is connected."""

from ipaddress import ip_address

import pytest

from kreisbund_platform.egress import Egress, EgressRefusedError, Purpose, internal_origins
from kreisbund_platform.egress.addresses import is_public

NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.1.2.3",
    "127.255.255.254", "169.254.169.254", "169.254.170.2", "169.254.0.1", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1",
    "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "168.63.129.16", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:1.1.1.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::169.254.169.254", "64:ff9b::101:101",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1",
    "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
    "fd12:3456::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "2606:4700::1111%1",
]  # fmt: skip

# what a browser, urllib, curl or the C library would still take for a host
SPELLINGS = [
    "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://017700000001/", "http://0177.0.0.1/",
    "http://127.1/", "http://127.0.1/", "http://0/", "http://127.0.0.1./", "http://127.0.0.01/", "http://0x7f.1/",
    "http://127.0.0.0x1/", "http://localhost./", "http://①②⑦.0.0.1/", "http://１２７.0.0.1/", "http://127。0。0。1/",
    "http://127%2e0%2e0%2e1/", "http://[::1%25lo]/", "http://[fe80::1%eth0]/", "http://[::1/", "http://[::1]x/",
    "http://[127.0.0.1]/", "http://[::]:80:80/", "http://user@127.0.0.1/", "http://id.example@127.0.0.1/",
    "http://id.example:x@127.0.0.1/", "http://@127.0.0.1/", "http://id.example#@127.0.0.1/", "http://id.example\\@127.0.0.1/",
    "http://127.0.0.1\\.id.example/", "http:\\\\127.0.0.1/", "http:/127.0.0.1/", "http:127.0.0.1", "http:///127.0.0.1/",
    "//127.0.0.1/", "HTTP://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "ftp://127.0.0.1/",
    "dict://127.0.0.1:11211/", "ldap://127.0.0.1/", "unix:///run/clamd", "data:,x", "jar:http://127.0.0.1!/", "",
    "http://", "http://:80/", "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:080/",
    "http://127.0.0.1:+80/", "http://127.0.0.1:８０/", "http://127.0.0.1:/", " http://127.0.0.1/", "http://127.0.0.1 /",
    "http://127.0.0.1\t/", "http://127.0.0.1\r\nHost: x/", "http://127.0.0.1\x00.id.example/", "http://ⅼocalhost/",
    "http://loc\u00adalhost/", "http://-a.example/", "http://a..example/", "http://.example/", "http://id.example:80:80/",
    "http://" + "a" * 64 + ".example/", "http://" + "a." * 127 + "example/", "http://id.example/" + "x" * 2000,
]  # fmt: skip


def everything_listed(*urls, internal=()):
    """An egress whose list holds even what is asked for: only spelling and address can refuse."""
    return Egress({Purpose.ISSUER_KEYS: lambda: urls}, internal_origins(internal))


def refusal(egress, url):
    with pytest.raises(EgressRefusedError) as caught:
        egress.get_json(Purpose.ISSUER_KEYS, url)
    return caught.value.code


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_special_addresses_are_not_public(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", [each for each in NOT_PUBLIC if "%" not in each])
def test_special_addresses_are_not_called_though_listed(text):
    url = f"http://[{text}]:8080/x" if ":" in text else f"http://{text}:8080/x"
    assert refusal(everything_listed(url), url) == "NOT_PUBLIC"
    named = Egress({Purpose.ISSUER_KEYS: lambda: ["https://a.example"]}, {}, resolve=lambda *_: [ip_address(text)])
    assert refusal(named, "https://a.example/") == "NOT_PUBLIC"


@pytest.mark.parametrize("text", ["1.1.1.1", "9.9.9.9", "193.99.144.80", "2606:4700:4700::1111", "2a02:2e0:3fe::7"])
def test_ordinary_addresses_are_public(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize("url", SPELLINGS)
def test_odd_spellings_are_refused_though_listed(url):
    assert refusal(everything_listed(url, "http://127.0.0.1", internal=["http://127.0.0.1"]), url) != "NOT_PUBLIC"


def test_a_broker_address_from_a_countys_file_cannot_open_the_inside():
    """A purpose whose list a county's administrator writes: listed by them is not listed by the operator."""
    metadata = "http://169.254.169.254/latest/meta-data/"
    keycloak = "http://127.0.0.1:8080"
    county = everything_listed(metadata, "http://127.0.0.1:8081/admin", internal=[keycloak])
    assert refusal(county, metadata) == "NOT_PUBLIC"
    assert refusal(county, "http://127.0.0.1:8081/admin") == "NOT_PUBLIC"
    assert refusal(county, keycloak) == "NOT_LISTED"
