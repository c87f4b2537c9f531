"""Blob references: the blobs that they name, and the ones that are refused before any request is sent."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studio.api.protocol_errors import translate
from studio.errors import RequestError, StorageError
from studio.storage.blob_locations import BlobReference, HostAllowList, resolve
from studio.storage.blob_path import BlobPath
from studio.tables.csv_reader import TableFormat
from studio.wire.errors import BlobExtensionError
from studio.wire.request_codec import INPUT_EXTENSIONS, TABLE_EXTENSIONS, check_extension

KEY = "c2VjcmV0LWtleQ=="
ALL = HostAllowList(["*.blob.core.windows.net", "127.0.0.1:10000"])


@pytest.mark.parametrize(
    ("connection_string", "account_url"),
    [
        (f"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={KEY}", "https://acct.blob.core.windows.net"),
        (f"accountname=acct;accountkey={KEY};EndpointSuffix=core.windows.net;", "https://acct.blob.core.windows.net"),
        (
            f"BlobEndpoint=https://acct.blob.core.windows.net/;TableEndpoint=https://t/;AccountName=a;AccountKey={KEY};",
            "https://acct.blob.core.windows.net",
        ),
        (
            f"AccountName=d;AccountKey={KEY};BlobEndpoint=http://127.0.0.1:10000/d;",
            "http://127.0.0.1:10000/d",
        ),
    ],
)
def test_connection_strings(connection_string: str, account_url: str) -> None:
    """Short and long forms give the account that they name, in upper or lower case."""
    address = resolve(BlobReference("/c/path/x.csv", connection_string), ALL)
    assert (address.account_url, address.account_key) == (account_url, KEY)
    assert (address.base_location, address.relative_location) == (account_url + "/", "c/path/x.csv")
    assert KEY not in repr(address)


@pytest.mark.parametrize("base", ["https://acct.blob.core.windows.net", "https://acct.blob.core.windows.net/"])
def test_base_locations(base: str) -> None:
    """With or without a slash at the end, and the token with or without its question mark."""
    for token in ("?sv=1&sig=x", "sv=1&sig=x"):
        address = resolve(BlobReference("c/x.csv", None, base, token), ALL)
        assert (address.account_url, address.sas_token) == ("https://acct.blob.core.windows.net", "sv=1&sig=x")


@pytest.mark.parametrize(
    "base",
    [
        "https://evil.example/",
        "https://acct.blob.core.windows.net.evil.example/",
        "https://a.b.blob.core.windows.net/",
        "https://blob.core.windows.net/",
        "https://acct.blob.core.windows.net:8443/",
        "https://acct.blob.core.windows.net@evil.example/",
        "https://user@acct.blob.core.windows.net/",
        "https://acct.blob.core.windows.net/?x=",
        "https://acct.blob.core.windows.net/#x",
        "https://acct.blob.core.windows.net/a/b",
        "https://acct.blob.core.windows.net/%2e%2e",
        "http://acct.blob.core.windows.net/",
        "http://127.0.0.1:10001/d",
        "http://127.0.0.1/d",
        "http://169.254.169.254/metadata",
        "http://[::1]:10000/d",
        "file:///etc/passwd",
        "https://[/",
        "//acct.blob.core.windows.net/",
    ],
)
def test_hosts_that_are_not_allowed(base: str) -> None:
    """No spelling of a URL bypasses the list, and http is for this machine only."""
    with pytest.raises(StorageError) as caught:
        resolve(BlobReference("c/x.csv", None, base, "?sig=secret"), ALL)
    assert translate(caught.value).details[0].code == "InvalidBlob"
    assert "secret" not in str(caught.value)


def test_a_connection_string_cannot_lead_elsewhere() -> None:
    """Its endpoint is checked, not the account name."""
    for part in ("BlobEndpoint=https://evil.example", "EndpointSuffix=evil.example", "EndpointSuffix=x@evil.example"):
        with pytest.raises(StorageError, match=r"not on this studio's allow-list|without user"):
            resolve(BlobReference("c/x.csv", f"AccountName=acct;AccountKey={KEY};{part}"), ALL)


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        (BlobReference("", "x"), "ContainerIsEmpty"),
        (BlobReference("c/", "x"), "InputBlobRelativeLocationInvalid"),
        (BlobReference("c/../d/x.csv", "x"), "InvalidBlob"),
        (BlobReference("c/a\nb.csv", "x"), "InvalidBlob"),
        (BlobReference("c/x.csv"), "MissingInputBlobInformation"),
        (BlobReference("c/x.csv", None, "https://acct.blob.core.windows.net"), "MissingInputBlobInformation"),
        (BlobReference("c/x.csv", "AccountName=a;AcountKey=c2VjcmV0"), "InvalidBlobConnectionString"),
        (BlobReference("c/x.csv", "AccountName=a;AccountKey=%secret%"), "InvalidBlobConnectionString"),
        (BlobReference("c/x.csv", "c2VjcmV0"), "InvalidBlobConnectionString"),
    ],
)
def test_incomplete_references(reference: BlobReference, code: str) -> None:
    """Each has its fault, and no error repeats what was given as a key."""
    with pytest.raises(StorageError) as caught:
        resolve(reference, ALL)
    assert translate(caught.value).details[0].code == code
    assert "c2VjcmV0" not in str(caught.value)


def test_forms_of_the_list() -> None:
    """A host alone means the scheme's own port; `*` as port means any; an empty list allows nothing."""
    url = "https://store.example:8443"
    for patterns in (["store.example"], [], ["*.example:443"], ["store.example:84"]):
        with pytest.raises(StorageError):
            HostAllowList(patterns).check(url)
    for patterns in (["store.example:8443"], ["STORE.example:*"], ["*.example:8443"]):
        HostAllowList(patterns).check(url)
    HostAllowList(["store.example"]).check("https://store.example")


