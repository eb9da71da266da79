"""What lies in deploy/ fits the program: each metric that an alert or a panel names is in a real scrape, each alert is explained,
each command line is understood."""

import json
import re
import shlex
from configparser import ConfigParser
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families as families

from api import admin
from api.operation.facts import look
from api.operation.listener import admin_app
from api.settings import Settings
from relay.main import Relay
from relay.settings import Settings as RelaySettings
from tests.integration.api.support import Api
from tests.integration.api.test_process import certificate

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
NAME = re.compile(r"\b(?:tasuki|process)_[a-z0-9_]+")
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus/tasuki.rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    board = json.loads((DEPLOY / "grafana/tasuki.json").read_text())
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def samples(text: str) -> set[str]:
    """Names that can be asked for; of a labelled counter also where nothing was counted yet."""
    found = set()
    for family in families(text):
        found |= {sample.name for sample in family.samples}
        found |= {f"{family.name}_total"} if family.type == "counter" else set()
    return found


async def scraped(api: Api) -> set[str]:
    """Of an api that has everything there is to watch: a certificate, a database with its own clock, a backup."""
    context, watch = api.app.state.context, api.app.state.watch
    facts = await look(context)
    machine = replace(facts.machine, certificate_until=facts.now, backup_at=facts.now, upkeep_age=0.5)
    watch._known, watch._until = replace(facts, machine=machine, clock_skew=timedelta()), float("inf")
    app = admin_app(context, watch)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return samples((await client.get("/metrics")).text)


async def scraped_relay(folder: Path) -> set[str]:
    (folder / "token").write_text("rly_x")
    chain, key = certificate(folder)
    settings = RelaySettings(relay_token_file=folder / "token", data_dir=folder, tls_cert_file=chain, tls_key_file=key)
    relay = Relay(settings)
    try:
        return samples(relay._metrics().body.decode())
    finally:
        await relay.server.close()
        await relay.api.close()


async def test_alerts_and_panels_ask_for_what_is_there(api: Api, tmp_path: Path) -> None:
    await api.active()
    there = await scraped(api) | await scraped_relay(tmp_path)
    asked = {rule["alert"]: rule["expr"] for rule in rules()}
    asked |= {
        f"panel {panel['id']}.{target['refId']}": target["expr"] for panel in panels() for target in panel["targets"]
    }
    assert len(asked) > 50
    for name, expression in asked.items():
        wanted = set(NAME.findall(expression))
        assert wanted or "up{" in expression, name
        assert wanted <= there, (name, wanted - there)


def test_every_alert_is_explained_and_says_how_urgent_it_is() -> None:
    page = (ROOT / "docs/operation.md").read_text()
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        assert f"`{rule['alert']}`" in page, rule["alert"]
    assert set(re.findall(r"`(Tasuki[A-Z]\w+)`", page)) <= set(names), "the page explains an alert that is not there"


def unit(path: Path) -> ConfigParser:
    parsed = ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case
    parsed.read_string(path.read_text())
    return parsed


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_start_what_there_is_and_give_it_nothing_more(path: Path) -> None:
    service = unit(path)["Service"]
    python, _, module, *words = shlex.split(service["ExecStart"])
    assert python == "/opt/tasuki/bin/python"
    assert import_module(module).main
    if module == "api.admin":
        assert admin.parse(words).keyring_out != admin.parse(words).out
    assert service["User"] != "root"
    assert (service["NoNewPrivileges"], service["ProtectSystem"], service["UMask"]) == ("yes", "strict", "0077")
    for name, value in (part.split("=", 1) for part in shlex.split(service["Environment"])):
        assert name.removeprefix("TASUKI_").lower() in Settings.model_fields, name
        assert Settings(**{name.removeprefix("TASUKI_").lower(): value})  # type: ignore[arg-type]


def test_scraping_asks_where_the_parts_answer() -> None:
    jobs = {
        job["job_name"]: job for job in yaml.safe_load((DEPLOY / "prometheus/scrape.yml").read_text())["scrape_configs"]
    }
    api, relay = (jobs[name]["static_configs"][0]["targets"] for name in ("tasuki-api", "tasuki-relay"))
    assert api == [Settings().api_admin_listen]
    assert relay == ["{0.host}:{0.port}".format(RelaySettings().relay_admin_listen)]
