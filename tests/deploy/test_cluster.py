"""The chart before a real Kubernetes API server: accepted strictly, installed, upgraded, rolled back, restricted."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from tests.deploy.cluster import Cluster, cluster
from tests.deploy.definitions import FOLDERS, custom, definitions
from tests.deploy.helm import CHART, EXAMPLES, KEDA, OPERATOR, helm, of_kind, rendered
from tests.deploy.test_chart_keys import KMS, ROLE, VAULT, given
from tests.full.java import CACHE, wait_for

pytestmark = pytest.mark.deploy


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as lab:
        lab.namespace("deid", enforce="restricted")
        _define(lab)
        yield lab


def _define(lab: Cluster) -> None:
    """The operators' definitions, so that the server takes their resources, and refuses what is wrong with them."""
    for name in FOLDERS:
        done = lab.kubectl("apply", "--server-side", "-f", f"{CACHE / 'deploy' / name}/")
        assert done.returncode == 0, done.stderr
    names = [f"crd/{yaml.safe_load(file.read_text())['metadata']['name']}" for file in definitions()]
    done = lab.kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_server_takes_every_resource_as_it_stands(lab: Cluster, example: str) -> None:
    resources = rendered(example, *KEDA)
    done = lab.checked("deid", resources)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(resources)


def test_operators_take_their_resources_and_would_not_take_an_unknown_field(lab: Cluster) -> None:
    ours = list(custom(rendered("operators", *OPERATOR, *KEDA)))
    kinds = {one["kind"]: one for one in ours}
    assert kinds.keys() >= {"ServiceMonitor", "PrometheusRule", "Kafka", "KafkaUser", "Cluster", "ScaledObject"}
    done = lab.checked("deid", ours)
    assert done.returncode == 0, done.stderr
    for one in kinds.values():
        wrong = deepcopy(one)
        wrong["spec"]["mistyped"] = []
        assert "unknown field" in lab.checked("deid", [wrong]).stderr, one["kind"]


@pytest.mark.parametrize("example", ["production", "operators"])
@pytest.mark.parametrize("elsewhere", [VAULT, KMS], ids=["vault", "kms"])
def test_the_server_takes_what_keys_that_lie_elsewhere_need(
    lab: Cluster, example: str, elsewhere: tuple[str, ...]
) -> None:
    resources = rendered(example, *KEDA, *given(*elsewhere))
    done = lab.checked("deid", [*resources, *_pods(resources)])
    assert (done.returncode, done.stderr) == (0, "")


def test_it_would_have_refused_a_token_for_vault_that_is_none(lab: Cluster) -> None:
    (core,) = (one for one in _pods(rendered("production", *given(*VAULT))) if "-core-" in one["metadata"]["name"])
    (volume,) = (one["projected"] for one in core["spec"]["volumes"] if one["name"] == "vault")
    for change, said in (
        ({"expirationSeconds": 60}, "may not specify a duration less than 10 minutes"),
        ({"path": ""}, "Required value"),
        ({"audiences": ["vault"]}, "unknown field"),
    ):
        volume["sources"][0]["serviceAccountToken"] |= change
        done = lab.checked("deid", [core])
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
        volume["sources"][0]["serviceAccountToken"] = {"path": "token", "audience": "vault", "expirationSeconds": 3600}


