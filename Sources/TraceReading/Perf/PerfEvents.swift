/// The events of a perf.data: which of them a sample is of, and how it is laid out.
struct PerfEvents: Sendable {
  private let attributes: [PerfAttribute]
  private let indexOfID: [UInt64: Int]
  /// Which of the attributes with one tracepoint each is: 0 but for those named twice.
  private let repetition: [UInt16]
  /// Whether every sample is laid out as those of the first attribute.
  private let isUniform: Bool
  let bufferCount: Int
  /// Whether samples can be of any use at all.
  let hasTracepoints: Bool

  init(_ contents: PerfContents) throws(TraceReadingError) {
    let attributes = contents.attributes
    guard let first = attributes.first else {
      throw TraceReadingError(.damaged, "a perf.data without events")
    }
    isUniform = attributes.allSatisfy { $0.hasLayout(of: first) }
    hasTracepoints = attributes.contains(where: \.isTracepoint)
    guard isUniform || !hasTracepoints || attributes.allSatisfy({ $0.sampleType.contains(.identifier) }) else {
      throw TraceReadingError(
        .unsupported, "perf events of several layouts whose samples do not tell which they are of")
    }
    var indexOfID: [UInt64: Int] = [:]
    var repetition: [UInt16] = []
    var seen: [UInt64: UInt16] = [:]
    for (index, attribute) in attributes.enumerated() {
      for id in attribute.ids { indexOfID[id] = index }
      guard attribute.isTracepoint else {
        repetition.append(0)
        continue
      }
      try Self.check(attribute)
      repetition.append(seen[attribute.config, default: 0])
      seen[attribute.config, default: 0] += 1
    }
    self.attributes = attributes
    self.indexOfID = indexOfID
    self.repetition = repetition
    bufferCount = Int(seen.values.max() ?? 1)
  }

  /// What a sample must have to be of use.
  private static func check(_ attribute: PerfAttribute) throws(TraceReadingError) {
    let needed: [(PerfSampleType, String)] = [
      (.time, "time"), (.cpu, "CPU (record the whole system, -a)"), (.raw, "raw data (-R)"),
    ]
    for (field, name) in needed where !attribute.sampleType.contains(field) {
      throw TraceReadingError(.unsupported, "perf samples of tracepoints without their \(name)")
    }
    if attribute.flags.contains(.writeBackward) {
      throw TraceReadingError(.unsupported, "a perf.data that was written backward (--overwrite)")
    }
  }

  private var tracepoints: [PerfAttribute] { attributes.filter(\.isTracepoint) }

  /// The clocks by ftrace's names (kernel/trace/trace.c, trace_clocks).
  var clocks: Set<String> {
    Set(
      tracepoints.map { attribute in
        guard attribute.flags.contains(.useClockID) else { return "perf" }
        switch attribute.clockID {
        case 1: return "mono"
        case 4: return "mono_raw"
        case 7: return "boot"
        case 11: return "tai"
        default: return "perf (clock id \(attribute.clockID))"
        }
      })
  }

  /// Why samples may be missing, by how perf was told to take them.
  func omissions(_ contents: PerfContents) -> [String] {
    guard hasTracepoints else { return [] }
    var omissions: [String] = []
    func note(_ text: String, _ holds: (PerfAttribute) -> Bool) {
      if tracepoints.contains(where: holds) { omissions.append(text) }
    }
    note("perf did not record every hit: leave -c and -F out") {
      $0.flags.contains(.frequency) || $0.period != 1
    }
    note("perf left out the kernel or the idle task") {
      $0.flags.contains(.excludeKernel) || $0.flags.contains(.excludeIdle)
    }
    note("perf was not told how many samples the kernel lost: use Linux and perf 6.1 or newer") {
      !$0.readFormat.contains(.lost)
    }
    if let isAll = contents.tasksAreAll {
      if !isAll { omissions.append("perf recorded some tasks only: record the whole system, -a") }
    } else {
      omissions.append("perf does not say whether it recorded the whole system (-a)")
    }
    if let cpus = contents.cpusOnline {
      note("perf recorded some of the \(cpus) CPUs only: leave -C out") {
        !$0.ids.isEmpty && $0.ids.count < Int(cpus)
      }
    }
    if contents.commandLine.contains(where: { $0 == "--filter" || $0.hasPrefix("--filter=") }) {
      omissions.append("perf filtered the events: leave --filter out")
    }
    return omissions
  }

  /// The attribute of an event number; without a number, the one that all are laid out as.
  private func index(of id: UInt64?, in record: PerfRecord) throws(TraceReadingError) -> Int? {
    guard let id else { return isUniform ? nil : 0 }
    guard let index = indexOfID[id] else {
      // A single event needs no number.
      if indexOfID.isEmpty { return nil }
      throw TraceReadingError(.damaged, "a perf sample of an unknown event, \(id)", at: record.offset)
    }
    return index
  }

  /// Reads a sample.
  /// - Returns: the sample, and which of the events with its tracepoint it is of; nil if it is of no tracepoint.
  func sample(_ record: PerfRecord) throws(TraceReadingError) -> (PerfSample, repetition: UInt16, type: UInt16?)? {
    guard hasTracepoints else { return nil }
    var layout = 0
    if !isUniform {
      // PERF_SAMPLE_IDENTIFIER comes first, for just this.
      var reader = record.reader("perf sample")
      guard let index = try index(of: try reader.read(UInt64.self), in: record) else { return nil }
      layout = index
      guard attributes[index].isTracepoint else { return nil }
    }
    let sample = try PerfSample(record, as: attributes[layout])
    guard let index = try index(of: sample.id, in: record) else { return (sample, 0, nil) }
    guard attributes[index].isTracepoint else { return nil }
    return (sample, repetition[index], UInt16(truncatingIfNeeded: attributes[index].config))
  }

  /// What stands behind the content of a record that is no sample.
  func sampleID(_ record: PerfRecord, behind size: Int) throws(TraceReadingError) -> PerfSampleID {
    var layout = 0
    if !isUniform, record.content.count >= size + 8 {
      // The identifier comes last here.
      let id = record.content.loadUnaligned(
        fromByteOffset: record.content.count - 8, as: UInt64.self)
      layout = indexOfID[id] ?? 0
    }
    return try PerfSampleID(record, behind: size, as: attributes[layout])
  }
}
