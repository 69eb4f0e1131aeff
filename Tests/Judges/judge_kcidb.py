"""Judges an export for KCIDB by kcidb-io's schema, and by what the schema can't say.

judge_kcidb.py FILE: exit status 0 and how many tests have each status, or 1 with what is wrong.
"""

import json
import sys
from collections import Counter

import kcidb_io

data = json.load(open(sys.argv[1]))
kcidb_io.schema.V5_3.validate(data)
wrong = []
ids = {kind: [entry["id"] for entry in data[kind]] for kind in data if kind != "version"}
for kind, found in ids.items():
    wrong += [f"{kind}: {name} is there twice" for name, count in Counter(found).items() if count > 1]
for kind, field, target in (
        ("builds", "checkout_id", "checkouts"), ("tests", "build_id", "builds"), ("incidents", "test_id", "tests"),
        ("incidents", "issue_id", "issues")):
    wrong += [f"{kind}: {e['id']} has no {field}" for e in data[kind] if e[field] not in ids[target]]
failed = {test["id"] for test in data["tests"] if test["status"] == "FAIL"}
wrong += [f"incident {e['id']} is of a test that did not fail" for e in data["incidents"] if e["test_id"] not in failed]
explained = {e["test_id"] for e in data["incidents"]}
wrong += [f"{name} failed, and no incident says why" for name in failed - explained]
# What was not decided is no failure, and no pass.
undecided = [test for test in data["tests"] if test["misc"].get("decided") == "0"]
wrong += [f"{test['id']} was not decided and is {test['status']}" for test in undecided if test["status"] != "SKIP"]
for build in data["builds"]:
    known = {"architecture", "compiler", "status"} & build.keys()
    print("build", build["id"], ", ".join(f"{key} {build[key]}" for key in sorted(known)))
for line in wrong[:20]:
    print("WRONG", line)
print(", ".join(f"{status} {count}" for status, count in sorted(Counter(t["status"] for t in data["tests"]).items())))
sys.exit(1 if wrong else 0)
