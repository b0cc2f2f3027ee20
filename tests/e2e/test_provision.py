"""An estate is set up by HTTP alone, and can be set up again."""

from __future__ import annotations

from simulators.api import Person, connect
from simulators.estate import HAMLET, make_estate
from simulators.links import Links
from simulators.provision import provision, set_rules
from simulators.rulebook import rulebook
from simulators.stay import ADMIN, Target


async def test_an_estate_can_be_set_up_again_and_gets_new_secrets(evening: Target) -> None:
    estate = make_estate("again", 1, HAMLET)
    async with connect(evening.api_url) as http:
        admin = Person(http, ADMIN, evening.admin_password)
        first = await provision(admin, estate, "once")
        await set_rules(admin, estate, rulebook())
        second = await provision(admin, estate, "twice")
        await set_rules(admin, estate, rulebook())
        listed = await admin.get("/v1/sites/again/devices", limit=100)
    assert {device["device"] for device in listed["items"]} == set(estate.device)
    assert first.devices.keys() == second.devices.keys()
    before = {its.password for its in first.devices.values()} | set(first.passwords.values())
    after = {its.password for its in second.devices.values()} | set(second.passwords.values())
    assert before & after == set()
    links = Links(evening.mqtt_host, evening.mqtt_port, second.devices)
    await links.open()
    assert links.connected == len(second.devices)
    await links.close()
