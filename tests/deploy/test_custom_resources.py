"""What the chart asks of operators: each resource is one that its operator knows, and says what the code says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from deidstream.adapters.kafka_topics import Topic
from deidstream.cli.topics import topics_of
from deidstream.stream.deployment import Deployment
from deidstream.stream.rights import Right, lag_rights, monitor_rights, rights_of
from deidstream.stream.settings import Settings
from deidstream.stream.stages import STAGES

from tests.cli.command import run
from tests.deploy.definitions import Schema, custom, mistakes, schemas
from tests.deploy.helm import CHART, KEDA, OPERATOR, chains, of_kind, refused, rendered, stages_of

pytestmark = [pytest.mark.deploy]

_VARIANTS = {
    "as it stands": (),
    "scram": ("--set", "kafka.strimzi.authentication=scram-sha-512"),
    "brokers that are controllers": (
        *("--set", "kafka.strimzi.controllers.replicas=0", "--set", "kafka.strimzi.brokers.replicas=1"),
        *("--set", "database.operator.instances=1"),
    ),
    "on processors": ("--set", "triton.gpus=0", "--set", "triton.backend=python"),
}

_NO_CANARIES = (
    *("--set", "monitor.canaries.secret="),
    *("--set-json", "keys.external.credentials.deidstream-canaries=null"),
)


@pytest.fixture(scope="module")
def known() -> dict[tuple[str, str], Schema]:
    return schemas()


@pytest.mark.parametrize("variant", _VARIANTS)
def test_each_operator_takes_its_resources(known: dict[tuple[str, str], Schema], variant: str) -> None:
    ours = list(custom(rendered("operators", *OPERATOR, *KEDA, *_VARIANTS[variant])))
    kinds = {one["kind"] for one in ours}
    assert kinds >= {"Kafka", "KafkaNodePool", "KafkaUser", "KafkaTopic", "Cluster", "ScaledObject", "ExternalSecret"}
    assert [(one["kind"], wrong) for one in ours for wrong in mistakes(one, known)] == []


def _places(tree: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Of every mapping below ``spec`` that a definition describes field by field."""
    if isinstance(tree, dict):
        yield path
        for name, one in tree.items():
            if name not in ("config", "metadata", "matchLabels", "parameters", "requests", "limits"):
                yield from _places(one, (*path, name))
    elif isinstance(tree, list):
        for number, one in enumerate(tree):
            yield from _places(one, (*path, number))


def test_a_typing_error_in_any_of_them_would_have_been_seen(known: dict[tuple[str, str], Schema]) -> None:
    seen = 0
    for one in {one["kind"]: one for one in custom(rendered("operators", *OPERATOR, *KEDA))}.values():
        for path in _places(one["spec"], ("spec",)):
            wrong = deepcopy(one)
            place: Any = wrong
            for step in path:
                place = place[step]
            place["mistyped"] = 1
            assert mistakes(wrong, known), (one["kind"], path)
            seen += 1
    assert seen > 60


def _configured(folder: Path, resources: list[dict[str, Any]]) -> Path:
    """The configuration that is mounted, without the files that only a Pod has."""
    (text,) = of_kind(resources, "ConfigMap")["site-deidstream-config"]["data"].values()
    tree = yaml.safe_load(text)
    kafka = tree["deployment"]["kafka"]
    tree["deployment"]["kafka"] = {name: kafka[name] for name in kafka if name not in ("ca", "protocol", "mechanism")}
    path = folder / "deidstream.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


def test_the_table_of_rights_is_that_of_the_code() -> None:
    table = yaml.safe_load((CHART / "files/stages.yaml").read_text())["rights"]

    def told(rows: list[dict[str, Any]]) -> set[Right]:
        return {Right(**{**row, "operations": tuple(row["operations"])}) for row in rows}

    assert set(table["stages"]) == set(STAGES) - {"review"}
    for stage, rows in table["stages"].items():
        more = set(rights_of((stage,))) - told(rows)
        assert told(rows) < set(rights_of((stage,))) or stage in ("ingest", "delivery")
        assert {(one.kind, one.name.rpartition(".")[0]) for one in more} <= {
            ("group", ""),
            ("transactional-id", "deidstream.deidstream"),
        }
    assert told(table["monitor"]) == set(monitor_rights(False))
    assert told(table["monitor"] + table["canaries"]) == set(monitor_rights(True))
    assert told(table["lag"]) == set(lag_rights())


