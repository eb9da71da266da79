"""No hot query reads a table that grows with every session from one end to the other."""

import pytest
from sqlalchemy import text

from tests.integration.api import plans
from tests.integration.api.support import Api

pytestmark = pytest.mark.both_databases


async def test_no_everyday_statement_scans_a_large_table_on_sqlite(api: Api) -> None:
    with plans.watched(api) as statements:
        await plans.everyday(api)
    assert len(statements) > 60
    assert await plans.scans(api, statements) == []


async def test_a_scan_would_be_noticed(api: Api) -> None:
    with plans.watched(api) as statements:
        async with api.app.state.context.database.engine.connect() as connection:
            await connection.execute(text("SELECT id FROM session WHERE reason = 'ended'"))
            await connection.execute(text("SELECT id FROM participant ORDER BY bytes_in"))
    assert len(await plans.scans(api, statements)) == 2
