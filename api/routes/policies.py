"""A tenant's policy on high-impact topics and its prompt: read, set, and set back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from answers.rulings import prompt_body
from answers.system_prompt import checked
from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas.policies import PolicyIn, PolicyOut, PromptIn, PromptOut, RollbackIn, VersionOut, VersionsOut, limits
from core.directives import DirectiveKind
from core.domain import Permission, Principal
from guardrails.policy import policy_of

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Policies"])

Reader = Annotated[Principal, allowed(Permission.POLICY_READ)]
Writer = Annotated[Principal, allowed(Permission.POLICY_WRITE)]
Version = Annotated[int, Path(ge=0, le=1_000_000_000)]
POLICY, PROMPT = DirectiveKind.POLICY, DirectiveKind.PROMPT


@router.get("/policy")
async def policy(services: ServicesDep, principal: Reader) -> PolicyOut:
    """The topics that only authoritative documents answer; the software's own where the tenant set none."""
    return PolicyOut.stated((await services.directives.current(principal.tenant_id))[POLICY])


@router.put("/policy")
async def set_policy(body: PolicyIn, services: ServicesDep, principal: Writer) -> PolicyOut:
    """A new version of the whole policy, in force from the next question on."""
    accepted = policy_of(body.body(), limits(services.settings.policy)).as_json()
    return PolicyOut.stated(await services.directives.set(principal, POLICY, accepted, note=body.note))


@router.get("/policy/versions")
async def policy_versions(services: ServicesDep, principal: Reader) -> VersionsOut:
    """Newest first, a hundred at most."""
    found = await services.directives.versions(principal.tenant_id, POLICY)
    return VersionsOut(versions=[VersionOut.of(each) for each in found])


@router.get("/policy/versions/{version}")
async def policy_version(version: Version, services: ServicesDep, principal: Reader) -> PolicyOut:
    """What held under a version: answers name theirs."""
    return PolicyOut.stated(await services.directives.version(principal.tenant_id, POLICY, version))


@router.post("/policy/rollback")
async def roll_back_policy(body: RollbackIn, services: ServicesDep, principal: Writer) -> PolicyOut:
    """Say an earlier version again, as a new one."""
    return PolicyOut.stated(await services.directives.roll_back(principal, POLICY, body.version, note=body.note))


@router.get("/prompt")
async def prompt(services: ServicesDep, principal: Reader) -> PromptOut:
    """What a language model is told before the passages."""
    return PromptOut.stated((await services.directives.current(principal.tenant_id))[PROMPT])


@router.put("/prompt")
async def set_prompt(body: PromptIn, services: ServicesDep, principal: Writer) -> PromptOut:
    """A new version, in force from the next question on. What is checked of an answer stays the same, whatever a prompt says."""
    text = checked(body.text, max_chars=services.settings.policy.max_prompt_chars)
    return PromptOut.stated(await services.directives.set(principal, PROMPT, prompt_body(text), note=body.note))


@router.get("/prompt/versions")
async def prompt_versions(services: ServicesDep, principal: Reader) -> VersionsOut:
    """Newest first, a hundred at most."""
    found = await services.directives.versions(principal.tenant_id, PROMPT)
    return VersionsOut(versions=[VersionOut.of(each) for each in found])


@router.get("/prompt/versions/{version}")
async def prompt_version(version: Version, services: ServicesDep, principal: Reader) -> PromptOut:
    """What a model was told under a version: answers name theirs."""
    return PromptOut.stated(await services.directives.version(principal.tenant_id, PROMPT, version))


@router.post("/prompt/rollback")
async def roll_back_prompt(body: RollbackIn, services: ServicesDep, principal: Writer) -> PromptOut:
    """Say an earlier version again, as a new one."""
    return PromptOut.stated(await services.directives.roll_back(principal, PROMPT, body.version, note=body.note))
