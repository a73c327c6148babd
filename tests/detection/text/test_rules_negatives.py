"""What looks like an identifier and is none: a finding here would damage clinical content."""

from __future__ import annotations

import pytest
from deidstream.core.document import Part
from deidstream.detection.text.rules import Rules

RULES = Rules()

NOTHING = [
    ("BP 120/80 mmHg, pulse 72", "blood pressure"),
    ("Strength 3/5 in the left arm, 5/5 elsewhere", "muscle strength"),
    ("Take 1/2 tablet twice daily", "fraction of a dose"),
    ("Potassium 4.2, glucose 10.5 mmol/l", "decimals"),
    ("GCS 15/15, Apgar 9/10/10", "scores"),
    ("See section 3.2.1 and version 10.4.2", "section and version"),
    ("Infusion of 500 ml over 24 h, 10 mg/12 h", "doses"),
    ("Leukocytes 12.000/mm3, platelets 250000/ul", "counts"),
    ("L4-L5 disc, C5-C6, T12", "vertebrae"),
    ("CD34, Ki-67 20 %, HER2 2+, p53", "markers"),
    ("ICD-10 E11.9, SNOMED CT 44054006, LOINC 2345-7", "codes of terminologies"),
    ("NCT01234567 enrolled 240 patients", "trial registry number"),
    ("Visual acuity 20/40, 6/9", "visual acuity"),
    ("Stage 3 may be treated", "modal verb, not a month"),
    ("She will march on; the march of time", "verb and noun, not a month"),
    ("history of Parkinson disease and Hodgkin lymphoma", "eponyms"),
    ("Foley catheter, Glasgow Coma Scale, Whipple procedure", "devices, scores, operations"),
    ("Positive Babinski sign, Murphy sign negative", "signs"),
    ("Bell's palsy, Down syndrome, Wilson's disease", "eponyms with genitive"),
    ("Guillain-Barré, Ehlers-Danlos, Charcot-Marie-Tooth", "double eponyms"),
    ("Marcus Gunn pupil; Ramsay Hunt syndrome; Miller Fisher variant", "eponyms that are whole names"),
    ("Stevens-Johnson reaction to Allegra", "eponym; drug like a name"),
    ("Escherichia Coli and Candida Albicans", "organisms"),
    ("Prescribed Januvia, Celexa and Augmentin", "drugs"),
    ("Seen by Cardiology and Internal Medicine", "specialties"),
    ("Patient: Presents with pain", "label with a sentence"),
    ("Brand name: Advil", "a product's name"),
    (
        "Herrn Kollegen, Frau Kollegin, Mr Chairman, Madame la Directrice, Mme la Consœur, Dr. Colega",
        "whom a letter is to",
    ),
    ("16 Fr. Foley placed, then 18 Fr. Coude", "sizes of catheters, not Frau"),
    ("her mother Hypertension, his father Deceased, sister Lupus", "what relatives had"),
    ("Christmas disease (factor IX)", "a disease that is called after somebody called Christmas"),
    ("so 1.2 mg, Mo 3/5 of the dose", "no days of the week"),
    ("pain for 3 years, 2 weeks ago, over 6 months", "durations"),
    ("desde hace 3 años, durante 5 meses, 10 años de evolución", "durations, Spanish"),
    ("depuis 10 ans, il y a 3 mois, pendant 2 semaines", "durations, French"),
    ("seit 10 Jahren, vor 3 Monaten, für 6 Wochen", "durations, German"),
    ("da 3 anni, sinds 4 jaar, há 5 anos", "durations, Italian, Dutch, Portuguese"),
    ("Enfermedad de Alzheimer, síndrome de Cushing, signo de Murphy", "eponyms, Spanish"),
    ("Morbus Crohn, Morbus Basedow, Lasègue negativ", "eponyms, German"),
    ("Maladie de Hodgkin, signe de Babinski", "eponyms, French"),
    ("Vía oral 3 veces al día, vía intravenosa 2 mg", "route, not street"),
    ("Atemwege frei, Harnwegsinfekt", "ways of the body"),
    ("pH 7.35, pCO2 40, HCO3 24", "blood gases"),
    ("10:30 h, 08:15", "clock times alone"),
    ("Ratio 1:1000000", "ratio"),
    ("dilution 1/100, titre 1:64", "dilution"),
    ("Vancomycin 1.5 g IV q12h x 14 days", "prescription"),
    ("", "nothing"),
    (" \n\t ", "blanks"),
]


@pytest.mark.parametrize(("text", "reason"), NOTHING, ids=[row[1] for row in NOTHING])
def test_clinical_text_is_left_alone(text: str, reason: str) -> None:
    (findings,) = RULES.find([Part("p", text, ())])
    assert [text[f.span.start : f.span.end] for f in findings if f.span] == [], reason