def test_keys_move_from_secrets_to_vault_to_a_key_service_and_back(lab: Cluster) -> None:
    namespace = lab.namespace("moving", enforce="restricted")

    def done(*arguments: Any) -> None:
        outcome = helm(*arguments, "-n", namespace, "--no-hooks", environment=lab.environment)
        assert outcome.returncode == 0, outcome.stderr

    def volumes() -> set[str]:
        pod = lab.got("statefulset", namespace)["site-deidstream-delivery"]["spec"]["template"]["spec"]
        return {one["name"] for one in pod["volumes"]} & {"keys", "vault"}

    def role() -> str | None:
        account = lab.got("serviceaccount", namespace)["site-deidstream-delivery"]["metadata"]
        return account.get("annotations", {}).get("eks.amazonaws.com/role-arn")

    values = ("site", CHART, "-f", EXAMPLES["production"])
    done("install", *values)
    assert (volumes(), role()) == ({"keys"}, None)
    done("upgrade", *values, *given(*VAULT))
    assert (volumes(), role()) == ({"vault"}, None)
    done("upgrade", *values, *given(*KMS))
    assert (volumes(), role()) == ({"keys"}, ROLE)
    done("rollback", "site", "2")
    assert (volumes(), role()) == ({"vault"}, None)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("spec", "template", "spec", "terminationGracePeriod"), 60, "unknown field"),
        (("spec", "template", "spec", "containers", 0, "imagePullPolicy"), "Sometimes", "imagePullPolicy"),
        (("spec", "selector", "matchLabels", "app.kubernetes.io/component"), "other", "selector"),
        (("spec", "template", "spec", "containers", 0, "volumeMounts", 0, "name"), "nothing", "Not found"),
        (("spec", "template", "spec", "containers", 0, "resources", "requests", "memory"), "64Gi", "memory limit"),
    ],
)
def test_it_would_have_refused_what_is_wrong(lab: Cluster, path: tuple[Any, ...], value: object, said: str) -> None:
    (one,) = of_kind(rendered("small"), "StatefulSet").values()
    place: Any = one
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    done = lab.checked("deid", [one])
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def _pods(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of every workload one, as its controller would make it."""
    found = [deepcopy(one) for one in of_kind(resources, "Pod").values()]
    for kind in ("StatefulSet", "Deployment", "Job"):
        for name, one in of_kind(resources, kind).items():
            pod = deepcopy(one["spec"]["template"])
            mounted = [claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])]
            pod["spec"].setdefault("volumes", []).extend(
                {"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in mounted
            )
            found.append(
                {"apiVersion": "v1", "kind": "Pod", **pod, "metadata": {"name": f"{name}-1", **pod["metadata"]}}
            )
    return found


@pytest.mark.parametrize("example", EXAMPLES)
def test_pods_are_let_into_a_namespace_that_is_restricted_and_would_not_be_with_less(
    lab: Cluster, example: str
) -> None:
    pods = _pods(rendered(example))
    assert len(pods) >= 2
    done = lab.checked("deid", pods)
    assert done.returncode == 0, done.stderr
    for pod in pods:
        pod["spec"]["containers"][0]["securityContext"].pop("capabilities")
        refused = lab.checked("deid", [pod])
        assert (refused.returncode, "violates PodSecurity" in refused.stderr) == (1, True), refused.stderr


def test_installed_upgraded_and_rolled_back(lab: Cluster) -> None:
    namespace = lab.namespace("life", enforce="restricted")
    common = ("-n", namespace, "--no-hooks")  # a Job never ends where nothing runs it; the server has checked it above
    values = ("-f", EXAMPLES["production"])

    def done(*arguments: Any) -> str:
        outcome = helm(*arguments, *common, environment=lab.environment)
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    def state() -> tuple[Any, ...]:
        core = lab.got("statefulset", namespace)["site-deidstream-core"]["spec"]["template"]
        config = lab.got("configmap", namespace)["site-deidstream-config"]["data"]["deidstream.yaml"]
        return core["metadata"]["annotations"]["checksum/config"], config

    assert "deidstream-key-surrogate.research" in done("install", "site", CHART, *values)
    first = state()
    uids = {name: one["metadata"]["uid"] for name, one in lab.got("statefulset", namespace).items()}
    done("upgrade", "site", CHART, *values, "--set", "config.deployment.retained_days=7")
    second = state()
    assert second[0] != first[0]
    assert "retained_days: 7" in second[1]
    done(
        "upgrade",
        "site",
        CHART,
        *values,
        "--set-json",
        "chains.pictures=null",
        "--set-json",
        "kafka.users.pictures=null",
    )
    assert "site-deidstream-pictures" not in lab.got("statefulset", namespace)
    done("rollback", "site", "1")
    assert state() == first
    again = lab.got("statefulset", namespace)
    assert set(again) == set(uids)
    kept = [name for name in uids if again[name]["metadata"]["uid"] == uids[name]]
    assert sorted(set(uids) - set(kept)) == [
        "site-deidstream-pictures"
    ]  # the others were changed in place: no Pod goes without need


def test_the_setup_comes_first_with_its_path_open_and_leaves_nothing(lab: Cluster) -> None:
    """Where a namespace denies what no policy opens, its policy has to be there before it."""
    namespace, name = lab.namespace("first", enforce="restricted"), "site-deidstream-setup"

    def install() -> subprocess.CompletedProcess[str]:
        where = ("-n", namespace, "-f", EXAMPLES["production"], "--timeout", "90s")
        return helm("install", "site", CHART, *where, environment=lab.environment)

    with ThreadPoolExecutor(1) as pool:
        installing = pool.submit(install)
        wait_for(lambda: name in lab.got("job", namespace) or installing.done(), "the Job is there", 60)
        assert not installing.done(), installing.result().stderr
        (policy,) = lab.got("networkpolicy", namespace).values()
        labels = lab.got("job", namespace)[name]["spec"]["template"]["metadata"]["labels"]
        assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        assert {9093, 5432} <= {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
        assert lab.got("statefulset", namespace) == {}
        _end(lab, namespace, name)
        done = installing.result()
    assert done.returncode == 0, done.stderr
    assert name not in {
        *lab.got("job", namespace),
        *lab.got("networkpolicy", namespace),
        *lab.got("configmap", namespace),
    }
    assert f"{name.removesuffix('-setup')}-core" in lab.got("statefulset", namespace)


def _end(lab: Cluster, namespace: str, job: str) -> None:
    """As its controller says that a Job has ended well."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": now, "lastProbeTime": now}
        for kind in ("SuccessCriteriaMet", "Complete")
    ]
    status = {"status": {"succeeded": 1, "startTime": now, "completionTime": now, "conditions": conditions}}
    patch = ("patch", "job", job, "-n", namespace, "--subresource=status", "--type=merge", "-p", json.dumps(status))
    done = lab.kubectl(*patch)
    assert done.returncode == 0, done.stderr


def test_no_account_of_a_process_may_ask_the_server_for_anything(lab: Cluster) -> None:
    for name in of_kind(rendered("production"), "ServiceAccount"):
        account = f"system:serviceaccount:deid:{name}"
        for verb, kind in (("get", "secrets"), ("list", "pods"), ("create", "pods"), ("get", "configmaps")):
            done = lab.kubectl("auth", "can-i", verb, kind, "-n", "deid", f"--as={account}")
            assert done.stdout.strip() == "no"
