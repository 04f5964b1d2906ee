from __future__ import annotations

import pytest

from core.domain import Audience, Principal
from core.errors import RateLimitedError
from core.quota import Quota


def principal(tenant: str, key: str = "k") -> Principal:
    return Principal(tenant, key, Audience.PARTNER, frozenset())


def test_question_above_the_limit_is_refused_with_the_setting() -> None:
    quota = Quota(per_minute=3)
    for _ in range(3):
        quota.admit(principal("a"))
    with pytest.raises(RateLimitedError) as caught:
        quota.admit(principal("a"))
    assert caught.value.status == 429
    assert caught.value.code == "rate_limited"
    assert "COPILOT_QUOTA__QUESTIONS_PER_MINUTE" in caught.value.detail


def test_one_tenants_questions_do_not_count_for_another() -> None:
    quota = Quota(per_minute=1)
    quota.admit(principal("a"))
    quota.admit(principal("b"))
    with pytest.raises(RateLimitedError):
        quota.admit(principal("b"))


def test_all_keys_of_a_tenant_share_its_limit() -> None:
    quota = Quota(per_minute=2)
    quota.admit(principal("a", "one"))
    quota.admit(principal("a", "two"))
    with pytest.raises(RateLimitedError):
        quota.admit(principal("a", "three"))


def test_each_service_has_its_own_window() -> None:
    for quota in (Quota(per_minute=1), Quota(per_minute=1)):
        quota.admit(principal("a"))
        with pytest.raises(RateLimitedError):
            quota.admit(principal("a"))
