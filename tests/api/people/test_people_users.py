"""A tenant's accounts over HTTP: who may change them, and what nobody may."""

from __future__ import annotations

from people_world import PASSWORD, PeopleWorld

from core.auth import PERMISSIONS
from core.domain import Permission, Role


async def test_a_platform_admin_invites_changes_and_shuts_out(any_world: PeopleWorld) -> None:
    world = any_world
    root = await world.account("root@acme.example", Role.PLATFORM_ADMIN)
    browser = await world.signed_in("root@acme.example")
    made = await browser.act("POST", "/v1/users", {"email": "Bob@acme.example", "role": "partner_user", "name": "Bob"})
    bob = made.raise_for_status().json()
    assert (bob["email"], bob["audience"], bob["has_password"]) == ("bob@acme.example", "partner", False)
    changed = await browser.act("PATCH", f"/v1/users/{bob['id']}", {"role": "support_agent", "disabled": True})
    assert (changed.json()["audience"], changed.json()["disabled"]) == ("agent", True)
    listed = (await browser.http.get("/v1/users")).json()["users"]
    assert [each["email"] for each in listed] == ["root@acme.example", "bob@acme.example"]
    assert [(act.action, act.actor) for act in await world.acts()][-2:] == [
        ("user.add", root.id),
        ("user.change", root.id),
    ]


async def test_no_role_beyond_the_tenant_is_given_over_http(world: PeopleWorld) -> None:
    """A key belongs to one tenant: it must not make somebody who belongs to all."""
    root = await world.account("root@acme.example", Role.PLATFORM_ADMIN)
    bob = await world.account("bob@acme.example", Role.AUDITOR)
    browser, key = await world.signed_in("root@acme.example"), await world.key(Role.OPERATOR)
    for role, status in (("operator", 422), ("platform_admin", 403)):
        new, changed = {"email": "x@acme.example", "role": role}, {"role": role}
        told = [
            await browser.act("POST", "/v1/users", new),
            await browser.act("PATCH", f"/v1/users/{bob.id}", changed),
            await browser.http.post("/v1/users", json=new, headers=key),
            await browser.http.patch(f"/v1/users/{bob.id}", json=changed, headers=key),
        ]
        assert [response.status_code for response in told] == [status] * 4
    shut_out = await browser.http.patch(f"/v1/users/{root.id}", json={"disabled": True}, headers=key)
    assert (shut_out.status_code, shut_out.json()["code"]) == (403, "operator_only")


async def test_nobody_changes_their_own_role(world: PeopleWorld) -> None:
    root = await world.account("root@acme.example", Role.PLATFORM_ADMIN)
    browser = await world.signed_in("root@acme.example")
    refused = await browser.act("PATCH", f"/v1/users/{root.id}", {"disabled": True})
    assert refused.json()["code"] == "own_account"


async def test_another_tenants_account_answers_as_an_unknown_one(world: PeopleWorld) -> None:
    theirs = await world.account("eve@umbra.example", tenant="umbra")
    await world.account("root@acme.example", Role.PLATFORM_ADMIN)
    browser = await world.signed_in("root@acme.example")
    told = [await browser.act("PATCH", f"/v1/users/{one}", {"disabled": True}) for one in (theirs.id, "0" * 32)]
    assert {(response.status_code, response.text) for response in told} == {(404, told[0].text)}
    assert (await world.signed_in("eve@umbra.example", PASSWORD)).csrf


def test_platform_admins_and_the_operator_alone_manage_people_and_enter_tenants() -> None:
    for permission in (Permission.PEOPLE_WRITE, Permission.TENANTS_ENTER):
        assert {role for role, held in PERMISSIONS.items() if permission in held} == {
            Role.PLATFORM_ADMIN,
            Role.OPERATOR,
        }
    assert Permission.SOURCES_LOCAL not in PERMISSIONS[Role.PLATFORM_ADMIN]
