"""Words that announce a person's name: greetings, signatures, labels, honorifics, verbs of saying. Expressions, no judgement.

Every expression has a group ``value``. `STRONG` cues are believed of any word with the shape of a name; after `WEAK` ones, which
stand before things as well ("from: Warehouse"), and in lower case, the word must be a name that the gazetteer has.
"""

from __future__ import annotations

import re

UPPER = "[" + "".join(char for char in map(chr, range(0x41, 0x530)) if char.isupper()) + "]"
PARTICLE = (
    r"(?:de|da|do|dos|das|del|della|dalla|di|du|la|le|van|von|vom|zu|zur|der|den|ten|ter|bin|bint|binti|ibn|al|el|af|av|y|e"
    r"|abu|ben|st|san|mac)"
)
TOKEN = rf"(?:[dlDLO]['’])?{UPPER}[^\W\d_]*(?:['’-](?:{UPPER})?[^\W\d_]+)*"
SHAPE = (
    rf"(?:{UPPER}\.[ ]?){{0,3}}{TOKEN}(?:\ (?:(?:{UPPER}\.\ ?){{1,2}}{TOKEN}|{UPPER}\b\.?"
    rf"|(?:{PARTICLE}\ ){{0,3}}(?:al-|el-)?{TOKEN})){{0,4}}"
)
_LOWER = r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*"
LOWER_SHAPE = rf"{_LOWER}(?:\ {_LOWER}){{0,2}}"
HONORIFIC = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Madam|Lady|Rev|Capt|Col|Lt|Sgt|Herrn?|Frau|Hr|Fr|Mme|Mlle|Madame|Monsieur|M"
    r"|Sra?|Srta|Señora?|Signora?|Sig|Dott|Ing|Dipl\.-Ing|Mag|Dhr|Mevr|Pan|Pani|Fru|Bay|Bayan|Shri|Smt|Sheikh)\b\.?"
)
_NAMES_WHAT = (
    r"address|e-?mail|phone|mobile|cell|number|extension|password|manager|birthday|salary|laptop|name|request|complaint|ticket"
    r"|account|order|desk|team|message|reply|calendar|inbox|shift|device|login|till|badge|mailbox|contract|wife|husband|son"
    r"|daughter|colleague|assistant|boss|office|invoice|signature|profile|case|question|car|house|home"
)
_PERSONS = (
    r"cashier|supervisor|colleague|coworker|co-worker|boss|brother|sister|wife|husband|mother|father|daughter|son|uncle|aunt"
    r"|technician|trainee|apprentice|neighbou?r|kollegin|kollege|chefin"
)
"""Who always has a name, and never is a program."""
_END = r"(?=\s*(?:[,.!?;\n)]|$))"


def _cue(before: str, *, after: str = "") -> re.Pattern[str]:
    """A cue is read without regard to case, the name after it is not."""
    return re.compile(rf"{before}(?P<value>(?-i:(?:{HONORIFIC}\ )*{SHAPE})){after}", re.IGNORECASE)


def _lower(before: str, *, after: str = "") -> re.Pattern[str]:
    return re.compile(rf"{before}(?P<value>(?-i:{LOWER_SHAPE})){after}", re.IGNORECASE)


