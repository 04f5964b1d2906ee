"""What a careful writer may change without changing what is said: words that weigh nothing, words that mean the same, irregular
forms, and words that must be licensed by the source. Data, and the lookup of one word.
"""

from __future__ import annotations

import re
from functools import lru_cache

from guardrails.claims import NUMBER_WORDS, STOP_WORDS, number, stem
from guardrails.vocabulary import words

_STRONG = words(
    """
    all any before each ever every exactly first last must next only unless until after always both either most none once
    """
)
"""Small words that decide what a sentence says: `guardrails.operators` asks the source for them, so they weigh nothing here."""

LIGHT = words(
    """
    above accordingly according act acts actually add additionally allow allows alone along also altogether alternatively
    amount apart across against among another appear applicable applied applies apply appropriate arise around aside
    available away based basically because become becomes been behind below between beyond bring brings bringing basis
    came carried carry case cases certain come comes coming consist consists contain contained containing contains
    comprise comprises considered concern concerning concerns correspond corresponding course cross crossed currently deal
    described desired details due during during else ensure ensures entire entirely every effectively example examples
    fact exception exceptions exceed exceeded exceeding exceeds existing far few fewer find finally follow following
    further furthermore gave general generally get gets getting give given gives giving go goes going gone got greater had
    handle handles handling happen happens help helps hence herself himself here higher however include included includes
    including instance instead involve involves itself keep keeping keeps kind know known later less let lets like lie
    lies likely list listed longer look lower made make makes making many mean meaning means meant mentioned mind moreover
    much name named namely need needed needs new normally note now number numerous occur occurs often ones offer offers
    onto out order otherwise own part particular perform performed performing performs place plan planned plans possible
    possibly potential potentially present probably properly proceed proceeds provide provided purpose purposes rather
    refer refers regard regarding related relevant respective respectively right row said same say says see seen select
    selected selecting selects separately several shown shows simply since single situation situations so some serve
    serves something anything yourself sort specific specifically stand stands state stated stay staying steps still such
    sure take taken takes taking tell tells their themselves thereby therefore thing things thus together too towards
    typically under use used useful user's uses using usually value various versus via want wants way ways well whatever
    whereas whereby whether while whole whose wish within without least necessarily newly option options result setting
    settings through throughout done work works worth yes yet yield yields
    """
) - words("add allow allows new number order state value name list place available entire entirely user's")

_SAME = """
begin start commence initiate; end terminate finish conclude termination expire; stop halt cease; show display appear
visible view presented; buy purchase; sell sale; delete remove erase discard deletion removal; create produce generate
creation; change modify alter edit modification; several multiple; whole entire complete full completely entirely;
trigger fire raise; receive obtain recipient arrive; send transmit; pay payment payout remit; email mail e-mail;
mistaken wrong incorrect erroneous; fail failure fault; lose loss; indicate signify denote; occur happen; specify
define enter; set configure setup configuration; employee worker; link connect associate; assign allocate; attempt
try; gather collect collection; impact affect influence; approximately about around roughly; previous prior earlier;
notify inform announce notice; retain preserve store; run execute function operate; satisfy fulfil; cancel cancell
cancellation; phone telephone; fix resolve solve repair; explain describe; automatic automatically; organization
organisation; percent %; hundreds hundred; manual manually hand; reach exceed; agreement contract; prevent avoid;
switch turn; move migrate migration; miss absent; submit submission; approve approval; refer reference; correct
correction; contest dispute challenge; reduce decrease degrade; crucial critical essential; degradation degrade;
recommend advise suggest recommendation; unique sole; suitable appropriate; require requirement mandatory necessary
need; utilization usage use consumption; instance replica; permanent good; license licence; exhaust depleted out;
further additional extra; keep continue remain stay; revise amend; announce notify; common shared global; verify check
confirm validate; restart reboot; install installation; upgrade upgrading; large big; small little; fast quick rapid;
difficult hard; simple easy; problem issue; folder directory; login logon; dialog window; machine computer; picture
image; expense cost; duplicate copy; exact accurate; quit exit; close shut; combine merge join; split divide; replace
substitute; rise increase grow; drop fall decrease reduce shrink; prohibit forbid ban disallow; cause lead;
consequence outcome effect; aim goal objective; staff personnel employee; purchaser buyer; vendor supplier; invoice
bill; reimburse refund repay; wage salary; vacation holiday; delay postpone defer; compute calculate; monitor watch
track; search locate; discover detect; ask request; answer reply respond; discuss talk; register enroll; possess own;
grant supply; detach disconnect; spread distribute; protect secure guard safe; immediate instant prompt; equal
identical; distinct different; alike similar; sufficient enough; significant important; legal lawful; illegal
unlawful; decide determine; resume continue; restore recover; damaged broken faulty; transfer move; press tap click;
save store; expand extend; hire employ; earn gain; company firm enterprise business; attach link; period duration;
owner holder; infringe infringing infringement; month monthly; year yearly annual annually; day daily; week weekly;
print printed; post posting; process processing; deny refuse reject; authorize authorization authorise; wrong mistake;
ensure guarantee
"""
_DIFFERENT = frozenset(
    {"ensure", "guarantee", "use", "complete", "out", "good", "hand", "reach", "common", "about", "around"}
)
"""Left out of their groups: they say more, or something else, about as often."""

