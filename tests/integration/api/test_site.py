"""The pages: only what the manifest has, under a strict policy, workers too."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.site.manifest import read_manifest
from tests.integration.api.support import Api, Installation, problem, running
from texts.receipt_page import STYLE_HASH

POLICY = (
    f"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' '{STYLE_HASH}'; img-src 'self' data: blob:;"
    " font-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; require-trusted-types-for 'script';"
    " connect-src 'self' ws://localhost:8443 ws://relay-one.test:8443 ws://relay-two.test:8443"
)
FILES = {
    "app/console.html": "<!doctype html><title>console</title>",
    "app/join.html": "<!doctype html><title>join</title>",
    "app/docs.html": "<!doctype html><title>docs</title>",
    "app/console.js": "export {}",
    "app/icon.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "core/decoder/decode.worker.js": "onmessage = () => {}",
    "vendor/fzstd/index.mjs": "export {}",
    "vendor/med.wasm": "\0asm",
    "app/secret.key": "not of a known type",
    "node_modules/x.js": "not in a served folder",
}


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A small web folder, with a link that leads out of it."""
    folder = tmp_path / "web"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "outside.js").write_text("secret")
    (folder / "app" / "link.js").symlink_to(tmp_path / "outside.js")
    return folder


@pytest.fixture
async def pages(installation: Installation, web: Path):  # type: ignore[no-untyped-def]
    async with running(installation, web_dir=web) as api:
        await api.register_relays()
        yield api


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/console", "console"), ("/console/", "console"), ("/console/sessions/ses_x", "console"), ("/join", "join"),
        ("/join/12345678", "join"),
    ],
)  # fmt: skip
async def test_pages_have_the_strict_policy(pages: Api, path: str, title: str) -> None:
    answer = await pages.http.get(path)
    assert answer.text == f"<!doctype html><title>{title}</title>"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_home_leads_to_the_console(pages: Api) -> None:
    answer = await pages.http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/console")


async def test_workers_and_wasm_have_the_policy_too(pages: Api) -> None:
    for path, media_type in (
        ("/web/core/decoder/decode.worker.js", "text/javascript; charset=utf-8"),
        ("/web/vendor/med.wasm", "application/wasm"),
        ("/web/vendor/fzstd/index.mjs", "text/javascript; charset=utf-8"),
    ):
        answer = await pages.http.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
        assert answer.headers["content-security-policy"] == POLICY


async def test_only_the_docs_page_may_write_styles(pages: Api) -> None:
    policy = (await pages.http.get("/docs")).headers["content-security-policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self';" in policy


async def test_what_did_not_change_is_not_sent_again(pages: Api) -> None:
    first = await pages.http.get("/web/app/console.js")
    again = await pages.http.get("/web/app/console.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await pages.http.get("/web/app/console.js", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/web/app/secret.key", "/web/app/link.js", "/web/node_modules/x.js", "/web/../pyproject.toml", "/web/app/",
        "/web/app/../../outside.js", "/web/app/%2e%2e/%2e%2e/outside.js", "/web//app/console.js", "/web/APP/console.js",
        "/web/app/console.js/", "/web/app/console.js%00", "/web/app\\console.js", "/web/etc/passwd", "/web/",
    ],
)  # fmt: skip
async def test_nothing_else_is_served(pages: Api, path: str) -> None:
    answer = await pages.http.get(path)
    assert answer.status_code == 404, answer.text
    assert "secret" not in answer.text.replace("secret.key", "")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet="./%\\abcjs2ef:~ \0ä", max_size=30))
async def test_any_path_is_a_file_of_the_manifest_or_nothing(pages: Api, web: Path, tail: str) -> None:
    known = {file.body for file in read_manifest(web).values()}
    answer = await pages.http.get(f"/web/{tail}".encode("utf-8", "ignore").decode("latin-1").replace("\0", "%00"))
    home = answer.request.url.path == "/" and answer.headers.get("location") == "/console"  # the client resolves ".."
    assert answer.status_code in {404, 503} or answer.content in known or home


async def test_missing_vendor_files_say_what_to_do(pages: Api) -> None:
    body = problem(await pages.http.get("/web/vendor/swagger-ui/swagger-ui.css"), 503, "unavailable")
    assert "make web" in body["detail"]


async def test_without_pages_the_api_still_works(installation: Installation, tmp_path: Path) -> None:
    async with running(installation, web_dir=tmp_path / "nothing") as api:
        problem(await api.http.get("/console"), 503, "unavailable")
        assert (await api.http.get("/healthz")).status_code == 200


async def test_strings_come_in_two_languages(api: Api) -> None:
    one, two = [(await api.http.get(f"/strings/{language}.json")).json() for language in ("en", "ja")]
    assert set(one) == set(two)
    problem(await api.http.get("/strings/xx.json"), 404, "not-found")
    problem(await api.http.get("/strings/..%2fen.json"), 404, "not-found")


async def test_the_document_is_served(api: Api) -> None:
    answer = await api.http.get("/openapi.json")
    assert json.loads(answer.text)["openapi"].startswith("3.1")
    assert answer.headers["etag"]


async def test_our_own_pages_are_found(api: Api) -> None:
    for path in ("/console", "/join/12345678", "/docs"):
        answer = await api.http.get(path)
        assert answer.status_code == 200
        assert "<script" in answer.text
