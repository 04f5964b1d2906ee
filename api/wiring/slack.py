"""Slack's parts that work without the bot: workspaces, and the couriers that tell of cases there."""

from __future__ import annotations

from answers.case_notices import Courier, RouteKind
from api.store import Store
from bots.slack.cases import SlackCases
from bots.slack.codes import Codes
from bots.slack.couriers import AskerCourier, EscalationCourier
from bots.slack.installs import Workspaces
from bots.slack.oauth import Installer
from bots.slack.web import Web


def workspaces(store: Store) -> Workspaces:
    return Workspaces(store.database, store.keyring, fallback=store.settings.slack.bot_token)


def slack_couriers(store: Store) -> dict[RouteKind, Courier]:
    mapped, web, cases = workspaces(store), Web(store.settings.slack.api_url), SlackCases(store.database)
    return {
        RouteKind.SLACK: EscalationCourier(mapped, web, cases),
        RouteKind.ASKER: AskerCourier(mapped, web, cases),
    }


def installer(store: Store) -> Installer:
    settings = store.settings.slack
    codes = Codes(store.database, store.keyring)
    return Installer(codes, store.keyring, Web(settings.api_url), settings)
