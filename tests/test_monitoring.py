"""The alert rules and the dashboard: what they read exists, and alerts go off."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from deploy.ledger_metrics import QUERIES
from deploy.state import ROOT
from gateway import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIRECTORY = ROOT / "deploy" / "monitoring"
RULES = DIRECTORY / "rules.yml"
TESTS = DIRECTORY / "rules.test.yml"
DASHBOARD = DIRECTORY / "dashboard.json"
LIST = (DIRECTORY / "METRICS.md").read_text(encoding="utf-8")

# What comes with Prometheus and with its client library.
FOREIGN = {"up", "process_start_time_seconds"}
SUFFIXES = ("_bucket", "_sum", "_count")

FALL_BACK = {
    "PartLensServerErrors",
    "PartLensSlow",
    "PartLensErrorRate",
    "PartLensViolation",
    "PartLensDrift",
}

# Each threshold, moved by as little as can be told either way, and the unit test that
# must notice.
THRESHOLDS = {
    "round(part_lens:server_errors:increase5m)": {
        "> 5": {
            "> 6": "six are, over functions and gateways",
            ">= 5": "five answers with 5xx are not more than five",
        }
    },
    "part_lens:latency_seconds:p95_2m": {
        "> 0.5": {
            "> 0.75": "a P95 above 500 ms for 5 minutes is, and not before",
            ">= 0.5": "a P95 of 500 ms is not over it",
        }
    },
    "part_lens:errors:ratio5m": {
        "> 0.02": {
            "> 0.03": "3 % are, whichever way they fail",
            ">= 0.02": "2 % of failing calls are not over it",
        }
    },
    "part_lens:requests:increase5m": {
        ">= 50": {
            ">= 8000": "3 % are, whichever way they fail",
            ">= 40": "of fewer than 50 calls no rate is made",
        }
    },
    "max(part_lens_drifted_stocks)": {
        "> 0": {
            "> 1": "no drift, and one stock of one tenant",
            ">= 0": "no drift, and one stock of one tenant",
        }
    },
    "max(part_lens_stock_drift_ratio)": {
        "> 0.01": {
            "> 0.011": "a part that is off by 1 %, and by more",
            ">= 0.01": "a part that is off by 1 %, and by more",
        }
    },
    "max(part_lens_signatures_incomplete)": {
        "> 0": {
            "> 1": "complete signatures, and one that is not",
            ">= 0": "complete signatures, and one that is not",
        }
    },
}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def listed() -> dict[str, set[str]]:
    """The metrics of METRICS.md and their labels."""
    rows = re.findall(
        r"^\| `(\w+)` \| (?:counter|gauge|histogram) \| (.*?) \|", LIST, re.M
    )
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def rules() -> list[dict[str, str]]:
    return [rule for group in load(RULES)["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def shown() -> Iterator[str]:
    """Every expression of the dashboard, its variables filled in."""
    for panel in panels():
        for target in panel.get("targets", []):
            filled = target["expr"].replace("$__rate_interval", "1m")
            yield filled.replace("$function", ".*")


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool here: PROMTOOL names one (Debian: prometheus)")
    return subprocess.run(
        [program, *arguments],
        cwd=DIRECTORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_list_has_every_metric_once() -> None:
    names = re.findall(r"^\| `(\w+)`", LIST, re.M)
    assert names
    assert len(names) == len(set(names))
    assert set(names) == set(listed())
    assert all(name.startswith("part_lens_") for name in names)


@pytest.mark.parametrize("place", ["rules", "dashboard"])
def test_what_is_read_is_on_the_list(place: str) -> None:
    """Metrics, records, and the labels by which they are chosen or grouped."""
    expressions = [rule["expr"] for rule in rules()] if place == "rules" else [*shown()]
    assert expressions
    known = listed()
    records = {rule["record"] for rule in rules() if "record" in rule}
    labels = {
        "le",
        "instance",
        "job",
        *(each for value in known.values() for each in value),
    }
    for text in expressions:
        bare = re.sub(r'"[^"]*"', '""', text)
        for name in re.findall(r"\b(?:part_lens|process|up)[\w:]*", bare):
            base = name
            for suffix in SUFFIXES:
                base = base.removesuffix(suffix)
            assert name in records | FOREIGN or base in known, f"{name} in {text}"
        used = re.findall(r"(?:by|on) \(([^)]*)\)", text)
        chosen = re.findall(r"(\w+)=~?\"", text)
        for label in {part.strip() for group in used for part in group.split(",")}:
            assert label in labels, f"{label} in {text}"
        assert set(chosen) <= labels, text


def test_every_metric_is_looked_at() -> None:
    """What nobody reads need not be exposed."""
    text = "\n".join([*(rule["expr"] for rule in rules()), *shown()])
    assert [name for name in listed() if name not in text] == []


def test_the_list_is_what_gateway_and_ledger_expose() -> None:
    """Every metric that there is, under its name in the text format, and its type."""
    exposed = {
        family.name + ("_total" if family.type == "counter" else ""): family.type
        for collector in vars(metrics).values()
        if isinstance(collector, Counter | Gauge | Histogram)
        for family in collector.describe()
    }
    exposed |= dict.fromkeys(QUERIES, "gauge")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", LIST, re.M)
    assert dict(rows) == exposed


def test_the_rules_find_their_bucket() -> None:
    """A quantile is told from the buckets at the threshold alone."""
    assert {0.5, 1} <= set(metrics.BUCKETS)


def test_each_alert_says_what_it_means() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    names = {rule["alert"] for rule in alerts}
    assert len(names) == len(alerts)
    assert names >= FALL_BACK
    for rule in alerts:
        severity = rule["labels"]["severity"]  # type: ignore[index]
        assert severity in ("critical", "warning")
        assert rule["annotations"]["summary"]  # type: ignore[index]
        if rule["alert"] in FALL_BACK:
            said = rule["annotations"]["description"]  # type: ignore[index]
            assert (severity, said.endswith("falls back to 0.")) == ("critical", True)


def test_each_alert_has_a_unit_test_on_both_sides() -> None:
    """One evaluation in which it is silent, and one in which it is not."""
    silent: set[str] = set()
    loud: set[str] = set()
    for group in load(TESTS)["tests"]:
        for test in group["alert_rule_test"]:
            (loud if test["exp_alerts"] else silent).add(test["alertname"])
    names = {rule["alert"] for rule in rules() if "alert" in rule}
    assert silent == loud == names


def test_promtool_accepts_the_rules_and_the_configuration() -> None:
    done = promtool("check", "config", "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules())} rules found" in done.stdout


def test_promtool_runs_the_unit_tests() -> None:
    done = promtool("test", "rules", TESTS.name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("way", [0, 1], ids=["looser", "stricter"])
def test_the_unit_tests_hold_each_threshold(way: int, tmp_path: Path) -> None:
    """All thresholds moved a little, and all of it noticed."""
    text = RULES.read_text("utf-8")
    noticing = set()
    for value, conditions in THRESHOLDS.items():
        for condition, moves in conditions.items():
            moved, test = [*moves.items()][way]
            assert text.count(f"{value} {condition}") == 1
            text = text.replace(f"{value} {condition}", f"{value} {moved}")
            noticing.add(test)
    (tmp_path / RULES.name).write_text(text)
    done = promtool("test", "rules", shutil.copy2(TESTS, tmp_path))
    failed = re.findall(r"^    name: (.*),$", done.stdout + done.stderr, re.M)
    assert noticing <= set(failed)


def test_promtool_accepts_what_the_dashboard_asks(tmp_path: Path) -> None:
    """Each expression as a rule of its own, under its panel's name."""
    asked = [
        {"record": f"panel:{number}", "expr": text}
        for number, text in enumerate(shown())
    ]
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": asked}]}))
    done = promtool("check", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(asked)} rules found" in done.stdout


def test_the_dashboard_is_one_that_grafana_loads() -> None:
    """Ids once, panels side by side within 24 columns, and its own data source."""
    content = json.loads(DASHBOARD.read_text("utf-8"))
    assert content["schemaVersion"] >= 36
    assert {variable["name"] for variable in content["templating"]["list"]} == {
        "datasource",
        "function",
    }
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["description"]
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs))
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"


@pytest.mark.parametrize(
    "subject",
    [
        "by (le, function) (rate(part_lens_request_duration_seconds_bucket",
        "part_lens:errors:ratio5m",
        "by (code) (rate(part_lens_refusals_total",
        "part_lens_pool_waiting",
        "part_lens_canary_percentage",
    ],
    ids=["latency by action", "success rate", "refusals by code", "pool", "canary"],
)
def test_the_dashboard_shows(subject: str) -> None:
    assert any(subject in text for text in shown())
