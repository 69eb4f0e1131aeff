// Timeline: a recording as a trace that Perfetto shows (ui.perfetto.dev).
//
// One idea: what happened, in the order in which it happened, with the judge's findings drawn into it. Each task is a track;
// operations are slices, all else are instants. A violation is an instant, too, and arrows (flows) lead to it from the events
// that its proof rests on. Counters show how much the model has. The recording is read twice: once to be judged, and once to
// be written, event by event, so that memory does not grow with it.
//
//   ProtoWriter     protobuf's encoding.
//   PerfettoTrace   Perfetto's packets.
//   Timeline        the recording's events as such.

public import Checking
import EventDecoding
import Invariants
import RecordingFormat
import RmapEvents
import RmapGraph
import TraceReading

/// A recording's events for Perfetto.
public struct Timeline {
  private enum Track {
    static let recording: UInt64 = 1
    static let anonVMAs: UInt64 = 2
    static let avcs: UInt64 = 3
    /// Behind it, the tasks by their pids.
    static let tasks: UInt64 = 1 << 32
  }

  private let result: RecordingResult
  private let file: any RecordedFile
  private let formats: [UInt16: Shape]
  private let emit: ([UInt8]) -> Void
  private var trace = PerfettoTrace()
  private var marks: [UInt64: [Mark]]
  private var tasks: Set<Int32> = []
  /// The operations that each task is in.
  private var open: [Int32: [EventName]] = [:]
  private var counts: (anonVMAs: Int, avcs: Int) = (-1, -1)
  private var lastTime: UInt64 = 0

  /// What an event's records show.
  fileprivate struct Shape {
    let name: EventName
    let fields: [(name: String, field: EventField, isAddress: Bool)]
  }

  /// A violation at an event, or a fact that one rests on.
  private enum Mark {
    case violation(Invariant, Finding, flows: [UInt64])
    case fact(Invariant, String, flow: UInt64)
  }

  private init(_ result: RecordingResult, _ file: any RecordedFile, _ emit: @escaping ([UInt8]) -> Void) {
    self.result = result
    self.file = file
    self.emit = emit
    let decoder = EventDecoder(formats: file.eventFormats)
    formats = Dictionary(
      file.eventFormats.all.filter { decoder.identifiers.contains($0.id) }.compactMap { format in
        EventName(rawValue: format.name).map { (format.id, Shape($0, format)) }
      }, uniquingKeysWith: { first, _ in first })
    marks = Self.marks(result)
  }

  /// Checks the recording at `path` and writes it; `emit` takes the trace's bytes in their order. Of a recording that can't
  /// be read to its end, what comes before is written; of one without records, nothing. The check's result says so.
  public static func write(path: String, emit: @escaping ([UInt8]) -> Void) -> RecordingResult {
    let input = RecordingSearch.isFolder(path) ? nil : try? RecordingInput(path: path)
    let result = RecordingCheck(limit: .all).run(path: path, input: input)
    guard result.records > 0, let input else { return result }
    // What is wrong with it, the check has found already.
    try? write(Recording(input), of: result, emit)
    return result
  }

  private static func write(
    _ recording: Recording, of result: RecordingResult, _ emit: @escaping ([UInt8]) -> Void
  ) throws(TraceReadingError) {
    let pageSize = try recording.pageSize(result.sidecar)
    var timeline = Timeline(result, recording.file, emit)
    timeline.begin()
    defer { timeline.end() }
    switch recording {
    case .traceData(let file): try timeline.run(try file.records(), pageSize)
    case .perfData(let file): try timeline.run(try file.records(), pageSize)
    case .text(let file): try timeline.run(file.records(), pageSize)
    }
  }

  private mutating func run<Source: RecordSource & ~Copyable>(
    _ source: consuming Source, _ pageSize: PageSize
  ) throws(TraceReadingError) {
    var source = source
    var intake = Intake(file, pageSize: pageSize)
    var batch = EventBatch()
    var graph = RmapGraph()
    // It has judged before.
    var bystander = Judge([])
    while let item = try source.next() {
      switch item {
      case .lost(let lost):
        lose(lost)
        graph.reset()
      case .record(let record):
        batch.removeAll()
        guard intake.take(record, into: &batch), batch.count > 0, let shape = formats[record.eventID] else { continue }
        graph.apply(batch, at: 0, observer: &bystander)
        show(record, shape, number: intake.records)
        count(graph.liveAnonVMAs, graph.liveAVCs, at: record.timestamp)
      }
    }
  }
}

// MARK: Events

extension Timeline {
  private mutating func begin() {
    let kernel = result.kernel.map { ", kernel \($0)" } ?? ""
    emit(trace.track(Track.recording, "\(result.path)\(kernel): \(result.verdict.rawValue)"))
    emit(trace.track(Track.anonVMAs, "anon_vmas", isCounter: true))
    emit(trace.track(Track.avcs, "AVCs", isCounter: true))
  }

  private mutating func show(_ record: RawRecord, _ shape: Shape, number: UInt64) {
    lastTime = max(lastTime, record.timestamp)
    let track = track(of: record.pid)
    let declaration = shape.name.declaration
    let function = declaration.kinds.first.map { result.functions[$0] } ?? shape.name.rawValue
    var event = PerfettoTrace.Event(kind: .instant, time: record.timestamp, track: track)
    event.values = shape.values(of: record) + [("event", .number(number))]
    switch declaration.role {
    case .entry:
      event.kind = .begin
      open[record.pid, default: []].append(shape.name)
    case .exit where close(record.pid, to: shape.name, at: record.timestamp): event.kind = .end
    case .exit, .whole: break
    }
    if event.kind != .end { (event.name, event.category) = (function, "rmap") }
    let shown = marks.removeValue(forKey: number) ?? []
    // What shows at a return is within the operation, and at an entry, too.
    if event.kind == .begin { emit(trace.event(event)) }
    for mark in shown { emit(trace.event(self.event(of: mark, record.timestamp, track, number))) }
    if event.kind != .begin { emit(trace.event(event)) }
  }