def test_a_pattern_for_ipv6() -> None:
    """An address of IPv6 stands in brackets, with its port behind."""
    assert HostAllowList(["[::1]:10000"]).check("http://[::1]:10000/d")
    with pytest.raises(StorageError, match=r"--allow-host \[::1\]:10000"):
        HostAllowList(["127.0.0.1:10000"]).check("http://[::1]:10000/d")


@pytest.mark.parametrize(
    ("patterns", "by_name"),
    [
        (["acct.blob.core.windows.net"], True),
        (["*.blob.core.windows.net"], False),
        (["*"], False),
        (["*", "*.blob.core.windows.net", "acct.blob.core.windows.net:*"], True),
        (["*", "other.blob.core.windows.net"], False),
    ],
)
def test_only_a_name_without_wildcard_names_a_host(patterns: list[str], by_name: bool) -> None:
    """Only such a pattern allows addresses inside the network."""
    reference = BlobReference("c/x.csv", f"AccountName=acct;AccountKey={KEY}")
    assert resolve(reference, HostAllowList(patterns)).listed_by_name is by_name


def test_the_emulators_shorthand() -> None:
    """`UseDevelopmentStorage=true` is the emulator at its usual place with its published key, if the list allows it."""
    for text in ("UseDevelopmentStorage=true", "usedevelopmentstorage=True;"):
        address = resolve(BlobReference("c/x.csv", text), ALL)
        assert address.account_url == "http://127.0.0.1:10000/devstoreaccount1"
        assert (address.account_name, (address.account_key or "")[:4]) == ("devstoreaccount1", "Eby8")
        assert address.account_key not in (repr(address), str(address))
        with pytest.raises(StorageError, match=r"--allow-host 127\.0\.0\.1:10000"):
            resolve(BlobReference("c/x.csv", text), HostAllowList(["*.blob.core.windows.net"]))
    for text in ("UseDevelopmentStorage=false", "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://p"):
        with pytest.raises(StorageError) as caught:
            resolve(BlobReference("c/x.csv", text), ALL)
        assert translate(caught.value).details[0].code == "InvalidBlobConnectionString"


def test_a_connection_string_by_sas() -> None:
    """An endpoint with a SAS in one string; a key, if there is one, is used before it."""
    text = "BlobEndpoint=https://acct.blob.core.windows.net/;SharedAccessSignature=?sv=1&sig=a%3D;"
    assert resolve(BlobReference("c/x.csv", text), ALL).sas_token == "sv=1&sig=a%3D"
    both = resolve(BlobReference("c/x.csv", f"{text}AccountName=acct;AccountKey={KEY}"), ALL)
    assert (both.account_key, both.sas_token) == (KEY, None)


def test_a_connection_string_and_a_location() -> None:
    """Both may be given if they are of one account: then the string is used. Otherwise the reference is refused."""
    text = f"AccountName=acct;AccountKey={KEY}"
    both = BlobReference("c/x.csv", text, "https://ACCT.blob.core.windows.net/", "?sig=x")
    assert resolve(both, ALL).account_key == KEY
    with pytest.raises(StorageError, match="given twice"):
        resolve(BlobReference("c/x.csv", text, "https://other.blob.core.windows.net/", "?sig=x"), ALL)
    assert resolve(BlobReference("c/x.csv", text, "", ""), ALL).account_key == KEY


