# Every target does all of its own set-up; it needs only Python 3.11+ and pip (test-full: apt as well).
# PYTHON: the interpreter to make .venv of, where it is not to be python3 or a quicker build of its version.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# PyTorch, six gigabytes: for what trains, and for its tests.
TRAINING := .venv-training

# Presidio with spaCy's small English model, deduce, philter-lite: for the comparison of taggers.
BASELINES := .venv-baselines

# MkDocs, and pip-audit: neither shares a library with what they look at.
DOCS := .venv-docs
AUDIT := .venv-audit

# Other de-identifiers of DICOM headers: for their comparison.
DICOM_BASELINES := .venv-dicom-baselines

.PHONY: training demo test test-full check evaluate bench bench-text bench-dicom evaluate-dicom evaluate-documents evaluate-heads bench-kafka bench-scale bench-capacity bench-upgrade chaos chaos-embedded corpora format lock clean test-deploy docs audit

$(STAMP): pyproject.toml setup.py requirements.lock $(wildcard protos/deidstream/*/*/*.proto)
	[ -x $(BIN)/python ] || { python=$(or $(PYTHON),$$(tools/interpreter)) && $$python -m venv $(VENV); }
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

$(TRAINING)/.installed: models/training/requirements.lock
	[ -x $(TRAINING)/bin/python ] || { python=$(or $(PYTHON),$$(tools/interpreter)) && $$python -m venv $(TRAINING); }
	$(TRAINING)/bin/pip install --quiet --require-hashes -r models/training/requirements.lock
	$(TRAINING)/bin/pip install --quiet --no-deps --editable .
	touch $@

training: $(TRAINING)/.installed

$(BASELINES)/.installed: tests/bench/taggers/requirements.lock
	[ -x $(BASELINES)/bin/python ] || { python=$(or $(PYTHON),$$(tools/interpreter)) && $$python -m venv $(BASELINES); }
	$(BASELINES)/bin/pip install --quiet --require-hashes -r tests/bench/taggers/requirements.lock
	$(BASELINES)/bin/pip install --quiet --no-deps --editable .
	touch $@

$(DICOM_BASELINES)/.installed: tests/bench/dicom/requirements.lock
	[ -x $(DICOM_BASELINES)/bin/python ] || { python=$(or $(PYTHON),$$(tools/interpreter)) && $$python -m venv $(DICOM_BASELINES); }
	$(DICOM_BASELINES)/bin/pip install --quiet --require-hashes -r tests/bench/dicom/requirements.lock
	$(DICOM_BASELINES)/bin/pip install --quiet --no-deps --editable .
	touch $@

$(DOCS)/.installed: docs/requirements.lock
	[ -x $(DOCS)/bin/python ] || { python=$(or $(PYTHON),$$(tools/interpreter)) && $$python -m venv $(DOCS); }
	$(DOCS)/bin/pip install --quiet --require-hashes -r docs/requirements.lock
	touch $@

$(AUDIT)/.installed: tools/audit.lock
	[ -x $(AUDIT)/bin/python ] || { python=$(or $(PYTHON),$$(tools/interpreter)) && $$python -m venv $(AUDIT); }
	$(AUDIT)/bin/pip install --quiet --require-hashes -r tools/audit.lock
	touch $@

demo: $(STAMP)
	$(BIN)/deidstream demo

test: $(STAMP)
	tests/retried $(BIN)/pytest -m "not full and not deploy" -n 2 --dist loadfile

test-full: $(STAMP) $(TRAINING)/.installed
	tests/full/prepare
	tests/full/run $(BIN)/pytest
	tests/retried $(TRAINING)/bin/pytest tests/training/torch

# Images are built, the chart is held against a real kube-apiserver. The first time its tools take a quarter of an hour more.
test-deploy: $(STAMP)
	tests/deploy/prepare
	$(BIN)/pytest -m deploy tests/deploy

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The docs site, in .docs/site: pages of docs/, and a reference made from the code. It needs no network to be read.
docs: $(STAMP) $(DOCS)/.installed
	$(BIN)/python tools/make_docs.py .docs/source
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet
	$(BIN)/python tools/check_site.py .docs/site

# Licences against the list of the allowed, secrets among the tracked files, known vulnerabilities of everything that is locked. STRICT=--strict:
# where the service of vulnerabilities does not answer, that is a failure.
audit: $(STAMP) $(AUDIT)/.installed
	$(BIN)/python tools/licences.py > /dev/null
	$(BIN)/python tools/secrets_scan.py
	$(BIN)/python tools/audit.py $(AUDIT)/bin/pip-audit $(STRICT)

# CORPUS: the folder of shared data, where it is not at ../shared/data. Let nothing else run on the machine meanwhile.
bench: $(STAMP)
	$(BIN)/python -m tests.bench

# The released taggers beside Presidio. WITH: more options (`make bench-text WITH="--fast DIR"`).
bench-text: $(BASELINES)/.installed
	CORPUS=$(CORPUS) $(BASELINES)/bin/python -m tests.bench.taggers $(WITH)

# Headers of DICOM instances a second, beside dicognito, dicom-anonymizer, deid and pydicom itself; over the network; and memory by size.
bench-dicom: $(DICOM_BASELINES)/.installed
	MESSAGELEVEL=QUIET $(DICOM_BASELINES)/bin/python -m tests.bench.dicom
	$(BIN)/python -m tests.bench.dicom.network
	$(BIN)/python -m tests.bench.dicom.memory

