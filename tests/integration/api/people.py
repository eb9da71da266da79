"""More people than the installation of the tests begins with."""

from api.operators.models import Role
from tests.integration.api.support import PASSWORD, Api, Person


async def new_operator(api: Api, login: str, role: Role, by: Person | None = None) -> Person:
    """Somebody of acme (or of the organisation of `by`), signed in with a password of their own."""
    made = await api.post("/v1/operators", {"login": login, "name": login.title(), "role": role}, by)
    company = (by or api.alice).username.split("/")[0]
    body = {"username": f"{company}/{login}", "password": made["one_time_password"], "new_password": PASSWORD}
    tokens = await api.post("/v1/auth/password", body, status=200)
    return Person(made["id"], body["username"], tokens["access_token"], tokens["refresh_token"])