@pytest.mark.parametrize("more", [(), _NO_CANARIES, ("--set", "kafka.prefix=")])
def test_users_have_the_rights_that_the_command_prints_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    resources = rendered("operators", *KEDA, *more)
    (monitor,) = of_kind(resources, "Deployment").values()
    for one in monitor["spec"]["template"]["spec"]["containers"][0]["env"]:
        if one["name"].startswith("DEIDSTREAM_MONITOR__"):
            monkeypatch.setenv(one["name"], one["value"])
    printed = run("topics", "rights", "--config", _configured(tmp_path, resources), "--lag")
    assert printed.code == 0, printed.err
    wanted: dict[str, set[tuple[str, ...]]] = {}
    for line in printed.out.splitlines():
        words = line.replace("'", "").split()
        user = words[words.index("--allow-principal") + 1].removeprefix("User:deidstream-")
        kind = next(word[2:] for word in words if word in ("--topic", "--group", "--transactional-id"))
        name, pattern = words[words.index(f"--{kind}") + 1], words[-1]
        for at, word in enumerate(words):
            if word == "--operation":
                wanted.setdefault(user, set()).add((kind, name, pattern, words[at + 1].lower()))
    assert wanted.pop("setup")  # Strimzi makes the topics
    found = {name.removeprefix("site-deidstream-"): stages_of(one)[0] for name, one in chains(resources).items()}
    named = found | {"monitor": "monitor", "lag": "lag"}
    users = of_kind(resources, "KafkaUser")
    assert set(users) == {f"site-deidstream-{name}" for name in named}
    for name, first in named.items():
        acls = users[f"site-deidstream-{name}"]["spec"]["authorization"]["acls"]
        given = {
            (
                one["resource"]["type"].replace("transactionalId", "transactional-id"),
                one["resource"]["name"],
                one["resource"]["patternType"].replace("prefix", "prefixed"),
                operation.lower(),
            )
            for one in acls
            for operation in one["operations"]
        }
        assert given == wanted[first], name


@pytest.mark.parametrize(
    "more", [(), ("--set-json", 'config.deployment={"kafka":{"raw_days":2.5,"partitions":12,"replication":2}}')]
)
def test_topics_are_those_that_the_command_would_make(tmp_path: Path, more: tuple[str, ...]) -> None:
    resources = rendered("operators", *more)
    settings = Settings.load(_configured(tmp_path, resources), {})
    kafka = Deployment.of(settings).kafka
    copies = kafka.replication or 0
    assert copies == (2 if more else 3)
    wanted = {
        f"site.{name}": Topic(name, kafka.partitions, keep, copies, max(1, copies - 1))
        for name, keep in topics_of(settings).items()
    }
    found = {one["spec"]["topicName"]: one["spec"] for one in of_kind(resources, "KafkaTopic").values()}
    assert set(found) == set(wanted)
    for name, topic in wanted.items():
        assert (found[name]["partitions"], found[name]["replicas"]) == (topic.partitions, topic.replication)
        assert found[name]["config"] == topic.config()
    assert "research.out" in {one.name for one in wanted.values()}


def test_each_process_proves_who_it_is_with_what_strimzi_gives_it() -> None:
    for how, entries in (("tls", ["user.crt", "user.key"]), ("scram-sha-512", ["password"])):
        resources = rendered("operators", "--set", f"kafka.strimzi.authentication={how}")
        for one in chains(resources).values():
            (volume,) = (v["projected"] for v in one["spec"]["template"]["spec"]["volumes"] if v["name"] == "kafka")
            mounted = {s["secret"]["name"]: [i["key"] for i in s["secret"]["items"]] for s in volume["sources"]}
            assert mounted == {one["metadata"]["name"]: entries, "site-deidstream-cluster-ca-cert": ["ca.crt"]}


def test_one_autoscaler_a_chain_by_lag_where_it_can_be_and_by_processors_elsewhere() -> None:
    def scaled(*more: str) -> tuple[set[str], set[str]]:
        resources = rendered("operators", *more)
        by_lag = of_kind(resources, "ScaledObject").values()
        return (
            {one["spec"]["scaleTargetRef"]["name"].removeprefix("site-deidstream-") for one in by_lag},
            {name.removeprefix("site-deidstream-") for name in of_kind(resources, "HorizontalPodAutoscaler")},
        )

    assert scaled(*KEDA) == ({"identify", "core", "delivery"}, {"ingest"})  # ingest reads no topic of ours
    assert scaled() == (set(), {"identify", "core", "delivery", "ingest"})
    assert scaled("--set", "autoscaling.keda=always")[0] == {"identify", "core", "delivery"}
    assert scaled(*KEDA, "--set", "autoscaling.keda=never")[0] == set()


