"""What a deployment is made of: each file as its reader will read it."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Literal

import kubernetes_validate
import pytest
import yaml
from dagster_k8s.job import UserDefinedDagsterK8sConfig
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from pydantic import BaseModel, ConfigDict, Field

from deploy.lock import lock
from deploy.prepare import POOLS
from vidpipe.settings import Settings, load_settings, setting_names, unknown_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
#: Of Kubernetes itself; what is older than the newest two is not looked after any more.
KUBERNETES = ("1.31", "1.34")


#: Where Docker writes what containers print; the collector reads it.
DOCKERS_LOGS = "/var/lib/docker/containers"

OUR_OWN = sorted((DEPLOY / "helm" / "manifests").glob("*.yaml"))
OUR_OWN.append(DEPLOY / "helm" / "secret.example.yaml")


def read(path):
    return yaml.safe_load((DEPLOY / path).read_text())


def documents(path):
    return [d for d in yaml.safe_load_all(path.read_text()) if d]


def settings_named():
    return setting_names() | {f"VIDPIPE_POOL_{name.upper()}" for name in POOLS}


# Docker


def test_the_image_is_built_as_the_linter_wants_it():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, DEPLOY / "Dockerfile"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_is_pinned_small_and_nobody():
    text = (DEPLOY / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.M)
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base) for base in bases)
    assert re.findall(r"^USER (.+)$", text, re.M) == ["10001:10001"]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    for copied in re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+)$", text, re.M):
        for name in copied.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert name.split("/")[0] in let_in, f"{name} is kept out by .dockerignore"


def test_every_requirement_has_its_version_in_the_image():
    pins = dict(
        line.split("==")
        for line in (DEPLOY / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [Requirement(text) for text in project["dependencies"]]
    of_image = ["aws", "postgres", "k8s", "api", "ocr"]
    for extra in of_image:
        for requirement in map(Requirement, extras[extra]):
            if requirement.name == "vidpipe":
                of_image += requirement.extras - set(of_image)
            else:
                wanted.append(requirement)
    assert "dagster" in of_image
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name}: run make lock"
        assert requirement.specifier.contains(pins[name], prereleases=True), (
            f"{name}: run make lock"
        )
    assert pins["dagster"] == installed("dagster")


def test_a_report_becomes_constraints():
    report = {
        "install": [
            {"metadata": {"name": "Zed", "version": "2"}},
            {"metadata": {"name": "abc", "version": "1.0"}},
            {"metadata": {"name": "vidpipe", "version": "0.1.0"}},
        ]
    }
    assert lock(report).splitlines()[1:] == ["abc==1.0", "zed==2"]


# Compose


class Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Health(Exact):
    test: list[str]
    interval: str
    timeout: str
    retries: int
    start_period: str = ""


class Service(Exact):
    """What of the Compose specification is used here."""

    image: str = Field(pattern=r"^[^:]+:[^:]*\d[^:]*$")
    hostname: str = ""
    profiles: list[str] = []
    logging: dict[str, Any] = {}
    secrets: list[str] = []
    build: dict[str, str] | None = None
    restart: Literal["no", "unless-stopped"]
    init: bool = False
    cap_drop: list[str] = []
    security_opt: list[str] = []
    environment: dict[str, str] = {}
    entrypoint: list[str] = []
    command: list[str] = []
    mem_limit: str = Field(pattern=r"^\d+[mg]$")
    pids_limit: int
    cpus: float
    volumes: list[str] = []
    ports: list[str] = []
    depends_on: dict[str, dict[str, str]] = {}
    healthcheck: Health | None = None
    stop_grace_period: str = ""


def test_compose_is_whole_pinned_and_closed():
    compose = read("compose.yaml")
    services = {name: Service.model_validate(item) for name, item in compose["services"].items()}
    for name, service in services.items():
        for needed, how in service.depends_on.items():
            assert needed in services, name
            if how["condition"] == "service_healthy":
                assert services[needed].healthcheck is not None, needed
        for volume in service.volumes:
            source = volume.split(":")[0]
            if source == DOCKERS_LOGS:
                assert volume.endswith(":ro")
                continue
            assert source in compose["volumes"] or (DEPLOY / source).exists(), volume
        assert set(service.secrets) <= set(compose["secrets"]), name
        assert all(port.startswith("127.0.0.1:") for port in service.ports), name
        if service.build:
            assert service.cap_drop == ["ALL"], name
            assert service.security_opt == ["no-new-privileges:true"]
        assert unknown_settings(service.environment) == [], name
    assert services["code"].environment["VIDPIPE_DATABASE_URL"]
    workspace = read("workspace.yaml")["load_from"][0]["grpc_server"]
    assert (
        workspace["host"] in services
        and str(workspace["port"]) in services["code"].healthcheck.test
    )


def test_no_secret_has_a_default():
    text = (DEPLOY / "compose.yaml").read_text()
    example = dict(
        line.split("=", 1)
        for line in (DEPLOY / ".env.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    secrets = ("S3_ROOT_USER", "S3_ROOT_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY")
    for name in ("POSTGRES_PASSWORD", *secrets):
        assert f"${{{name}:?" in text, f"compose starts without {name}"
        assert f"${{{name}:-" not in text and example[name] == ""
    assert example["NOTIFY_URL"] == ""
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if "Secret" in str(field.annotation):
            assert not (
                default.get_secret_value() if hasattr(default, "get_secret_value") else default
            ), name
    for secret in documents(DEPLOY / "helm" / "secret.example.yaml"):
        assert not any(secret["stringData"].values())


def test_secrets_of_a_deployment_are_kept_out_of_the_repository():
    for name in ("deploy/.env", ".env"):
        done = subprocess.run(["git", "check-ignore", "-q", name], check=False, cwd=ROOT)
        if done.returncode == 128:
            pytest.skip("this is no checkout")
        assert done.returncode == 0, name
    done = subprocess.run(["git", "check-ignore", "-q", "deploy/.env.example"], check=False)
    assert done.returncode != 0


def test_each_service_knows_the_secrets_that_it_needs():
    services = read("compose.yaml")["services"]
    with_root = {
        n for n, s in services.items() if "MINIO_ROOT_PASSWORD" in s.get("environment", {})
    }
    assert with_root == {"s3", "keys"}
    links = services["links"]["environment"]
    assert "VIDPIPE_STORE_OPTIONS__SECRET_ACCESS_KEY" in links
    assert not [n for n in links if n.startswith(("DAGSTER_", "AWS_", "VIDPIPE_NOTIFY"))]
    # What is uploaded through it is to be noticed.
    assert links["VIDPIPE_DROP_URL"] == services["code"]["environment"]["VIDPIPE_DROP_URL"]
    # A password may hold every character: none stands within an address or within JSON.
    text = (DEPLOY / "compose.yaml").read_text()
    for line in text.splitlines():
        for secret in ("POSTGRES_PASSWORD", "S3_SECRET_KEY", "S3_ROOT_PASSWORD"):
            if f"${{{secret}" in line:
                assert re.fullmatch(rf"\s*[A-Z_0-9]+: \$\{{{secret}(:\?[^}}]*)?\}}", line), line


def test_settings_of_a_bucket_may_stand_one_by_one(monkeypatch):
    monkeypatch.setenv("VIDPIPE_STORE_OPTIONS__SECRET_ACCESS_KEY", 'p@ss"w:o/r#d')
    monkeypatch.setenv("VIDPIPE_STORE_OPTIONS__ENDPOINT", "http://s3:9000")
    assert load_settings().plain_store_options == {
        "secret_access_key": 'p@ss"w:o/r#d',
        "endpoint": "http://s3:9000",
    }


#: What is named here must not be older: each had a fault that strangers could use.
SAFE_FROM = {"starlette": "0.49.1", "pillow": "12.1.1"}


def test_no_dependency_is_older_than_its_last_known_fault():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    floors = {}
    for text in (*project["dependencies"], *project["optional-dependencies"]["service"]):
        requirement = Requirement(text)
        floors[canonicalize_name(requirement.name)] = requirement.specifier
    for name, version in SAFE_FROM.items():
        older = [s for s in floors[name] if s.operator == ">="]
        assert [Version(s.version) >= Version(version) for s in older] == [True], name


# Kubernetes


def test_who_may_reach_the_pods_reaches_all_that_browsers_need():
    policies = {
        d["metadata"]["name"]: d["spec"]
        for d in documents(DEPLOY / "helm" / "manifests" / "cluster.yaml")
        if d["kind"] == "NetworkPolicy"
    }
    let_in = {p["port"] for rule in policies["vidpipe"]["ingress"] for p in rule.get("ports", ())}
    [links, _, service] = documents(DEPLOY / "helm" / "manifests" / "links.yaml")
    [container] = links["spec"]["template"]["spec"]["containers"]
    # A policy sees the port of the pod, not that of the service before it.
    assert {p["containerPort"] for p in container["ports"]} <= let_in and 80 in let_in
    assert service["spec"]["ports"][0]["targetPort"] in let_in
    out = policies["vidpipe-egress"]
    assert out["podSelector"] == {} and out["policyTypes"] == ["Egress"]
    allowed = {p["port"] for rule in out["egress"] for p in rule.get("ports", ())}
    # Names, buckets and webhooks, mail, PostgreSQL.
    assert {53, 443, 465, 587, 5432} <= allowed


def manifests(kind):
    """Documents of a kind in all manifests, by name."""
    found = [d for path in OUR_OWN for d in documents(path)]
    return {d["metadata"]["name"]: d for d in found if d["kind"] == kind}


def test_background_work_has_a_deployment_of_its_own():
    worker = manifests("Deployment")["vidpipe-worker"]["spec"]
    [container] = worker["template"]["spec"]["containers"]
    assert container["command"][:2] == ["vidpipe", "worker"]
    alive = container["command"][container["command"].index("--alive") + 1]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert alive in " ".join(container[probe]["exec"]["command"])
    grace = int(container["command"][container["command"].index("--grace") + 1])
    assert grace < worker["template"]["spec"]["terminationGracePeriodSeconds"]
    settings = manifests("ConfigMap")["vidpipe"]["data"]
    assert settings["VIDPIPE_SERVICE__CHORES"] == "false"
    for name in ("vidpipe-worker", "vidpipe-links"):
        budget = manifests("PodDisruptionBudget")[name]["spec"]
        deployment = manifests("Deployment")[name]["spec"]
        assert budget["selector"] == deployment["selector"]
        assert budget["minAvailable"] < deployment["replicas"]


def test_the_probe_of_a_worker_says_whether_its_file_is_fresh(tmp_path):
    services = read("compose.yaml")["services"]
    probes = [
        services["worker"]["healthcheck"]["test"][1:],
        manifests("Deployment")["vidpipe-worker"]["spec"]["template"]["spec"]["containers"][0][
            "livenessProbe"
        ]["exec"]["command"],
    ]
    assert probes[0] == probes[1]
    alive = tmp_path / "alive"
    alive.touch()
    probe = [sys.executable, "-c", probes[0][2].replace("/tmp/worker-alive", str(alive))]
    assert subprocess.run(probe, check=False).returncode == 0
    os.utime(alive, (0, 0))
    assert subprocess.run(probe, check=False).returncode == 1


def test_what_comes_in_lets_long_uploads_and_streams_through():
    ingress = manifests("Ingress")["vidpipe-links"]
    said = {
        name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items()
    }
    assert said["proxy-body-size"] == "0"
    assert said["proxy-request-buffering"] == said["proxy-buffering"] == "off"
    # A stream says something every 15 seconds, and an upload as long as it is sent.
    assert int(said["proxy-read-timeout"]) >= 600 <= int(said["proxy-send-timeout"])
    [rule] = ingress["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    service = manifests("Service")[backend["name"]]["spec"]
    assert backend["port"]["name"] in {port["name"] for port in service["ports"]}
    example = (DEPLOY / "nginx.example.conf").read_text()
    events = example.partition("location /api/v1/events {")[2].partition("}")[0]
    assert "proxy_buffering off;" in events and "proxy_read_timeout 1h;" in events


def test_of_compose_one_service_works_in_the_background():
    services = read("compose.yaml")["services"]
    assert services["worker"]["command"][:2] == ["vidpipe", "worker"]
    assert "profiles" not in services["worker"]
    with_chores = [
        name
        for name, service in services.items()
        if "vidpipe" in (service.get("command") or [])[:1] and name != "worker"
        if service["environment"].get("VIDPIPE_SERVICE__CHORES") != "false"
    ]
    assert with_chores == []


@pytest.mark.parametrize("name", ["links", "prepare", "worker"])
def test_pods_of_ours_are_closed(name):
    first = documents(DEPLOY / "helm" / "manifests" / f"{name}.yaml")[0]
    pod = first["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert all(c["securityContext"]["allowPrivilegeEscalation"] is False for c in pod["containers"])


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize(
    "path",
    sorted(
        [*(DEPLOY / "helm" / "manifests").glob("*.yaml"), DEPLOY / "helm" / "secret.example.yaml"]
    ),
    ids=lambda p: p.stem,
)
def test_our_own_manifests_are_what_kubernetes_knows(path, version):
    for document in documents(path):
        kubernetes_validate.validate(document, version, strict=True)


def test_the_settings_of_the_cluster_are_settings():
    [config] = documents(DEPLOY / "helm" / "manifests" / "settings.yaml")
    names = {n for n in config["data"] if n.startswith("VIDPIPE_")}
    assert names <= settings_named()
    assert not [n for n in names if "KEY" in n or "OPTIONS" in n or "DATABASE" in n]


class Image(Exact):
    repository: str
    tag: str = Field(pattern=r"\d")
    pullPolicy: Literal["IfNotPresent", "Always"]


class Resources(Exact):
    requests: dict[str, str]
    limits: dict[str, str]


class Named(Exact):
    name: str


class Part(Exact):
    """What webserver, daemon and code server have in common."""

    image: Image
    envSecrets: list[Named]
    envConfigMaps: list[Named]
    resources: Resources
    podSecurityContext: dict[str, Any]
    securityContext: dict[str, Any]


class Webserver(Part):
    replicaCount: int
    enableReadOnly: bool


class Coordinator(Exact):
    enabled: Literal[True]
    type: Literal["CustomRunCoordinator"]
    config: dict[Literal["customRunCoordinator"], dict[str, Any]]


class Monitoring(Exact):
    enabled: Literal[True]
    startTimeoutSeconds: int
    cancelTimeoutSeconds: int
    maxRuntimeSeconds: int
    pollIntervalSeconds: int
    maxResumeRunAttempts: int
    freeSlotsAfterRunEndSeconds: int = Field(gt=0)


class Threads(Exact):
    useThreads: bool
    numWorkers: int


class Daemon(Part):
    enabled: Literal[True]
    runCoordinator: Coordinator
    runMonitoring: Monitoring
    runRetries: dict[Literal["enabled"], Literal[False]]
    sensors: Threads
    schedules: Threads


class UserDeployment(Part):
    name: str
    codeServerArgs: list[str]
    port: int
    includeConfigInLaunchedRuns: dict[Literal["enabled"], Literal[True]]
    volumes: list[dict[str, Any]]
    volumeMounts: list[dict[str, Any]]


class UserDeployments(Exact):
    enabled: Literal[True]
    enableSubchart: Literal[True]
    deployments: list[UserDeployment]


class Pools(Exact):
    defaultLimit: int
    granularity: Literal["op", "run"]
    opGranularityRunBuffer: int


class Runs(Exact):
    maxConcurrentRuns: int
    tagConcurrencyLimits: list[dict[str, Any]]


class Concurrency(Exact):
    enabled: Literal[True]
    pools: Pools
    runs: Runs


class Postgresql(Exact):
    enabled: Literal[False]
    postgresqlHost: str
    postgresqlUsername: str
    postgresqlDatabase: str
    postgresqlScheme: Literal["postgresql+psycopg2"]
    service: dict[Literal["port"], int]


class RunK8sConfig(Exact):
    containerConfig: dict[str, Any]
    podSpecConfig: dict[str, Any]
    podTemplateSpecMetadata: dict[str, Any]
    jobSpecConfig: dict[str, Any]


class Launcher(Exact):
    jobNamespace: str
    imagePullPolicy: str
    runK8sConfig: RunK8sConfig


class RunLauncher(Exact):
    type: Literal["K8sRunLauncher"]
    config: dict[Literal["k8sRunLauncher"], Launcher]


class ComputeLogs(Exact):
    type: Literal["S3ComputeLogManager"]
    config: dict[Literal["s3ComputeLogManager"], dict[str, Any]]


class Values(Exact):
    """The values of the chart `dagster` that are set here, and nothing else."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    global_: dict[Literal["postgresqlSecretName"], str] = Field(alias="global")
    postgresql: Postgresql
    dagsterWebserver: Webserver
    dagsterDaemon: Daemon
    concurrency: Concurrency
    user_deployments: UserDeployments = Field(alias="dagster-user-deployments")
    runLauncher: RunLauncher
    computeLogManager: ComputeLogs
    retention: dict[str, Any]
    telemetry: dict[Literal["enabled"], bool]
    migrate: dict[Literal["enabled"], bool]


def test_values_of_the_chart_are_those_that_are_meant():
    values = Values.model_validate(read("helm/values.yaml"))
    coordinator = values.dagsterDaemon.runCoordinator.config["customRunCoordinator"]
    kind = getattr(importlib.import_module(coordinator["module"]), coordinator["class"])
    from dagster import QueuedRunCoordinator

    assert issubclass(kind, QueuedRunCoordinator)
    assert set(coordinator["config"]) <= set(kind.config_type())
    made = {
        d["metadata"]["name"]
        for p in (DEPLOY / "helm").rglob("*.yaml")
        if p.parent.name == "manifests" or "secret" in p.name
        for d in documents(p)
    }
    [deployment] = values.user_deployments.deployments
    for part in (values.dagsterWebserver, values.dagsterDaemon, deployment):
        assert {n.name for n in (*part.envSecrets, *part.envConfigMaps)} <= made
        assert part.podSecurityContext["runAsNonRoot"] is True
        assert part.podSecurityContext["seccompProfile"] == {"type": "RuntimeDefault"}
        assert part.securityContext["allowPrivilegeEscalation"] is False
        assert part.securityContext["capabilities"] == {"drop": ["ALL"]}
    for volume in deployment.volumes:
        name = (
            volume.get("configMap", {}).get("name") or volume["persistentVolumeClaim"]["claimName"]
        )
        assert name in made
    assert values.global_["postgresqlSecretName"] in made


def test_pods_of_runs_and_steps_are_what_kubernetes_knows():
    run = Values.model_validate(read("helm/values.yaml")).runLauncher.config["k8sRunLauncher"]
    config = run.runK8sConfig
    # dagster-k8s refuses what its Kubernetes client does not know.
    UserDefinedDagsterK8sConfig.from_dict(
        {
            "container_config": config.containerConfig,
            "pod_spec_config": config.podSpecConfig,
            "pod_template_spec_metadata": config.podTemplateSpecMetadata,
            "job_spec_config": config.jobSpecConfig,
        }
    )
    for step in read("helm/steps.yaml").values():
        UserDefinedDagsterK8sConfig.from_dict(step)
    with pytest.raises(Exception, match="nodes"):
        UserDefinedDagsterK8sConfig.from_dict({"pod_spec_config": {"nodes": {}}})


def test_steps_have_pods_of_their_own_where_that_is_set(monkeypatch):
    from definitions import PRELOAD
    from resources.executor import executor_for
    from vidpipe.settings import load_settings

    monkeypatch.setenv("VIDPIPE_EXECUTOR", "kubernetes")
    monkeypatch.setenv("VIDPIPE_KUBERNETES_STEPS", str(DEPLOY / "helm" / "steps.yaml"))
    assert executor_for(load_settings(), PRELOAD).name == "k8s"
    from definitions import defs

    nodes = {node.name for node in defs.resolve_job_def("process_video").nodes}
    assert set(read("helm/steps.yaml")) <= nodes
