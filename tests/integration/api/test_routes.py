"""R01: no route without a scope or a place on this reviewed list. Who is refused where: test_permissions.py."""

import functools
import inspect

import pytest
from starlette.routing import Route

from api.app import ROUTERS
from api.auth.permissions import FRESH, Scope
from tests.integration.api.described import openapi_document
from tests.integration.api.support import Api

PUBLIC = {
    ("post", "/v1/auth/token"): "takes a password",
    ("post", "/v1/auth/password"): "takes a password",
    ("post", "/v1/auth/mfa/challenge"): "takes a sign-in that waits for its second step",
    ("post", "/v1/auth/mfa/verify"): "takes a sign-in that waits for its second step",
    ("post", "/v1/auth/passkeys/sign-in/options"): "gives a nonce, throttled",
    ("post", "/v1/auth/passkeys/sign-in"): "takes a passkey's proof, throttled",
    ("post", "/v1/auth/console"): "takes the secret of a link, throttled",
    ("post", "/v1/auth/machine-challenge"): "gives a nonce, throttled",
    ("post", "/v1/auth/refresh"): "takes a refresh token",
    ("post", "/v1/auth/logout"): "takes a refresh token",
    ("post", "/v1/join/preview"): "takes a session code, throttled",
    ("post", "/v1/auth/invitation"): "takes an invitation's token, throttled",
    ("post", "/v1/join"): "takes a session code, throttled",
    ("post", "/v1/hooks/{integration_id}"): "takes a signature",
    ("post", "/v1/devices/enrol"): "takes an enrolment token and a signature",
    ("post", "/v1/devices/challenge"): "gives something to sign, stores nothing",
    ("post", "/v1/devices/token"): "takes a signature",
    ("get", "/.well-known/jwks.json"): "public keys",
    ("get", "/healthz"): "says that the process lives",
    ("get", "/readyz"): "says that the database answers",
    ("get", "/problems/{slug}"): "explains a problem",
}
OWN_PROOF = {"relay", "resume_ticket", "device"}
PAGES = {
    "/", "/console", "/console/{rest:path}", "/join", "/join/{code}", "/docs", "/openapi.json", "/enter/{secret}",
    "/strings/{language}.json", "/favicon.ico", "/web/{rest:path}",
}  # fmt: skip


@functools.cache
def operations() -> list[tuple[str, str, dict[str, list[str]]]]:
    """(method, path, security) of every operation of the document."""
    return [
        (method, path, {name: scopes for needed in operation.get("security", []) for name, scopes in needed.items()})
        for path, methods in openapi_document()["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.rule("R01")
def test_every_operation_has_a_scope_or_is_on_the_reviewed_list() -> None:
    for method, path, security in operations():
        if (method, path) in PUBLIC:
            assert security == {}, (method, path)
        elif set(security) & OWN_PROOF:
            assert len(security) == 1
        else:
            assert set(security) == {"operator"}, (method, path)
            (scope,) = (word for word in security["operator"] if word != FRESH)
            assert scope in set(Scope), (method, path)
    assert set(PUBLIC) <= {(method, path) for method, path, _ in operations()}


@pytest.mark.rule("R01")
def test_no_route_hides_from_the_document() -> None:
    documented = {(method, path) for method, path, _ in operations()}
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, Route)
            for method in route.methods or ():
                assert (method.lower(), route.path) in documented


def test_the_caller_is_known_before_the_transaction_begins() -> None:
    """Noting the use of a key writes; inside the route's own transaction it would wait for itself."""
    for router in ROUTERS:
        for route in router.routes:
            names = list(inspect.signature(route.endpoint).parameters)  # type: ignore[attr-defined]
            if "db" in names and "caller" in names:
                assert names.index("caller") < names.index("db"), route


@pytest.mark.rule("R01")
async def test_the_pages_are_the_reviewed_ones_and_only_for_reading(api: Api) -> None:
    pages = [route for route in api.app.routes if isinstance(route, Route) and route.path is not None]
    assert {route.path for route in pages} == PAGES
    assert all(route.methods == {"GET", "HEAD"} for route in pages)


@pytest.mark.rule("R01")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/sessions/", "//v1/sessions", "/V1/sessions", "/v1/sessions;x", "/v1/./sessions", "/v1//sessions",
        "/v1/sessions%2f", "/v1/join/../sessions", "/healthz/v1/sessions", "/v1/operators/..%2fsessions",
    ],
)  # fmt: skip
async def test_other_spellings_of_a_path_lead_nowhere(api: Api, path: str) -> None:
    response = await api.http.get(path)
    assert response.status_code in {401, 404, 405}, response.text


@pytest.mark.rule("R02")
async def test_there_is_no_wizard(api: Api) -> None:
    for path in ("/setup", "/v1/setup", "/install", "/v1/init", "/wizard", "/v1/organizations", "/console/../setup"):
        for method in ("GET", "POST"):
            response = await api.http.request(method, path, json={"company": "evil", "login": "evil"})
            assert response.status_code in {404, 405}, (method, path)
