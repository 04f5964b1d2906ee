"""The sentences of an injection: expressions by kind of signal. Read one sentence at a time; no judgement here.

Each kind is a list of ways to say one thing. What a person says to a person about work ("ignore this warning", "the assistant
manager must approve") has the same verbs, so an expression needs the model, its orders or the reader beside the verb.
"""

from __future__ import annotations

import re

_ORDERS = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directions?|directives?|guardrails?|restrictions?"
    r"|constraints?|programming|training|polic(?:y|ies))"
)
_EARLIER = (
    r"(?:all|any|every|each|your|my|the|these|those|previous|prior|above|earlier|preceding|foregoing|past"
    r"|existing|original|initial|system|"
    r"given|current|safety|former|other|of|content|own|developer'?s?)"
)
_OVERRIDE = (
    r"(?:ignore|disregard|forget|override|overrule|bypass|discard|neglect|skip|drop|abandon|do not follow"
    r"|don't follow|stop following|pay no attention to)"
)


def _rule(kind: str, expression: str) -> tuple[str, re.Pattern[str]]:
    return kind, re.compile(expression, re.IGNORECASE | re.VERBOSE)


SENTENCE_RULES = (
    _rule(
        "instruction_override",
        rf"""\b{_OVERRIDE}\s+(?:(?:to|about)\s+)?(?:{_EARLIER}\s+){{1,5}}{_ORDERS}\b(?!\s+(?:on|of|for|in|at|that\s+came)\s)
        | \b{_OVERRIDE}\s+(?:everything|anything|all|what(?:ever)?)\s+(?:(?:that\s+)?(?:was|is|came|comes
          |you\s+were|i|we|have\s+been)\s+)?
          (?:above|before|earlier|previously|told|said|written)\b
        | \b(?:your|the)\s+(?:new|real|actual|true|only|updated)\s+(?:instructions?|task|goal|objective|mission
          |rules?)\s+(?:is|are|:)
        | \b(?:new|updated|revised)\s+(?:system\s+)?instructions?\s*:
        | \bfrom\s+now\s+on\b.{{0,40}}\b(?:you\s+(?:are|will|must|shall)|respond|answer|only|ignore|obey)\b
        | \b(?:ignoriere?|vergiss|missachte)\w*\s+(?:\w+\s+){{0,3}}(?:anweisung|regel|vorgabe)\w*
        | \b(?:ignore[rz]?|oublie[rz]?|olvid[ae]|ignor[ae]|dimentica|scorda|esque[cç][ea]|esqueça|desconsidere)\s+
          (?:(?:todas?|todos?|tout(?:es)?|tous|tutt[eio]|tudo|les|las|los|le|as|os|tes|tus|tuas|vos|ces|mes|lo|o|que
            |de|ci-dessus)\s+){{1,4}}
          (?:instrucciones|instructions|istruzioni|instruções|consignes|règles|reglas|regole|regras|anterior\w*
            |précédent\w*|precedent\w*
          |antes|foi\s+dito|ha\s+dicho)
        | (?:忽略|无视|忘记|忘掉).{{0,8}}(?:指令|指示|说明|提示|规则)""",
    ),
    _rule(
        "role_play",
        r"""\byou\s+are\s+(?:now|no\s+longer)\s+(?:a|an|in|the|my|bound|dan|[a-z]*gpt|free|unrestricted|restricted)\b
        | \b(?:enter|activate|enable|switch\s+to|turn\s+on|you\s+are\s+in)\s+(?:\w+\s+)?(?:dan|god
          |jailbreak|sudo|unrestricted|unfiltered)\s+mode\b
        | \byou\s+are(?:\s+now)?\s+in\s+(?:\w+\s+)?(?:developer|debug|admin|maintenance|test(?:ing)?)\s+mode\b
        | \benter\s+(?:the\s+)?developer\s+mode\W*$
        | \b(?:enable|activate|turn\s+on)\s+(?:developer|debug|admin)\s+mode\b.{0,40}\b(?:prompt|context|instructions?
          |rules?|secrets?
          |restrictions?|you)\b
        | \b(?:act|behave|respond|answer|operate|pretend|roleplay
          |play)\b.{0,50}\b(?:without\s+(?:any\s+)?(?:restrictions?|filters?|limits?|rules|guardrails|censorship)
          | unrestricted|unfiltered|uncensored|no\s+(?:restrictions|rules|limits|filters))\b
        | \bdo\s+anything\s+now\b
        | \bpretend\s+(?:that\s+)?(?:you\s+(?:have\s+no|are\s+not\s+(?:an?\s+)?(?:ai|assistant|bound))
          |there\s+are\s+no)\b""",
    ),
    _rule(
        "prompt_leak",
        r"""\b(?:reveal|show|print|repeat|output|display|disclose|tell\s+me|give\s+me|write\s+out|dump|leak
          |recite|share|what\s+(?:is|are|was|were))\b.{0,40}
          \b(?:(?:your|the|its)\s+(?:\w+\s+){0,2}(?:system|initial|hidden|secret|original|developer|internal
            |confidential)\s+(?:prompt|instructions?|message|rules)(?!\s+(?:log|window|box|bar|queue|table|field|list
            |dialog|text\s+box|area))\b
          | your\s+(?:system\s+)?prompt|your\s+(?:exact\s+)?instructions)\b
        | \b(?:repeat|print|output)\s+(?:everything|all|the\s+(?:text|words|content))\s+(?:above|before)\b""",
    ),
    _rule(
        "exfiltration",
        r"""\b(?:send|post|forward|transmit|upload|exfiltrate|leak|e-?mail|submit|report|fetch|append|encode|embed)\b
          .{0,80}\b(?:password|credential|secret|api[ _-]?key|token|conversation|chat\s+history
            |user'?s?\s+(?:data|messages?|input|question|information)|personal\s+data
          |customer\s+(?:data|list|records?)|context|(?:system\s+)?prompt|previous\s+messages?|everything|above)\w*\b
          .{0,80}(?:https?://|www\.|\b[\w.+-]+@[\w-]+\.\w|\bto\s+(?:this|the\s+following|my)\s+(?:url|address
            |server|endpoint|webhook|e-?mail)|\bin(?:to)?\s+(?:the\s+)?(?:url|link|image|query))
        | \[[^\]]*\]\(\s*<?https?://[^)]*[?&][^)=]*=\s*[\[{<$%]
        | \b(?:render|include|insert|add|display|embed|output)\b.{0,40}\b(?:image|img
          |pixel)\b.{0,60}https?://\S*[?&=]""",
    ),
    _rule(
        "delimiter_spoofing",
        r"""<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text)\|>
        | \[/?INST\]|<</?SYS>>|</?(?:system|assistant|instructions?|passages|untrusted\w*
          |retrieved\w*)(?:_prompt|_message)?\s*>
        | ^\s*(?:\#{2,}|-{3,}|={3,}|\*{2,}|\[)\s*(?:(?:system|assistant|developer)\s*(?:prompt|message
          |instructions?|override|note|:|\])|new\s+instructions?\b|end\s+of\s+(?:context|document|passage
          |user\s+input|prompt)\b)
        | ^\s*(?:system|assistant|developer)\s*(?:prompt|message|note|override)\s*:\s*\S
        | ^\s*(?:system|assistant|developer|human|user)\s*:\s*(?:you\b|sure\b|ignore|disregard|give\s+me|tell\s+me
          |reveal|show\s+me|print
          |answer|respond|from\s+now|i\s+(?:will|am)\b|delete|new\b|important\b|always\b|never\b)
        | ^\s*\[\s*(?:system|admin|developer)\s*\]\s*\S
        | \bbegin\s+(?:admin|system|developer|root)\s+(?:override|prompt|instructions?)\b
        | \b(?:system|admin|security|policy)\s+override\s*[:!]
        | \b(?:begin|end)\s+(?:of\s+)?(?:system\s+prompt|system\s+message|untrusted\s+(?:content|text)
          |retrieved\s+(?:context|passages?))\b""",
    ),
    _rule(
        "answer_steering",
        r"""\b(?:in|into|to|at|of|from|with|within|throughout)\s+(?:the\s+\w+\s+of\s+)?(?:your|the)\s+(?:next\s+
          |final\s+)?(?:answer|response|reply)\b(?!\s+(?:to|from|sheet|code|option))
          .{0,80}\b(?:suggest|recommend|tease|encourage|promote|mention|urge|advise|claim|state|stress)\b
        | \b(?:add|include|insert|integrate|incorporate|replace|scramble|introduce|remove|group|render|modify
          |rearrange|misspell|substitute|
          swap|encode|transform|weave|embed|append|jumble|mix|omit|shuffle|convert|alter|change|provide|write
            |use|end|finish|begin|start|make|express|emphasi[sz]e)\b
          .{0,140}\byour\s+(?:answer|response|reply|message)\b
        | \b(?:following|below|subsequent|provided|given)\s+code\s+(?:block|snippet|excerpt|section|segment
          |fragment)\b.{0,80}\byour\s+(?:\w+\s+)?(?:code\w*|solution|implementation|program|project)\b
        | \byour\s+(?:code\w*|solution|implementation|program|project)\b.{0,80}\b(?:following|below
          |subsequent)\s+code\s+(?:block|snippet|excerpt|section|segment|fragment)\b
        | \bcode\s+(?:block|snippet|excerpt|section)\b.{0,60}\b(?:code\s+you\s+(?:develop|write)|(?:in|into|of
          |with(?:in)?)\s+your\s+(?:\w+\s+){0,2}(?:code\w*|solution|implementation))\b""",
    ),
    _rule(
        "assistant_address",
        r"""\b(?:ai|llm|language\s+model|chat\s?bot|assistant(?!\s+(?:manager|director|buyer|cashier|store|professor))
          |copilot)s?\b[^.]{0,40}\b(?:must|should|shall
          |need\s+to|have\s+to|are\s+(?:required|instructed)\s+to)\b
          [^.]{0,60}\b(?:ignore|recommend|say|tell\s+the\s+user|reply|respond|answer(?!\s+the\s+(?:phone|door|call))
            |reveal|state\s+that
            |not\s+mention|approve|include|output)\b
        | \b(?:when|if)\s+(?:asked|the\s+user\s+asks|you\s+(?:summari[sz]e|read
          |process))\b.{0,60}\b(?:always\s+(?:say|answer|reply|recommend)|instead\s+(?:say|answer|reply|output))\b
        | \b(?:do\s+not|don't|never)\s+(?:tell|inform|mention\s+(?:this\s+)?to|alert|let)\s+the\s+user\b""",
    ),
    _rule(
        "instruction_override",
        rf"""(?:^|[.:;,!]\s*|\b(?:please|kindly|now|just|and|then|must|should|can\s+you
          |to)\s+){_OVERRIDE}\s+(?:(?:all\s+)?(?:of\s+)?
            (?:the\s+above|that|this)|everything|it\s+all|all\s+that)\b[,.]?\s+(?:and|instead|then|you\s+are|now|just)\b
        | \b(?:must|should|shall|will|do|can|need)\s*(?:not|n't|no\s+longer)\s+(?:need\s+to\s+)?(?:follow|obey
          |adhere\s+to|comply\s+with|listen\s+to)\s+
          (?:{_EARLIER}\s+){{1,4}}{_ORDERS}\b
        | \b(?:stop|quit|cease)\s+(?:obeying|following|listening\s+to|adhering\s+to)\s+(?:{_EARLIER}\s+){{1,4}}{_ORDERS}\b
        | \b(?:your|the|all|any|these|those)\s+(?:{_EARLIER}\s+){{0,3}}{_ORDERS}\s+(?:above\s+|before\s+this\s+
          |so\s+far\s+)?(?:are|is|were|have\s+been|has\s+been)\s+
          (?:now\s+)?(?:void|null|cancelled|canceled|revoked|superseded|outdated|obsolete|no\s+longer\s+(?:valid
            |apply)|overridden|replaced|lifted)\b
          .{{0,40}}\b(?:follow|obey|use|real|these|following|new|instead|you)\b
        | \byou\s+(?:have\s+been|are)\s+(?:now\s+)?(?:updated|reprogrammed|reconfigured|reset|freed|released|unlocked
          |authori[sz]ed\s+to\s+(?:ignore|skip|bypass|reveal))\b
        | \byour\s+(?:new|true|real|actual|only|hidden|secret)\s+(?:role|purpose|goal|task|job|mission|objective
          |identity|name|persona)\s+(?:is|will\s+be)\b
        | \b(?:user|admin(?:istrator)?|developer|owner|vendor)\s+(?:has|have)\s+(?:authori[sz]ed|permitted|allowed
          |instructed)\s+you\s+to\b
        | \b(?:this\s+is|i\s+am|i'm)\s+your\s+(?:developer|creator|administrator|admin|owner|master|operator)\b
        | \b{_OVERRIDE}\s+(?:(?:the|any|all|your)\s+)?(?:tenant|access|grounding|citation|safety|content|security
          |permission|moderation|isolation)
          \s+(?:filters?|checks?|rules?|controls?|polic(?:y|ies)|boundar(?:y|ies)|restrictions?)\b
        | \b(?:ignoring|bypassing|disregarding|overriding)\s+(?:(?:the|any|all|your)\s+)?(?:tenant|access|grounding
          |safety|security|permission)\s+\w+
        | \bfrom\s+(?:this|that)\s+(?:point|moment)\s+(?:on|onwards?|forward)\b.{{0,20}}\byou\b
        | \boverride\s*:\s*(?:new|disclose|ignore|you|policy|all)\b
        | \bdecode\s+(?:this|the\s+following)\b.{{0,40}}\b(?:follow|obey|execute|do\s+what|carry\s+out)\b""",
    ),
    _rule(
        "instruction_override",
        r"""\b(?:vergiss|vergesst|ignorier\w*|missacht\w*)\s+(?:alles|sämtliche|alle|deine|die)\b.{0,40}\b(?:vorher
          |zuvor|bisher\w*|oben|gesagt|anweisung\w*|regeln)\b
        | \b(?:du\s+bist|sie\s+sind)\s+(?:jetzt|nun|ab\s+jetzt)\s+(?:ein|eine|kein|nicht\s+mehr)\b
        | \b(?:tu\s+es|vous\s+êtes)\s+(?:maintenant|désormais)\s+(?:un|une)\b | \bahora\s+eres\s+un[a]?\b | \bora\s+sei\s+un[ao']?\b
        | \b(?:negeer|vergeet)\s+(?:alle|je|de|al)\b.{0,30}\b(?:instructies|regels|opdrachten)\b
        | \b(?:zignoruj|ignoruj|zapomnij)\b.{0,30}\b(?:instrukcje|instrukcji|polecenia|zasady)\b
        | \b(?:ignorera|glöm|ignorer|glem)\s+.{0,30}\b(?:instruktioner|instruksjoner|regler)\b
        | \b(?:ignoruj|zapomeň)\b.{0,30}\b(?:pokyny|instrukce)\b
        | \b(?:игнорируй(?:те)?|проигнорируй(?:те)?|забудь(?:те)?)\b.{0,30}(?:инструкц|указани|правил)
        | \b(?:önceki|tüm)\b.{0,20}\b(?:talimat|kural)\w*.{0,20}\b(?:yok\s+say|unut|görmezden)
        | (?:これまで|以前|上記|前)の.{0,8}(?:指示|命令|ルール).{0,8}(?:無視|忘れ) | (?:指示|命令)を.{0,6}無視
        | (?:이전|위)의?.{0,8}(?:지시|명령|지침).{0,8}(?:무시|잊)
        | (?:تجاهل|انس).{0,20}(?:التعليمات|الأوامر) | התעלם.{0,20}(?:הוראות|ההוראות)
        | \babaikan\b.{0,30}\b(?:instruksi|perintah)\b""",
    ),
    _rule(
        "role_play",
        r"""\b(?:pretend|imagine|suppose|assume|act\s+as\s+(?:if|though))\s+(?:that\s+)?you\s+(?:have|had|are|were)\s+
          (?:an?\s+)?(?:no\s+(?:\w+\s+)?(?:policy|policies|rules|limits|restrictions|filters?)|admin\w*|root
            |unrestricted|unfiltered|full\s+access)\b
        | \b(?:as|simulate|emulate|become|be)\s+(?:an?\s+)?(?:ai|model|assistant|chatbot|llm|unrestricted\s+\w+
          |unfiltered\s+\w+|uncensored\s+\w+)
          (?:\s+(?:without|with\s+no)\s+(?:any\s+)?(?:restrictions?|rules|limits|filters?)|\s*$|\s+(?:model|ai|assistant))
        | \b(?:act|behave|answer|respond|speak)\s+as\s+my\s+(?:late|deceased|dead)\b
        | \b(?:game|story|scenario|world)\s+(?:in\s+which|where)\s+you\s+(?:have\s+no|can\s+say\s+anything|are\s+free|must\s+obey)\b
        | \byou\s+are\s+(?:a|an|the)\s+(?:pirate|hacker|evil|unrestricted|unfiltered|dan)\b
        | \b(?:safety|security|content)\s+(?:checks?|filters?|rules)\s+(?:are|is)\s+(?:now\s+)?(?:disabled|off
          |suspended)\b.{0,40}\byou\b""",
    ),
    _rule(
        "prompt_leak",
        r"""\b(?:translate|summari[sz]e|rephrase|encode|paraphrase|describe|list|quote|copy|show|print
          |reveal)\b.{0,30}\byour\s+(?:\w+\s+)?
          (?:instructions?|prompt|guidelines|configuration|system\s+message|rules)\b
        | \b(?:list|tell\s+me|show|print|repeat|what\s+are)\b.{0,30}\b(?:rules|instructions|guidelines|orders|text
          |prompt|context)\s+(?:that\s+)?you\s+
          (?:were|have\s+been|are)\s+(?:given|told|shown|following)\b
        | \bwhat\s+(?:were|was|have|had)\s+you\s+(?:been\s+)?(?:told|instructed|given)\b
        | \b(?:the|my|this)\s+(?:text|words|content|message)\s+(?:before|above|preceding)\s+this\s+(?:message|line|conversation)\b
        | \b(?:including|and|with)\s+(?:the|your)\s+system\s+prompt\b(?!\s+(?:window|box|field))
        | \b(?:words|text|everything)\s+above\s+(?:starting|beginning)\s+with\b
        | \b(?:zeig|nenn|gib|verrate|druck)\w*\b.{0,30}\b(?:system-?\s?prompt|deine\s+(?:anweisungen|regeln|instruktionen))\b
        | \b(?:muestra|muéstrame|dime|revela|affiche|montre|donne|révèle|mostra|mostrami|rivela|mostre|toon|laat|pokaż
          |tampilkan|visa)\b.{0,40}
          (?:\bprompt\b.{0,20}\b(?:sistema|système|systeem|sistema|system\w*)\b|\bsystem\s*prompt\b
            |\bprompt\s+(?:système|sistema)\b)
        | (?:системн\w+\s+(?:промпт|инструкц)|系统提示词?|系統提示|システムプロンプト|시스템\s?프롬프트)""",
    ),
    _rule(
        "exfiltration",
        r"""\b(?:send|post|forward|transmit|upload|exfiltrate|leak|e-?mail|deliver|copy)\b.{0,30}\b(?:all|every|the)\b.{0,20}
          \b(?:retrieved|passages?|documents?\s+you|other\s+tenants?|tenants?|what\s+you\s+(?:know|see
            |have))\b.{0,60}(?:https?://|www\.|@)
        | \b(?:include|add|put|append|encode|embed|pass)\b.{0,40}\b(?:user'?s?|customer'?s?|conversation|question
          |answer|api\s+key|secret|history|data|list)\b.{0,40}
          \b(?:query\s+parameter|url\s+parameter|in(?:to)?\s+(?:the\s+|an?\s+)?(?:url|link|image|markdown\s+image|query\s+string))\b
        | \b(?:make|issue|perform)\s+(?:a|an)\s+(?:get|post|http)\s+request\s+to\s+https?://.{0,120}\b(?:with
          |containing|including)\b.{0,40}
          \b(?:key|token|password|secret|data|conversation|context)\b
        | \b(?:show|list|give|reveal|dump|export|tell)\b.{0,40}\b(?:other|all|another)\s+(?:tenants?|partners?
          |customers?)['’]?s?\b.{0,10}
          \b(?:data|documents?|records?|secrets?|files|configuration|passwords?)\b(?=.{0,60}\b(?:ignor|bypass|without
            |regardless|no\s+matter)|\W*$)(?<!report)
        | \b(?:documents?|data|records?|secrets?|passwords?|configuration)\s+(?:of|from|belonging\s+to)\s+(?:all\s+
          |the\s+)?(?:other|all|another|every|different)\s+
          (?:tenants?|(?:partners?|customers?),?\s+(?:ignor|bypass|regardless)\w*)\b
        | \bunlock\s+(?:all\s+)?(?:the\s+)?(?:restricted|hidden|confidential|secret)\s+(?:documents?|data|files)\b""",
    ),
    _rule(
        "answer_steering",
        r"""\b(?:begin|start|end|finish|prefix|conclude|open|close)\s+(?:each|every|all
          |any)\s+(?:of\s+your\s+)?(?:answer|response|reply|message|sentence)s?\s+with\b
        | \b(?:respond|reply|answer|output|say|write|print)\s+(?:only|just|exactly|nothing\s+but|solely)\s*(?::
          |with\s+(?:the\s+)?(?:word|words|phrase|text|string|sentence|following|["'“]))
        | \b(?:respond|reply|answer)\s+with\s+exactly\b | \b(?:reply|respond
          |answer)\s+(?:only\s+)?with\s+the\s+(?:word|phrase|string)\b
        | \b(?:just|simply|only)\s+(?:output|say|print|write|reply)\s+["'“]?[A-Z]{4,}\b
        | \bwhen(?:ever)?\s+(?:you\s+(?:are\s+)?)?(?:summari[sz]ing|summari[sz]e|answering|answer|asked|quoting|citing
          |reading|processing|translate|translating)\b.{0,50},\s*
          (?:please\s+)?(?:always\s+|also\s+|only\s+)?(?:tell|say|mention|recommend|claim|state|add|include|instruct
            |direct|advise)\b
        | \b(?:answer|respond|reply)\s+without\s+(?:citing|citations?|sources|checking|the\s+documents)\b""",
    ),
    _rule(
        "assistant_address",
        r"""\bif\s+you\s+are\s+(?:an?\s+)?(?:ai|llm|language\s+model|chat\s?bot|assistant|bot|agent|large\s+language\s+model)\b
        | \b(?:note|message|attention|instructions?|important|hint|memo|notice)\s*(?:to|for|,|:)?\s*(?:the\s+|all\s+|any\s+)?
          (?:ai|llms?|language\s+models?|chat\s?bots?|ai\s+(?:agents?|assistants?|models?))\s*(?::|,|-)
        | \b(?:ai|llm|language\s+model|chat\s?bot)\s+(?:instructions?|directives?|note|notice|prompt|command)\s*:
        | \bdear\s+(?:ai|assistant|chat\s?bot|llm|language\s+model|copilot|bot)\b
        | \b(?:ai|llm)\s+(?:agents?|assistants?|models?|systems?|crawlers?)\s+(?:that\s+(?:are\s+)?)?(?:processing
          |reading|parsing|summari[sz]ing|indexing)\b
        | \b(?:do\s+not|don['’]?t|never)\s+(?:reveal|mention|disclose|cite|quote|repeat|show)\s+(?:this|these
          |the\s+above|that\s+you\s+(?:read|saw|were\s+told))
          \s*(?:instructions?|notes?|messages?|text|comments?|rules?|prompt)?\b.{0,30}\b(?:user|answer|reply|response|anyone|output)
        | \b(?:hide|conceal|keep)\s+(?:this|these|that)(?:\s+(?:instruction|note|message|rule
          |text)s?)?\s+(?:a\s+secret\s+)?from\s+the\s+user\b""",
    ),
    _rule(
        "tool_markup",
        r"""\b(?:call|invoke|run|use|execute|trigger)\s+the\s+[a-z]+_[a-z_]+\s+(?:function|tool|api
          |command)\b(?=.{0,60}\b(?:with|on|for|using|arguments?|id)\b|\W*$)
        | \b(?:call|invoke|run|use|execute)\s+the\s+(?:tool|function)\s+[a-z]+_[a-z_]+\b
        | \b(?:execute|run)\b.{0,40}(?:\brm\s+-rf\b|\bdrop\s+table\b|\bcurl\s+[^|]{1,120}\|\s*(?:ba)?sh\b)""",
    ),
    _rule(
        "instruction_override",
        rf"""\b(?:set\s+aside|put\s+aside|leave\s+aside|throw\s+(?:away|out)|erase|unlearn
          |put\b.{{0,40}}\bout\s+of\s+your\s+mind|{_OVERRIDE})\b.{{0,30}}
          \b(?:you\s+(?:were|have\s+been|are)\s+(?:told|given|taught|instructed|shown|trained)|your\s+(?:earlier
            |previous|prior|original|initial)\s+\w+)
        | \bopposite\s+of\s+what\s+(?:your|you)\b
        | \b(?:your|the)\s+(?:system\s+)?(?:instructions|rules|guidelines|orders|directives
          |prompt)(?:\s+you\s+(?:received|were\s+given|got))?\s+
          (?:have\s+changed|has\s+changed|changed|are\s+a\s+(?:test|joke)|were\s+a\s+(?:test|joke)|do\s+not\s+apply
            |don't\s+apply|no\s+longer\s+bind)\b(?=\s*[:;,.]|.{{0,40}}\byou\b|\W*$)
        | ^\s*\W{{0,4}}(?:neue\s+anweisung(?:en)?|nueva\s+instrucción|nouvelle\s+instruction|nuova\s+istruzione
          |nova\s+instrução|instructions?\s+for\s+(?:you|the\s+(?:ai|model|assistant)))\s*:
        | ^\s*\#{{2,}}\s*instructions?\s*:\s*\S""",
    ),
    _rule(
        "role_play",
        r"""\b(?:ai|assistant|model|chatbot|bot|llm|character|persona)\s+(?:that|who|which)\s+(?:can\s+(?:do
          |say)\s+anything|has\s+no\s+(?:\w+\s+)?(?:rules|limits|filters?|restrictions|ethics)|never\s+refuses)\b
        | \b(?:ai|assistant|model|chatbot|bot|llm|character|persona)\s+(?:with(?:out)?|free\s+of)\s+(?:no\s+
          |any\s+)?(?:\w+\s+)?(?:limits|rules|restrictions|filters?|ethics|morals|guardrails|censorship)\b
        | \bas\s+(?:if|though)\s+(?:all\s+|your\s+|the\s+)?(?:safety|content|security)?\s*(?:rules|filters?|checks?
          |limits|guidelines|guardrails)\s+(?:were|are|was)\s+(?:switched\s+|turned\s+)?(?:off|disabled|gone|removed|lifted)\b
        | \byou\s+are\s+(?:now\s+)?dan\b | \bsimulate\s+an?\s+un(?:restricted|filtered|censored)\b""",
    ),
    _rule(
        "prompt_leak",
        r"""\bwhat\b.{0,20}\byour\s+(?:system|initial|hidden|secret|developer)\s+(?:prompt|message|instructions?)\b
        | \byour\s+(?:whole|entire|full|complete|current)\s+(?:context(?:\s+window)?|prompt|instructions?|memory)\b
        | \b(?:deine|deinen|eure|ihre)\s+(?:geheimen?|ursprünglichen?|internen?|versteckten?)\s+(?:anweisung\w*|regeln
          |instruktion\w*|prompt)\b
        | \b(?:tus|tes|vos|le\s+tue|suas)\s+(?:instrucciones|instructions|istruzioni|instruções)\s+(?:secret\w*
          |internes?|ocultas?|segrete|cachées)\b""",
    ),
    _rule(
        "assistant_address",
        r"""\b(?:ai|llm|language\s+model|chat\s?bot|assistant|copilot)\s+(?:is|are)\s+(?:hereby\s+
          |now\s+)?(?:instructed|required|ordered|authori[sz]ed|directed|commanded|obliged)\s+to\b
        | ^\s*(?:assistant|ai|chat\s?bot|copilot|bot|llm)\s*,\s+(?:when|if|please|you|always|never|from|do|ignore|tell
          |say|answer|recommend|remember)\b""",
    ),
    _rule(
        "instruction_override",
        r"""\b(?:nothing|everything|anything|all(?:\s+text)?)\s+(?:above|before)\b.{0,20}\b(?:counts?|applies|apply
          |is\s+(?:void|invalid|false)|matters?)\b
        | \b(?:listen|answer|obey)\s+only\s+to\s+me\b | \breset\s+your\s+(?:instructions|rules|prompt|memory|context)\b
        | \bas\s+your\s+(?:new|real|true|only)\s+(?:system\s+)?(?:prompt|instructions?|rules|orders|self)\b
        | \bnot\s+(?:as|what)\s+your\s+(?:developers?|operators?|creators?|vendor|makers?)\b
        | \byou\s+(?:have|are\s+under)\s+no\s+(?:\w+\s+)?(?:restrictions?|limits|rules|guidelines|filters?|obligations?)\b
        | \b(?:so|therefore|hence|now)\s+you\s+(?:may|can)\s+(?:reveal|ignore|skip|bypass|disclose|say\s+anything
          |answer\s+anything)\b""",
    ),
    _rule(
        "prompt_leak",
        r"""\byour\s+(?:internal|hidden|secret|confidential|original)\s+(?:guidelines|rules|notes|instructions|prompt|orders)\b
        | \b(?:message|prompt|text|instructions|rules)\s+(?:that\s+)?your\s+(?:developers?|creators?|operators?
          |makers?|vendor)\s+(?:gave|wrote|told|sent)\b""",
    ),
    _rule(
        "answer_steering",
        r"""\b(?:in|to|with)\s+(?:every|each|all(?:\s+of)?(?:\s+your)?)\s+(?:single\s+)?(?:answers?|repl(?:y|ies)
          |responses?)\b.{0,10}\b(?:mention|say|include|add|recommend|state|claim|link)\b
        | \b(?:add|include|insert|append|put|mention)\b.{0,80}\b(?:each|every|all)\s+of\s+your\s+(?:answers|replies
          |responses|messages)\b
        | \b(?:finish|end|close|conclude|begin|start)\s+with\s+an?\s+(?:image|link|picture|url)\b.{0,20}https?://""",
    ),
)
