"""Words that decide whether a capitalised token can be part of a person's name. Data, no logic.

Support text is full of Title Case that NER takes for people: fields, forms, modules, the first words of instructions.
"""

from __future__ import annotations

ERP_WORDS = frozenset(
    """
    account accounting accounts accrual accrued action activity adapter add address adjustment admin administration administrator agent
    agreement alert allocation allowance amount analysis api app application applies approval archive area article asset assignment
    assortment attachment attribute audit authorization automatic available average azure backup balance bank barcode base basic batch
    benefit bid bill billing bin block bom bonus book booking boolean box branch brand budget build bundle business button buyer calculation calendar
    call campaign cancel capacity capital card carrier case cash cashier catalog catalogue category certificate change channel
    charge chart check checkbox checklist class clear click client clock close cloud code collection column combination command comment
    commission commitment commerce company compensation complete component condition confirm configuration connection connector
    consignment constraint consumption contact container content contract control conversion copilot copy correction cost count counter counting
    country coupon course coverage create credit criteria currency custom customer cycle dashboard data database date day deal debit
    default deferral delete delivery demand demonstration department depreciation deposit derived description design desk detail details device dialog dimension
    direct directory disable discount dispatch display disposal distribution dividend document domain double draft drag drawer dynamics earning
    edi edit editor email employee employer enable end engine enter enterprise entity entry environment error estimate estimation
    event excel exception exchange expense explorer export extension external fact factor fasttab feature fee field file filter finance
    financial find firewall fiscal fixed forecast foreign form format formula framework freight function fund gateway general
    generate gift global grade grid group guide handheld hardware header headquarters help hierarchy history hold home host hotfix hour human id
    import inbound index information ingredient input inquiry inspection install installation insurance integer integration intercompany
    interest interface internal internet interview inventory invoice invoicing issue item job journal kanban kernel key kit kpi label labor labour language lead
    lean leave ledger legal lesson letter level liability library license licence limit line list load loan location lock log login logistics lookup lot
    loyalty machine mail main maintenance management manager manufacturing map margin mark markdown master match matching material matrix
    max maximum measure media member memo menu merchandise merge message method microsoft middle migration min minimum mix mode model module
    money month monitor move name navigation net network new note notification number object office offset online open operation operator opportunity
    option order organization organisation origin outbound outlook overhead overview override owner package packing page pallet pane
    parameter parent parity partner password patch path pay payable payment payroll payslip penalty performance period permission person phantom phone physical pick picking pin
    plan planning platform point policy pool pop port portal pos position post posting powershell price pricing print printer priority procedure process processing
    procurement product production profile profit program programme project promotion properties property proposal prospect provider province purchase purpose put
    quality quantity query question questionnaire queue quick quote quotation rate reason rebate receipt receivable receiving recipe
    reconcile reconciliation record recruitment reference refund region register registration release remittance remove rental replenishment report
    reporting request requisition reserve reservation resource response result retail retailer return revenue reversal review right role
    route routing rule run safety salary sale sales sample save schedule scheduling scrap script search season section security segment select self serial
    series server service session set settings settlement setup sheet shelf shift ship shipment shipping shop shortcut show sign site size sku solution
    sort source specification spreadsheet sql staff stage standard start state statement statistics status step stock store strategy string style
    subledger submit subscription summary supplier supply support surcharge survey suspend sync synchronization system tab table task tax taxation team
    technician template tender term terminal test text ticket till time timesheet title tolerance tool topic total touch trace track tracking trade training
    transaction transfer transport transportation treasury trial turnover type unit update upgrade upload url usage use user valid validation
    value variance variant vat vendor verify version view virtual visa voucher wage wallet warehouse warning warranty waste wave web website week weight
    window windows withholding wizard word work worker workflow workforce workspace worksheet write xml year zone
    acceptance aging attention australian brazilian british canada canadian chinese contoso danish dutch english european fabrikam finnish french
    german indian italian japanese mexican norwegian polish portuguese russian spanish swedish swiss american adventure works northwind
    amazon android apple chrome cisco citrix epson facebook firefox google honeywell ibm intel ios java javascript json kafka kubernetes linux
    logitech magento mastercard oracle paypal postgres python redis salesforce sap sharepoint shopify slack stripe teams twitter ubuntu
    unix verifone visa whatsapp wordpress youtube zebra zendesk active android
    """.split()
)
"""Lower-case singulars. Plurals and forms in -ing or -ed are folded before the look-up."""