_IRREGULAR = dict(
    pair.split("/")
    for pair in words(
        """
    sold/sell sent/send began/begin begun/begin seen/see went/go kept/keep held/hold lost/lose paid/pay chosen/choose
    chose/choose taken/take took/take built/build found/find told/tell shown/show known/know ran/run met/meet bought/buy
    brought/bring thought/think written/write wrote/write spent/spend broken/break broke/break drawn/draw fallen/fall
    fell/fall grown/grow hidden/hide led/lead meant/mean risen/rise rose/rise stood/stand understood/understand
    withdrawn/withdraw frozen/freeze froze/freeze driven/drive bound/bind dealt/deal became/become came/come
    forgotten/forget caught/catch taught/teach laid/lay lent/lend children/child people/person men/man women/woman
    indices/index lain/lie thrown/throw worn/wear
        """
    )
)
_UN = words(
    """
    available supported able active valid correct possible accessible complete used assigned paid changed limited
    necessary expected authorized authorised reachable responsive recoverable reliable posted approved published
    registered known certain likely safe sufficient dependent direct visible locked restricted encrypted affected resolved
    related signed tracked
    """
)
_NEGATIVE_PREFIX = re.compile(r"(?:un|in|im|ir|non)(.{4,})")
_ISE = re.compile(r"is(e[sd]?|ing|ations?)$")


def opened(word: str) -> tuple[str, ...]:
    """ "unavailable" is "not available", so that a writer may say either."""
    match = _NEGATIVE_PREFIX.fullmatch(word.removesuffix("ly"))
    if word == "unlikely" or match is None or match[1] not in _UN:
        return (word,)
    return ("not", match[1])


@lru_cache(maxsize=65_536)
def weighed(word: str) -> str:
    """The one form of a word (lower-case) that all its paraphrases share; empty where it weighs nothing."""
    bare = word.removesuffix("'s").removesuffix("'")
    if not bare or bare in STOP_WORDS or bare in _STRONG or bare in LIGHT or bare.endswith("n't"):
        return ""
    if bare[0].isdigit() or bare == "zero":
        return "0" if bare == "zero" else number(bare)
    bare = NUMBER_WORDS.get(bare, bare)
    root = _root(bare)
    return "" if root in _LIGHT_ROOTS else _REPRESENTATIVE.get(root, root)


def rooted(word: str) -> str:
    """The one form also of words that weigh nothing, for what a negation bears on; empty for the smallest words."""
    bare = word.removesuffix("'s").removesuffix("'")
    return weighed(word) or ("" if bare in STOP_WORDS or bare in _STRONG or bare.endswith("n't") else _root(bare))


def _root(word: str) -> str:
    return stem(_ISE.sub(r"iz\1", _IRREGULAR.get(word, word)))


def _representatives() -> dict[str, str]:
    found: dict[str, str] = {}
    for group in _SAME.split(";"):
        members = [word for word in group.split() if word not in _DIFFERENT]
        if not members:
            continue
        first = next((found[_root(word)] for word in members if _root(word) in found), _root(members[0]))
        found.update((_root(word), first) for word in members)
    return found


_REPRESENTATIVE = _representatives()
_LIGHT_ROOTS = frozenset(
    map(
        _root,
        words(
            """
    provide use utilize leverage allow permit help assist give get make include contain mean handle perform apply involve
    offer serve choose select need facilitate
            """
        ),
    )
)
"""Verbs that weigh nothing in any form: their objects say what is said."""


OPPOSITES = tuple(
    tuple(sorted(pair.split("/")))
    for pair in words(
        """
    enabl/disabl allow/deni allow/prevent increas/decreas on/off open/close minimum/maximum first/last add/remov
    start/stop includ/exclud requir/option mandatori/option befor/after before/after onlin/offlin debit/credit
    import/export inbound/outbound upgrad/downgrad accept/reject approv/reject grant/revok activ/inact lock/unlock
    hide/show ascend/descend manual/automat higher/lower above/below succeed/fail valid/invalid public/privat
    encrypt/decrypt install/uninstal select/clear purchas/sale customer/vendor next/previous more/less more/fewer
    over/under greater/less positiv/negat former/new buyer/seller sourc/target read/write input/output intern/extern
    local/remot parent/child front/back horizont/vertic primari/secondari sender/receiv employ/employe
        """
    )
)
