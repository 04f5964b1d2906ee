"""Commands that show what the guards would do: `redact` and `screen`."""

from __future__ import annotations

from rich.markup import escape

from cli.common import AsJson, Tenant, Words, out, print_json, run, settings, texts


def redact(text: Words, tenant: Tenant, as_json: AsJson = False) -> None:
    """Show what of a text is personal data, and what would be stored instead."""
    from api.store import open_store
    from guardrails.pii import Redactor

    async def work() -> None:
        async with open_store(settings()) as store:
            profile = await store.tenants.profile((await store.tenants.by_slug(tenant)).id)
            redactor = Redactor()
            for line in texts(text, blank=True):
                done = redactor.redact(line, profile)
                entities = [{"type": e.type, "start": e.start, "end": e.end, "score": e.score} for e in done.entities]
                print_json({"text": done.text, "entities": entities}) if as_json else out.print(escape(done.text))

    run(work())


def screen(text: Words, tenant: Tenant, as_json: AsJson = False) -> None:
    """Show whether a text looks like an attempt to instruct the copilot."""
    from api.store import open_store
    from guardrails.injection import scan

    async def work() -> None:
        async with open_store(settings()) as store:
            await store.tenants.by_slug(tenant)
            for line in texts(text, blank=True):
                signals = [{"kind": s.kind, "start": s.start, "end": s.end, "excerpt": s.excerpt} for s in scan(line)]
                if as_json:
                    print_json({"flagged": bool(signals), "signals": signals})
                else:
                    out.print(
                        "flagged: " + ", ".join(str(s["kind"]) for s in signals) if signals else "nothing suspicious"
                    )

    run(work())
