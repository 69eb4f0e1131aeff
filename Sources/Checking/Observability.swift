import EventDecoding
import Invariants
import RmapEvents
internal import TraceReading

/// What a recording can be relied on to hold. An invariant judges only if every event that it needs is among
/// ``kinds``: else what was not seen would be taken for what did not happen.
struct Observability {
  /// The kinds of event of which the recording has every occurrence, gaps aside.
  private(set) var kinds: Set<EventKind>
  /// How much the recording was meant to hold.
  let level: RecordingLevel
  /// The fields, of those that a recording may lack, that it has.
  let fields: Set<RecordedField>
  /// What lowers the verdict, one line each.
  private(set) var doubts: [String] = []

  init(_ file: any RecordedFile, _ decoder: EventDecoder, _ sidecar: Sidecar?, isOrdered: Bool = true) {
    kinds = decoder.kinds
    level = decoder.level
    fields = decoder.fields
    doubts += decoder.unusable
    leaveOutMissedProbes(sidecar)
    doubtTheEnd(sidecar)
    let flaws = [Self.unorderedClock(file)].compactMap { $0 } + file.omissions
    doubts += flaws
    if !flaws.isEmpty || !isOrdered { kinds = [] }
  }

  /// The kernel counts the hits that a probe could not record; the ring buffer has no trace of them.
  private mutating func leaveOutMissedProbes(_ sidecar: Sidecar?) {
    let probes = sidecar?.probes ?? []
    let uncounted = probes.filter { $0.missed == nil }.count
    // Where the recorder did not come to its end, that is said once.
    if uncounted > 0, sidecar?.recorder?.complete != false {
      doubts.append("the sidecar does not say how many hits \(uncounted) probe(s) missed")
    }
    for probe in probes {
      guard let missed = probe.missed, missed > 0 else { continue }
      doubts.append("the kernel missed \(missed) hit(s) of probe \(probe.event)")
      // The model knows of itself that a return must be missing, and what that leaves unknown.
      if EventDecoder.isReturn(probe.event) { continue }
      kinds.subtract(EventDecoder.kinds(ofEvent: probe.event))
    }
  }

  /// Who did not live to the recording's end could not count what was missed.
  private mutating func doubtTheEnd(_ sidecar: Sidecar?) {
    guard let recorder = sidecar?.recorder else { return }
    if let ending = recorder.ending {
      doubts.append("the recording ended before its time (\(ending)): it was judged up to there")
    }
    if recorder.complete == false {
      doubts.append("what the probes missed was not counted: the recorder did not come to its end")
    }
  }

  /// Clocks that are ordered across CPUs (Documentation/trace/ftrace.rst, trace_clock).
  private static let orderedClocks: Set<String> = [
    "mono", "mono_raw", "boot", "tai", "global", "counter", "x86-tsc",
  ]

  private static func unorderedClock(_ file: any RecordedFile) -> String? {
    let clocks = file.clocks
    if let clock = clocks.subtracting(orderedClocks).sorted().first {
      return "the clock \(clock) is not ordered across CPUs: record with -C mono (perf: -k CLOCK_MONOTONIC)"
    }
    return clocks.count > 1 ? "the buffers have different clocks: \(clocks.sorted().joined(separator: ", "))" : nil
  }
}