# What is left in pixels after clean: deid-data's ultrasound and planted instances, read again by tesseract; then heads. WITH: more options
# of the first (`--seed 7`).
evaluate-dicom: $(STAMP)
	tests/bench/pixels/prepare $(BIN)/pip
	tests/bench/heads/prepare
	$(BIN)/python -m tests.bench.pixels $(WITH); rc=$$?; CORPUS=$(CORPUS) $(BIN)/python -m tests.bench.heads || rc=1; exit $$rc

# What is left on pages after clean: scans, fonts that say other letters, text as shapes and as pictures, read again by poppler and tesseract.
evaluate-documents: $(STAMP)
	tests/bench/documents/prepare
	$(BIN)/python -m tests.bench.documents $(WITH)

# Java and Maven too: a broker is started.
bench-kafka: $(STAMP)
	$(BIN)/python -m tests.bench.kafka

# Replaces every process by one of another version, and back, under 100 messages a second. FROM: the other version, a revision.
bench-upgrade: $(STAMP)
	$(BIN)/python -m tests.chaos.upgrade $(if $(FROM),--from $(FROM)) $(WITH)

# What a message of each kind costs each stage: CPU, bytes on the bus, memory. WITH: more options (`make bench-capacity WITH="--out FILE"`).
bench-capacity: $(STAMP)
	$(BIN)/python -m tests.bench.capacity $(WITH)

bench-scale: $(STAMP)
	$(BIN)/python -m tests.bench.scale

chaos-embedded: $(STAMP)
	$(BIN)/python -m tests.chaos.embedded

# Some hours. KINDS and SEEDS choose less, MESSAGES how long each trial is.
chaos: $(STAMP)
	$(BIN)/python -m tests.chaos.kafka $(if $(KINDS),--kinds $(KINDS)) --seeds $(or $(SEEDS),10) --messages $(or $(MESSAGES),2000) --jobs $(or $(JOBS),1)

# What text detection finds, misses and spoils, on documents that no tagger has learned from. CORPUS as for bench; WITH: more options
# (`make evaluate WITH="--browser errors.html"`). Other detectors are asked about those corpora whose language they read. Speed against
# recall is drawn in models/phi-tagger/frontier.svg.
TEXTS := $(or $(CORPUS),../shared/data)/text
HELD_OUT := models/training/deidstream_training/gold/held_out
evaluate: $(BASELINES)/.installed
	$(BASELINES)/bin/deidstream evaluate $(TEXTS)/es_meddocan/dev $(TEXTS)/multi_edge_cases \
	  $(foreach one,fr_edspseudo en_asq_phi en_visit_notes,$(TEXTS)/$(one)@$(HELD_OUT)/$(one).txt) \
	  models/training/written_notes@$(HELD_OUT)/written_notes.txt \
	  --tagger standard --tagger fast --frontier models/phi-tagger/frontier.svg \
	  --least es_meddocan.merged.strict_f1=0.96 --least es_meddocan.merged.covered=0.97 --least fr_edspseudo.merged.covered=0.97 \
	  --least en_asq_phi.merged.covered=0.99 --least en_asq_phi.merged.covered_but_titles=0.99 \
	  --most en_asq_phi.merged.hard_negatives=0.1 --most en_visit_notes.merged.clinical_of_tokens=0.003 --least written_notes.merged.covered=0.90 $(WITH)

# Renders of heads before and after, seen by the face model. WITH: more options (`make evaluate-heads WITH="--quick --pictures DIR"`).
evaluate-heads: $(STAMP)
	tests/bench/heads/prepare
	CORPUS=$(CORPUS) $(BIN)/python -m tests.bench.heads $(WITH)

corpora: $(STAMP)
	$(BIN)/python -m tests.corpora.check $(or $(CORPUS),../shared/data)

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:
	uv pip compile pyproject.toml --extra dev --extra image --extra monitor --generate-hashes --no-annotate --no-header --python-version 3.11 -o requirements.lock
	uv pip compile pyproject.toml --extra baselines --extra dev --generate-hashes --no-annotate --no-header --python-version 3.11 -c requirements.lock -o tests/bench/taggers/requirements.lock
	uv pip compile pyproject.toml --extra training --extra dev --generate-hashes --no-annotate --no-header --python-version 3.11 -c requirements.lock -o models/training/requirements.lock
	uv pip compile pyproject.toml --extra dicom-baselines --extra dev --generate-hashes --no-annotate --no-header --python-version 3.11 -c requirements.lock -o tests/bench/dicom/requirements.lock
	uv pip compile pyproject.toml --generate-hashes --no-annotate --no-header --python-version 3.11 -c requirements.lock -o docker/light.lock
	uv pip compile pyproject.toml --extra triton --generate-hashes --no-annotate --no-header --python-version 3.11 -c requirements.lock -o docker/tagged.lock
	uv pip compile pyproject.toml --extra image --extra triton --generate-hashes --no-annotate --no-header --python-version 3.11 -c requirements.lock -o docker/image.lock
	uv pip compile pyproject.toml --extra monitor --generate-hashes --no-annotate --no-header --python-version 3.11 -c requirements.lock -o docker/monitor.lock
	uv pip compile docker/build.in --generate-hashes --no-annotate --no-header --python-version 3.11 -o docker/build.lock
	uv pip compile docs/requirements.in --generate-hashes --no-annotate --no-header --python-version 3.11 -o docs/requirements.lock
	uv pip compile tools/audit.in --generate-hashes --no-annotate --no-header --python-version 3.11 -o tools/audit.lock
	uv pip compile docker/sbom.in --generate-hashes --no-annotate --no-header --python-version 3.11 -o docker/sbom.lock
