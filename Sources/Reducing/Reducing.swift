// Reducing: the fewest events of a recording that still show one of its violations, as a recording of its own: a *witness*.
//
// One idea: leave events out and judge what is left, with the same judge, as long as it says the same. Leaving out is
// dangerous: a history with a hole can break a rule that the kernel never broke. So "the same" is meant strictly
// (`Trial`): the violation has the same proof, word for word and with the same events, no other violation and no
// contradiction shows that the whole recording does not have; an operation whose entry stays keeps all that it did
// (`Operations`); and what happened between the violation's own objects stays (`NamedObjects`). What a witness proves, and
// what it doesn't, stands in Witnesses.md.
//
//   History      the recording up to the violation, in memory; read once.
//   Trial        judges some of its records, without a file.
//   Operations   which records belong together.
//   Minimizer    leaves out: large parts first, then ever smaller ones, at last one by one.
//   Witness      what is left, as a trace.dat and its sidecar.
//   BriefWitness the same for a report, if it takes little.
//   Redaction    other addresses and names in their place, with the same relations.
//
// Whatever was written is checked once more from its file (`WitnessFile`), by the same code as any other recording.

import Checking
import Glibc
import Invariants
public import RecordingFormat
import RmapEvents
internal import TraceReading

/// Why a recording can't be reduced.
public enum ReductionFailure: Error, Sendable, CustomStringConvertible {
  /// No rule is broken in it: there is nothing to show. With the check's verdict and its first doubt.
  case nothingBroken(Verdict, doubt: String?)
  /// It can't be read.
  case unreadable(String, isMissing: Bool)
  /// It has no violation of that number or fingerprint.
  case noSuchFinding(String, count: Int)
  /// Its events alone do not show the violation.
  case notReproduced(String)

  /// What is the matter, and what to do.
  public var description: String {
    switch self {
    case .nothingBroken(let verdict, let doubt):
      "no violation to reduce: the recording is \(verdict.rawValue == "holds" ? "sound" : verdict.rawValue)"
        + (doubt.map { " (\($0))" } ?? "")
    case .unreadable(let reason, _): reason
    case .noSuchFinding(let asked, let count):
      "no violation '\(asked)': there are \(count) defects, numbered from 1; or give a fingerprint of `check --format json`"
    case .notReproduced(let why): "the violation does not show from its events alone: \(why)"
    }
  }
}

/// Finds a violation's witness.
public struct Reduction: Sendable {
  /// The violation to reduce: the number of its defect, from 1, or the beginning of its fingerprint; the first one if nil.
  public var finding: String?
  /// How long it may take to leave out events, s.
  public var budget: Double = 60
  /// Whether addresses and names are replaced.
  public var redacts = false

  /// A reduction to the first violation.
  public init() {}

  /// Reads the recording at `path` and reduces it.
  /// - Throws: ``ReductionFailure``.
  public func run(path: String) throws(ReductionFailure) -> Witness {
    Witness(try remainder(of: path), redacts: redacts)
  }

  /// What is left of the recording at `path`.
  func remainder(of path: String) throws(ReductionFailure) -> Remainder {
    // A folder, a sidecar that can't be read and the like: the check says what is the matter.
    let input = RecordingSearch.isFolder(path) ? nil : try? RecordingInput(path: path)
    let result = RecordingCheck(limit: finding == nil ? .standard : .all).run(path: path, input: input)
    let target = try target(in: result)
    guard let input else { throw .unreadable("it can't be opened", isMissing: true) }
    return try Self.remainder(of: target, in: result, input, Effort(seconds: budget))
  }

  /// What is left of a recording that was checked.
  static func remainder(
    of target: Target, in result: RecordingResult, _ input: RecordingInput, _ effort: Effort
  ) throws(ReductionFailure) -> Remainder {
    let history: History
    do throws(TraceReadingError) {
      history = try History(input, result.sidecar, upTo: target.finding.stamp.ordinal)
    } catch {
      throw .unreadable(error.description, isMissing: error.isOfOpening)
    }
    let whole = Array(history.records.indices)
    var trial = Trial(history, target, Sidecar.ofReduced(result.sidecar, history.pageSize))
    guard trial.begin(with: whole) else { throw .notReproduced(trial.reason(against: whole)) }
    var minimizer = Minimizer(history, trial, effort)
    minimizer.run()
    return Remainder(
      history: history, kept: minimizer.kept, trial: trial, whole: result, isMinimal: minimizer.isMinimal,
      trials: minimizer.trials)
  }

  private func target(in result: RecordingResult) throws(ReductionFailure) -> Target {
    let findings = result.findings
    guard !findings.isEmpty, !result.defects.isEmpty else {
      if let damage = result.damage { throw .unreadable(damage, isMissing: result.isMissing) }
      throw .nothingBroken(result.verdict, doubt: result.doubts.first)
    }
    let defects = result.defects.map { Target($0.invariant, $0.first) }
    guard let asked = finding else { return defects[0] }
    let chosen: Target?
    if let number = Int(asked), asked.count < 9 {
      chosen = defects.indices.contains(number - 1) ? defects[number - 1] : nil
    } else {
      // What follows from another violation has a fingerprint, too, and is in no list.
      let all = defects + findings.map { Target($0.invariant, $0.finding) }
      chosen = all.first { asked.count >= 4 && $0.fingerprint.hasPrefix(asked.lowercased()) }
    }
    guard let chosen else { throw .noSuchFinding(asked, count: defects.count) }
    return chosen
  }

  /// Seconds of a clock that is never set.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// The violation that a witness shows.
struct Target: Sendable {
  let invariant: Invariant
  let finding: Finding
  let fingerprint: String

  init(_ invariant: Invariant, _ finding: Finding) {
    self.invariant = invariant
    self.finding = finding
    fingerprint = Fingerprint.of(finding, of: invariant)
  }
}

/// What is left of a history, and how that was found.
struct Remainder {
  let history: History
  let kept: [Int]
  let trial: Trial
  let whole: RecordingResult
  let isMinimal: Bool
  let trials: Int
}
