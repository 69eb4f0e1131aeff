import Invariants
import RecordingAudit
import RecordingFormat
import RmapEvents
import RmapGraph
internal import TraceReading

/// Up to where a violation is proved: behind it, what it rests on may not be what the kernel wrote, or not all of that.
struct ProofEnd {
  /// The last time, ns, up to which all is as ever.
  let time: UInt64
  /// What is judged of the events from there on.
  let behind: Behind
  /// Why, for the report.
  let reason: String

  /// What can be judged where some events are missing or wrong.
  enum Behind: Equatable {
    /// Nothing: events are there that the kernel has not written.
    case nothing
    /// Each event by itself: those of this CPU may be missing.
    case withoutCPU(UInt16)
    /// Each event by itself: those of some tasks are missing.
    case eachByItself
  }

  /// Behind an event that makes no sense, or was written twice, the file is not the kernel's, and others may be wrong that
  /// do make sense.
  init?(flaw: (ordinal: UInt64, time: UInt64)?) {
    guard let flaw else { return nil }
    time = flaw.time - min(flaw.time, 1)
    behind = .nothing
    reason = "event \(flaw.ordinal) can't have been written by the kernel"
  }

  /// Where a recording contradicts itself before any rule is broken, what breaks behind that may rest on the event that is
  /// missing or wrong: not if the rule looks at no events of that level. A kernel that breaks a rule contradicts itself
  /// too, but afterwards: so it is in all recordings of faulty kernels that are kept.
  init?(_ contradictions: Contradictions, _ invariant: Invariant, firstViolation first: EventStamp) {
    guard let contradiction = contradictions.first(upTo: invariant.highestLevel), contradiction < first.ordinal
    else { return nil }
    self.init(before: first, "the recording contradicts itself at event \(contradiction), before any rule is broken")
  }

  /// Nothing is proved by a file that is not what was recorded, wherever it was changed.
  init(changedFile first: EventStamp) {
    self.init(before: first, "the file is not what was recorded")
  }

  private init(before first: EventStamp, _ reason: String) {
    time = first.timestamp - min(first.timestamp, 1)
    behind = .nothing
    self.reason = reason
  }

  /// Behind a fork whose child was never seen, the child may have changed all that it shares.
  init(_ silent: SilentMM) {
    time = silent.forked.timestamp
    behind = .eachByItself
    reason =
      "task \(silent.forked.pid) forked an mm at event \(silent.forked.ordinal), and no event of the child's was recorded"
  }

  /// What a recorder that looks for new pages each millisecond can be behind when the kernel dies, ns: a thousand times that.
  private static let mostBehind: UInt64 = 1_000_000_000

  /// The end of the first CPU that has fewer records than the kernel counted for it, or for which there is no count
  /// (`trace-cmd restore`). A recorder that did not come to its end has no counts, either: then an idle CPU may have been
  /// silent for long, and the recorder is trusted to have been no more than so far behind. Where each CPU's recorder has
  /// written records of its own, all the time, no trust is needed.
  init?(_ file: any RecordedFile, _ ends: [RecordCount], _ sidecar: Sidecar?) {
    let recorder = sidecar?.recorder
    let hasDied = recorder?.complete == false
    let beating = hasDied && recorder?.heartbeatMS != nil ? recorder?.cpus : nil
    self.init(
      ends, counted: hasDied ? [:] : Self.counted(in: file),
      mostBehind: hasDied && beating == nil ? Self.mostBehind : 0, beatingCPUs: beating ?? 0)
  }

  init?(_ ends: [RecordCount], counted: [UInt16: UInt64], mostBehind: UInt64, beatingCPUs: Int) {
    guard let last = ends.map(\.lastTimestamp).max() else { return nil }
    let read = Dictionary(ends.map { ($0.cpu, $0.count) }, uniquingKeysWith: &+)
    var short = ends.filter { end in counted[end.cpu].map { read[end.cpu, default: 0] < $0 } ?? true }
      .map { (cpu: $0.cpu, time: $0.lastTimestamp) }
    // One that has no record at all, though there were some, ends before the first one.
    let written = counted.filter { $0.value > 0 }.map(\.key) + (0..<UInt16(clamping: beatingCPUs))
    short += written.filter { read[$0, default: 0] == 0 }.map { (cpu: $0, time: 0) }
    guard let first = short.min(by: { ($0.time, $0.cpu) < ($1.time, $1.cpu) }) else { return nil }
    time = mostBehind == 0 ? first.time : max(first.time, last - min(last, mostBehind))
    guard time < last else { return nil }
    behind = .withoutCPU(first.cpu)
    reason = "CPU \(first.cpu)'s records end before the others', and nothing shows that it had no more"
  }

  /// The kernel's count of each CPU's events, over all buffers.
  private static func counted(in file: any RecordedFile) -> [UInt16: UInt64] {
    let counts = file.cpuStatistics.compactMap { statistics in
      UInt16(exactly: statistics.cpu).map { ($0, (statistics.entries ?? 0) &+ (statistics.readEvents ?? 0)) }
    }
    return Dictionary(counts, uniquingKeysWith: &+)
  }
}
