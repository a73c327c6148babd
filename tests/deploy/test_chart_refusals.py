"""Values that the chart refuses, and what it says of each."""

from __future__ import annotations

import pytest

from tests.deploy.helm import refused

pytestmark = [pytest.mark.full, pytest.mark.deploy]

ARCHIVE = (
    'config.delivery.destinations[1]={"name":"archive","kind":"dicom","host":"archive.example","called_ae":"ARCHIVE",'
    '"projects":["research"],"commitment":{"port":11113}}'
)
REPORTERS = 'networkPolicy.reporters=[{"ipBlock":{"cidr":"10.30.0.9/32"}}]'
FOLDER = (
    'config.delivery.destinations[1]={"name":"folder","kind":"folder","path":"/srv/released","projects":["research"]}'
)
_REFUSED = [
    ("production", ["networkPolicy.database.ports=[]"], "would be open to everybody", "no ports are all ports"),
    ("production", ["networkPolicy.destinations[0].to=[]"], "would be open to everybody", "no peers are all peers"),
    ("production", ["networkPolicy.dns.to=[]"], "networkPolicy.dns", "no peers are all peers there too"),
    ("production", ["networkPolicy.senders=[{}]"], "senders", "an empty peer is everybody"),
    (
        "small",
        ['chains.all.stages=["ingest"]'],
        'chains: no chain has the stage "identify"',
        "what comes in would wait for ever",
    ),
    ("small", ["chains.all.replicas=2"], "chains.all.replicas: more than one needs Kafka", "SQLite is one machine's"),
    ("small", ['chains.two={"stages":["image","heads"]}'], "kafka.servers: empty", "two Pods share no disk"),
    ("small", ['chains.all.stages[0]="inget"'], "chains", "a typing error"),
    ("small", ["chains.all.replica=2"], "replica", "a typing error must not switch something off"),
    ("small", ["chain={}"], "chain", "a typing error at the top"),
    ("small", ["config.resolver={}"], "config.resolver.projects: name at least one", "nothing would be released"),
    (
        "small",
        ["config.ingest.mllp[0].prot=2577"],
        "'/config/ingest/mllp/0': additional properties 'prot'",
        "a typing error",
    ),
    ("small", ["config.resolver.projects[0].name=3"], "/name': got number", "a name is a text"),
    (
        "small",
        ['config.delivery.destinations[0].kind="mlp"'],
        "value must be one of 'bucket', 'dicom', 'fhir', 'folder', 'kafka', 'mllp', 'stow', 'topic'",
        "what there is is said",
    ),
    (
        "small",
        ['config.delivery.destinations[0].projects=["reserch"]'],
        '"warehouse" wants project "reserch"; there are research',
        "it would get nothing",
    ),
    (
        "small",
        [FOLDER],
        '"folder" writes to /srv/released, where chains.all has no volume that lasts: mount one (claims)',
        "the root file system is read-only",
    ),
    (
        "production",
        [
            'config.delivery.destinations[0]={"name":"f","kind":"folder","path":"/var/lib/deidstream/f","projects":["research"]}'
        ],
        "chains.delivery has no volume that lasts",
        "with Kafka the state goes with the Pod",
    ),
    (
        "small",
        ['config.ingest.folders=[{"name":"drop","path":"/srv/drop"}]'],
        '"drop" reads /srv/drop, where chains.all has no volume: mount one (claims)',
        "nothing would ever be there",
    ),
    (
        "small",
        ['config.resolver.projects[0].policy="ours.yaml"'],
        'the policy ours.yaml of "research" is not in chains.all: make it a Secret and mount that (secrets)',
        "no Pod would start",
    ),
    (
        "production",
        ['config.resolver.projects[0].pseudonyms="/run/secrets/legacy/legacy.csv"'],
        'the pseudonyms /run/secrets/legacy/legacy.csv of "research" are not in chains.core: make them a Secret',
        "no resolver would start, or people would get other names",
    ),
    (
        "small",
        ['config.deployment={"state":"/data"}'],
        "config.deployment.state: follows from other values",
        "two truths",
    ),
    (
        "small",
        ['config.ingest.fhir=[{"port":8080,"token":"x","sources":[{"name":"f"}]}]'],
        "set configKind to Secret",
        "a token in a ConfigMap",
    ),
    ("small", ["config.ingest.mllp[1].port=2575"], "two listeners have port 2575", "a port is bound once"),
    ("small", ["config.ingest.mllp[1].port=9464"], "two listeners have port 9464", "the health pages are there"),
    ("small", ["networkPolicy.senders=[]"], "networkPolicy.senders: say who may send", "nobody could"),
    (
        "small",
        ["networkPolicy.destinations=[]"],
        'networkPolicy.destinations: say where "warehouse" is',
        "releases would wait",
    ),
    ("small", [ARCHIVE], "networkPolicy.reporters: say who may report", "what is sent would never count as delivered"),
    (
        "small",
        [ARCHIVE, REPORTERS, "config.delivery.destinations[1].commitment.port=2575"],
        "two listeners have port 2575",
        "a port of reports is bound once too",
    ),
    (
        "production",
        [ARCHIVE, REPORTERS],
        "chains.delivery.replicas: reports of storage commitment come to one Pod",
        "a report would come to the wrong Pod",
    ),
    ("small", ['test.source="nobody"'], 'config.ingest.mllp has no source "nobody"', "the test would fail"),
    ("production", ['database.url=""'], "database.url: with Kafka there are several Pods", "identities would differ"),
    (
        "production",
        ['database.url="postgresql://u:p@h/d"'],
        "database.url: holds a password",
        "it would stand in a ConfigMap",
    ),
    (
        "production",
        ['database.url="postgresql://u@h/d?passfile=/x"'],
        "database.password",
        "libpq ignores a file that a group may read",
    ),
    ("production", ["kafka.users.core=null"], "kafka.users.core: protocol SASL_SSL needs", "nobody would be let in"),
    (
        "production",
        ['kafka.users.cores={"user":"x","secret":"x"}'],
        "kafka.users.cores: no such chain",
        "a typing error",
    ),
    (
        "small",
        ['config.ingest.topics=[{"name":"orders","topic":"orders","servers":"kafka.example:9092"}]'],
        'networkPolicy.sources: say where what ingest asks for "orders" (config.ingest.topics) is',
        "no order would ever be read",
    ),
    (
        "small",
        ['config.ingest.buckets=[{"name":"scans","url":"s3://scans?endpoint=https://s3.example"}]'],
        'networkPolicy.sources: say where what ingest asks for "scans" (config.ingest.buckets) is',
        "no scan would ever be read",
    ),
    (
        "production",
        ['config.ingest.dicom[0].allowed[0].report_to="pacs.example:104"'],
        'networkPolicy.sources: say where what ingest asks for "pacs" (config.ingest.dicom) is',
        "no commitment would ever be reported",
    ),
    (
        "production",
        ['chains.core.resources={"requests":{"memory":"2Gi"}}'],
        "chains.core.resources.requests.cpu: the autoscaler goes by the share of it that is used",
        "it would never scale",
    ),
    (
        "production",
        ["networkPolicy.kafka.to=[]"],
        "networkPolicy.kafka: say where the brokers are",
        "nothing would run",
    ),
    ("production", ["networkPolicy.database.to=[]"], "networkPolicy.database.to", "nothing would run"),
    ("production", ["networkPolicy.artifacts.to=[]"], "networkPolicy.artifacts.to", "large messages would wait"),
    ("production", ["networkPolicy.collector.to=[]"], "networkPolicy.collector.to", "no trace would come"),
    ("production", ['chains.pictures.stages=["image"]'], "image and heads belong together", "a face would pass"),
    (
        "production",
        ['chains.core.stages=["fields","text","resolver","writer","delivery"]'],
        "a stage stands in two chains",
        "two would have one name",
    ),
    ("production", ['image.digests.light="sha256:12"'], "digest", "it names nothing"),
    ("production", ['kafka.servers="kafka-1"'], "servers", "no port"),
]


@pytest.mark.parametrize(
    ("example", "settings", "said", "why"), _REFUSED, ids=[row[3].replace(" ", "-") for row in _REFUSED]
)
def test_wrong_values_are_refused_with_a_message_that_helps(
    example: str, settings: list[str], said: str, why: str
) -> None:
    assert said in refused(example, *settings)