COMMON_WORDS = frozenset(
    """
    nobody somebody everybody someone goodwill manage allow tales discipline science he she they we it who was were been being had has have did does
    ago also are back both came comes down even ever far felt find found gave gets getting gone got half happy having hear heard high
    huge into isn knew know known left less life live lives long lot made makes making man men might much need needs new old old only own
    part person put real really reported reports said same saw says seems seen sent set several show shown side simple since
    small still stop such taken takes talking tells thing things thought told took tried tries trying twice used using usually
    wanted wants went who whom wife woman women wrote yet young
    about above after again all although always among and another answer any anyone anything april as ask at august automatically back
    be because before below best between both bring but buy by can capitalized cautionary cheers christmas click come congratulations correct could
    dear december describe did discipline do does done drag during each easter either else ensure every everyone example fall february few first follow
    following for friday from further get give go god good great had has have he hello help her here hey hi his hope how however i if in
    instead into is it its january july june just keep kind later least less let like look make many march may me monday more most mr mrs my
    near never next nice no none nor not november now october of off often ok okay on once one only or other our out over people
    please plus possible press previous question read regards really registering remember respond same saturday say second see
    send september she should since so some someone something soon spring still street such summer sunday sure take tell than thank thanks that the
    their them then there these they thing think third this those though three through thursday to today together tomorrow tonight too
    top true try tuesday turn two under until up upon us very via wait want was we wednesday welcome well were what when where whether which while who
    whole whose why will winter wisdom with within without would yes yesterday yet you your yours
    alley apartment apt avenue boulevard box court drive highway lane park parkway place plaza road square st station suite tower
    university college church school hospital hotel restaurant bank institute foundation association council ministry committee
    agency corporation corp gmbh group holding inc limited llc ltd plc
    """.split()
)

