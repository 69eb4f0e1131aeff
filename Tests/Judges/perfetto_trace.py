"""Judges a trace for Perfetto by the published definitions of its messages, and against the report of the same recording.

perfetto_trace.py TRACE REPORT.json: prints what the trace has. Exit status 0, or 1 with what is wrong. Perfetto's own trace
processor can't be had as a package; what it asks of a trace beyond the definitions is looked at here.
"""

import json
import sys
from collections import Counter, defaultdict

from google.protobuf.unknown_fields import UnknownFieldSet
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as definitions

Event = definitions.TrackEvent
wrong = []


def expect(holds, *what):
    if not holds and len(wrong) < 20:
        wrong.append(" ".join(str(part) for part in what))


def has_unknown(message):
    """Whether a message has a field that its definition does not."""
    if len(UnknownFieldSet(message)) > 0:
        return True
    return any(
        has_unknown(part)
        for field, value in message.ListFields()
        if field.type == field.TYPE_MESSAGE
        for part in (value if hasattr(value, "append") else [value]))


def judge(path):
    """Counts of what the trace has."""
    content = open(path, "rb").read()
    trace = definitions.Trace.FromString(content)
    expect(trace.SerializeToString() and not has_unknown(trace), "unknown fields")
    names, categories, annotations = {}, {}, {}
    tracks, counters, depth = {}, {}, defaultdict(int)
    last, flows, ended = 0, set(), []
    counts = Counter()
    for number, packet in enumerate(trace.packet):
        cleared = packet.sequence_flags & packet.SEQ_INCREMENTAL_STATE_CLEARED
        expect(bool(cleared) == (number == 0), "packet", number, "sequence flags", packet.sequence_flags)
        expect(packet.trusted_packet_sequence_id == 1, "packet", number, "is of another sequence")
        data = packet.interned_data
        for table, entries in (
                (names, data.event_names), (categories, data.event_categories),
                (annotations, data.debug_annotation_names)):
            for entry in entries:
                expect(entry.iid and entry.iid not in table, "iid", entry.iid, "twice")
                table[entry.iid] = entry.name
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            expect(track.uuid and track.uuid not in tracks, "track", track.uuid, "twice")
            tracks[track.uuid] = track
            counts["tasks" if track.HasField("thread") else "tracks"] += 1
            continue
        expect(packet.HasField("track_event"), "packet", number, "has no event")
        event = packet.track_event
        expect(packet.timestamp >= last, "packet", number, "goes back in time")
        last = packet.timestamp
        expect(event.track_uuid in tracks, "packet", number, "is on no track")
        for annotation in event.debug_annotations:
            expect(annotation.name_iid in annotations and annotation.WhichOneof("value"), "annotation", number)
        kind = event.type
        counts[Event.Type.Name(kind)] += 1
        if kind == Event.TYPE_COUNTER:
            expect(tracks[event.track_uuid].HasField("counter"), "packet", number, "counts on no counter")
            expect(event.counter_value >= 0, "packet", number, "counts below 0")
            continue
        if kind == Event.TYPE_SLICE_END:
            depth[event.track_uuid] -= 1
            expect(depth[event.track_uuid] >= 0, "packet", number, "ends what has not begun")
            continue
        expect(event.name_iid in names, "packet", number, "has no name")
        expect(all(iid in categories for iid in event.category_iids), "packet", number, "category")
        counts[categories[event.category_iids[0]]] += 1
        if kind == Event.TYPE_SLICE_BEGIN:
            depth[event.track_uuid] += 1
        for flow in event.flow_ids:
            expect(flow not in flows, "flow", flow, "begins twice")
            flows.add(flow)
        for flow in event.terminating_flow_ids:
            expect(flow in flows, "flow", flow, "ends before it begins")
            ended.append(flow)
        if names[event.name_iid].startswith("VIOLATED "):
            counts[names[event.name_iid]] += 1
    expect(not any(depth.values()), "slices are left open", {k: v for k, v in depth.items() if v})
    expect(sorted(ended) == sorted(flows), "flows lead nowhere")
    counts["flows"] = len(flows)
    return counts


counts = judge(sys.argv[1])
report = json.load(open(sys.argv[2]))["recordings"][0]
shown = Counter("VIOLATED " + violation["invariant"] for violation in report["violations"])
expect({k: v for k, v in counts.items() if k.startswith("VIOLATED")} == shown, "violations", counts, shown)
print(" ".join(f"{key}={value}" for key, value in sorted(counts.items()) if not key.startswith("VIOLATED")))
for line in wrong:
    print(line, file=sys.stderr)
sys.exit(1 if wrong else 0)
