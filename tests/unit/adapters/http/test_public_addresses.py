"""Only global unicast is public, in both halves: against IANA's registries of special-purpose addresses."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.http import public_addresses as of_app
from studio.storage import public_addresses as of_studio

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network
type IsPublic = Callable[[str], bool]

BOTH = pytest.mark.parametrize("is_public", [of_app.is_public, of_studio.is_public], ids=["app", "studio"])

# iana-ipv4-special-registry and iana-ipv6-special-registry with their column "Globally Reachable" (N/A is no), and what
# other registries keep apart: multicast, IPv6 that is not given out as unicast. The most specific row decides.
REACHABLE = {
    ip_network(text): reachable
    for reachable, texts in {
        False: [
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.170/32", "192.0.0.171/32", "192.0.2.0/24"),
            *("192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32"),
            "168.63.129.16/32",  # of no registry: Azure's platform, as its machines see it
            *("::/0", "::/128", "::1/128", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64"),
            *("2001::/23", "2001::/32", "2001:2::/48", "2001:10::/28", "2001:db8::/32", "2002::/16", "3fff::/20"),
            *("5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
        ],
        True: [
            *("0.0.0.0/0", "192.0.0.9/32", "192.0.0.10/32", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24"),
            *("2000::/3", "2001:1::1/128", "2001:1::2/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/28"),
            *("2001:30::/28", "2620:4f:8000::/48"),
        ],
    }.items()
    for text in texts
}
# NAT64 and mapped addresses are judged by the IPv4 address in them; compatible and translated ones are never public.
STANDING_FOR_V4 = {"64:ff9b::": 1, "::ffff:0:0": 1, "::": 0, "::ffff:0:0:0": 0}


def by_registry(address: Address) -> bool:
    """Tell whether the registries' most specific row calls an address globally reachable unicast."""
    rows = [network for network in REACHABLE if network.version == address.version and address in network]
    return REACHABLE[max(rows, key=lambda network: network.prefixlen)]


def addresses_near(network: Network) -> st.SearchStrategy[Address]:
    """Give the first and last address of a network, their neighbours outside, and any within."""
    kind, most = (IPv4Address, 2**32) if network.version == 4 else (IPv6Address, 2**128)
    first, last = int(network.network_address), int(network.broadcast_address)
    numbers = st.sampled_from([first, last, (first - 1) % most, (last + 1) % most]) | st.integers(first, last)
    return numbers.map(kind)


ANY = st.sampled_from(list(REACHABLE)).flatmap(addresses_near) | st.ip_addresses()


def stands_for_v4(address: Address) -> bool:
    """Tell whether an IPv6 address is judged by the IPv4 address in it."""
    return any(address in ip_network(f"{prefix}/96") for prefix, judged in STANDING_FOR_V4.items() if judged)


@BOTH
@given(address=ANY)
def test_an_address_is_public_where_the_registries_call_it_so(is_public: IsPublic, address: Address) -> None:
    """Every range with its edges and neighbours, and addresses from anywhere."""
    if not stands_for_v4(address):
        assert is_public(str(address)) == by_registry(address), address


@BOTH
@given(inner=ANY.filter(lambda address: address.version == 4), prefix=st.sampled_from(list(STANDING_FOR_V4)))
def test_an_ipv4_address_within_an_ipv6_address_is_judged_as_itself(
    is_public: IsPublic, inner: Address, prefix: str
) -> None:
    """Where IPv6 reaches it, by NAT64 or as mapped; the two deprecated ways are never public."""
    outer = IPv6Address(int(IPv6Address(prefix)) + int(inner))
    assert is_public(str(outer)) == (bool(STANDING_FOR_V4[prefix]) and by_registry(inner)), outer


@BOTH
@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1", "169.254.169.254", "168.63.129.16", "192.88.99.1", "::1", "fe80::1%eth0", "fd00:ec2::254"),
        *("::10.0.0.1", "::ffff:0:10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::", "2002:808:808::"),
        *("fec0::1", "5f00::1", "3fff::1", "4000::1", "100:0:0:1::1", "2001:db8::1", "2001::1", "ff0e::1"),
    ],
)
def test_addresses_that_lead_inside(is_public: IsPublic, text: str) -> None:
    """The known disguises, one by one."""
    assert not is_public(text)


@BOTH
@pytest.mark.parametrize(
    "text", ["8.8.8.8", "20.60.1.1", "2606:4700::1111", "2603:1030::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_open_internet(is_public: IsPublic, text: str) -> None:
    """In every form that reaches them."""
    assert is_public(text)
