"""The manifest is what KubeRay and Kubernetes take, and names secrets without holding any."""

from __future__ import annotations

import importlib.util
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from selftranslate import cli

MANIFEST = Path(__file__).parents[1] / "examples" / "kubernetes" / "rayjob.yaml"


def strict(required: str = "", **properties: Any) -> dict[str, Any]:
    """An object that has these fields and no other."""
    made = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, "required": required.split()}


TEXT, WHOLE, POD = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "object"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
GROUP = {"rayStartParams": TEXTS, "template": POD}
RAYJOB = strict(
    "apiVersion kind metadata spec",
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=strict("name", name=TEXT, namespace=TEXT, labels=TEXTS, annotations=TEXTS),
    spec=strict(
        "entrypoint rayClusterSpec",
        entrypoint=TEXT,
        submissionMode={"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode"]},
        backoffLimit=WHOLE,
        activeDeadlineSeconds=WHOLE,
        shutdownAfterJobFinishes={"type": "boolean"},
        ttlSecondsAfterFinished=WHOLE,
        rayClusterSpec=strict(
            "headGroupSpec",
            rayVersion=TEXT,
            enableInTreeAutoscaling={"type": "boolean"},
            autoscalerOptions=strict(
                idleTimeoutSeconds=WHOLE,
                upscalingMode={"enum": ["Default", "Aggressive", "Conservative"]},
                resources=strict(requests=TEXTS, limits=TEXTS),
            ),
            headGroupSpec=strict("template", **GROUP),
            workerGroupSpecs={
                "type": "array",
                "items": strict(
                    "groupName template",
                    groupName=TEXT,
                    replicas=WHOLE,
                    minReplicas=WHOLE,
                    maxReplicas=WHOLE,
                    numOfHosts=WHOLE,
                    **GROUP,
                ),
            },
        ),
    ),
)
"""The part of KubeRay's RayJob that is used here; the pods inside have Kubernetes' own schema."""


@pytest.fixture
def job() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(MANIFEST.read_text("utf-8"))
    return found


def templates(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    cluster = job["spec"]["rayClusterSpec"]
    for group in [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]:
        yield group["template"]


def refused(job: dict[str, Any]) -> list[str]:
    import kubernetes_validate

    found = [error.message for error in Draft202012Validator(RAYJOB).iter_errors(job)]
    for template in templates(job):
        pod = {"apiVersion": "v1", "kind": "PodTemplate", "template": template}
        try:
            kubernetes_validate.validate(pod, "1.37", strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(error.message)
    return found


needs_schemas = pytest.mark.skipif(
    importlib.util.find_spec("kubernetes_validate") is None, reason="no Kubernetes schemas"
)


@needs_schemas
def test_the_manifest_is_what_kuberay_and_kubernetes_take(job: dict[str, Any]) -> None:
    assert refused(job) == []


@needs_schemas
def test_a_wrong_manifest_is_not_taken(job: dict[str, Any]) -> None:
    job["spec"]["shutDownAfterJobFinishes"] = True
    cluster = job["spec"]["rayClusterSpec"]
    cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] = 0
    cluster["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]["image_"] = "x"
    assert len(refused(job)) == 3


def test_its_command_is_one_of_ours(job: dict[str, Any]) -> None:
    program: Any = typer.main.get_command(cli.app)
    name, verb, *arguments = shlex.split(job["spec"]["entrypoint"])
    context = program.commands[verb].make_context(verb, arguments)
    assert name == "selftranslate" and context.params["runtime"] == "ray"
    most = job["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]["maxReplicas"]
    assert context.params["workers"] == most, "each pod of the group has one GPU: a worker each"


def test_secrets_are_only_named_and_nobody_is_root(job: dict[str, Any]) -> None:
    for template in templates(job):
        pod = template["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            assert {one["secretRef"]["name"] for one in container["envFrom"]} == {"store", "hub"}
            assert {one["name"] for one in container["env"]} == {
                "RAY_USAGE_STATS_ENABLED",
                "HF_HOME",
            }
            mounted = {one["name"] for one in container["volumeMounts"]}
            assert mounted == {one["name"] for one in pod["volumes"]}
