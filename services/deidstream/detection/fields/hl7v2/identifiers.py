"""Identifier types (HL7 table 0203) and what category of identifier each is."""

from __future__ import annotations

from deidstream.core.category import Category

__all__ = ["category_of"]

_CATEGORIES = {
    Category.MEDICAL_RECORD: "MR MRT PI PT PE PN PC RRI ANON RI CY PHO MI SR EN",
    Category.NATIONAL_ID: "SS SSN SID SSS NI NIIP NP TAX PPN PRC BCT BR CZ DC DFN DP FDR NH NS WC WCN WP NPI TN",
    Category.LICENCE: "DL LN MD DO DN DDS PA RN NP RPH DEA L&I LANR OD DPM AM APRN CRNM MCD SL TPR UPIN",
    Category.ACCOUNT: "AN ANC AND ANT BA BC AX DI DS GL GN MS VS BSNR",
    Category.HEALTH_PLAN: "HC MA MB MC MCR MCD MCT JHN SN EI HPI PNT PLN",
    Category.VISIT: "VN VNR",
    Category.DEVICE: "SERNO UDI LOT DEVID",
    Category.VEHICLE: "VIN LP",
}
_BY_TYPE = {
    # the first category that claims a code has it
    name: category
    for category, names in reversed(_CATEGORIES.items())
    for name in names.split()
}
_BY_TYPE["EI"] = Category.OTHER_ID


def category_of(id_type: str, otherwise: Category) -> Category:
    """What an identifier of type ``id_type`` identifies; ``otherwise`` where the type does not say."""
    if not id_type:
        return otherwise
    found = _BY_TYPE.get(id_type.upper())
    if found is None and id_type.upper().startswith("NI"):
        return Category.NATIONAL_ID
    return found or otherwise
