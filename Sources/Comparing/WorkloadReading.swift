import Checking
import EventDecoding
public import Policies
import RecordingFormat
public import RmapEvents
internal import TraceReading

/// A recording read for what its processes did.
public struct WorkloadReading: Sendable {
  /// The recording's path, as it was given.
  public let path: String
  /// The kernel, from the recording or its sidecar.
  public private(set) var kernel: String?
  /// Why the file could not be read to its end; nil if it was.
  public private(set) var damage: String?
  /// Whether there is no such file, or no permission to read it; ``damage`` says which.
  public private(set) var isMissing = false
  /// Why the workload is not all that happened, one line each.
  public private(set) var doubts: [String] = []
  /// Records of our events that were taken in.
  public private(set) var events: UInt64 = 0
  /// How much the recording holds.
  public private(set) var level = RecordingLevel.structure
  /// The workload; nil if nothing can be made of the recording.
  public private(set) var recorded: RecordedWorkload?

  /// Reads the recording at `path`. Whatever is wrong with it is in the result: nothing is thrown.
  public init(path: String) {
    self.path = path
    if RecordingSearch.isFolder(path) {
      damage = "no recording in this folder, or no permission to read it"
      return
    }
    do {
      let sidecar = try Sidecar.beside(path)
      kernel = sidecar?.kernel?.release
      let input = try RecordingInput(path: path)
      let isOfFile = sidecar?.isOfFile(at: path) == true
      let checksum = sidecar?.xxh64.map { ChecksumComparison(of: input, packed: isOfFile, with: $0, beside: false) }
      try read(input, sidecar)
      damage = damage ?? checksum?.outcome()?.change
    } catch let error as SidecarError {
      damage = error.description
    } catch {
      damage = "\(error)"
      isMissing = (error as? TraceReadingError)?.isOfOpening == true
    }
  }

  private mutating func read(_ input: RecordingInput, _ sidecar: Sidecar?) throws {
    let recording = try Recording(input)
    let file = recording.file
    kernel = kernel ?? file.uname
    let intake = Intake(file, pageSize: try recording.pageSize(sidecar))
    let observability = Observability(file, intake.decoder, sidecar)
    level = observability.level
    doubts = observability.doubts
    let missing = Self.needed.filter { !observability.kinds.contains($0) }
    guard missing.isEmpty else {
      let names = missing.map { FunctionNames()[$0] }.joined(separator: ", ")
      doubts.append("no workload can be derived without all events of \(names)")
      return
    }
    switch recording {
    case .traceData(let file): take(StretchReader(try file.records(), intake))
    case .perfData(let file): take(StretchReader(try file.records(), intake))
    case .text(let file): take(StretchReader(file.records(), intake))
    }
    if events == 0, damage == nil, doubts.isEmpty {
      doubts.append("the file is intact but has none of our events: record with the probes of `rmapcheck probes`")
    }
  }

  /// After a gap, or an event that makes no sense, it is not known who exists: the workload ends there.
  private mutating func take<Source: RecordSource & ~Copyable>(_ reader: consuming StretchReader<Source>) {
    var extraction = WorkloadExtraction(name: path, pageSize: reader.intake.decoder.pageSize)
    let stretch = Stretch()
    var isOver = false
    while !isOver {
      reader.read(into: stretch)
      for position in 0..<stretch.events.count {
        extraction.take(stretch.events.event(at: position), at: stretch.events.stamp(at: position))
      }
      events = reader.intake.events
      isOver = true
      switch stretch.ending {
      case .full: isOver = false
      case .over: break
      case .failed(let error): damage = error.description
      case .malformed: doubts.append("event \(reader.intake.records) is malformed: the workload ends before it")
      case .lost:
        doubts.append("events were lost: the workload ends at the first gap, after event \(reader.intake.records)")
      }
    }
    if reader.timeRegressions > 0 {
      let times = counted(reader.timeRegressions, "time")
      doubts.append("the clock went backwards \(times): the order of events is uncertain")
    }
    recorded = extraction.finish()
  }

  /// What a workload cannot be told without.
  private static let needed: [EventKind] = [.insert, .remove, .prepare, .clone, .fork, .unlink, .put, .vmaFree]
}