_GREETING = (
    r"\b(?:dear|hi|hello|hey|hiya|hallo|bonjour|hola|ciao|salut|olá|hej|hei|servus|grüezi|moin|guten (?:tag|morgen|abend)"
    r"|good (?:morning|afternoon|evening)|lieber?|liebe|sehr geehrte[r]?|estimad[oa]|querid[oa]|caro|cara|gentile|egregio|cher"
    r"|chère|beste|geachte|kære|kjære|kära|szanowny|szanowna|drogi|kedves|sayın|уважаем(?:ый|ая)|здравствуйте)[ ,]{1,2}"
)
_CLOSING = (
    r"\b(?:regards|rgds|wishes|thanks|thx|thank you|cheers|sincerely|yours|best|truly|faithfully|respectfully|love|grüße[n]?"
    r"|grüssen?|gruß|gruss|mfg|lg|vg|hochachtungsvoll|cordialement|bien à vous|salutations|saludos|atentamente|saluti|cordialmente"
    r"|cumprimentos|cumprimenti|atenciosamente|abraços|groeten|groet|hilsen|hälsningar|vänligen|terveisin|pozdrawiam|poważaniem"
    r"|pozdravem|üdvözlettel|saygılarımla|уважением|sent by|signed)[^\S\n]*[,.!–—-]{0,2}[ \t]*"
)
_LABEL = (
    r"\b(?:(?:my|his|her|their|maiden|first|middle|last|full|given|family|sur|contact|customer|caller|employee|cashier|manager|user"
    r"|legal|preferred|real|patient|guest|owner|client|driver)[ -]?name(?:['’]s|\s+is|\s+was|\s*[:=])"
    r"|(?:name|vorname|nachname|nom|prénom|nombre|apellidos?|nome|cognome|sobrenome|naam|navn|namn|imię|nazwisko|jméno"
    r"|név|имя|фамилия"
    r"|contact(?:[ ](?:person|name))?|point of contact|poc|attn|attention|z\. ?hd\.|caller|requester|requestor"
    r"|requested by|reported by"
    r"|reporter|created by|opened by|closed by|approved by|approver|reviewed by|reviewer|signed by|signatory"
    r"|prepared by|assigned to"
    r"|assignee|written by|submitted by|raised by|escalated by|handled by|taken by|served by|cashier|account holder|account manager"
    r"|cardholder|card holder|beneficiary|recipient|spouse|next of kin|emergency contact|ansprechpartner(?:in)?|bearbeiter(?:in)?"
    r"|mitarbeiter(?:in)?|sachbearbeiter(?:in)?|kassierer(?:in)?|responsable|persona de contacto|referente)\s*[:=])[ \t|]*[\"'“*_]*"
)
STRONG = (
    _cue(_GREETING, after=r"(?=\s*[,!.:;\n–-]|\s*$)"),
    _cue(rf"{_CLOSING}\n[\s>|]*", after=r"(?=[ \t]*(?:\n|$|,|\||\())"),
    _cue(r"(?:^|\n)[ \t>]*(?:--|—|–|[~/])[ \t]?", after=r"(?=[ \t]*(?:\n|$|,))"),
    _cue(_LABEL),
    _cue(
        r"\b(?:spoke|speak|speaking|spoken|talk|talked|talking|chatted|met|meeting|followed up|follow up|reach(?:ed)? out"
        r"|in touch|checked in)\s+(?:to|with)\s+"
    ),
    _cue(
        r"\b(?:parlato|parlé|hablé|hablado|falei|falado|gesproken|talade|pratade|rozmawiał\w*|mit|telefoniert)"
        r"\s+(?:con|avec|com|met|med|mit|z)\s+"
    ),
    _cue(
        r"\b(?:he|she|they|who|manager|colleague|daughter|son|wife|husband|boss|friend)\s+(?:is|was|are)\s+(?:called|named)\s+"
    ),
    _cue(r"(?:^|[.!?\n]\s*)I, ", after=r"(?=,)"),
    _cue(rf"\b(?:{_PERSONS})\s+"),
    _cue(rf"\b(?:{_PERSONS}|customer|manager|driver|client|guest), ", after=r"(?=,)"),
    _cue(
        r"<PERSON_[0-9a-v]{6}>(?:,? (?:and|und|et|y|e|&) |, )",
        after=r"(?=\s*(?:[,.!?;\n)]|and\b|are\b|were\b|have\b|$))",
    ),
    _cue(r"\b(?:yours|love|sincerely|cheers|regards|wishes from)[ ,]{1,2}", after=r"(?=[.!]?\s*$)"),
    _cue(r"\b(?:said|starring|directed by|here's|here’s)\s+"),
    re.compile(
        rf"(?<![\w.])(?P<value>{SHAPE})(?=['’]s (?:{_NAMES_WHAT})\b"
        r"|,? (?:said|says|asked|told|wrote|phoned|rang|emailed|e-mailed|complained|replied)\b)"
    ),
    _cue(
        r"\b(?:this is|it is|it's|i am|i'm|i’m|on behalf of|everyone calls me|call me|my name['’]s|mein name ist|ich bin|ich heiße"
        r"|je m['’]appelle|je suis|me llamo|mi nombre es|mi chiamo|meu nome é|jag heter|ik ben|nazywam się|jmenuji se"
        r"|меня зовут|kind of"
        r"|signed,)\s+",
        after=r"(?=\s*(?:[,.!?;\n(]|from|at|in|speaking|calling|and|here|aus|von|de|$))",
    ),
    re.compile(rf"(?<!\w)(?P<value>(?:{HONORIFIC}\ )+{SHAPE})"),
    re.compile(rf"(?<!\w)(?P<value>{SHAPE}),? (?:M\.?D|Ph\.?D|MBA|Esq|CPA|B\.?Sc|M\.?Sc|Jr|Sr)\b"),
    re.compile(
        r"(?:姓名|联系人|聯絡人|名字叫|我叫|我是|氏名|名前|担当者?|이름|담당자)\s*[:：はは]?\s*(?P<value>[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]{2,6})"
    ),
    re.compile(r"(?P<value>[\u4e00-\u9fff]{2,4}|[\uac00-\ud7af]{2,4})(?=先生|女士|小姐|さん|様| ?씨(?!\w)|님)"),
)
WEAK = (
    _cue(
        r"\b(?:from|to|cc|bcc|by|sender|owner|author|agent|user|customer|client|employee|operator|driver|von|an|de"
        r"|para)\s*[:=]\s*[\"']?"
    ),
    _cue(
        r"\b(?:ask|asked|tell|told|call|called|calling|email|emailed|e-mail|contact|contacted|ping|pinged|message|messaged|notify"
        r"|notified|inform|informed|thank|thanked|meet|cc|loop in|remind|remember|know|help|helped|visit|invite|invited|hire|hired"
        r"|named|met|saw|see|join|joined|trust|believe|believed|fire|fired|pay|paid|phone|phoned|text|texted)\s+"
    ),
    _cue(
        r"\b(?:by|with|from|to|for|via|and|or|of|about|per|against|until|because|colleague|boss|manager|friend|brother"
        r"|sister|wife|husband|cashier|customer|user|supervisor|technician|engineer|assistant|director|employee|trainee|apprentice|clerk|teller|accountant"
        r"|father|mother|son|daughter|uncle|aunt|neighbour|neighbor|nurse|teacher|driver|courier|refund|deliver to|name)\s+"
    ),
    re.compile(
        rf"(?:^|[\n>|.!?]\s*|,\s)(?P<value>{SHAPE})(?=, (?:can|could|would|will|please|do|did|have|are|is|i|you|we"
        rf"|thanks|what|how|when|why|where)\b)"
    ),
    re.compile(
        rf"(?<![\w.])(?P<value>{SHAPE})(?=['’]s\b| (?:is|was|has|had|will|would|can|can['’]t|cannot|could|did|does"
        rf"|doesn['’]t|didn['’]t"
        r"|called|confirmed|reported|mentioned|noticed|thinks|thought|wants|wanted|needs|needed|sent|opened|escalated|approved"
        r"|rejected|resolved|closed|left|joined|works|worked|lives|lived|just|already|never|also|still|from|here|took|gave|got|made"
        r"|went|came|knows|knew|spent|signed|logged|started|tried|forgot|changed|entered|scanned|printed|refunded|voided)\b)"
    ),
    re.compile(rf"@(?P<value>{SHAPE})(?!\w|\.\w)"),
)
LOWER_STATED = (
    _lower(
        r"\b(?:my|his|her|their) (?:full |first |last )?name(?:\s+is|['’]s)\s+",
        after=rf"(?:{_END}|(?=\s+(?:and|from|at)\b))",
    ),
)
LOWER = (
    _lower(
        r"\b(?:this is|i am|i'm|i’m|im|call me|ask|asked|told|tell|with|to|from|by|for|contact|cc|dear|hi|hello|hey|mr"
        r"|mrs|ms|miss|dr"
        r"|prof|herr|frau|from:|to:|by:|cc:|user:|customer:|caller:|contact:|assigned to|it's)\.?\s+"
    ),
)
LOWER_SIGNED = (
    _lower(
        r"\b(?:(?:full |first |last |contact |caller |customer )?name|requester|reported by|assignee|attn)\s*[:=][ \t]*",
        after=_END,
    ),
    _lower(rf"{_CLOSING}(?:(?<=[,.!–—-])|\n)[\s>]*", after=_END),
    re.compile(rf"\b(?P<value>{_LOWER})(?=['’]s (?:{_NAMES_WHAT})\b)"),
)
LISTED = re.compile(
    rf"(?<![\w-])(?P<value>{TOKEN}(?:\ (?:{UPPER}\b\.?\ )?(?:{PARTICLE}\ ){{0,3}}(?:al-|el-)?{TOKEN}){{0,3}})(?!\w)"
)
ACCOUNT = re.compile(r"(?<![\w@./\\:-])(?P<value>[^\W\d_]{2,}[._][^\W\d_]{2,})(?![\w@/\\(]|\.\w)")
"""What people sign in with: anna.berg."""
INITIALS = re.compile(rf"(?<![\w.])(?P<value>(?:{UPPER}\.[ -]?){{1,3}}(?:(?:{PARTICLE}\ ){{0,2}}){TOKEN})(?!\w)")
REVERSED = re.compile(rf"(?<![\w-])(?P<value>{TOKEN}, {TOKEN}(?: {UPPER}\.)?)(?!\w)")
"""Surname first: "Smith, John"."""