def test_lag_is_asked_of_the_groups_in_which_stages_read() -> None:
    found = of_kind(rendered("operators", *KEDA), "ScaledObject")
    triggers = {name.removeprefix("site-deidstream-"): one["spec"]["triggers"] for name, one in found.items()}

    def asked(chain: str) -> list[tuple[str, str, str]]:
        metadata = [one["metadata"] for one in triggers[chain] if one["type"] == "kafka"]
        return [(one["topic"], one["consumerGroup"], one["lagThreshold"]) for one in metadata]

    assert asked("core") == [
        (f"site.deidstream.{stage}.v1", "site.deidstream", "200") for stage in ("fields", "text", "resolver", "writer")
    ]
    releases = "site.deidstream.releases.v1"
    assert asked("delivery") == [(releases, f"site.delivery.{name}", "500") for name in ("warehouse", "stream")]


def test_on_brokers_of_others_lag_is_asked_only_by_a_user_that_is_named() -> None:
    assert not of_kind(rendered("production", *KEDA), "ScaledObject")
    user = ("--set-json", 'kafka.users.lag={"user":"deidstream-lag","secret":"deidstream-lag"}')
    resources = rendered("production", *KEDA, *user)
    assert set(of_kind(resources, "ScaledObject")) == {"site-deidstream-core"}
    assert not of_kind(resources, "HorizontalPodAutoscaler")
    proof = of_kind(resources, "TriggerAuthentication")["site-deidstream-lag"]["spec"]
    assert {one["parameter"] for one in proof["secretTargetRef"]} == {"password", "ca"}
    assert of_kind(resources, "ConfigMap")["site-deidstream-lag"]["data"] == {"user": "deidstream-lag"}


def test_every_secret_of_keys_that_is_mounted_comes_from_the_store() -> None:
    resources = rendered("operators")
    made = of_kind(resources, "ExternalSecret")
    text = json.dumps([one["spec"]["template"] for one in chains(resources).values()])
    for name, one in made.items():
        (data,) = one["spec"]["data"]
        if name.startswith("deidstream-key-"):
            purpose = data["secretKey"].removesuffix(".json")
            assert name in text
            assert data["remoteRef"] == {"key": f"secret/data/deidstream/{purpose}", "property": "file"}
        assert one["spec"]["target"]["deletionPolicy"] == "Retain"
    mounted = {
        source["secret"]["name"]
        for one in chains(resources).values()
        for volume in one["spec"]["template"]["spec"]["volumes"]
        if volume["name"] == "keys"
        for source in volume["projected"]["sources"]
    }
    assert mounted == {name for name in made if name.startswith("deidstream-key-")}
    assert {"deidstream-s3", "deidstream-canaries"} < set(made)


