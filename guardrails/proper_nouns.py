"""Capitalised words that are no one's name where they stand alone: countries, cities, companies. Data, no logic."""

from __future__ import annotations

from guardrails.vocabulary import words

COUNTRIES = tuple(
    """
    Afghanistan|Albania|Algeria|American Samoa|Andorra|Angola|Anguilla|Antarctica|Antigua and Barbuda|Argentina|Armenia|Aruba|
    Australia|Austria|Azerbaijan|Bahamas|Bahrain|Bangladesh|Barbados|Belarus|Belgium|Belize|Benin|Bermuda|Bhutan|Bolivia|
    Bosnia and Herzegovina|Botswana|Brazil|Brasil|Brunei|Bulgaria|Burkina Faso|Burundi|Cabo Verde|Cambodia|Cameroon|Canada|
    Cape Verde|Cayman Islands|Central African Republic|Chad|Chile|China|Colombia|Comoros|Congo|Cook Islands|Costa Rica|
    Côte d'Ivoire|Croatia|Cuba|Curaçao|Cyprus|Czech Republic|Czechia|Democratic Republic of the Congo|Denmark|Danmark|
    Deutschland|Djibouti|Dominica|Dominican Republic|East Timor|Ecuador|Egypt|El Salvador|England|Equatorial Guinea|Eritrea|
    España|Estonia|Eswatini|Ethiopia|Faroe Islands|Fiji|Finland|Suomi|France|French Guiana|French Polynesia|Gabon|Gambia|
    Georgia|Germany|Ghana|Gibraltar|Greece|Greenland|Grenada|Guadeloupe|Guam|Guatemala|Guernsey|Guinea|Guinea-Bissau|Guyana|
    Haiti|Honduras|Hong Kong|Hungary|Iceland|India|Indonesia|Iran|Iraq|Ireland|Isle of Man|Israel|Italia|Italy|Ivory Coast|
    Jamaica|Japan|Jersey|Jordan|Kazakhstan|Kenya|Kiribati|Kosovo|Kuwait|Kyrgyzstan|Laos|Latvia|Lebanon|Lesotho|Liberia|Libya|
    Liechtenstein|Lithuania|Luxembourg|Macao|Macedonia|Madagascar|Malawi|Malaysia|Maldives|Mali|Malta|Marshall Islands|
    Martinique|Mauritania|Mauritius|Mexico|México|Micronesia|Moldova|Monaco|Mongolia|Montenegro|Montserrat|Morocco|Mozambique|
    Myanmar|Namibia|Nauru|Nepal|Netherlands|The Netherlands|Nederland|New Caledonia|New Zealand|Nicaragua|Niger|Nigeria|Niue|
    North Korea|North Macedonia|Northern Ireland|Norway|Norge|Oman|Österreich|Pakistan|Palau|Palestine|Panama|
    Papua New Guinea|Paraguay|Peru|Philippines|Poland|Polska|Portugal|Puerto Rico|Qatar|Réunion|Romania|Russia|
    Russian Federation|Rwanda|Saint Lucia|Samoa|San Marino|Sao Tome and Principe|Saudi Arabia|Schweiz|Scotland|Senegal|Serbia|
    Seychelles|Sierra Leone|Singapore|Slovakia|Slovenia|Solomon Islands|Somalia|South Africa|South Korea|South Sudan|Spain|
    Sri Lanka|Sudan|Suisse|Suriname|Svalbard|Sverige|Swaziland|Sweden|Switzerland|Syria|Taiwan|Tajikistan|Tanzania|Thailand|
    Togo|Tonga|Trinidad and Tobago|Tunisia|Turkey|Türkiye|Turkmenistan|Tuvalu|Uganda|Ukraine|United Arab Emirates|
    United Kingdom|United States|United States of America|Uruguay|USA|U.S.A.|UK|Uzbekistan|Vanuatu|Vatican City|Venezuela|
    Vietnam|Virgin Islands|Wales|Western Sahara|Yemen|Zambia|Zimbabwe
    """.replace("\n", " ")
    .replace("|    ", "|")
    .strip()
    .split("|")
)

