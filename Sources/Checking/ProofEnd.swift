import Invariants
internal import TraceReading

/// Up to where a violation is proved: behind it, what it rests on may not be what the kernel wrote, or not all of that.
struct ProofEnd {
  /// The last time, ns, up to which all is as ever.
  let time: UInt64
  /// The CPU whose events may be missing from there on: each event of the others is then judged by itself. Nil if events are
  /// there that the kernel has not written: then none is judged.
  let silentCPU: UInt16?
  /// Why, for the report.
  let reason: String

  /// Behind an event that makes no sense, or was written twice, the file is not the kernel's, and others may be wrong that
  /// do make sense.
  init?(flaw: (ordinal: UInt64, time: UInt64)?) {
    guard let flaw else { return nil }
    time = flaw.time &- 1
    silentCPU = nil
    reason = "event \(flaw.ordinal) can't have been written by the kernel"
  }

  /// What a recorder that looks for new pages each millisecond can be behind when the kernel dies, ns: a thousand times that.
  private static let mostBehind: UInt64 = 1_000_000_000

  /// The end of the first CPU that has fewer records than the kernel counted for it, or for which there is no count
  /// (`trace-cmd restore`). A recorder that did not come to its end has no counts, either.
  init?(_ file: any RecordedFile, _ ends: [RecordCount], _ sidecar: Sidecar?) {
    guard let last = ends.map(\.lastTimestamp).max() else { return nil }
    let hasDied = sidecar?.recorder?.complete == false
    let short = ends.filter { end in
      let counted = hasDied ? nil : Self.counted(for: end.cpu, in: file)
      let read = ends.reduce(0) { $1.cpu == end.cpu ? $0 + $1.count : $0 }
      return counted.map { read < $0 } ?? true
    }
    guard let first = short.min(by: { $0.lastTimestamp < $1.lastTimestamp }) else { return nil }
    time = hasDied ? max(first.lastTimestamp, last - min(last, Self.mostBehind)) : first.lastTimestamp
    guard time < last else { return nil }
    silentCPU = first.cpu
    reason = "CPU \(first.cpu)'s records end before the others', and nothing says that it had no more"
  }

  private static func counted(for cpu: UInt16, in file: any RecordedFile) -> UInt64? {
    let counts = file.cpuStatistics.filter { $0.cpu == Int(cpu) }
    if counts.isEmpty { return nil }
    return counts.reduce(0) { $0 &+ ($1.entries ?? 0) &+ ($1.readEvents ?? 0) }
  }
}
