/// The line that says how a recording goes while it runs.
struct ProgressText {
  /// Seconds since the recording began.
  let seconds: Int
  /// Events so far; where the buffers are perf's, hits of the probes.
  let events: UInt64
  /// Hits that left no trace.
  let missed: UInt64
  /// Events that the buffers could not hold, as far as is known: perf says so with the next event that finds room.
  let lost: UInt64
  /// Bytes so far, on disk or still in the buffers.
  let bytes: UInt64

  /// `12 s: 482113 events, 0 lost, 0 missed, 31.4 MB`
  var line: String {
    "\(seconds) s: \(events) events, \(lost) lost, \(missed) missed, \(Self.megabytes(bytes))"
  }

  static func megabytes(_ bytes: UInt64) -> String {
    let tenths = (bytes &+ 50_000) / 100_000
    return "\(tenths / 10).\(tenths % 10) MB"
  }
}