  private func event(of mark: Mark, _ time: UInt64, _ track: UInt64, _ number: UInt64) -> PerfettoTrace.Event {
    var event = PerfettoTrace.Event(kind: .instant, time: time, track: track)
    switch mark {
    case .violation(let invariant, let finding, let flows):
      event.name = "VIOLATED \(invariant.name)"
      event.category = "violation"
      event.endingFlows = flows
      event.values = [("what", .text(finding.what))] + finding.objects.map { ($0.name, .text($0.description)) }
      event.values += [("however", .text(finding.contradiction.text)), ("rule", .text(finding.rule))]
    case .fact(let invariant, let text, let flow):
      event.name = "proof of \(invariant.name)"
      event.category = "proof"
      event.flows = [flow]
      event.values = [("then", .text(text))]
    }
    event.values.append(("event", .number(number)))
    return event
  }

  /// Leaves the operations that were entered since the one that returns, whose returns are missing; false if it was not
  /// entered.
  private mutating func close(_ pid: Int32, to exit: EventName, at time: UInt64) -> Bool {
    guard let depth = open[pid]?.lastIndex(where: { $0.ofReturn == exit }) else { return false }
    while let count = open[pid]?.count, count > depth + 1 { closeLast(pid, at: time) }
    open[pid]?.removeLast()
    return true
  }

  private mutating func closeLast(_ pid: Int32, at time: UInt64) {
    guard open[pid]?.popLast() != nil else { return }
    emit(trace.event(PerfettoTrace.Event(kind: .end, time: time, track: track(of: pid))))
  }

  private mutating func track(of pid: Int32) -> UInt64 {
    let track = Track.tasks + UInt64(UInt32(bitPattern: pid))
    if tasks.insert(pid).inserted {
      emit(trace.track(track, ofTask: pid, named: file.commandName(ofPID: pid)))
    }
    return track
  }

  private mutating func count(_ anonVMAs: Int, _ avcs: Int, at time: UInt64) {
    for (track, now, before) in [(Track.anonVMAs, anonVMAs, counts.anonVMAs), (Track.avcs, avcs, counts.avcs)]
    where now != before {
      var event = PerfettoTrace.Event(kind: .counter, time: time, track: track)
      event.counter = UInt64(now)
      emit(trace.event(event))
    }
    counts = (anonVMAs, avcs)
  }

  /// What tasks were in the middle of is not known to have gone on.
  private mutating func lose(_ lost: LostEvents) {
    let time = lost.after ?? lastTime
    lastTime = max(lastTime, time)
    closeAll()
    var event = PerfettoTrace.Event(kind: .instant, time: lastTime, track: Track.recording)
    event.name = "events lost"
    event.category = "recording"
    event.values = [("cpu", .number(UInt64(lost.cpu)))] + (lost.count.map { [("events", .number($0))] } ?? [])
    emit(trace.event(event))
  }

  private mutating func end() {
    closeAll()
    for doubt in result.doubts {
      var event = PerfettoTrace.Event(kind: .instant, time: lastTime, track: Track.recording)
      event.name = "doubt"
      event.category = "recording"
      event.values = [("doubt", .text(doubt))]
      emit(trace.event(event))
    }
  }

  private mutating func closeAll() {
    for pid in open.keys.sorted() { while open[pid]?.isEmpty == false { closeLast(pid, at: lastTime) } }
    open = [:]
  }
}

// MARK: Findings

extension Timeline {
  /// By event number, what is to be drawn there: each finding, and each fact that has an event of its own.
  private static func marks(_ result: RecordingResult) -> [UInt64: [Mark]] {
    var marks: [UInt64: [Mark]] = [:]
    var flow: UInt64 = 0
    for (invariant, finding) in result.findings {
      var flows: [UInt64] = []
      for fact in finding.established {
        guard let stamp = fact.stamp, stamp.isRecorded, stamp.ordinal < finding.stamp.ordinal else { continue }
        flow += 1
        flows.append(flow)
        marks[stamp.ordinal, default: []].append(.fact(invariant, fact.text, flow: flow))
      }
      marks[finding.stamp.ordinal, default: []].append(.violation(invariant, finding, flows: flows))
    }
    return marks
  }
}

extension Timeline.Shape {
  private static let shown: [FieldName] = [
    .vma, .source, .mm, .avc, .anonVMA, .root, .parent, .folio, .index, .address, .sourceAddress, .length, .result,
    .children, .active, .refcount,
  ]
  private static let addresses: Set<FieldName> = [
    .vma, .source, .mm, .avc, .anonVMA, .root, .parent, .folio, .address, .sourceAddress,
  ]

  fileprivate init(_ name: EventName, _ format: EventFormat) {
    self.name = name
    fields = Self.shown.compactMap { name in
      format.field(name.rawValue).map { (name.rawValue, $0, Self.addresses.contains(name)) }
    }
  }

  fileprivate func values(of record: RawRecord) -> [(name: String, value: PerfettoTrace.Value)] {
    fields.compactMap { name, field, isAddress in
      guard let value = field.number(in: record.payload) else { return nil }
      return (name, isAddress ? .pointer(value) : .number(value))
    }
  }
}
