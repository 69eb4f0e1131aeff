import EventDecoding
import Invariants
import RecordingFormat
import RmapEvents
package import TraceReading

/// What a recording can be relied on to hold. An invariant judges only if every event that it needs is among
/// ``kinds``: else what was not seen would be taken for what did not happen.
package struct Observability {
  /// The kinds of event of which the recording has every occurrence, gaps aside.
  package private(set) var kinds: Set<EventKind>
  /// How much the recording was meant to hold.
  package let level: RecordingLevel
  /// The fields, of those that a recording may lack, that it has.
  let fields: Set<RecordedField>
  /// The names of all fields that some event has.
  let fieldNames: Set<FieldName>
  /// What lowers the verdict, one line each.
  package private(set) var doubts: [String] = []
  /// How many records the recorder took out of the kernel's buffers, if that was counted.
  private var recordsTaken: UInt64?

  package init(_ file: any RecordedFile, _ decoder: EventDecoder, _ sidecar: Sidecar?, isOrdered: Bool = true) {
    kinds = decoder.kinds
    level = decoder.level
    fields = decoder.fields
    fieldNames = decoder.fieldNames
    doubts += decoder.unusable
    leaveOutMissedProbes(sidecar)
    leaveOutUndescribedProbes(file, sidecar)
    doubtTheEnd(sidecar)
    doubtOverwritten(sidecar)
    if let reduced = sidecar?.reduced {
      doubts.append(
        "a witness: \(reduced.events.count) of another recording's \(counted(reduced.records, "record")), chosen to show "
          + "one violation")
    }
    recordsTaken = Self.recordsTaken(file, sidecar)
    let flaws = [Self.unorderedClock(file), Self.unmarkedLosses(sidecar)].compactMap { $0 } + file.omissions
    doubts += flaws
    if !flaws.isEmpty || !isOrdered { kinds = [] }
  }

  /// The kernel counts the hits that a probe could not record; the ring buffer has no trace of them.
  private mutating func leaveOutMissedProbes(_ sidecar: Sidecar?) {
    let probes = sidecar?.probes ?? []
    let uncounted = probes.filter { $0.missed == nil }.count
    // Where the recorder did not come to its end, that is said once.
    if uncounted > 0, sidecar?.recorder?.complete != false {
      doubts.append("the sidecar does not say how many hits \(counted(uncounted, "probe")) missed")
    }
    for probe in probes {
      guard let missed = probe.missed, missed > 0 else { continue }
      doubts.append("the kernel missed \(counted(missed, "hit")) of probe \(probe.event)")
      // The model knows of itself that a return must be missing, and what that leaves unknown.
      if EventDecoder.isReturn(probe.event) { continue }
      kinds.subtract(EventDecoder.kinds(ofEvent: probe.event))
    }
  }

  /// A probe that fired has its events in the recording, so the file describes them; under that name.
  private mutating func leaveOutUndescribedProbes(_ file: any RecordedFile, _ sidecar: Sidecar?) {
    let described = Set(file.eventFormats.all.filter { ProbeGroup.isOurs($0.system) }.map(\.name))
    for probe in sidecar?.probes ?? [] {
      let kinds = EventDecoder.kinds(ofEvent: probe.event)
      guard let hits = probe.hits, hits > 0, !kinds.isEmpty, !described.contains(probe.event) else { continue }
      doubts.append("the sidecar has \(counted(hits, "hit")) of probe \(probe.event), which the file does not describe")
      self.kinds.subtract(kinds)
    }
  }

  /// A recorder that did not live to the end of the recording could not count what was missed.
  private mutating func doubtTheEnd(_ sidecar: Sidecar?) {
    guard let recorder = sidecar?.recorder else { return }
    if let ending = recorder.ending {
      doubts.append("the recording ended early (\(ending)): judged up to that point")
    }
    if recorder.complete == false {
      doubts.append("missed hits were not counted: the recorder did not finish")
    }
  }

  /// Pages mark what was overwritten before them; that the kernel counted it is said all the same.
  private mutating func doubtOverwritten(_ sidecar: Sidecar?) {
    let overwritten = (sidecar?.buffers ?? []).reduce(UInt64(0)) { $0 &+ ($1.overrun ?? 0) }
    if overwritten > 0 { doubts.append("the kernel overwrote \(counted(overwritten, "event")) before they were read") }
  }

  /// What a full buffer, or one interrupted too deeply, drops is marked nowhere.
  private static func unmarkedLosses(_ sidecar: Sidecar?) -> String? {
    let dropped = (sidecar?.buffers ?? []).reduce(UInt64(0)) {
      $0 &+ ($1.droppedEvents ?? 0) &+ ($1.commitOverrun ?? 0)
    }
    if dropped == 0 { return nil }
    return "the sidecar counts \(counted(dropped, "dropped event")), at places that the file does not mark"
  }

  /// Only a trace.dat is made of what is read from these buffers; perf has its own.
  private static func recordsTaken(_ file: any RecordedFile, _ sidecar: Sidecar?) -> UInt64? {
    guard file is TraceFile, let buffers = sidecar?.buffers, !buffers.isEmpty else { return nil }
    let counts = buffers.compactMap(\.readEvents)
    return counts.count == buffers.count ? counts.reduce(0, &+) : nil
  }

  /// What lowers the verdict once all of the recording was read: all kept recordings hold exactly as many records as
  /// the kernel counted when they were taken out, gaps or not.
  func doubts(afterReading records: UInt64) -> [String] {
    guard let recordsTaken, recordsTaken != records else { return doubts }
    return doubts + ["the file holds \(records) of the \(counted(recordsTaken, "record")) read from the kernel"]
  }

  /// Clocks that are ordered across CPUs (Documentation/trace/ftrace.rst, trace_clock).
  private static let orderedClocks: Set<String> = [
    "mono", "mono_raw", "boot", "tai", "global", "counter", "x86-tsc",
  ]

  /// The records of one CPU are in order by any clock.
  private static func unorderedClock(_ file: any RecordedFile) -> String? {
    let clocks = file.clocks
    if clocks.count <= 1, file.recordedCPUs.count <= 1 { return nil }
    if let unnamed = file.unnamedClock { return unnamed }
    if let clock = clocks.subtracting(orderedClocks).sorted().first {
      return "the clock \(clock) is not ordered across CPUs: record with -C mono (perf: -k CLOCK_MONOTONIC)"
    }
    return clocks.count > 1 ? "the buffers have different clocks: \(clocks.sorted().joined(separator: ", "))" : nil
  }
}