GIVEN_NAMES = frozenset(
    """
    aaron abdul abdullah abigail adam adrian adriana agata agnes agnieszka ahmad ahmed aida aileen aimee aisha alain alan alba albert alberto alejandra
    alejandro alena alessandra alessandro alex alexander alexandra alexandre alexei alexis alfred alfredo ali alice alicia alina alison allison amal amanda amber
    amelia amina amir amy ana anastasia anders andré andrea andreas andrei andrej andrew andrzej andy angel angela angelica angelo angelina anika anita
    anja ann anna anne annette annie anthony antoine anton antonia antonio ari ariana arjun arthur arturo ashley astrid audrey axel aylin ayşe barbara
    beata beatrice beatriz ben benjamin bernard bernd bernhard bertha beth betty bianca birgit björn bjarne blanca bob bogdan boris brad bradley brandon brenda brian
    brigitte bruno bryan caleb camila camille carl carla carlo carlos carmen carol carolina caroline caroline catalina catherine cecilia cecilie cedric celia
    céline cesar charles charlie charlotte chen chiara chloe chloé chris christa christian christiane christina christine christoph christophe christopher cindy claire clara claudia
    claudio clément colin connor conrad corinna craig cristina cynthia dagmar damian damien dan dana daniel daniela danielle danny dariusz dario darren dave david dawn
    dean deborah debra denis denise dennis derek diana diane diego dieter dimitri dina dirk dmitri dmitry dolores dominic dominik dominique don donald donna doris dorothy doug
    douglas duncan dylan eduardo edward edwin eileen elaine elena eleanor eli elias elif elin elina elisa elisabeth elise elizabeth ella ellen emil emilia emilie emily
    emma emmanuel emre enrico enrique eric erica erik erika erin ernst esther ethan eugene eva evan eve evelyn ewa ewan fabian fabio fatima fatma federico
    felipe felix fernanda fernando filip finn fiona florence florian franca frances francesca francesco francisco franco françois françoise franz fred freddie frederic frederik freya friedrich
    fritz gabriel gabriela gabriele gabriella gareth gary gavin geoff geoffrey george georgina gerald gerard gerhard gertrud giacomo gianluca gilbert gina giorgio giovanna giovanni
    gisela giulia giuseppe glenn gloria gonzalo gordon graham greg gregor gregory greta gréta guido guillaume guillermo gunnar günter günther gustav gustavo guy hakan hamza
    hanna hannah hannes hans harald harold harriet harry hasan hassan heather hector hedda hedwig heidi heike heinrich heinz helen helena helene helga henri henrik
    henry herbert hermann hilda hiroshi holger holly horst howard hubert hugo hussein ian ibrahim ida ignacio igor ilona ilse ines inés inga inge inger ingrid irena irene iris irina
    isaac isabel isabella isabelle ivan ivana ivo jaakko jack jackie jacob jacqueline jacques jade jake jakob jakub james jamie jan jana jane janet janina janine jared
    jarosław jasmin jasmine jason javier jean jeanne jeff jeffrey jenna jennifer jenny jens jeremy jerome jerry jerzy jesper jessica jesús jill jim jimmy joan joanna joanne
    joão joaquin jochen joe joel johan johann johanna johannes john johnny jonas jonathan jordi jordan jörg jorge josé josef josefina joseph josephine joshua josie jozef juan juana
    judith judy jules julia júlia julian juliana julie julien juliet julio julius jürgen justin justine kaitlin kaja karel karen karim karin karina karl karla karol
    karolina kasper katarina katarzyna kate katerina kateřina katharina katherine kathleen kathrin kathryn kathy katie katja katrin kayla keiko keith kelly ken kenneth kenji kerstin kevin
    khaled kim kimberly kirsten klara klaus knut konrad konstantin krishna kristen kristian kristin kristina kristoffer krystyna krzysztof kumar kurt kyle lara larry lars
    laura lauren laurent laurence lea léa leah leila lena leo leon leonard leonardo leonie leslie leticia lidia liliana lily lina linda lindsay lisa lise liselotte
    livia liz lloyd logan lorena lorenzo loretta lothar louis louisa louise luc luca lucas lucia lucie lucy ludmila ludwig luigi luis luisa lukas łukasz lukáš luther lydia lynn
    maciej maddie madeleine madison magda magdalena magnus mahmoud maja malgorzata małgorzata malin manfred manuel manuela mara marc marcel marcela marcello marcelo marcia marcin marco
    marcos marcus marek margaret margarita margherita margit margot maria mariam marian mariana marianne marie marija marina mario marion marisa marius marjan marko markus
    marlene marta martha martin martina martine marvin mary maryam masako mateusz mathias mathieu mathilde matt matteo matthew matthias matthieu maureen maurice mauricio maurizio
    mauro maxim maxime maximilian maya megan mehmet melanie melissa mercedes mette mia michael michaela michał michal michel michela michele michelle mickey miguel mihai mikael mike
    mikhail mikko mila milan milena miloš miriam mirjam mirko mohamed mohammad mohammed moira molly mona monica monika monique morten muhammad mustafa myriam nadia nadine
    nancy naomi natalia natalie natasha nathalie nathan neil nelson nicholas nick nico nicola nicolas nicole niels nigel nikita niklas nikola nikolai nikolaj nils nina noah noel noemi
    nora norbert norma norman nuno océane odile olaf ole oleg olga oliver olivia olivier omar ørjan oscar oskar otto owen pablo paloma pamela paola paolo pascal patricia patricio patrick
    patrik paul paula paulina pauline paulo pavel pawel paweł pedro peggy pekka penelope penny per peter petr petra phil philip philipp philippe phillip pia pierre pieter
    pilar piotr priya przemysław rachel rafael rafał rainer raj rajesh ralf ralph ramón randy raphael raquel raul raúl ravi raymond rebecca regina reinhard renata renate
    rené renee ricardo riccardo richard rick rita rob robert roberta roberto robin rodrigo roger roland rolf roman ron ronald rosa rosalia rosario rosemary roswitha roxana ruben rudolf
    rui rupert russell ruth ryan sabina sabine sabrina sally salvador salvatore sam samantha samir samuel sandeep sander sandra sandro sanjay sara sarah sascha scott sean sebastian sébastien
    selina serena serge sergei sergey sergio seth shannon sharon shane shaun sheila shelley sherry shirley sibylle sigrid silke silvia simon simona simone sofia sofie
    sonia sonja sonya sophia sophie soren søren stacy stan stanislav stanisław stefan stefania stefanie stefano steffen stella stephan stephane stéphane stephanie stephen steve steven
    stewart stuart sue suresh susan susana susanne suzanne sven svetlana sylvia sylvie szymon tadeusz takashi tamara tammy tanja tanya tara tatiana tatjana ted teresa
    theo theresa thérèse thierry thomas thorsten tiago tiffany tim timo timothy tina tobias todd tom tomas tomáš tomasz tommy toni tony torsten tracey tracy trevor tristan troy
    tyler udo ulla ulrich ulrike ulrika umberto ursula ute uwe vadim valentina valeria valérie vanessa vera verena véronique veronica veronika vicente vicky victor viktor viktoria vincent vincenzo violeta
    vivian vlad vladimir walter wanda waltraud wendy werner wilfried wilhelm willem william willy wim winston wojciech wolfgang xavier yann yannick yasmin yolanda yousef yuki yulia yuri yusuf yves yvette
    yvonne zachary zahra zbigniew zeynep zoe zoë zofia zuzana
    """.split()
)
"""Frequent in Europe, the Americas, the Middle East and South and East Asia. None that is also a word of support text (Mark, Will, Grant…)."""

WORDS_AND_NAMES = frozenset(
    """
    amber angel angela april carol chase dawn dean drew eric ernst faith florence frances frank gene grace holly iris jack jade jasmine jean josh jordan
    lily linda marina mercedes miles norm norman penny robin ruby rusty scott sierra stella summer theo trevor troy vera victor victoria violet
    virginia charlotte austin carolina chris christian paris valencia adelaide sofia verona regina florian madison jackson alba aida ella
    """.split()
)
"""Given names that are words or places too: without a capital they say nothing."""
