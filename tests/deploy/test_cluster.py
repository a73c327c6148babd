"""The chart before a real Kubernetes API server: accepted strictly, installed, upgraded, rolled back, restricted."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.deploy.cluster import Cluster, cluster
from tests.deploy.helm import CHART, EXAMPLES, OPERATOR, helm, of_kind, rendered
from tests.full.java import CACHE, absent, wait_for

pytestmark = pytest.mark.deploy


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as lab:
        lab.namespace("deid", enforce="restricted")
        yield lab


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_server_takes_every_resource_as_it_stands(lab: Cluster, example: str) -> None:
    resources = rendered(example)
    done = lab.checked("deid", resources)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(resources)


def test_the_prometheus_operator_takes_its_resources(lab: Cluster) -> None:
    definitions = CACHE / "deploy/crds"
    if not definitions.exists():
        absent("no definitions of the Prometheus operator")
    done = lab.kubectl("apply", "--server-side", "-f", f"{definitions}/")
    assert done.returncode == 0, done.stderr
    ours = [one for one in rendered("production", *OPERATOR) if one["apiVersion"].startswith("monitoring.")]
    assert {one["kind"] for one in ours} == {"ServiceMonitor", "PrometheusRule"}
    wait_for(lambda: lab.checked("deid", ours).returncode == 0, "the server takes them", 30)
    ours[0]["spec"]["endpoint"] = []
    assert "unknown field" in lab.checked("deid", ours).stderr


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
    for kind in ("StatefulSet", "Job"):
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


def test_no_account_of_a_process_may_ask_the_server_for_anything(lab: Cluster) -> None:
    for name in of_kind(rendered("production"), "ServiceAccount"):
        account = f"system:serviceaccount:deid:{name}"
        for verb, kind in (("get", "secrets"), ("list", "pods"), ("create", "pods"), ("get", "configmaps")):
            done = lab.kubectl("auth", "can-i", verb, kind, "-n", "deid", f"--as={account}")
            assert done.stdout.strip() == "no"
