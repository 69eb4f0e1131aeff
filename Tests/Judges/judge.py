"""Judges the reports of one run by the formats' own tools, and against each other.

judge.py SCHEMA FOLDER...: each folder holds `json`, `junit`, `ktap` and `sarif` of a run over the same recordings, at other
places in each; what they call their tests and findings must be the same. Exit status 0, or 1 with what is wrong.
"""

import io
import json
import sys
from collections import Counter

import jsonschema
import junitparser
import kunit_parser
import kunit_printer
import rfc3987
from sarif import loader

wrong = []


def expect(holds, *what):
    if not holds:
        wrong.append(" ".join(str(part) for part in what))


def judge_json(path, schema):
    report = json.load(open(path))
    for error in list(jsonschema.Draft202012Validator(schema).iter_errors(report))[:5]:
        wrong.append(f"{path}: {error.json_path}: {error.message[:200]}")
    for recording in report["recordings"]:
        expect(
            sum(i["kept"] for i in recording["invariants"]) == len(recording["violations"]),
            path, recording["path"], "does not keep what it says")
    return report["recordings"]


def judge_junit(path, recordings):
    """Every result is seen, under a name of its own, and is what the JSON report says."""
    names, kinds = [], Counter()
    suites = junitparser.JUnitXml.fromfile(path)
    expect(len(suites) == len(recordings), path, "has", len(suites), "suites")
    for suite, recording in zip(suites, recordings):
        found = Counter()
        for case in suite:
            names.append(f"{case.classname}.{case.name}")
            found[type(case.result[0]).__name__ if case.result else "passed"] += 1
        stated = (suite.tests, suite.failures, suite.errors, suite.skipped)
        expect(
            stated == (sum(found.values()), found["Failure"], found["Error"], found["Skipped"]),
            path, suite.name, "counts", stated, "has", dict(found))
        expect(suite.name == recording["name"], path, suite.name, "is not", recording["name"])
        whole = next(iter(suite))
        expect(
            bool(whole.result) == (recording["verdict"] not in ("holds", "violated") or bool(recording["doubts"])),
            path, suite.name, recording["verdict"], "as a whole is", whole.result)
        kinds += found
    expect(len(set(names)) == len(names), path, "has names twice:", [n for n, c in Counter(names).items() if c > 1][:3])
    violated = sum(i["verdict"] == "violated" for r in recordings for i in r["invariants"])
    expect(kinds["Failure"] == violated, path, "fails", kinds["Failure"], "of", violated)
    expect(kinds["Error"] == sum("damage" in r for r in recordings), path, "has", kinds["Error"], "errors")
    return names


def judge_ktap(path, recordings):
    """By the kernel's own parser: no line that it complains of, and each result under its name."""
    lines = kunit_parser.extract_tap_lines(open(path))
    said = io.StringIO()
    kunit_parser.stdout = kunit_printer.Printer(said)
    whole = kunit_parser.parse_run_tests(lines)
    complaints = [line for line in said.getvalue().splitlines() if "[ERROR]" in line]
    expect(whole.counts.errors == 0, path, "has", whole.counts.errors, "errors:", complaints[:3])
    status = kunit_parser.TestStatus
    words = {"holds": status.SUCCESS, "violated": status.FAILURE, "undecided": status.SKIPPED}
    for test, recording in zip(whole.subtests, recordings, strict=True):
        expect(test.name == recording["name"], path, test.name, "is not", recording["name"])
        # Of a whole file the parser goes by its invariants, and by the line itself if there are none.
        expect((test.status == status.FAILURE) == (recording["verdict"] in ("violated", "damaged", "missing")),
               path, test.name, test.status, recording["verdict"])
        for sub, entry in zip(test.subtests, recording["invariants"] if test.subtests else [], strict=True):
            expect(sub.name == entry["name"], path, test.name, sub.name, "is not", entry["name"])
            expect(sub.status == words[entry["verdict"]], path, test.name, sub.name, sub.status, entry["verdict"])
    return [(test.name, [sub.name for sub in test.subtests]) for test in whole.subtests]


def judge_sarif(path, recordings):
    log = json.load(open(path))
    run = log["runs"][0]
    expect(log["version"] == "2.1.0" and run["tool"]["driver"]["version"], path, "has no version")
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    marks = Counter()
    for entry in run["results"]:
        expect(entry["ruleId"] in rules, path, "has no rule", entry["ruleId"])
        expect((entry["kind"] == "fail") == (entry["level"] == "error"), path, entry["kind"], entry["level"])
        marks[json.dumps(entry["partialFingerprints"], sort_keys=True)] += 1
    seen = len(loader.load_sarif_file(path).get_results())
    expect(seen == len(run["results"]), path, "has", len(run["results"]), "results, sarif-tools sees", seen)
    notices = run["invocations"][0]["toolExecutionNotifications"]
    places = [place for entry in run["results"] + notices for place in entry["locations"]]
    for uri in {place["physicalLocation"]["artifactLocation"]["uri"] for place in places}:
        expect(rfc3987.match(uri, rule="URI_reference"), path, uri, "is no URI")
    kinds = Counter(entry["kind"] for entry in run["results"])
    expect(kinds["fail"] == sum(len(r["defects"]) for r in recordings), path, dict(kinds))
    broken = [{i["name"] for i in r["invariants"] if i["verdict"] == "violated"} for r in recordings]
    leading = [{d["invariant"] for d in r["defects"]} for r in recordings]
    consequences = sum(len(all_ - first) for all_, first in zip(broken, leading))
    expect(kinds["informational"] == consequences, path, dict(kinds), "consequences", consequences)
    holding = sum(i["verdict"] == "holds" for r in recordings if "damage" not in r for i in r["invariants"])
    expect(kinds["pass"] == holding, path, "passes", kinds["pass"], "of", holding)
    damaged = sum("damage" in r for r in recordings)
    expect(sum(n["level"] == "error" for n in notices) == damaged, path, "notifies of", len(notices))
    expect(run["invocations"][0]["executionSuccessful"] == (damaged == 0), path, "executionSuccessful")
    return marks


def main():
    schema = json.load(open(sys.argv[1]))
    jsonschema.Draft202012Validator.check_schema(schema)
    runs = []
    for folder in sys.argv[2:]:
        recordings = judge_json(f"{folder}/json", schema)
        runs.append((
            judge_junit(f"{folder}/junit", recordings), judge_ktap(f"{folder}/ktap", recordings),
            judge_sarif(f"{folder}/sarif", recordings)))
    for run in runs[1:]:
        for form, here, there in zip(("junit", "ktap", "sarif"), runs[0], run):
            expect(here == there, form, "has other names when the folder is renamed")
    print(f"{len(runs)} run(s), {len(runs[0][0])} tests" if runs else "nothing was judged")
    for line in wrong[:40]:
        print(f"WRONG {line}")
    return 1 if wrong or not runs else 0


sys.exit(main())