def test_what_holds_data_stays_when_the_release_goes() -> None:
    for one in custom(rendered("operators", *KEDA)):
        kept = one["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"
        assert kept == (one["kind"] in ("Kafka", "KafkaNodePool", "KafkaTopic", "Cluster")), one["kind"]


def test_a_database_that_the_release_makes_is_migrated_after_it_is_there_and_before_pods_change_later() -> None:
    first = of_kind(rendered("operators"), "Job")["site-deidstream-first-setup"]
    assert "annotations" not in first["metadata"]
    assert first["spec"]["backoffLimit"] >= 10
    later = of_kind(rendered("operators", "--is-upgrade"), "Job")["site-deidstream-setup"]
    assert later["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert not later["spec"]["template"]["spec"].get("initContainers")  # topics are Strimzi's


def test_the_monitor_gets_the_key_of_releases_alone_and_only_to_look_for_canaries() -> None:
    def secrets(*more: str) -> set[str]:
        (one,) = of_kind(rendered("operators", *more), "Deployment").values()
        pod = one["spec"]["template"]["spec"]
        sources = [s for v in pod["volumes"] if "projected" in v for s in v["projected"]["sources"]]
        plain = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
        return plain | {source["secret"]["name"] for source in sources}

    kafka = {"site-deidstream-monitor", "site-deidstream-cluster-ca-cert"}
    assert secrets() == {*kafka, "deidstream-key-release", "deidstream-canaries", "deidstream-s3"}
    assert secrets(*_NO_CANARIES) == kafka


def test_triton_gets_the_tagger_of_this_version_and_answers_in_tls_alone() -> None:
    resources = rendered("operators")
    pod = of_kind(resources, "StatefulSet")["site-deidstream-triton"]["spec"]["template"]["spec"]
    assert pod["initContainers"][0]["args"][:5] == [
        *("models", "push", "/models/phi-tagger/standard", "--to", "/repository")
    ]
    server = pod["containers"][0]
    assert server["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert "--grpc-use-ssl=true" in server["args"]
    (config,) = of_kind(resources, "ConfigMap")["site-deidstream-config"]["data"].values()
    tagger = yaml.safe_load(config)["text"]["tagger"]
    assert tagger["triton"] == {"address": "site-deidstream-triton:8001", "ca": "/run/deidstream/triton/ca.crt"}
    policy = of_kind(resources, "NetworkPolicy")["site-deidstream-triton"]["spec"]
    assert (policy["policyTypes"], policy.get("egress")) == (["Ingress", "Egress"], None)


_PICTURES = {"stages": ["image", "heads"], "replicas": 1}


def test_triton_gets_the_models_of_pictures_too_and_who_looks_at_them_asks_it() -> None:
    looking = ("--set-json", f"chains.pictures={json.dumps(_PICTURES)}", "--set", "triton.pictures=true")
    resources = rendered("operators", *looking)
    pod = of_kind(resources, "StatefulSet")["site-deidstream-triton"]["spec"]["template"]["spec"]
    models = ["phi-tagger/standard", "ocr/lines", "ocr/characters", "faces/centerface"]
    assert pod["initContainers"][0]["args"][2:7] == [*(f"/models/{name}" for name in models), "--to"]
    assert pod["initContainers"][0]["image"].endswith("-image")
    (config,) = of_kind(resources, "ConfigMap")["site-deidstream-config"]["data"].values()
    assert yaml.safe_load(config)["image"] == {
        "triton": {"address": "site-deidstream-triton:8001", "ca": "/run/deidstream/triton/ca.crt"}
    }
    alone = rendered("operators", *looking, "--set-json", "config.text.tagger=null")
    pod = of_kind(alone, "StatefulSet")["site-deidstream-triton"]["spec"]["template"]["spec"]
    assert pod["initContainers"][0]["args"][2:6] == [*(f"/models/{name}" for name in models[1:]), "--to"]
    policies = of_kind(resources, "NetworkPolicy")
    asked = policies["site-deidstream-triton"]["spec"]["ingress"][0]["from"]
    names = {peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for peer in asked}
    assert names == {"core", "pictures"}  # core writes, and looks again at what it has painted
    for name in names:
        volumes = of_kind(resources, "StatefulSet")[f"site-deidstream-{name}"]["spec"]["template"]["spec"]["volumes"]
        assert "triton" in {volume["name"] for volume in volumes}


_REFUSED = [
    (['kafka.servers="kafka-1:9093"'], "kafka.strimzi makes the brokers", "two clusters"),
    (['kafka.users.core={"secret":"x"}'], "kafka.strimzi makes the users", "two users"),
    (["kafka.strimzi.controllers.replicas=2"], "an odd number", "two of two is no majority"),
    (['config.deployment={"kafka":{"replication":5}}'], "5 copies need as many brokers", "no topic would be made"),
    (['database.url="postgresql://u@h/d"'], "database.operator makes the database", "two databases"),
    (["database.operator.instances=2"], "instances", "a commit would wait for the only standby"),
    (['database.password={"secret":"x"}'], "database.operator makes these Secrets", "nobody would be let in"),
    (["chains.identify.maxReplicas=3"], "identify reads each feed with one process", "one would idle"),
    (["chains.delivery.maxReplicas=3"], "a destination has one process at a time", "one would idle"),
    (["chains.core.maxReplicas=9"], "a partition has one process at a time", "one would idle"),
    (["monitor.enabled=false"], "config.monitor: nobody would read it", "a drift that nobody sees"),
    (['config.monitor.canaries="/x"'], "follows from section monitor", "two truths"),
    (["triton.pictures=true"], "nobody looks at pictures", "models that nobody asks"),
    (['config.image={"triton":{"address":"t:8001"}}'], "set triton.pictures", "two servers"),
    (["config.text.tagger=null"], "it would serve nothing", "an idle server"),
    (['triton.backend="python"'], "runs models on processors", "an idle GPU"),
    (['triton.tls.secret=""'], "would cross the network in the clear", "a text that anybody reads"),
    (['config.text.tagger.folder="/srv/own"'], "must be standard or fast", "no such model in the image"),
    (['config.text.tagger.triton={"address":"t:8001"}'], "triton.enabled makes the server", "two servers"),
    (['keys.external.credentials.nobody={"a":{"key":"b"}}'], "no value names such a Secret", "a typing error"),
    (['keys.external.store.name=""'], "name the store they come from", "no Secret would come"),
    (['keys.external.store.kind="Vault"'], "kind", "a typing error"),
    (["kafka.strimzi.broker.replicas=3"], "broker", "a typing error must not be passed over"),
]


@pytest.mark.parametrize(("settings", "said", "why"), _REFUSED, ids=[row[2].replace(" ", "-") for row in _REFUSED])
def test_wrong_values_are_refused_with_a_message_that_helps(settings: list[str], said: str, why: str) -> None:
    assert said in refused("operators", *settings)


def test_keda_is_refused_where_it_could_not_ask() -> None:
    assert "kafka.users.lag: KEDA asks" in refused("production", 'autoscaling.keda="always"')
    assert "without Kafka there is no lag" in refused("small", 'autoscaling.keda="always"')
    assert "the monitor watches Kafka" in refused("small", "monitor.enabled=true")
