import RmapEvents
import Vocabulary

/// What a machine without rmapcheck has noted of its recording (scripts/guest/record_foreign): a word and its value on each
/// line. The sidecar is made of it where rmapcheck runs.
public struct GuestFacts: Sendable {
  /// A line that says nothing of what is known.
  public struct Failure: Error, CustomStringConvertible {
    /// Its number, from 1.
    public let line: Int
    /// What it says.
    public let text: String

    /// What is the matter, and where.
    public var description: String { "line \(line) of the guest's facts: \"\(text)\"" }
  }

  private var sidecar = Sidecar(recording: "")
  private var kernel = Sidecar.Kernel()
  private var recorder = Sidecar.Recorder()
  private var probes: [Sidecar.Probe] = []

  /// Reads the lines.
  ///
  /// - Throws: ``Failure`` at the first that can't be understood.
  public init(_ text: String) throws(Failure) {
    recorder.complete = true
    recorder.wholeSystem = true
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() where !line.isEmpty
    {
      let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
      guard parts.count == 2, take(parts[0], parts[1]) else { throw Failure(line: number + 1, text: String(line)) }
    }
  }

  private mutating func take(_ word: String, _ value: String) -> Bool {
    switch word {
    case "date": sidecar.date = value
    case "level": sidecar.level = RecordingLevel(rawValue: value)
    case "release": kernel.release = value
    case "version": kernel.version = value
    case "machine": kernel.machine = value
    case "page-size": kernel.pageSize = Int(value)
    case "recorder": recorder.version = value
    case "clock": recorder.clock = value
    case "buffer-kb": recorder.bufferKB = Int(value)
    case "cpus": recorder.cpus = Int(value)
    case "start": recorder.start = UInt64(value)
    case "end": recorder.end = UInt64(value)
    case "probe":
      guard let line = KprobeLine(value) else { return false }
      probes.append(Sidecar.Probe(event: String(line.event), definition: value))
    case "count":
      // A line of kprobe_profile. Only the missed hits: the others are also counted while the recorder starts and stops.
      let words = value.split(separator: " ")
      guard words.count == 3, let missed = UInt64(words[2]) else { return false }
      if let place = probes.firstIndex(where: { $0.event == words[0] }) { probes[place].missed = missed }
      return true
    default: return false
    }
    let numbers: [String: Bool] = [
      "level": sidecar.level != nil, "page-size": kernel.pageSize != nil, "buffer-kb": recorder.bufferKB != nil,
      "cpus": recorder.cpus != nil, "start": recorder.start != nil, "end": recorder.end != nil,
    ]
    return numbers[word] ?? true
  }

  /// Puts all of it into a sidecar that has nothing of it yet.
  public func add(to other: inout Sidecar) {
    other.date = sidecar.date
    other.level = sidecar.level
    other.kernel = kernel
    other.recorder = recorder
    other.probes = probes
  }
}
