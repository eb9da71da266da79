"""The console, the join page, the docs page and what they load. Everything is in memory; a path is only looked up."""

from collections.abc import Sequence
from importlib import resources

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from api.context import Context, client_address
from api.edge import answer, request_id_of
from api.kit.secret import digest
from api.organizations import entry
from api.organizations import repository as organizations
from api.problems import NotFound, TooManyRequests, Unavailable
from api.settings import Settings
from api.site.headers import DOCS, STRICT, policy
from api.site.manifest import File, read_manifest, web_folder

LANGUAGES = ("en", "ja")
NOT_BUILT = "The pages are not built: run `make web` in the checkout, or install the wheel."


class Site:
    """All files, and the routes that serve them."""

    def __init__(self, files: dict[str, File], strings: dict[str, File]) -> None:
        self._files = files
        self._strings = strings

    def routes(self) -> list[BaseRoute]:
        """Starlette routes; none of them is part of the API."""
        return [
            Route("/", self.home, methods=["GET"], name="site home"),
            Route("/console", self.console, methods=["GET"], name="site console"),
            Route("/console/{rest:path}", self.console, methods=["GET"], name="site console pages"),
            Route("/join", self.join, methods=["GET"], name="site join"),
            Route("/join/{code}", self.join, methods=["GET"], name="site join code"),
            Route("/enter/{secret}", self.enter, methods=["GET"], name="site entry link"),
            Route("/docs", self.docs, methods=["GET"], name="site docs"),
            Route("/openapi.json", self.openapi, methods=["GET"], name="site openapi"),
            Route("/strings/{language}.json", self.strings, methods=["GET"], name="site strings"),
            Route("/favicon.ico", self.favicon, methods=["GET"], name="site icon"),
            Route("/web/{rest:path}", self.file, methods=["GET"], name="site files"),
        ]

    async def home(self, _request: Request) -> Response:
        """The console is what people look for here."""
        return RedirectResponse("/console", 302)

    async def console(self, request: Request) -> Response:
        """The operators' console; its script reads the rest of the path."""
        return self._page(request, "/web/app/console.html", STRICT)

    async def join(self, request: Request) -> Response:
        """The customer's page; its script reads the code from the path."""
        return self._page(request, "/web/app/join.html", STRICT)

    async def enter(self, request: Request) -> Response:
        """The entry link: this browser may sign in from now on. The address is in no log and goes to no other site."""
        context: Context = request.app.state.context
        address = client_address(request)
        try:
            await context.sign_in_budgets.check_address(address)
        except TooManyRequests as problem:
            return answer(problem, request_id_of(request))
        async with context.database.read() as db:
            organization = await organizations.by_entry(db, digest(request.path_params["secret"]))
        if organization is None:
            await context.sign_in_budgets.failed_address(address)
            return answer(
                NotFound("This entry link is not valid any more; ask for the new one."), request_id_of(request)
            )
        response = RedirectResponse("/console", 303)
        entry.keep(response, context, organization)
        return response

    async def docs(self, request: Request) -> Response:
        """The documentation of the API, with our own sign-in panel."""
        return self._page(request, "/web/app/docs.html", DOCS)

    async def openapi(self, request: Request) -> Response:
        """The OpenAPI document."""
        return self._send(request, request.app.state.openapi_file.get(), policy(STRICT))

    async def strings(self, request: Request) -> Response:
        """All texts of a language."""
        found = self._strings.get(request.path_params["language"])
        return self._send(request, found, policy(STRICT)) if found else _missing(request)

    async def favicon(self, request: Request) -> Response:
        """Browsers ask for it by themselves."""
        found = self._files.get("/web/app/favicon.svg") or self._files.get("/web/app/icon.svg")
        return self._send(request, found, policy(STRICT)) if found else Response(status_code=204)

    async def file(self, request: Request) -> Response:
        """A script, style or worker, if the manifest has it."""
        path = request.scope["path"]
        found = self._files.get(path)
        if found is None:
            if path.startswith("/web/vendor/"):
                return answer(Unavailable(f"{path} is not there. {NOT_BUILT}"), request_id_of(request))
            return _missing(request)
        return self._send(request, found, policy(STRICT, _relays(request)))

    def _page(self, request: Request, path: str, rules: Sequence[str]) -> Response:
        found = self._files.get(path)
        if found is None:
            return answer(Unavailable(NOT_BUILT), request_id_of(request))
        return self._send(request, found, policy(rules, _relays(request)))

    def _send(self, request: Request, found: File, security: str) -> Response:
        headers = {"ETag": found.etag, "Cache-Control": "no-cache", "Content-Security-Policy": security}
        if found.etag in {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}:
            return Response(status_code=304, headers=headers)
        return Response(found.body, headers=headers, media_type=found.media_type)


def site_routes(settings: Settings) -> list[BaseRoute]:
    """Routes for what is in web/ and texts/ now."""
    return Site(read_manifest(web_folder(settings)), _read_strings()).routes()


def _read_strings() -> dict[str, File]:
    folder = resources.files("texts")
    found = {}
    for language in LANGUAGES:
        file = folder / f"{language}.json"
        if file.is_file():
            found[language] = File.of(file.read_bytes(), "application/json")
    return found


def _relays(request: Request) -> frozenset[str]:
    context: Context = request.app.state.context
    return context.relay_origins


def _missing(request: Request) -> Response:
    return answer(NotFound("There is nothing at this address."), request_id_of(request))
