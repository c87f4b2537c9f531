"""Tells public internet addresses from all others, by the registries of IANA."""

import ipaddress

# IPv6: the only block that IANA has assigned as global unicast. `ipaddress` calls far more addresses global.
_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # the last four bytes are an IPv4 address
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")  # RFC 9637; `ipaddress` does not know it
_RELAYS = ipaddress.IPv4Network("192.88.99.0/24")  # anycast of 6to4 relays, deprecated by RFC 7526
# A public number, but inside the network: on Azure's machines it is the platform's own endpoint.
_PLATFORM = ipaddress.IPv4Address("168.63.129.16")


def is_public(text: str) -> bool:
    """Tell whether an address is global unicast; an IPv6 address that embeds an IPv4 address counts as that one.

    Raises:
        ValueError: the text is no IP address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and address not in _RELAYS and address != _PLATFORM
    inner = address.ipv4_mapped
    if address in _NAT64:
        inner = ipaddress.IPv4Address(address.packed[-4:])
    if inner is not None:
        return is_public(str(inner))
    return address in _UNICAST and address.is_global and address not in _DOCUMENTATION
