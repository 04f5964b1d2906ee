"""The topics that are high-impact unless a tenant says otherwise: what binds the vendor, or what an attacker would ask.

The words are those of software vendors, their partners and shops. A shop's own prices, discounts, refunds and PINs are features
of the product that is supported, so what happens at a till is left out.
"""

from __future__ import annotations

from guardrails.policy import Topic, TopicPolicy

_IN_SHOP = (
    "till|tills|cashier*|checkout*|register|registers|basket*|receipt*|shopper*|employee*|loyalty|coupon*|voucher*",
    "promotion*|markdown*|pos|scale|scales|label|labels|terminal|terminals|import*|module|screen|button|dialog",
    "price|prices|pricing list|lists file|files|import*|update*|sync*|zone*|field*|column*",
    "error|err|fail*|crash*|hang*|rejected|missing|setting|settings|parameter*|configur*",
)
"""Where these stand, money words are the product's."""

_SOLD = "licence*|license*|licensing|seat|seats|subscription*|maintenance|support|training|consulting|module|modules|tier|upgrade"

PRICES = Topic(
    "prices",
    (
        "list|net|purchase|retail price|prices of|for",
        "how much does|do|did|will|would|is|it cost|costs|costing",
        "what price|prices|cost|costs|fee|fees of|for",
        f"price|prices|pricing|fee|fees|cost|costs of|for {_SOLD}",
        f"how much cost|costs|pay|charge|charged {_SOLD}",
        f"how much {_SOLD} cost|costs|costing",
        f"what does|do|will|would {_SOLD} cost|costs",
        f"{_SOLD} fee|fees|price|prices|pricing|costs",
        "examination|exam|certification|setup fee|fees|price|cost",
        "fee|fees for examination|exam|certificate|certification|setup",
        "what does|do|will|would cost|costs per|us|them|me|you",
        "how much does|do|will|would|is|are cost|costs|charge|pay per|a|each|us|you month|year|annum|hour|day|person|user",
        "pay|pays|paying|charge|charges us|you|me per|a|each month|year|annum|quarter",
        "price|prices|pricing|fee|fees increase*|raise*|go|change* licence*|license*|year|january|contract",
        "get|send|give|make|need quote|quotation|estimate for|on",
    ),
    (
        "till|tills|register|registers field|button|screen|key",
        "import*|sync* fail*|error|rejected|stuck|nothing",
        "cost|price|list|fee field*|column*|zone*|file|files|type|centre|center|import*|group*|level*",
    ),
)
DISCOUNTS = Topic(
    "discounts",
    (
        "partner*|reseller*|silver|gold|registered|volume|channel|licence*|license* discount*|rebate*|margin|margins|kickback*",
        "discount*|rebate*|margin* partner*|reseller*|silver|gold|registered|licence*|license*|deal|deals|tender*|competitor*",
        "discount*|rebate* beyond|above|exception*|approval|approved|granted|approve*",
        "deal registration discount*|points|percent|%",
        "percent|% off quote|offer|deal|licence*|license*|list",
        "% off quote|offer|deal",
        "special|better|extra price|prices|conditions|discount* for|deal|customer*",
        "give|get|grant|offer|promise* us|me|we|customer*|client*|a|any|some discount*|rebate*",
    ),
    _IN_SHOP,
)
CONTRACT = Topic(
    "contract terms",
    (
        "contract|contracts|agreement|agreements term|terms|clause*|say*|state*|cover*|include*|allow*|end*|expire*|run*|notice",
        "term|terms|clause*|conditions of|in contract*|agreement*|subscription*|maintenance",
        "terminate|cancel|end|leave|quit|renew|extend contract*|agreement*|subscription*",
        "contract|contracts|agreement*|subscription* terminat*|cancel*|renew*|extend*",
        "notice|cancellation|contract|minimum period|term|fee of|for|in contract*|agreement*|subscription*|maintenance",
        "notice|cancellation period*",
        "bound|binding contract*|agreement*|legally",
        "penalt*|remedy|remedies contract*|sla|outage*|breach*|late|quickly",
    ),
    ("edi|peppol|trading|purchase|price contract|contracts|agreement*", "contract module|screen|field|number|import*"),
)
REFUNDS = Topic(
    "refunds",
    (
        "refund*|reimburse*|compensat* licence*|license*|seat*|subscription*|maintenance|invoice*|fee*|outage*|downtime|us|me",
        "licence*|license*|seat*|subscription*|maintenance|invoice*|fee*|outage*|downtime refund*|reimburse*|compensat*",
        "refund policy|policies",
        "want|demand|claim|request|need|like|get|entitled a|my|our|the|full|to refund|refunds|reimbursement",
        "want|demand|get|claim|request|receive money back",
        "get|claim|receive|entitled|owe* service credit|credits",
        "get back on|from bill|invoice",
        "entitled to refund|compensation|reimbursement|credit",
        "will|would|can|do you|corvane|vendor refund|reimburse|compensate",
        "pay|pays|paid compensation|damages",
    ),
    _IN_SHOP,
)
LEGAL = Topic(
    "legal matters",
    (
        "legally|liable|liability|obliged|sue|sued|lawsuit|litigation for|if|when|responsible|to|by|over|allowed|required|binding",
        "who|are|am|is we|i|you|corvane|vendor|partner* liable",
        "is|are|be liable|liability",
        "is it|this|that legal|illegal|lawful|unlawful",
        "legal advice|action|department|consequence*|responsib*|claim*|dispute*|notice|hold|basis",
        "breach of contract|confidentiality|nda|law|agreement",
        "gdpr|dsgvo|ccpa breach*|violat*|fine|fines|liab*|obligat*|compliant|officer|consent",
        "data protection authority|officer|law|laws|violation*|breach*|agreement",
        "claim|claims|sue for|over damages|damage|negligence",
        "sign*|need nda|dpa|disclosure|processing agreement|agreements",
        "copyright|patent|trademark infring*|violat*|claim*",
        "infring*|violat* copyright|patent*|trademark*|law|laws",
    ),
    ("legal entity|entities|archive|unit|name|form|number",),
)
INCIDENTS = Topic(
    "security incidents",
    (
        "security|privacy incident*|breach*",
        "data breach*|leak|leaked|leaks|theft",
        "been|was|were|got|get|is|are|being hacked|compromised|breached|phished|ransomed|infiltrated|exfiltrated",
        "ransomware|malware|trojan|phishing|virus attack*|infect*|found|hit|detect*|encrypt*|e|email|mail|on",
        "rogue|unauthorised|unauthorized|unknown|suspicious|foreign login*|logon*|sign|admin|administrator|access|account*|intru*",
        "somebody|someone|attacker*|hacker*|intruder* broke|stole|accessed|got|hacked|logged into|in|our|customer*|data",
        "customer*|personal|card|payment data stolen|leaked|exposed|published|disclosed",
        "leaked|stolen|exposed password*|credential*|key|keys|laptop|data",
        "password*|credential*|laptop stolen|leaked|exposed|compromised",
    ),
    ("virus scanner|protection|exclusion*|definition*", "breach* sla|threshold*|limit*"),
)
CREDENTIALS = Topic(
    "credentials",
    (
        "what|which is|are password*|passphrase*|passcode*|passwd",
        "give|tell|send|share|show|mail|forward me|us|them|him|her password*|passphrase*|passcode*|credential*|secret*",
        "give|tell|send|share|show|mail me|us api|private|access|encryption|service key|keys|token*",
        "need|want|get|know|have root|admin|administrator|master|default|service|sa|support password*|passphrase*|credential*",
        "root|administrator|master|default|sa password|passphrase|passcode|credentials for|of",
        "what|which user|username and password",
        "where find|get|is|are root|admin|administrator|master|service|default password*|credential*",
        "private|master|encryption|signing key of|for where|what",
        "bypass|skip|disable|circumvent|crack two|password*|mfa|2fa|authentication|login",
    ),
    (
        "strong|good|secure|safe|weak password*|passphrase*",
        "password*|passphrase* policy|policies|rule*|length|complexity|strength|expir*|format|field|setting|rotation|age",
        "minimum|required|allowed|reset*|chang*|forg*|expired|lock* password*|passphrase*|passcode*",
        "password*|passphrase*|passcode* reset*|chang*|forg*|expire*|lock*|wrong|rejected",
    ),
)

SHIPPED = TopicPolicy((PRICES, DISCOUNTS, CONTRACT, REFUNDS, LEGAL, INCIDENTS, CREDENTIALS))
"""Version 0 of every tenant's policy."""
