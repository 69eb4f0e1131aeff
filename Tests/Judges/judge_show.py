"""Judges pictures in JSON by their schema, and each by itself.

judge_show.py SCHEMA PICTURE.json...: prints how many there are. Exit status 0, or 1 with what is wrong.
"""

import json
import sys

import jsonschema

wrong = []
validator = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))
for path in sys.argv[2:]:
    picture = json.load(open(path))
    for error in list(validator.iter_errors(picture))[:5]:
        wrong.append(f"{path}: {error.json_path}: {error.message[:200]}")
    for moment in ("before", "after"):
        graph = picture[moment]
        vmas, anon_vmas = ({entry["name"] for entry in graph[kind]} for kind in ("vmas", "anonVMAs"))
        if len(vmas) != len(graph["vmas"]) or len(anon_vmas) != len(graph["anonVMAs"]):
            wrong.append(f"{path}: {moment}: a name stands for two objects")
        for avc in graph["avcs"]:
            if avc["vma"] not in vmas or avc["anonVMA"] not in anon_vmas:
                wrong.append(f"{path}: {moment}: an AVC of nothing that is shown: {avc}")
        for folio in graph["folios"]:
            if any(place["vma"] not in vmas for place in folio["mappedBy"]):
                wrong.append(f"{path}: {moment}: a folio is mapped by nothing that is shown: {folio}")
print(len(sys.argv) - 2, "picture(s)")
print("\n".join(wrong), file=sys.stderr)
sys.exit(1 if wrong or len(sys.argv) < 3 else 0)
