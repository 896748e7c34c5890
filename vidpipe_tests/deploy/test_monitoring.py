"""Rules, dashboards and what runs them: each as its reader will read it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from deploy import dashboards
from vidpipe.api.app import service
from vidpipe.catalog import totals
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.tables import UploadRow
from vidpipe.costs.accountant import Account
from vidpipe.observability.metrics.process import GpuCollector
from vidpipe.spending import Purchase
from vidpipe_tests.api.conftest import served
from vidpipe_tests.catalog.conftest import video

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


# Prometheus itself

#: What is there only where a machine has a card.
CARDS = {
    f"vidpipe_gpu_{name}"
    for name in (
        "utilization_ratio",
        "memory_used_bytes",
        "memory_size_bytes",
        "temperature_celsius",
    )
}
TOKEN = "0123456789abcdef0123456789abcdef"
MAIN = "from vidpipe.cli import main; main()"


def happened(home):
    """Something of everything: what never happened has no series where its labels are not known."""
    library = served(home)
    catalog, own = library.engine.catalog, library.engine.accountant
    catalog.ready()
    catalog.accept_video(video())
    key = "default--talk-0123456789"
    failed = Failed(key, "default", "process_video", "", "unavailable", "away", "run-1")
    catalog.failures.add(failed, attempts=5, dead=True)
    with catalog.writing() as session:
        for total in totals.TOTALS:
            totals.add(session, total, *("x" for _ in total.labels))
        session.add(quarantined_upload())
    asked = Purchase("gone", "thing", {"images": 1}, stated={"images": (Decimal(0), 1)})
    for _ in range(own.rules.failures):
        own.purse(Account(channel="default", stage="s")).reserve(asked).fail({}, away=True)


def quarantined_upload():
    return UploadRow(
        key="default/bad.mp4",
        channel="default",
        version="1",
        size_bytes=1,
        state="quarantined",
        reason="broken",
    )


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as asked:
        return asked.getsockname()[1]


def ask(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.loads(answer.read())


def until(what, answers, *processes):
    for _ in range(300):
        assert all(process.poll() is None for process in processes), what
        try:
            if found := answers():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within half a minute")


def test_prometheus_finds_every_series_of_the_dashboards_at_a_real_service(tmp_path):
    """With the configuration and the rules of the compose profile, addresses apart."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (Debian's package of that name has it)")
    home = tmp_path / "home"
    home.mkdir()
    happened(home)
    ports = {"serve": free_port(), "prometheus": free_port()}
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    (scraped,) = config["scrape_configs"]
    scraped["static_configs"][0]["targets"] = [f"127.0.0.1:{ports['serve']}"]
    (tmp_path / "token").write_text(TOKEN)
    scraped["authorization"]["credentials_file"] = str(tmp_path / "token")
    config["rule_files"] = [str(MONITORING / "rules.yaml")]
    config["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for group in RULES["groups"]:
        assert "interval" not in group
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    environment = {
        **os.environ,
        "VIDPIPE_HOME": str(home),
        "VIDPIPE_SERVICE__METRICS_TOKEN": TOKEN,
        "VIDPIPE_SERVICE__CHORES": "false",
        "VIDPIPE_BUDGETS__DAY_HARD": "150",
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    serve = subprocess.Popen(
        [sys.executable, "-c", MAIN, "serve", "--port", str(ports["serve"])],
        env=environment,
        cwd=ROOT,
        **quiet,
    )
    watching = subprocess.Popen(
        [
            program,
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
        ],
        **quiet,
    )
    url = f"http://127.0.0.1:{ports['prometheus']}/api/v1"
    try:
        # What counts requests has no series before the first.
        health = f"http://127.0.0.1:{ports['serve']}/health"
        until("it answers", lambda: urllib.request.urlopen(health, timeout=5).status, serve)
        until(
            "the target is up",
            lambda: [
                t for t in ask(f"{url}/targets")["data"]["activeTargets"] if t["health"] == "up"
            ],
            serve,
            watching,
        )
        until(
            "the rules are evaluated",
            lambda: ask(f"{url}/query?query=vidpipe:queue_due:sum")["data"]["result"],
            watching,
        )
        there = set(ask(f"{url}/label/__name__/values")["data"])
        rules = [r for g in ask(f"{url}/rules")["data"]["groups"] for r in g["rules"]]
        assert len(rules) == len(ALERTS) + len(RECORDS)
        assert {r["name"]: r["lastError"] for r in rules if r.get("lastError")} == {}
        absent = {}
        for dashboard in dashboards.DASHBOARDS:
            for _, panels in dashboard.rows:
                for panel in panels:
                    for query, _ in panel.queries:
                        expression = query.replace("$__rate_interval", "5m")
                        asked = urllib.parse.urlencode({"query": expression})
                        assert ask(f"{url}/query?{asked}")["status"] == "success"
                        missing = named(query) - there - RECORDS - CARDS
                        absent |= dict.fromkeys(missing, panel.title)
        assert absent == {}

        def firing():
            alerts = ask(f"{url}/alerts")["data"]["alerts"]
            return {a["labels"]["alertname"] for a in alerts if a["state"] == "firing"}

        # Each group of rules has its own moment in which it is evaluated.
        until("the given up are told of", lambda: "VidpipeDeadLetters" in firing(), watching)
        assert "VidpipeApiDown" not in firing()
    finally:
        for process in (watching, serve):
            process.terminate()
            process.wait(timeout=20)


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