def test_names_are_escaped_in_links_only() -> None:
    """With a key the name is plain, with a SAS it is a part of a URL; the answer's is escaped for a URL."""
    name = "a b#c?d%25é.csv"
    by_key = resolve(BlobReference(f"/c/{name}", f"AccountName=acct;AccountKey={KEY}"), ALL)
    assert (by_key.path.name, by_key.relative_location) == (name, "c/a%20b%23c%3Fd%2525%C3%A9.csv")
    again = resolve(BlobReference(by_key.relative_location, None, by_key.base_location, "?sig=x"), ALL)
    assert again.path.name == name
    assert by_key.at("other/a%20b.csv") == replace(by_key, path=BlobPath("other", "a b.csv"))


@pytest.mark.parametrize("name", ["c/%2e%2e/d/x.csv", "c/a%0ab.csv", "c/a%5cb.csv", "c/%ff.csv", "%2e%2e/x.csv"])
def test_escapes_hide_nothing(name: str) -> None:
    """A path that is refused is refused when it is escaped, too."""
    with pytest.raises(StorageError):
        resolve(BlobReference(name, None, "https://acct.blob.core.windows.net", "?sig=x"), ALL)


@pytest.mark.parametrize("token", ["?sv=1", "secret", "?sig=secret&comp=list", "?sig=secret#x", "?sig=se cret"])
def test_what_is_no_token_is_refused(token: str) -> None:
    """A token that selects another resource, or is invalid, is refused and not repeated."""
    with pytest.raises(StorageError, match=r"SAS token of c/x\.csv is invalid") as caught:
        resolve(BlobReference("c/x.csv", None, "https://acct.blob.core.windows.net", token), ALL)
    assert "secret" not in str(caught.value)


SECRET = "Canary0123456789+/="
PIECES = st.sampled_from(
    [
        *("", "c/x.csv", "/c/x.tsv", "c/../x", "c", "\ud800/x.csv", "c/x.csv?sv=1&sig=" + SECRET),
        *("https://acct.blob.core.windows.net/", "http://evil.example", "https://u@h/", f"https://h/?sig={SECRET}"),
        *(f"AccountName=acct;AccountKey={SECRET};", f"AccountKey={SECRET}", "BlobEndpoint=https://evil.example;"),
        *(
            "EndpointSuffix=nowhere.example;",
            f"SharedAccessSignature=?sv=1&sig={SECRET};",
            "DefaultEndpointsProtocol=x;",
        ),
        *(f"?sv=1&sig={SECRET}", f"sig={SECRET}&comp=list", "UseDevelopmentStorage=true;", ";", "=", "%", "\n", " "),
    ]
)
TEXT = st.lists(PIECES, max_size=4).map("".join)


@given(TEXT, st.none() | TEXT, st.none() | TEXT, st.none() | TEXT)
@example(f"c/x.csv?sv=1&sig={SECRET}", "UseDevelopmentStorage=true;", None, None)
def test_no_secret_is_repeated(
    relative: str, connection_string: str | None, base: str | None, token: str | None
) -> None:
    """Whatever is wrong with a reference, and wherever it has its secrets, no error and no repr shows them."""
    reference = BlobReference(relative, connection_string, base, token)
    shown = []
    try:
        shown.append(repr(resolve(reference, HostAllowList(["*"]))))
        check_extension(reference, TABLE_EXTENSIONS, "output type")
    except RequestError as error:
        shown += [str(error), repr(error), repr(error.__cause__), repr(error.__context__)]
    assert not [text for text in shown if SECRET[:12] in text]


@pytest.mark.parametrize(
    ("name", "table_format"),
    [
        ("c/x.csv", (",", True)),
        ("c/x.TSV", ("\t", True)),
        ("c/x.nh.csv", (",", False)),
        ("c/x.NH.tsv", ("\t", False)),
        ("c/nh.csv", (",", True)),
    ],
)
def test_the_format_of_a_table(name: str, table_format: tuple[str, bool]) -> None:
    """Its separator, and whether it has a header, by its name; each is an input that is accepted."""
    assert TableFormat.of_name(name) == TableFormat(*table_format)
    check_extension(BlobReference(name), INPUT_EXTENSIONS, "input type")


def test_every_extension_is_named() -> None:
    """The error lists what the kind of blob may be called."""
    for extensions, what in ((INPUT_EXTENSIONS, "input type"), (TABLE_EXTENSIONS, "output type")):
        with pytest.raises(BlobExtensionError) as caught:
            check_extension(BlobReference("c/x.txt"), extensions, what)
        assert f'this {what} are: "{", ".join(extensions)}"' in str(caught.value)
