import Checking
import RecordingAudit
import RmapGraph

/// The course of a check: what was decided at each record, and what is known at the end.
///
/// Two recordings with the same course mean the same to every rule: at each event each invariant came to the same, and
/// the model holds the same, so that nothing that may follow can tell them apart.
public struct Course: Sendable {
  /// After each record, how many checks of each invariant came to what, as one number.
  let checks: [UInt64]
  /// What the model holds at the end, as one number.
  let model: UInt64
  /// What it has counted.
  let statistics: GraphStatistics
  /// What contradicts itself.
  let contradictions: Contradictions

  /// Whether two recordings have the same course.
  public func isSame(as other: Course) -> Bool {
    checks == other.checks && model == other.model && statistics == other.statistics
      && contradictions == other.contradictions
  }

  /// Whether another recording's course is the same, but for a record that it lacks, has twice or has elsewhere; a
  /// dropped one may come at its end.
  func isSame(as mutant: Course, after mutation: Mutation) -> Bool {
    guard model == mutant.model, statistics == mutant.statistics, contradictions == mutant.contradictions else {
      return false
    }
    let index = mutation.index
    switch mutation.change {
    case .drop:
      return checks[..<index] == mutant.checks[..<index]
        && checks[(index + 1)...].elementsEqual(mutant.checks[index..<(checks.count - 1)])
    case .duplicate:
      return checks[...index] == mutant.checks[...index]
        && checks[index...].elementsEqual(mutant.checks[(index + 1)...])
    case .swap:
      return checks[..<index] == mutant.checks[..<index] && checks[(index + 1)...] == mutant.checks[(index + 1)...]
    case .other, .bit: return checks == mutant.checks
    }
  }
}

extension MemoryRecording {
  /// The course of the check of this recording.
  public func course() -> Course {
    var checks: [UInt64] = []
    checks.reserveCapacity(records.count)
    var model: UInt64 = 0
    let result = bytes.withUnsafeBytes { bytes in
      RecordingCheck().run(file, path: path, sidecar: sidecar) { replay in
        for record in records {
          replay.take(record.raw(in: bytes))
          checks.append(replay.checksSoFar())
        }
        model = replay.modelFingerprint()
      }
    }
    return Course(checks: checks, model: model, statistics: result.statistics, contradictions: result.contradictions)
  }
}
