"""Statements of two policies on one topic: pairs that contradict each other, and pairs that only look as if they did.

Each is (heading, ours, theirs). Written for these tests in the manner of partner contracts and support policies.
"""

from __future__ import annotations

CONTRADICTING = [
    ("Response times", "P1 tickets are answered within 30 minutes.", "P1 tickets are answered within 1 hour."),
    (
        "Response times",
        "We respond to tickets of priority P2 within 2 business hours.",
        "A response to P2 tickets is given within 4 hours.",
    ),
    (
        "Warranty",
        "Receipt printers carry a warranty of 12 months.",
        "Receipt printers carry a warranty of 24 months from the date of delivery.",
    ),
    (
        "Remote sessions",
        "A remote session ends after 60 minutes.",
        "A remote session ends after 4 hours, whatever is left to do.",
    ),
    (
        "Remote access",
        "Standing access to customer systems is not kept.",
        "Standing access to customer systems may be kept for managed customers.",
    ),
    (
        "Recording",
        "Remote sessions must not be recorded.",
        "Remote sessions may be recorded with the customer's consent.",
    ),
    (
        "Discounts",
        "A project discount above 15 % needs the consent of management.",
        "A project discount above 20 % needs the consent of management.",
    ),
    (
        "Discounts",
        "Discounts may not be combined.",
        "Discounts may be combined where the channel manager approves it.",
    ),
    (
        "Returns",
        "Up to 10 devices travel under one RMA number.",
        "Up to 20 devices of the same model travel under one RMA number.",
    ),
    (
        "Returns",
        "A device must be returned within 14 days of the RMA number.",
        "Devices must be returned within 30 days after the RMA number was issued.",
    ),
    ("Fees", "The fee for a call-out at night is 250 EUR.", "A call-out at night costs a fee of 180 EUR."),
    ("Hours", "The desk is staffed from 07:30 to 18:30.", "The desk is staffed from 08:00 to 18:00 on working days."),
    (
        "Change freeze",
        "The Christmas freeze begins on 9 November 2026.",
        "The Christmas freeze begins on 7 December 2026.",
    ),
    (
        "Notice",
        "The contract may be terminated with a notice of 3 months.",
        "The contract may be terminated with a notice of six months to the end of a year.",
    ),
    (
        "Backups",
        "Backups of the store database are retained for 30 days.",
        "Backups of the store database are kept for 90 days.",
    ),
    (
        "Incidents",
        "Security incidents are reported in writing within 24 hours.",
        "Security incidents are reported in writing within 4 hours of discovery.",
    ),
    (
        "Data",
        "Personal data of customers may not leave the ticket system.",
        "Personal data of customers may leave the ticket system where the case requires it.",
    ),
    ("Payment", "Invoices are payable within 14 days.", "Invoices are payable within 30 days of their date."),
    (
        "Certification",
        "A certificate is valid for two years.",
        "A certificate is valid for three years and can be renewed online.",
    ),
    (
        "Certification",
        "A gold partner employs at least 4 certified consultants.",
        "A gold partner employs at least 6 certified consultants.",
    ),
    (
        "Support lifecycle",
        "Extended support lasts eight months.",
        "Extended support lasts 12 months after standard support.",
    ),
    (
        "Escalation",
        "An escalation goes to the duty manager after 2 hours.",
        "After 4 hours an escalation goes to the duty manager.",
    ),
    ("Patches", "Security patches are installed within 7 days.", "Security patches are installed within 72 hours."),
    (
        "Upgrades",
        "Upgrades are supported from version 7.2.",
        "Upgrades are supported from version 7.4 only.",
    ),
    ("Passwords", "A password has at least 12 characters.", "A password has at least 10 characters and one digit."),
    ("Deposits", "Partners pay a deposit of 5,000 EUR.", "Partners pay a deposit of €2,500 before the first order."),
]

