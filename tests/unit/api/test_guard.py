"""R29: the addresses webhooks may not go to, whatever they look like and whatever a name answers."""

import pytest

from api.webhooks.guard import TargetRefused, check

pytestmark = pytest.mark.rule("R29")

TRAPS = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.0.8",
    "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "fc00::1", "fd12::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    "2001:db8::1", "2001::1", "::7f00:1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:80b::200e"]


def answering(*addresses: str):  # type: ignore[no-untyped-def]
    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return resolve


@pytest.mark.parametrize("address", TRAPS)
async def test_traps_are_refused(address: str) -> None:
    with pytest.raises(TargetRefused, match="private or reserved"):
        await check("https://hooks.example.com/", (), answering(address))
    with pytest.raises(TargetRefused):
        await check("https://hooks.example.com/", (), answering("8.8.8.8", address))


@pytest.mark.parametrize("address", PUBLIC)
async def test_public_addresses_pass_and_are_pinned(address: str) -> None:
    target = await check("https://hooks.example.com:8443/a?b=c", (), answering(address))
    shown = f"[{address}]" if ":" in address else address
    assert target.url == f"https://{shown}:8443/a?b=c"
    assert (target.host, target.host_header) == ("hooks.example.com", "hooks.example.com:8443")


async def test_http_is_for_allowed_networks_only() -> None:
    with pytest.raises(TargetRefused, match="https"):
        await check("http://hooks.example.com/", (), answering("8.8.8.8"))
    target = await check("http://crm.internal/x", ("10.0.0.0/8",), answering("10.1.2.3"))
    assert target.url == "http://10.1.2.3:80/x"
    with pytest.raises(TargetRefused):
        await check("http://crm.internal/x", ("10.0.0.0/8",), answering("10.1.2.3", "192.168.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://x/",
        "https://",
        "https://a:b@x/",
        "https://x:99999/",
        "https://[::1",
        "file:///etc/passwd",
        "//x/",
    ],
)
async def test_what_is_no_url_for_webhooks(url: str) -> None:
    with pytest.raises(TargetRefused):
        await check(url, (), answering("8.8.8.8"))


async def test_names_that_are_not_found() -> None:
    with pytest.raises(TargetRefused, match="cannot be found"):
        await check("https://no-such-host.invalid/", ())
    with pytest.raises(TargetRefused, match="cannot be found"):
        await check("https://x.example/", (), answering())
