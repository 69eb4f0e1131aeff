public import Checking
import FoundationEssentials
public import Invariants
public import RecordingFormat
public import RmapEvents
internal import TraceReading
import TraceWriting

/// The events of a recording that show one of its violations.
public struct Witness: Sendable {
  /// The invariant that is broken.
  public let invariant: Invariant
  /// The violation, as the whole recording shows it, with the addresses that the witness has.
  public let finding: Finding
  /// Its fingerprint.
  public let fingerprint: String
  /// The check of the whole recording.
  public let whole: RecordingResult
  /// The check of what is left, with the numbers that the events have there.
  public let reduced: RecordingResult
  /// The events, in their order.
  public let events: [Event]
  /// What the objects of its explanation are called.
  public let letters: [Letter]
  /// Whether every event was tried, and none can be left out; false if time was up before.
  public let isMinimal: Bool
  /// The names of the tasks, as the witness has them.
  public let commandNames: [Int32: String]
  /// How many selections of events were judged.
  public let trials: Int
  /// The recording's file, and the sidecar that belongs to it.
  package let image: [UInt8]
  private let sidecar: Sidecar

  /// One event.
  public struct Event: Sendable {
    /// Where it was seen in the whole recording.
    public let stamp: EventStamp
    /// Its name in the vocabulary.
    public let name: String
    /// Its fields that name objects, places and results.
    public let fields: [(name: String, value: UInt64)]
  }

  /// What an explanation calls an object.
  public struct Letter: Sendable {
    /// The letter.
    public let name: String
    /// The object's address.
    public let address: UInt64
    /// Its first event. Before it, the address was another one's.
    public let since: UInt64
  }

  init(_ remainder: Remainder, redacts: Bool) {
    let (history, kept, trial) = (remainder.history, remainder.kept, remainder.trial)
    let target = trial.target
    let shown = redacts ? Redaction.of(history, kept) : history
    let again = Trial(shown, target, trial.sidecar)
    invariant = target.invariant
    fingerprint = target.fingerprint
    // With the numbers of the whole recording, and the addresses that are shown.
    let same = again.judge(kept).findings.first { Target($0.invariant, $0.finding).fingerprint == target.fingerprint }
    finding = same?.finding ?? target.finding
    letters = NamedObjects.letters(target.finding, shownAs: finding, history)
    whole = remainder.whole
    reduced = again.judge(kept, renumbered: true)
    isMinimal = remainder.isMinimal
    trials = remainder.trials
    events = kept.map { Event(shown, shown.records[$0]) }
    commandNames = shown.commandNames
    image = Self.image(shown, kept)
    sidecar = Self.sidecar(remainder, expected: reduced, redacts: redacts, checksum: Checksum.ofBytes(image))
  }

  /// The text of the sidecar for a file of that name.
  package func sidecarText(for name: String) -> String {
    var sidecar = sidecar
    sidecar.recording = name
    return sidecar.text()
  }

  private static func image(_ history: History, _ kept: [Int]) -> [UInt8] {
    var head = TraceImage.Head(
      formats: history.formats, clock: history.clocks.sorted().first, uname: history.uname, writer: "rmapcheck reduce")
    let pids = Set(kept.map { history.records[$0].pid }).sorted()
    head.commandNames = pids.compactMap { pid in history.commandNames[pid].map { (pid, $0) } }
    var image = TraceImage(head)
    var last: (time: UInt64, cpu: UInt16) = (0, 0)
    for index in kept {
      let record = history.records[index]
      // Readers order by time and CPU: what a text has in another order at one microsecond is a nanosecond later.
      var time = max(record.timestamp, last.time)
      if time == last.time, record.cpu < last.cpu { time += 1 }
      last = (time, record.cpu)
      history.payload(record).withUnsafeBytes { image.append($0, at: time, cpu: record.cpu) }
    }
    return image.bytes()
  }

  private static func sidecar(
    _ remainder: Remainder, expected: RecordingResult, redacts: Bool, checksum: String
  ) -> Sidecar {
    let target = remainder.trial.target
    var sidecar = remainder.trial.sidecar
    sidecar.xxh64 = checksum
    sidecar.expected = expected.expected(keeping: nil)
    let name = remainder.whole.path.split(separator: "/").last.map(String.init)
    sidecar.reduced = Sidecar.Reduced(
      recording: redacts ? nil : name, xxh64: remainder.history.checksum, records: remainder.whole.records,
      events: remainder.kept.map { remainder.history.records[$0].ordinal }, invariant: target.invariant.name,
      fingerprint: target.fingerprint, isMinimal: remainder.isMinimal, isRedacted: redacts)
    if redacts { sidecar.redact() }
    return sidecar
  }
}

extension Witness.Event {
  private static let shown: [FieldName] = [
    .vma, .source, .mm, .avc, .anonVMA, .root, .folio, .page, .index, .address, .sourceAddress, .length, .result,
  ]

  init(_ history: History, _ record: History.Record) {
    var stamp = EventStamp(
      ordinal: record.ordinal, timestamp: record.timestamp, pid: record.pid, cpu: record.cpu)
    stamp.function = history.name(record)?.declaration.kinds.first
    self.stamp = stamp
    name = history.name(record)?.rawValue ?? "?"
    let payload = history.payload(record)
    let hasFolio = history.format(record)?.field(FieldName.folio.rawValue) != nil
    fields = Self.shown.compactMap { name in
      // Older kernels' functions are given a page instead.
      if hasFolio, name == .page { return nil }
      guard let field = history.format(record)?.field(name.rawValue), let value = field.number(in: payload) else {
        return nil
      }
      return (name.rawValue, value)
    }
  }
}
