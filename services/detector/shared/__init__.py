"""What is remembered of keys that many persons share: a terminal's day, a card's day, a practitioner's day, a
trace code, an invoice.

Persons' histories say what they know at such keys by registers (`registers`), which `sending` makes of facts;
`history` keeps of each the greatest, `view` is what rules ask.
"""
