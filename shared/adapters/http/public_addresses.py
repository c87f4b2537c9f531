"""Recognises public IP addresses, by IANA's registries of special-purpose addresses (pure)."""

import ipaddress

# A public number, but it is the platform below Azure's virtual machines.
_PLATFORM = ipaddress.IPv4Address("168.63.129.16")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # NAT64: the last four bytes are an IPv4 address
# All that IANA has assigned as global unicast. Outside of it `ipaddress` calls some private ranges global.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# `ipaddress` of Python 3.13 calls these global, and the registry does not.
_REFUSED = (
    ipaddress.ip_network("192.88.99.0/24"),  # relays of 6to4: deprecated
    ipaddress.ip_network("3fff::/20"),  # documentation
)


def is_public(text: str) -> bool:
    """Tell whether an address is global unicast, in any notation.

    Raises:
        ValueError: the text is no IP address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return is_public(str(ipaddress.IPv4Address(address.packed[-4:])))
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if address not in _GLOBAL_UNICAST:
            return False
    refused = address.is_multicast or address == _PLATFORM or any(address in network for network in _REFUSED)
    return address.is_global and not refused
