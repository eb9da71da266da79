"""What the api is measured against: a bare FastAPI route that does one insert, with our database settings and uvicorn's.

`python -m bench.bare PORT DATABASE_URL`. No sign-in, no policy, no code, no signature, no event, no log.
"""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

import fastapi
import uvicorn
import uvloop
from pydantic import BaseModel
from sqlalchemy import JSON
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from api.db import create_engine


class Note(SQLModel, table=True):
    """One row about as wide as a session."""

    id: str = Field(primary_key=True)
    organization_id: str
    state: str
    mode: str
    customer: dict[str, Any] = Field(sa_type=JSON)
    reference_system: str
    reference_id: str
    created_at: datetime


class Create(BaseModel):
    """The same body that the api is sent."""

    mode: str
    customer: dict[str, str]
    reference: dict[str, str]


class View(BaseModel):
    """The row."""

    id: str
    state: str
    mode: str
    customer: dict[str, str]
    created_at: datetime


def build(url: str) -> fastapi.FastAPI:
    """The app."""
    engine = create_engine(url)
    app = fastapi.FastAPI()

    async def session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False) as db:
            await db.connection(execution_options={"tasuki_write": True})
            yield db
            await db.commit()

    @app.post("/notes", status_code=201)
    async def create(body: Create, db: Annotated[AsyncSession, fastapi.Depends(session, scope="function")]) -> View:
        row = Note(
            id=secrets.token_hex(13),
            organization_id="org",
            state="waiting",
            mode=body.mode,
            customer=body.customer,
            reference_system=body.reference["system"],
            reference_id=body.reference["id"],
            created_at=datetime.now(UTC),
        )
        db.add(row)
        await db.flush()
        return View.model_validate(row, from_attributes=True)

    @app.on_event("startup")
    async def tables() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(SQLModel.metadata.tables["note"].create, checkfirst=True)

    return app


def main() -> None:
    """Serve until killed."""
    port, url = int(sys.argv[1]), sys.argv[2]
    config = uvicorn.Config(
        build(url), port=port, log_config=None, access_log=False, lifespan="on", server_header=False
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