AGREEING = [
    # the same in other words or units
    ("Response times", "P1 tickets are answered within 60 minutes.", "P1 tickets are answered within one hour."),
    ("Warranty", "Receipt printers carry a warranty of 12 months.", "Receipt printers carry a warranty of one year."),
    ("Hours", "The desk is staffed from 8 am to 6 pm.", "The desk is staffed from 08:00 to 18:00."),
    ("Fees", "A call-out at night costs a fee of 1,000 EUR.", "The fee for a call-out at night is €1000."),
    ("Returns", "A device must be returned within two weeks.", "A device must be returned within 14 days."),
    ("Change freeze", "The freeze begins on 7 December.", "The freeze begins on December 7, 2026."),
    ("Remote access", "Standing access is not kept.", "Standing access is never kept."),
    # other things of a kind
    ("Response times", "P1 tickets are answered within 30 minutes.", "P2 tickets are answered within 4 hours."),
    ("Response times", "Priority 1 tickets are answered in 1 hour.", "Priority 3 tickets are answered in 2 days."),
    ("Warranty", "Receipt printers carry a warranty of 12 months.", "Payment terminals carry a warranty of 24 months."),
    (
        "Warranty",
        "Receipt printers that were bought from us carry a warranty of 12 months.",
        "Payment terminals that were bought from us carry a warranty of 24 months.",
    ),
    ("Discounts", "Gold partners receive a discount of 25 %.", "Silver partners receive a discount of 15 %."),
    (
        "Certification",
        "A gold partner employs at least 4 consultants.",
        "A silver partner employs at least 2 consultants.",
    ),
    (
        "Response times",
        "P1 tickets are answered within 1 hour.",
        "P1 tickets are solved or worked around within 8 hours.",
    ),
    ("Hours", "The desk is staffed from 07:30 to 18:30.", "The warehouse receives goods from 05:00 to 14:00."),
    (
        "Backups",
        "Backups of the store database are retained for 30 days.",
        "Logs of the store server are retained for 90 days.",
    ),
    ("Change freeze", "The Christmas freeze begins on 7 December 2026.", "The Easter freeze begins on 22 March 2027."),
    (
        "Returns",
        "The RMA number arrives within one business day.",
        "The repaired device arrives within 10 business days.",
    ),
    ("Incidents", "Security incidents are reported by telephone at once.", "Follow up in writing within 4 hours."),
    # other aspects of one thing
    (
        "Remote sessions",
        "A remote session ends after 60 minutes.",
        "A remote session needs the customer's consent in writing.",
    ),
    ("Payment", "Invoices are payable within 14 days.", "Invoices are sent on the 5th of the month by mail."),
    ("Fees", "A call-out at night costs 250 EUR.", "A call-out at night is announced 30 minutes before arrival."),
    ("Certification", "A certificate is valid for two years.", "The exam for a certificate takes 90 minutes."),
    ("Recording", "Remote sessions may be recorded.", "Card numbers must not be recorded in remote sessions."),
    ("Access", "Agents may open the ticket system from home.", "Agents may not open the store server from home."),
    ("Notice", "The contract runs for 36 months.", "The contract may be terminated with a notice of 3 months."),
    ("Support lifecycle", "Standard support lasts 24 months.", "Extended support lasts eight months."),
    (
        "Patches",
        "Patches of the till are installed within 7 days.",
        "Patches of the store server are installed within 72 hours.",
    ),
    ("Discounts", "What is the discount above 15 %?", "A discount above 20 % needs the consent of management."),
    ("Questions", "Call the desk at extension 4021.", "The desk closed 4,107 tickets in 12 months."),
]

# Written after the rules, and left as they came.
LATER_CONTRADICTING = [
    ("Support hours", "Our hotline is open until 20:00 on Saturdays.", "On Saturdays the hotline is open until 16:00."),
    (
        "Spare parts",
        "Spare parts are shipped within two working days.",
        "Spare parts are shipped within five working days.",
    ),
    (
        "Test systems",
        "Customer data must not be copied to test systems.",
        "Customer data may be copied to test systems after masking.",
    ),
    (
        "Credits",
        "A missed target gives a credit of 5 % of the monthly fee.",
        "A missed target gives a credit of 10 % of the monthly fee.",
    ),
    (
        "Log files",
        "Log files of the till are deleted after 14 days.",
        "Log files of the till are deleted after six weeks.",
    ),
    ("Licences", "A licence covers up to 5 tills per store.", "A licence covers 3 tills per store."),
    (
        "Training",
        "New consultants finish the basic course within 6 months.",
        "New consultants finish the basic course within 90 days.",
    ),
    (
        "On-call",
        "The engineer on duty calls back within 15 minutes.",
        "The engineer on duty calls back within half an hour.",
    ),
    (
        "Deliveries",
        "Replacement terminals leave the depot on the same day if ordered before 15:00.",
        "Replacement terminals leave the depot on the same day if ordered before 12:00.",
    ),
    ("Subcontractors", "Subcontractors are not allowed on site.", "Subcontractors are allowed on site with a badge."),
    ("Review", "The partner level is reviewed every January.", "The partner level is reviewed every July."),
    (
        "Penetration tests",
        "Penetration tests are announced 10 days ahead.",
        "Penetration tests have to be announced four weeks ahead.",
    ),
]
LATER_AGREEING = [
    ("Support hours", "Our hotline is open until 20:00 on Saturdays.", "On Sundays the hotline is open until 16:00."),
    (
        "Spare parts",
        "Spare parts are shipped within two working days.",
        "Consumables are shipped within five working days.",
    ),
    (
        "Credits",
        "A missed P1 target gives a credit of 10 % of the monthly fee.",
        "A missed P3 target gives a credit of 2 % of the monthly fee.",
    ),
    (
        "Log files",
        "Log files of the till are deleted after 14 days.",
        "Log files of the sync agent are deleted after six weeks.",
    ),
    ("Licences", "A licence covers 3 tills per store.", "A licence costs 900 EUR per store."),
    (
        "Training",
        "New consultants finish the basic course within 6 months.",
        "Senior consultants finish the refresher course within 90 days.",
    ),
    ("On-call", "The engineer on duty calls back within 15 minutes.", "The engineer on duty arrives within 4 hours."),
    (
        "Test systems",
        "Customer data must not be copied to test systems.",
        "Test data may be copied to customer systems before opening.",
    ),
    (
        "Deliveries",
        "Replacement terminals leave the depot on the same day.",
        "Replacement printers leave the depot within 3 days.",
    ),
    ("Review", "The partner level is reviewed every January.", "The price list is reviewed every July."),
    (
        "Freeze",
        "No changes are made in the 2 weeks before Christmas.",
        "Changes are announced 2 days before they are made.",
    ),
    (
        "Penetration tests",
        "Penetration tests are announced 10 days ahead.",
        "Penetration tests are announced ten days before they begin.",
    ),
    ("Backup", "A backup runs every night at 02:00.", "A backup takes 45 minutes on a store server."),
    ("Contacts", "The security desk is staffed at all hours.", "The sales desk is not staffed on Sundays."),
]
