"""Hypothesis strategies for values in normal form, one per kind."""

import ipaddress
import string

from hypothesis import strategies as st

from events.indicators import normalise
from events.indicators.wallets import is_bitcoin

_LETTERS = string.ascii_lowercase
_LABEL = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,14}[a-z0-9])?", fullmatch=True).filter(
    lambda label: "--" not in label
)
_TOPS = st.sampled_from(["com", "net", "org", "ru", "co.uk", "xyz", "top", "onion.example", "de"])
_HEX = "0123456789abcdef"
_IDN = st.sampled_from(["münchen", "bücher", "пример", "例え", "δοκιμή", "café"])
_PATH_WORD = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,10}[A-Za-z0-9])?", fullmatch=True)
_FILE = st.builds(
    "{}.{}".format, _PATH_WORD, st.sampled_from(["exe", "dll", "pdf", "ps1", "docx", "php"])
)


def _digest(length: int) -> st.SearchStrategy[str]:
    return st.text(_HEX, min_size=length, max_size=length).filter(lambda text: len(set(text)) > 8)


def _joined(*parts: st.SearchStrategy[str], by: str) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(by.join)


DOMAIN = st.builds(
    lambda labels, top: normalise("domain", ".".join([*labels, top])),
    st.lists(_LABEL | _IDN, min_size=1, max_size=3).filter(
        lambda labels: labels[-1].strip(string.digits)
    ),
    _TOPS,
)
IPV4 = st.ip_addresses(v=4).map(str).filter(lambda text: text.split(".")[0] not in ("0", "255"))
IPV6 = (
    st.ip_addresses(v=6, network="2000::/3")
    | st.ip_addresses(v=6, network="fc00::/7")
    | st.just(ipaddress.ip_address("::1"))
).map(str)
CIDR = st.builds(
    lambda address, bits: str(ipaddress.ip_network((address, bits), strict=False)),
    st.ip_addresses(v=4),
    st.integers(8, 32),
) | st.builds(
    lambda address, bits: str(ipaddress.ip_network((address, bits), strict=False)),
    st.ip_addresses(v=6, network="2000::/3"),
    st.integers(20, 128),
)
URL = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https", "ftp", "tcp"]),
    DOMAIN | IPV4,
    st.just("") | st.integers(1, 65535).map(":{}".format),
    st.lists(_PATH_WORD, max_size=3).map(lambda words: "".join("/" + word for word in words)),
    st.just("") | _joined(_PATH_WORD, _PATH_WORD, by="=").map("/?{}".format),
)
EMAIL = st.builds(
    "{}@{}".format,
    st.from_regex(r"[a-z][a-z0-9]{0,9}(?:[._+-][a-z0-9]{1,6})?", fullmatch=True),
    DOMAIN,
)
BY_KIND: dict[str, st.SearchStrategy[str]] = {
    "domain": DOMAIN,
    "ipv4": IPV4,
    "ipv6": IPV6,
    "cidr": CIDR,
    "url": URL,
    "email": EMAIL,
    "md5": _digest(32),
    "ja3": _digest(32),
    "imphash": _digest(32),
    "sha1": _digest(40),
    "sha256": _digest(64),
    "sha512": _digest(128),
    "ja4": st.builds("t13d{}h2_{}_{}".format, st.integers(1000, 9999), _digest(12), _digest(12)),
    "asn": st.integers(1000, 2**32 - 1).map("AS{}".format),
    "cve": st.builds("CVE-{}-{}".format, st.integers(1999, 2099), st.integers(1000, 10**7)),
    "btc": st.sampled_from(
        [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr",
        ]
    ).filter(is_bitcoin),
    "file_path": st.builds(
        "C:\\{}\\{}".format, st.lists(_PATH_WORD, min_size=1, max_size=3).map("\\".join), _FILE
    )
    | st.builds("/var/{}/{}".format, _PATH_WORD, _FILE),
    "file_name": _FILE,
    "registry_key": st.builds(
        "HKLM\\{}".format, st.lists(_PATH_WORD, min_size=1, max_size=4).map("\\".join)
    ),
    "mutex": _PATH_WORD.map("Global\\{}".format),
    "user_agent": st.builds("curl/{}.{}.0".format, st.integers(1, 9), st.integers(0, 99)),
}
KIND_AND_VALUE = st.sampled_from(sorted(BY_KIND)).flatmap(
    lambda kind: st.tuples(st.just(kind), BY_KIND[kind])
)
