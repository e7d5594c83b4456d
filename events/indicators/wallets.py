"""Bitcoin addresses and their checksums: Base58Check, Bech32 (BIP 173), Bech32m (BIP 350)."""

import hashlib
import re

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_CONSTANT, _BECH32M_CONSTANT = 1, 0x2BC830A3
_MAINNET_VERSIONS = (0x00, 0x05)


_FORM = re.compile(r"[13][1-9A-HJ-NP-Za-km-z]{24,34}|(?i:bc1[02-9ac-hj-np-z]{11,87})")


def looks_like_bitcoin(address: str) -> bool:
    """Whether the text has the form of an address, whatever its checksum."""
    return bool(_FORM.fullmatch(address))


def is_bitcoin(address: str) -> bool:
    """Whether the address belongs to the main network and its checksum is right."""
    if address[:3].lower() == "bc1":
        return _bech32_holds(address)
    return 25 <= len(address) <= 35 and address[:1] in "13" and _base58_holds(address)


def _base58_holds(address: str) -> bool:
    number = 0
    for char in address:
        digit = _BASE58.find(char)
        if digit < 0:
            return False
        number = number * 58 + digit
    if number >= 1 << 200:
        return False
    payload, checksum = (raw := number.to_bytes(25, "big"))[:21], raw[21:]
    digest = hashlib.sha256(hashlib.sha256(payload).digest()).digest()
    return digest[:4] == checksum and raw[0] in _MAINNET_VERSIONS


def _bech32_holds(address: str) -> bool:
    if not 14 <= len(address) <= 90 or address not in (address.lower(), address.upper()):
        return False
    data = [_BECH32.find(char) for char in address.lower()[3:]]
    if min(data) < 0:
        return False
    expected = _BECH32_CONSTANT if data[0] == 0 else _BECH32M_CONSTANT
    return _polymod([3, 3, 0, 2, 3, *data]) == expected


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum
