"""Rules, dashboards and what runs them: each as its reader will read it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from deploy import dashboards
from vidpipe.api.app import service
from vidpipe.observability.metrics.process import GpuCollector
from vidpipe_tests.api.conftest import served

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
HELM = ROOT / "deploy" / "helm" / "monitoring"
RULES = yaml.safe_load((MONITORING / "rules.yaml").read_text())
CASES = yaml.safe_load((MONITORING / "rules.test.yaml").read_text())["tests"]
ALERTS = {
    rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule
}
RECORDS = {
    rule["record"] for group in RULES["groups"] for rule in group["rules"] if "record" in rule
}


def promtool(*arguments):
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian's package prometheus has it)")
    return subprocess.run(
        [program, *map(str, arguments)], check=False, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Names of all samples that the service publishes, with those of a machine with a card."""
    home = tmp_path_factory.mktemp("home")
    library = served(home)
    library.engine.catalog.ready()
    client = TestClient(service(library), base_url="http://testserver")
    client.get("/health")
    text = client.get("/metrics").text
    names = set()
    for family in text_string_to_metric_families(text):
        suffix = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
        names |= {f"{family.name}{end}" for end in suffix.get(family.type, ("",))}
    collector = GpuCollector()
    collector._program, collector._until_s = "nvidia-smi", float("inf")
    return names | {family.name for family in collector.collect()}


def named(expression):
    """Metrics that an expression reads."""
    plain = re.sub(r'"[^"]*"', '""', expression)
    plain = re.sub(r"\b(by|without|ignoring|on)\s*\([^)]*\)", "", plain)
    found = set(re.findall(r"\b(?:vidpipe|process|python)[a-z_:0-9]*\b", plain))
    return {name for name in found if name not in ("vidpipe",)} | (
        {"up"} & set(re.findall(r"\bup\b", plain))
    )


# Rules


def test_prometheus_takes_the_rules_and_its_configuration():
    done = promtool("check", "rules", MONITORING / "rules.yaml")
    assert done.returncode == 0, done.stderr
    done = promtool("check", "config", "--syntax-only", MONITORING / "prometheus.yml")
    assert done.returncode == 0, done.stderr + done.stdout


