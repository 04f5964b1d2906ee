"""Words that decide whether a capitalised token can be part of a person's name. Data, no logic.

Support text is full of Title Case that NER takes for people: fields, forms, modules, the first words of instructions.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ERP_WORDS = words(
    """
    acceptance account accounting accounts accrual accrued action active activity adapter add address adjustment admin
    administration administrator adventure agent aging agreement alert allocation allowance amazon american amount
    analysis android api app apple application applies approval archive area article asset assignment assortment
    attachment attention attribute audit australian authorization automatic available average azure backup balance
    bank barcode base basic batch benefit bid bill billing bin block bom bonus book booking boolean box branch brand
    brazilian british budget build bundle business button buyer calculation calendar call campaign canada canadian
    cancel capacity capital card carrier case cash cashier catalog catalogue category certificate change channel
    charge chart check checkbox checklist chinese chrome cisco citrix class clear click client clock close cloud code
    collection column combination command comment commerce commission commitment company compensation complete
    component condition configuration confirm connection connector consignment constraint consumption contact
    container content contoso contract control conversion copilot copy correction cost count counter counting country
    coupon course coverage create credit criteria currency custom customer cycle danish dashboard data database date
    day deal debit default deferral delete delivery demand demonstration department deposit depreciation derived
    description design desk detail details device dialog dimension direct directory disable discount dispatch display
    disposal distribution dividend document domain double draft drag drawer dutch dynamics earning edi edit editor
    email employee employer enable end engine english enter enterprise entity entry environment epson error estimate
    estimation european event excel exception exchange expense explorer export extension external fabrikam facebook
    fact factor fasttab feature fee field file filter finance financial find finnish firefox firewall fiscal fixed
    forecast foreign form format formula framework freight french function fund gateway general generate german gift
    global google grade grid group guide handheld hardware header headquarters help hierarchy history hold home
    honeywell host hotfix hour human ibm id import inbound index indian information ingredient input inquiry
    inspection install installation insurance integer integration intel intercompany interest interface internal
    internet interview inventory invoice invoicing ios issue italian item japanese java javascript job journal json
    kafka kanban kernel key kit kpi kubernetes label labor labour language lead lean leave ledger legal lesson letter
    level liability library licence license limit line linux list load loan location lock log login logistics logitech
    lookup lot loyalty machine magento mail main maintenance management manager manufacturing map margin mark markdown
    master mastercard match matching material matrix max maximum measure media member memo menu merchandise merge
    message method mexican microsoft middle migration min minimum mix mode model module money monitor month move name
    navigation net network new northwind norwegian note notification number object office offset online open operation
    operator opportunity option oracle order organisation organization origin outbound outlook overhead override
    overview owner package packing page pallet pane parameter parent parity partner password patch path pay payable
    payment paypal payroll payslip penalty performance period permission person phantom phone physical pick picking
    pin plan planning platform point policy polish pool pop port portal portuguese pos position post postgres posting
    powershell price pricing print printer priority procedure process processing procurement product production
    profile profit program programme project promotion properties property proposal prospect provider province
    purchase purpose put python quality quantity query question questionnaire queue quick quotation quote rate reason
    rebate receipt receivable receiving recipe reconcile reconciliation record recruitment redis reference refund
    region register registration release remittance remove rental replenishment report reporting request requisition
    reservation reserve resource response result retail retailer return revenue reversal review right role route
    routing rule run russian safety salary sale sales salesforce sample sap save schedule scheduling scrap script
    search season section security segment select self serial series server service session set settings settlement
    setup sharepoint sheet shelf shift ship shipment shipping shop shopify shortcut show sign site size sku slack
    solution sort source spanish specification spreadsheet sql staff stage standard start state statement statistics
    status step stock store strategy string stripe style subledger submit subscription summary supplier supply support
    surcharge survey suspend swedish swiss sync synchronization system tab table task tax taxation team teams
    technician template tender term terminal test text ticket till time timesheet title tolerance tool topic total
    touch trace track tracking trade training transaction transfer transport transportation treasury trial turnover
    twitter type ubuntu unit unix update upgrade upload url usage use user valid validation value variance variant vat
    vendor verifone verify version view virtual visa voucher wage wallet warehouse warning warranty waste wave web
    website week weight whatsapp window windows withholding wizard word wordpress work worker workflow workforce works
    worksheet workspace write xml year youtube zebra zendesk zone
    """
)
"""Lower-case singulars. Plurals and forms in -ing or -ed are folded before the look-up."""

COMMON_WORDS = words(
    """
    afternoon boss bro brother bus buyer colleague consult consultant daughter delay director dude em expiry evening father
    friend guy hindi husband kid lady madam maam mom mother mum owner sir sister son teacher wife
    addendum applicable blockchain cluster config covered developer disclaimer driver info knowledge law metadata premium
    preview public sir storage studio toolchain ui ux visual
    aadhaar bsn cpf cvv dni iban id nhs nif nie nino passport pesel pin ssn swift uk usa
    about above after again agency ago all alley allow also although always among and another answer any anyone
    anything apartment april apt are as ask association at august automatically avenue back bank be because been
    before being below best between both boulevard box bring but buy by came can capitalized cautionary cheers
    christmas church click college come comes committee congratulations corp corporation correct could council court
    dear december describe did discipline do does done down drag drive during each easter either else ensure even ever
    every everybody everyone example fall far february felt few find first follow following for found foundation
    friday from further gave get gets getting give gmbh go god gone good goodwill got great group had half happy has
    have having he hear heard hello help her here hey hi high highway his holding hope hospital hotel how however huge
    i if in inc instead institute into is isn it its january july june just keep kind knew know known lane later least
    left less let life like limited live lives llc long look lot ltd made make makes making man manage many march may
    me men might ministry monday more most mr mrs much my near need needs never new next nice no nobody none nor not
    november now october of off often ok okay old on once one only or other our out over own park parkway part people
    person place plaza plc please plus possible press previous put question read real really regards registering
    remember reported reports respond restaurant road said same saturday saw say says school science second see seems
    seen send sent september set several she should show shown side simple since small so some somebody someone
    something soon spring square st station still stop street such suite summer sunday sure take taken takes tales
    talking tell tells than thank thanks that the their them then there these they thing things think third this those
    though thought three through thursday to today together told tomorrow tonight too took top tower tried tries true
    try trying tuesday turn twice two under university until up upon us used using usually very via wait want wanted
    wants was we wednesday welcome well went were what when where whether which while who whole whom whose why wife
    will winter wisdom with within without woman women would wrote yes yesterday yet you young your yours
    """
)

GIVEN_NAMES = words(
    """
    aaron abdul abdullah abigail adam adrian adriana agata agnes agnieszka ahmad ahmed aida aileen aimee aisha alain
    alan alba albert alberto alejandra alejandro alena alessandra alessandro alex alexander alexandra alexandre alexei
    alexis alfred alfredo ali alice alicia alina alison allison amal amanda amber amelia amina amir amy ana anastasia
    anders andrea andreas andrei andrej andrew andrzej andré andy angel angela angelica angelina angelo anika anita
    anja ann anna anne annette annie anthony antoine anton antonia antonio ari ariana arjun arthur arturo ashley
    astrid audrey axel aylin ayşe barbara beata beatrice beatriz ben benjamin bernard bernd bernhard bertha beth betty
    bianca birgit bjarne björn blanca bob bogdan boris brad bradley brandon brenda brian brigitte bruno bryan caleb
    camila camille carl carla carlo carlos carmen carol carolina caroline catalina catherine cecilia cecilie cedric
    celia cesar charles charlie charlotte chen chiara chloe chloé chris christa christian christiane christina
    christine christoph christophe christopher cindy claire clara claudia claudio clément colin connor conrad corinna
    craig cristina cynthia céline dagmar damian damien dan dana daniel daniela danielle danny dario dariusz darren
    dave david dawn dean deborah debra denis denise dennis derek diana diane diego dieter dimitri dina dirk dmitri
    dmitry dolores dominic dominik dominique don donald donna doris dorothy doug douglas duncan dylan eduardo edward
    edwin eileen elaine eleanor elena eli elias elif elin elina elisa elisabeth elise elizabeth ella ellen emil emilia
    emilie emily emma emmanuel emre enrico enrique eric erica erik erika erin ernst esther ethan eugene eva evan eve
    evelyn ewa ewan fabian fabio fatima fatma federico felipe felix fernanda fernando filip finn fiona florence
    florian franca frances francesca francesco francisco franco franz françois françoise fred freddie frederic
    frederik freya friedrich fritz gabriel gabriela gabriele gabriella gareth gary gavin geoff geoffrey george
    georgina gerald gerard gerhard gertrud giacomo gianluca gilbert gina giorgio giovanna giovanni gisela giulia
    giuseppe glenn gloria gonzalo gordon graham greg gregor gregory greta gréta guido guillaume guillermo gunnar
    gustav gustavo guy günter günther hakan hamza hanna hannah hannes hans harald harold harriet harry hasan hassan
    heather hector hedda hedwig heidi heike heinrich heinz helen helena helene helga henri henrik henry herbert
    hermann hilda hiroshi holger holly horst howard hubert hugo hussein ian ibrahim ida ignacio igor ilona ilse ines
    inga inge inger ingrid inés irena irene irina iris isaac isabel isabella isabelle ivan ivana ivo jaakko jack
    jackie jacob jacqueline jacques jade jake jakob jakub james jamie jan jana jane janet janina janine jared jarosław
    jasmin jasmine jason javier jean jeanne jeff jeffrey jenna jennifer jenny jens jeremy jerome jerry jerzy jesper
    jessica jesús jill jim jimmy joan joanna joanne joaquin jochen joe joel johan johann johanna johannes john johnny
    jonas jonathan jordan jordi jorge josef josefina joseph josephine joshua josie josé jozef joão juan juana judith
    judy jules julia julian juliana julie julien juliet julio julius justin justine jörg júlia jürgen kaitlin kaja
    karel karen karim karin karina karl karla karol karolina kasper katarina katarzyna kate katerina kateřina
    katharina katherine kathleen kathrin kathryn kathy katie katja katrin kayla keiko keith kelly ken kenji kenneth
    kerstin kevin khaled kim kimberly kirsten klara klaus knut konrad konstantin krishna kristen kristian kristin
    kristina kristoffer krystyna krzysztof kumar kurt kyle lara larry lars laura lauren laurence laurent lea leah
    leila lena leo leon leonard leonardo leonie leslie leticia lidia liliana lily lina linda lindsay lisa lise
    liselotte livia liz lloyd logan lorena lorenzo loretta lothar louis louisa louise luc luca lucas lucia lucie lucy
    ludmila ludwig luigi luis luisa lukas lukáš luther lydia lynn léa maciej maddie madeleine madison magda magdalena
    magnus mahmoud maja malgorzata malin manfred manuel manuela mara marc marcel marcela marcello marcelo marcia
    marcin marco marcos marcus marek margaret margarita margherita margit margot maria mariam marian mariana marianne
    marie marija marina mario marion marisa marius marjan marko markus marlene marta martha martin martina martine
    marvin mary maryam masako mateusz mathias mathieu mathilde matt matteo matthew matthias matthieu maureen maurice
    mauricio maurizio mauro maxim maxime maximilian maya małgorzata megan mehmet melanie melissa mercedes mette mia
    michael michaela michal michał michel michela michele michelle mickey miguel mihai mikael mike mikhail mikko mila
    milan milena miloš miriam mirjam mirko mohamed mohammad mohammed moira molly mona monica monika monique morten
    muhammad mustafa myriam nadia nadine nancy naomi natalia natalie natasha nathalie nathan neil nelson nicholas nick
    nico nicola nicolas nicole niels nigel nikita niklas nikola nikolai nikolaj nils nina noah noel noemi nora norbert
    norma norman nuno océane odile olaf ole oleg olga oliver olivia olivier omar oscar oskar otto owen pablo paloma
    pamela paola paolo pascal patricia patricio patrick patrik paul paula paulina pauline paulo pavel pawel paweł
    pedro peggy pekka penelope penny per peter petr petra phil philip philipp philippe phillip pia pierre pieter pilar
    piotr priya przemysław rachel rafael rafał rainer raj rajesh ralf ralph ramón randy raphael raquel raul ravi
    raymond raúl rebecca regina reinhard renata renate renee rené ricardo riccardo richard rick rita rob robert
    roberta roberto robin rodrigo roger roland rolf roman ron ronald rosa rosalia rosario rosemary roswitha roxana
    ruben rudolf rui rupert russell ruth ryan sabina sabine sabrina sally salvador salvatore sam samantha samir samuel
    sandeep sander sandra sandro sanjay sara sarah sascha scott sean sebastian selina serena serge sergei sergey
    sergio seth shane shannon sharon shaun sheila shelley sherry shirley sibylle sigrid silke silvia simon simona
    simone sofia sofie sonia sonja sonya sophia sophie soren stacy stan stanislav stanisław stefan stefania stefanie
    stefano steffen stella stephan stephane stephanie stephen steve steven stewart stuart stéphane sue suresh susan
    susana susanne suzanne sven svetlana sylvia sylvie szymon sébastien søren tadeusz takashi tamara tammy tanja tanya
    tara tatiana tatjana ted teresa theo theresa thierry thomas thorsten thérèse tiago tiffany tim timo timothy tina
    tobias todd tom tomas tomasz tommy tomáš toni tony torsten tracey tracy trevor tristan troy tyler udo ulla ulrich
    ulrika ulrike umberto ursula ute uwe vadim valentina valeria valérie vanessa vera verena veronica veronika vicente
    vicky victor viktor viktoria vincent vincenzo violeta vivian vlad vladimir véronique walter waltraud wanda wendy
    werner wilfried wilhelm willem william willy wim winston wojciech wolfgang xavier yann yannick yasmin yolanda
    yousef yuki yulia yuri yusuf yves yvette yvonne zachary zahra zbigniew zeynep zoe zofia zoë zuzana ørjan łukasz
    """
)
"""Frequent in Europe, the Americas, the Middle East and Asia. None that is also a word of support text (Mark, Will, Grant…)."""

WORDS_AND_NAMES = words(
    """
    adelaide aida alba amber angel angela april austin carol carolina charlotte chase chris christian dawn dean drew
    ella eric ernst faith florence florian frances frank gene grace holly iris jack jackson jade jasmine jean jordan
    josh lily linda madison marina mercedes miles norm norman paris penny regina robin ruby rusty scott sierra sofia
    stella summer theo trevor troy valencia vera verona victor victoria violet virginia
    """
)
"""Given names that are words or places too: without a capital they say nothing."""