PLACES = words(
    """
    aberdeen abidjan accra adelaide africa alabama alaska alberta alexandria alma america amsterdam ankara antwerp aragon
    arizona arkansas asia asturias athens atlanta auckland austin bahia baltimore bangkok barcelona basel basque bavaria
    beijing belfast belgrade benelux berkeley berlin bern bilbao birmingham bogota bogotá bombay bonn bordeaux boston
    brasilia bratislava bremen bremerhaven brisbane bristol britain brooklyn brussels bucharest budapest burgundy cairo
    calcutta calgary california cambridge canberra caracas cardiff carolina castile catalonia charlotte chester chicago
    cleveland cologne colorado columbia columbus connecticut copenhagen cordoba corsica cracow crete dakar dakota dallas
    damascus dayton delaware delhi denver detroit dortmund dresden dubai dublin durham düsseldorf edinburgh emea essen
    europe florence florida frankfurt geneva genoa ghent glasgow gothenburg granada graz guadalajara hague hamburg
    hamilton hampshire hannover hanoi hanover havana hawaii helsinki holland houston idaho illinois indiana innsbruck
    iowa istanbul jakarta jerusalem johannesburg kansas karlsruhe kentucky kiel kingston kobe kolkata krakow kyiv kyoto
    lagos lancaster lausanne leeds leicester leipzig lille lima lincoln linz lisbon liverpool ljubljana lombardy london
    louisiana louisville lourdes lucerne lyon macau madison madrid maine malaga malmö manchester manhattan manila
    mannheim marseille maryland massachusetts medina melbourne memphis miami michigan milan milano milwaukee minneapolis
    minnesota mississippi missouri montana montevideo montreal moscow mumbai munich nagoya nairobi nantes naples nashville
    nebraska nevada newcastle newport nice nordics norfolk northampton norwich nottingham nuremberg ohio oklahoma ontario
    oregon orlando osaka oslo ottawa oxford padua palermo palma paris parma pennsylvania perth philadelphia phoenix
    pittsburgh plymouth porto portland poznan prague pretoria preston princeton quebec queensland reykjavik rhodes richmond
    riga rio rome rotterdam sacramento salford salzburg santiago saskatchewan savannah scandinavia scotland seattle seoul
    seville shanghai sheffield siberia sicily sofia southampton stavanger stockholm strasbourg stuttgart sydney tallinn
    tampa tampere tasmania tehran tennessee texas thuringia tokyo toledo toronto toulouse trieste turin tyrol ulm utah
    utrecht valencia valencia vancouver venice vermont verona victoria vienna vilnius virginia wales warsaw warwick
    washington wellington westphalia windsor winnipeg wisconsin wyoming york yorkshire zagreb zaragoza zurich zürich
    """
)
"""Places a text of business names alone; many are names of people too."""

BRANDS = words(
    """
    calico ceph hadoop istio jaeger loki maven prometheus sentinel sphinx tempo thanos vagrant watson zeus
    abbott acer adyen ahold alexa aloha android ansible apache apple audi avery azure bayer bentley bloomberg bosch braintree
    canon carrefour cartier casio casper chanel citrix clover confluence contoso corvane cortana costa costco dell deutsche
    dewalt diebold diesel disney docker dyson edison elavon elgin ericsson esprit excel fabrikam ferrari ferrero ford
    fujitsu github gitlab grafana gucci hana harley henkel hermes hilti hilton hofer honda honeywell huawei hugo ikea ingenico
    intel jenkins jira kafka kellogg kia kohl kraft kroger kubernetes lacoste larderworks leclerc lenovo leroy levi lexmark
    lidl linux loreal lufthansa macy magento marriott mars mcdonald mercedes metro miele mollie mongo morrison motorola
    nestle netto nginx nokia norma obi odoo okta omron oracle otto panasonic pascal penny perl peugeot pfizer philips porsche
    prada puma python qualcomm redis renault ricoh rossmann ruby sage sainsbury samsung sap scala seat sephora sharp shell
    siemens siri skoda slack sony spar stitchwell stripe sumup suzuki target tesco tesla theta tomcat toshiba triumph uber
    ubuntu valentino verifone versace visa vodafone vue walmart waitrose yamaha zara zebra zendesk
    """
)
"""Companies and products that are also names of people or that a model takes for them."""

MONTHS_AND_DAYS = words(
    """
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun januar februar märz mai juni
    juli oktober dezember enero febrero marzo abril mayo junio julio agosto octubre noviembre diciembre janvier février mars
    avril juin juillet août octobre novembre décembre montag dienstag mittwoch donnerstag freitag samstag sonntag
    """
)
