"""The measurements, each of one promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deidstream.core.category import Category, Role
from deidstream.core.document import Part
from deidstream.core.subject import Known, Subject
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules

from tests.bench.corpus import MARK, Corpus, numbered
from tests.bench.figure import Figure
from tests.bench.machine import best
from tests.bench.pipeline import Load, Pipeline
from tests.bench.sender import http_job, mllp_job
from tests.chaos.feed import messages as lab_results

__all__ = ["cost", "delivered", "latency", "memory", "percentile", "start_up", "steady", "text", "throughput"]

_MB = 1_000_000
_CONNECTIONS = 16
_RATE = 50.0
_LATENCY_SECONDS = 30
_THROUGHPUT_MESSAGES = 8_000
_WARM_UP = 40
_NUMBER = re.compile(re.escape(MARK) + rb"(\d+)\|")


def start_up(pipeline: Pipeline) -> list[Figure]:
    """From nothing to every chain ready."""
    return [
        Figure("start_up", pipeline.start_up, "s", note="wall time until all chains are ready"),
        Figure("start_up_cpu", pipeline.start_up_cpu, "CPU s"),
        Figure("idle", 100 * pipeline.idle, "% of a core"),
    ]


def cost(pipeline: Pipeline, corpus: Corpus) -> list[Figure]:
    """CPU of the running pipeline, beside that of one-process ``clean``, on the same messages."""
    pipeline.run(mllp_job(pipeline.mllp, list(numbered(corpus.hl7, _WARM_UP)), 4), "warming up")
    warm = [(path, body) for path, body in corpus.fhir[:: max(1, len(corpus.fhir) // 20)]]
    pipeline.run(http_job(pipeline.fhir, warm, 4), "warming up")
    hl7 = pipeline.run(mllp_job(pipeline.mllp, corpus.hl7, 8), "cost, HL7")
    fhir = pipeline.run(http_job(pipeline.fhir, corpus.fhir, 8), "cost, FHIR")
    clean_hl7 = _clean({f"{number:05}.hl7": content for number, content in enumerate(corpus.hl7)})
    clean_fhir = _clean({f"{number:05}.json": body for number, (_, body) in enumerate(corpus.fhir)})
    both = len(corpus.hl7) + len(corpus.fhir)
    kilobytes = sum(map(len, corpus.hl7)) / len(corpus.hl7) / 1e3
    return [
        Figure("cpu_ratio", (hl7.cpu + fhir.cpu) / (clean_hl7 + clean_fhir), "x", "at most", 2, "pipeline : clean"),
        Figure("cpu_ratio_hl7", hl7.cpu / clean_hl7, "x", "at most", 2),
        Figure("cpu_ratio_fhir", fhir.cpu / clean_fhir, "x"),
        Figure(
            "cpu_hl7",
            hl7.cpu / len(corpus.hl7) * 1e3,
            "CPU s/1,000",
            "at most",
            6,
            f"{corpus.name}, {kilobytes:.1f} kB",
        ),
        *_by_chain("cpu_hl7", hl7, len(corpus.hl7)),
        Figure("cpu_fhir", fhir.cpu / len(corpus.fhir) * 1e3, "CPU s/1,000", note=f"{len(corpus.fhir)} resources"),
        Figure("cpu_both", (hl7.cpu + fhir.cpu) / both * 1e3, "CPU s/1,000"),
        Figure("cpu_clean_hl7", clean_hl7 / len(corpus.hl7) * 1e3, "CPU s/1,000"),
        Figure("cpu_clean_fhir", clean_fhir / len(corpus.fhir) * 1e3, "CPU s/1,000"),
        Figure("quarantined", pipeline.positions.quarantined(), "cases"),
        Figure("refused", hl7.sent.refused + fhir.sent.refused, "messages", "at most", 0),
    ]


def throughput(pipeline: Pipeline, corpus: Corpus) -> list[Figure]:
    """Releases committed a second while the sender sends as fast as it is acknowledged."""
    messages = list(numbered(corpus.hl7, _THROUGHPUT_MESSAGES, 1_000_000))
    load = pipeline.run(mllp_job(pipeline.mllp, messages, _CONNECTIONS), "throughput")
    count = len(messages)
    rate, seconds = steady(load)
    sending = (load.sent.answered[-1] - load.sent.at[0]) / 1e9
    lab = list(lab_results(_THROUGHPUT_MESSAGES, 7))
    small, _ = steady(pipeline.run(mllp_job(pipeline.mllp, lab, _CONNECTIONS), "throughput, small messages"))
    return [
        Figure("throughput", rate, "messages/s", "at least", 300, f"{corpus.name}, over {seconds:.0f} s"),
        Figure("throughput_small", small, "messages/s", note="lab results of two OBX"),
        Figure("acknowledged", count / sending, "messages/s"),
        Figure("throughput_cpu", load.cpu / count * 1e3, "CPU s/1,000"),
        *_by_chain("throughput_cpu", load, count),
        Figure("sender_cpu", load.sent.cpu / count * 1e3, "CPU s/1,000", note="shares the cores"),
    ]


def latency(pipeline: Pipeline, corpus: Corpus, released: Path) -> list[Figure]:
    """At 50 messages a second: from send to acknowledgement, and to the file in the destination folder."""
    first = 2_000_000
    messages = list(numbered(corpus.hl7, int(_RATE * _LATENCY_SECONDS), first))
    load = pipeline.run(mllp_job(pipeline.mllp, messages, _CONNECTIONS, _RATE), "latency")
    there = {number: path.stat().st_ctime_ns for number, path in delivered(released, first).items()}
    whole = sorted(there[number] - at for number, at in enumerate(load.sent.at) if number in there)
    answered = sorted(done - at for at, done in zip(load.sent.at, load.sent.answered, strict=True))
    return [
        Figure("latency_p99", percentile(whole, 0.99), "ms", "under", 500, "send to file"),
        Figure("latency_p50", percentile(whole, 0.5), "ms"),
        Figure("latency_max", percentile(whole, 1), "ms"),
        Figure("ack_p99", percentile(answered, 0.99), "ms", "under", 500, "send to acknowledgement"),
        Figure("ack_p50", percentile(answered, 0.5), "ms"),
        Figure("not_delivered", len(messages) - len(whole), "messages", "at most", 0),
        Figure("latency_cpu", load.cpu / len(messages) * 1e3, "CPU s/1,000", note="at 50 messages a second"),
    ]


def memory(pipeline: Pipeline) -> list[Figure]:
    """What each process holds after all that."""
    figures = []
    for name, (now, peak) in pipeline.resident().items():
        figures.append(Figure(f"rss_{name}", now / _MB, "MB", "under", 200, f"peak {peak / _MB:.0f}"))
    return figures


def text(name: str, texts: Sequence[str]) -> list[Figure]:
    """Rules and identity (fifty terms, one error tolerated), one thread: megabytes of text (UTF-8) a second of CPU."""
    rules, identity = Rules(), Identity()
    parts = [Part(str(number), content, (), language="es") for number, content in enumerate(texts)]
    size = sum(len(content.encode()) for content in texts) / _MB
    one = Subject("s", 1, 1, known=_terms(0))
    many = [Subject(f"s{number}", 1, 1, known=_terms(number)) for number in range(len(parts))]
    rules.find(parts[:10])
    identity.find(parts[:10], (one,))
    by_rules = best(lambda: [rules.find([part]) for part in parts])
    by_identity = best(lambda: [identity.find([part], (one,)) for part in parts])
    others = best(lambda: [Identity().find([part], (who,)) for part, who in zip(parts, many, strict=True)], 1)
    return [
        Figure("text", size / (by_rules + by_identity), "MB/s a core", "at least", 1, f"{name}, {size:.2f} MB"),
        Figure("text_rules", size / by_rules, "MB/s a core"),
        Figure("text_identity", size / by_identity, "MB/s a core"),
        Figure("text_new_subjects", size / (by_rules + others), "MB/s a core", note="50 other terms for each text"),
    ]


def steady(load: Load) -> tuple[float, float]:
    """Releases a second, and over how many seconds: from a tenth to nine tenths of them."""
    count = load.released
    steady = [(at, done) for at, done in load.samples if count / 10 <= done <= count * 9 / 10]
    if len(steady) < 2:
        raise SystemExit("too few releases to see a steady state")
    (first, before), (last, after) = steady[0], steady[-1]
    return (after - before) / (last - first), last - first


def _by_chain(name: str, load: Load, count: int) -> list[Figure]:
    """Where the CPU goes: the chain that has most of it holds the rate."""
    return [Figure(f"{name}_{chain}", cpu / count * 1e3, "CPU s/1,000") for chain, cpu in load.chains.items()]


_GIVEN = ("María", "José", "Ernesto", "Antonio", "Carmen", "Lucía", "Francisco", "Dolores", "Javier", "Pilar")
_FAMILY = ("Rivera", "Navarro", "García", "Domínguez", "Martínez", "Cuéllar", "Abedul", "Fernández", "Ibáñez", "Ortega")


def _terms(seed: int) -> tuple[Known, ...]:
    """Fifty things known of one person and those around: names, an address, telephones, numbers, a date."""
    known = []
    for number in range(10):
        role = Role.PATIENT if number == 0 else Role.CLINICIAN
        family = f"{_FAMILY[(number + seed) % 10]} {_FAMILY[(number * 3 + seed // 10) % 10]}"
        group = str(number)
        known += [
            Known(Category.NAME, role, "family", family, group),
            Known(Category.NAME, role, "given", _GIVEN[(number * 7 + seed) % 10], group),
            Known(Category.PHONE, role, "phone", f"+34 6{number}{seed % 10000:04} {number}7{number}", f"p{group}"),
            Known(Category.MEDICAL_RECORD, role, "number", f"{3_680_000 + seed * 97 + number * 13}", f"m{group}"),
        ]
    known += [
        Known(Category.STREET, Role.PATIENT, "line", f"Calle Miguel Benítez {seed % 90 + 1}", "a"),
        Known(Category.CITY, Role.PATIENT, "city", "Madrid", "a"),
        Known(Category.POSTAL_CODE, Role.PATIENT, "postal_code", f"28{seed % 1000:03}", "a"),
        Known(Category.BIRTH_DATE, Role.PATIENT, "hl7.DT", f"19{40 + seed % 50}0{seed % 9 + 1}03", "b"),
        Known(Category.EMAIL, Role.PATIENT, "email", f"nnavcu{seed}@hotmail.com", "e"),
        Known(Category.NATIONAL_ID, Role.PATIENT, "number", f"{12_345_678 + seed}Z", "n"),
        Known(Category.ACCOUNT, Role.PATIENT, "number", f"{55_000_000 + seed}", "k"),
        Known(Category.VISIT, Role.PATIENT, "number", f"{77_000_000 + seed}", "v"),
        Known(Category.HEALTH_PLAN, Role.PATIENT, "number", f"26{63_514_095 + seed}", "h"),
        Known(Category.PHONE, Role.PATIENT, "phone", f"+34 91 555 {seed % 10000:04}", "q"),
    ]
    return tuple(known)


def _clean(files: dict[str, bytes]) -> float:
    """CPU seconds of ``deidstream clean`` on ``files``, without its start-up: what the same takes for the smallest one."""
    with tempfile.TemporaryDirectory(prefix="deidstream-bench-") as folder:
        all_of_them, one = Path(folder) / "all", Path(folder) / "one"
        all_of_them.mkdir()
        one.mkdir()
        for name, content in files.items():
            (all_of_them / name).write_bytes(content)
        smallest = min(files, key=lambda name: len(files[name]))
        (one / smallest).write_bytes(files[smallest])
        return _clean_folder(all_of_them) - _clean_folder(one)


def _clean_folder(folder: Path) -> float:
    command = [sys.executable, "-m", "deidstream.cli", "clean", str(folder), "--out", f"{folder}.out", "--jobs", "1"]
    command += ["--tagger", "none"]  # what the stages cost; make bench-text measures taggers
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"clean ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def delivered(folder: Path, first: int) -> dict[int, Path]:
    """Each message's file, by the number that the message holds, less ``first``."""
    there: dict[int, Path] = {}
    for path in folder.rglob("*.hl7"):
        found = _NUMBER.search(path.read_bytes())
        if found and (number := int(found[1]) - 1_000_000) >= first:
            there[number - first] = path
    return there


def percentile(nanoseconds: Sequence[int], share: float) -> float:
    """In milliseconds; without any value, for ever."""
    if not nanoseconds:
        return float("inf")
    return nanoseconds[min(len(nanoseconds) - 1, int(share * len(nanoseconds)))] / 1e6