def test_every_alert_fires_when_it_should_and_is_silent_just_short_of_it():
    done = promtool("test", "rules", MONITORING / "rules.test.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_alert_is_without_both_cases():
    fires, silent = set(), set()
    for case in CASES:
        (asked,) = case["alert_rule_test"]
        (fires if asked["exp_alerts"] else silent).add(asked["alertname"])
        assert case["input_series"], case["name"]
    assert fires == set(ALERTS)
    assert silent == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_to_do_and_where_more_is_said(name):
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    words = rule["annotations"]
    assert words["summary"] and len(words["description"]) > 50
    anchor = words["runbook_url"].removeprefix("{{ $externalLabels.runbook }}#")
    assert anchor == name.lower()
    runbook = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    assert f"\n### {name}\n" in runbook


def test_every_metric_that_is_read_is_published(published):
    read = {}
    for group in RULES["groups"]:
        for rule in group["rules"]:
            read[rule.get("alert") or rule["record"]] = named(rule["expr"])
    for dashboard in dashboards.DASHBOARDS:
        for _, panels in dashboard.rows:
            for panel in panels:
                for query, _ in panel.queries:
                    read[f"{dashboard.name}: {panel.title}"] = named(query)
    assert all(read.values()), [where for where, names in read.items() if not names]
    unknown = {w: names - published - RECORDS - {"up"} for w, names in read.items()}
    assert not {where: names for where, names in unknown.items() if names}


# Dashboards


def test_what_is_committed_is_what_the_script_writes():
    for path, content in dashboards.written().items():
        assert path.read_text("utf-8") == content, f"{path}: python -m deploy.dashboards"
    there = {path.name for path in dashboards.FOLDER.iterdir()}
    assert there == {f"{d.name}.json" for d in dashboards.DASHBOARDS}


def kept(ours, theirs, where=""):
    """What of our JSON a reader would not know, by where it stands."""
    if isinstance(ours, dict):
        for key, value in ours.items():
            if value is None:
                continue
            if not isinstance(theirs, dict) or key not in theirs:
                yield f"{where}.{key}"
            else:
                yield from kept(value, theirs[key], f"{where}.{key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), where
        for k, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from kept(one, other, f"{where}[{k}]")
    elif ours != theirs:
        yield f"{where}: {ours!r} is read as {theirs!r}"


def plain(value):
    """What Grafana's own models make of it, as JSON."""
    return json.loads(json.dumps(value, default=lambda o: o.to_json()))


@pytest.mark.parametrize("dashboard", dashboards.DASHBOARDS, ids=lambda d: d.name)
def test_grafana_knows_every_field_of_a_dashboard(dashboard):
    register_default_plugins()
    ours = dashboards.model(dashboard)
    assert list(kept(ours, plain(Dashboard.from_json(ours)))) == []
    ids = [panel["id"] for panel in ours["panels"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("dashboard", dashboards.DASHBOARDS, ids=lambda d: d.name)
def test_no_panel_lies_over_another(dashboard):
    taken = set()
    for panel in dashboards.model(dashboard)["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_expression_is_promql(tmp_path):
    """Prometheus itself reads the queries of all panels, as rules that are never kept."""
    rules = []
    for dashboard in dashboards.DASHBOARDS:
        for _, panels in dashboard.rows:
            for panel in panels:
                for query, _ in panel.queries:
                    expression = query.replace("$__rate_interval", "5m")
                    rules.append({"record": f"panel:{len(rules)}:of", "expr": expression})
    made = tmp_path / "panels.yaml"
    made.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = promtool("check", "rules", made)
    assert done.returncode == 0 and len(rules) > 40, done.stderr


# What runs them


def test_compose_gives_each_part_what_it_reads():
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    watching = {n: s for n, s in compose["services"].items() if s.get("profiles")}
    assert set(watching) == {"prometheus", "grafana", "loki", "collector"}
    assert all(s["profiles"] == ["monitoring"] for s in watching.values())
    scraped = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"]
    (target,) = scraped[0]["static_configs"][0]["targets"]
    links = compose["services"]["links"]
    # A server answers whoever calls it by its own name.
    assert target == f"{links['hostname']}:{links['command'][-1]}"
    assert scraped[0]["authorization"]["credentials_file"] == "/run/secrets/metrics_token"
    assert watching["prometheus"]["secrets"] == ["metrics_token"]
    assert links["environment"]["VIDPIPE_SERVICE__METRICS_TOKEN"] == "${METRICS_TOKEN:-}"
    assert compose["secrets"]["metrics_token"] == {"environment": "METRICS_TOKEN"}
    example = (ROOT / "deploy" / ".env.example").read_text()
    assert "\nMETRICS_TOKEN=\n" in example and "\nGRAFANA_PASSWORD=\n" in example


def test_grafana_finds_its_sources_and_dashboards():
    folder = MONITORING / "grafana"
    sources = yaml.safe_load((folder / "datasources" / "vidpipe.yaml").read_text())["datasources"]
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    for source in sources:
        host = re.fullmatch(r"http://(\w+):\d+", source["url"])[1]
        assert host in compose["services"]
    provider = yaml.safe_load((folder / "dashboards" / "vidpipe.yaml").read_text())["providers"][0]
    mounts = dict(v.split(":")[:2] for v in compose["services"]["grafana"]["volumes"])
    assert mounts["./monitoring/dashboards"] == provider["options"]["path"]


def test_the_collector_knows_containers_by_the_tag_that_they_have():
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    config = (MONITORING / "config.alloy").read_text()
    ours = [s for s in compose["services"].values() if s.get("build")]
    assert all(s["logging"]["options"]["tag"] == "{{.Name}}" for s in ours)
    assert f'container!~\\"{compose["name"]}-.+\\"' in config
    loki = yaml.safe_load((MONITORING / "loki.yaml").read_text())
    assert f"http://loki:{loki['server']['http_listen_port']}/loki/api/v1/push" in config


def test_the_operator_scrapes_what_the_manifests_make():
    monitor, policy = yaml.safe_load_all((HELM / "scraping.yaml").read_text())
    manifests = (ROOT / "deploy" / "helm" / "manifests" / "links.yaml").read_text()
    kinds = {item["kind"]: item for item in yaml.safe_load_all(manifests)}
    deployment, of = kinds["Deployment"], kinds["Service"]
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= of["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in of["spec"]["ports"]}
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "vidpipe"}]
    secret = next(
        yaml.safe_load_all((ROOT / "deploy" / "helm" / "secret.example.yaml").read_text())
    )
    key = endpoint["authorization"]["credentials"]
    assert key["name"] == secret["metadata"]["name"] and key["key"] in secret["stringData"]
    pods = deployment["spec"]["template"]["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= pods.items()
    rules = yaml.safe_load((HELM / "rules.yaml").read_text())
    assert rules["kind"] == "PrometheusRule" and rules["spec"] == RULES
