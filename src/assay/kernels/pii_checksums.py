"""Numbers that prove themselves: check digits and dates inside cards, accounts and identity documents."""

from __future__ import annotations

from datetime import date
from typing import Final


def luhn(digits: list[int]) -> bool:
    """Luhn's check (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if position % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


_ISSUERS: Final = (
    # first number, last number (as prefixes of the same length), lengths
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14,)),  # Diners Club
    ("36", "36", (14,)),
    ("38", "39", (14,)),
    ("35", "35", (16, 17, 18, 19)),  # JCB (3528 to 3589 so far)
    ("1800", "1800", (15,)),
    ("2131", "2131", (15,)),
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "659", (16, 19)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("60", "60", (16,)),  # RuPay and older UnionPay
    ("81", "82", (16, 17, 18, 19)),
    ("9558", "9558", (16, 19)),  # ICBC's cards from before UnionPay
    ("2200", "2204", (16, 17, 18, 19)),  # Mir
    ("50", "50", tuple(range(12, 20))),  # Maestro
    ("56", "58", tuple(range(12, 20))),
    ("63", "63", tuple(range(12, 20))),
    ("67", "67", tuple(range(12, 20))),
)


def bank_card_valid(number: str) -> bool:
    """ISO/IEC 7812: digits of an issuer that banks use, in a length it issues, with Luhn's check digit."""
    if len(set(number)) < 2 or not luhn([int(c) for c in number]):
        return False
    return any(
        first <= number[: len(first)] <= last and len(number) in lengths for first, last, lengths in _ISSUERS
    )


_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def cn_id_card_valid(number: str) -> bool:
    """GB 11643-1999, 18 characters: a date of birth that exists, and the MOD 11-2 check character."""
    if not _is_date(number[6:10], number[10:14]):
        return False
    total = sum(weight * int(c) for weight, c in zip(_WEIGHTS, number, strict=False))
    return 1900 <= int(number[6:10]) <= 2100 and "10X98765432"[total % 11] == number[17].upper()


_PROVINCES: Final = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66)]
)


def cn_old_id_card_plausible(number: str) -> bool:
    """The 15 digits issued until 1999: a province and a date of birth. They carry no check digit."""
    return int(number[:2]) in _PROVINCES and _is_date("19" + number[6:8], number[8:12])


def _is_date(year: str, month_day: str) -> bool:
    try:
        date(int(year), int(month_day[:2]), int(month_day[2:]))
    except ValueError:
        return False
    return True


_IBAN_LENGTHS: Final[dict[str, int]] = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO EG GT HU LB NI PL SV",
        29: "BR PS QA UA",
        30: "JO KW MU",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}


def iban_length(country: str) -> int:
    """How long the account numbers of a country are (ISO 13616 registry), 0 for one without."""
    return _IBAN_LENGTHS.get(country.upper(), 0)


def iban_valid(number: str) -> bool:
    """ISO 13616: the country's length, and 1 as remainder by 97 with the first four characters last."""
    if len(number) != iban_length(number[:2]):
        return False
    return int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1
