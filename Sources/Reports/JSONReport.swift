public import Checking
import FoundationEssentials
import Invariants
import RecordingAudit
import RecordingFormat
import RmapEvents
import RmapGraph

/// The report for programs. Its `schema` names the form; fields are only ever added to it.
public enum JSONReport {
  /// The form's name.
  public static let schema = "rmapcheck-report/1"

  /// All results as one JSON object, keys sorted, the same bytes every time.
  public static func render(_ results: [RecordingResult], _ options: ReportOptions = ReportOptions()) -> String {
    encode(document(results, options))
  }

  /// What is encoded. Its fields are what JSONReportSchema.md has tables of.
  package static func document(_ results: [RecordingResult], _ options: ReportOptions) -> some Encodable {
    Document(
      schema: schema, tool: ToolEntry(name: Tool.name, version: Tool.version, commit: options.tool.commit),
      verdict: Verdict.combined(results.map(\.verdict)),
      recordings: zip(results, RunIdentity.of(results)).map(Recording.init))
  }

  package static func encode(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      preconditionFailure("a report holds strings and integers only")
    }
    return escaped(String(decoding: data, as: UTF8.self)) + "\n"
  }

  /// JSON asks for C0 to be escaped only; what else a terminal would obey comes from the same names.
  private static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.value >= 0x7f && isUnprintable($0) }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar.value >= 0x7f, isUnprintable(scalar) {
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private struct Document: Encodable {
    let schema: String
    let tool: ToolEntry
    let verdict: Verdict
    let recordings: [Recording]
  }

  private struct ToolEntry: Encodable {
    let name: String
    let version: String
    let commit: String?
  }

  private struct RunEntry: Encodable {
    let kernel: String
    let flavour: String
    let workload: String
    let level: String?
    let fault: String?
    let number: Int
  }

  private struct Recording: Encodable {
    let path: String
    let name: String
    let run: RunEntry
    let verdict: Verdict
    let level: RecordingLevel
    let damage: String?
    let checksum: String?
    let kernel: String?
    let xxh64: String?
    let made: MadeEntry?
    let records: UInt64
    let events: UInt64
    let malformed: UInt64
    let losses: [LossEntry]
    let doubts: [String]
    let contradictions: [ContradictionEntry]
    let predictedUnmaps: UInt64
    let unpredictedUnmaps: UInt64
    let predictedUnmapsOfBorn: UInt64
    let unpredictedUnmapsOfBorn: UInt64
    let vanishedPages: UInt64
    let inheritedPages: UInt64
    let missingReturns: UInt64
    let invariants: [InvariantEntry]
    let defects: [DefectEntry]
    let violations: [ViolationEntry]

    init(_ result: RecordingResult, _ identity: RunIdentity) {
      path = result.path
      name = identity.name
      run = RunEntry(
        kernel: identity.kernel, flavour: identity.flavour, workload: identity.workload, level: identity.level,
        fault: identity.fault, number: identity.number)
      verdict = result.verdict
      level = result.level
      damage = result.damage
      checksum = result.checksum?.word
      kernel = result.kernel
      xxh64 = result.xxh64
      made = result.sidecar.map(MadeEntry.init)
      records = result.records
      events = result.events
      malformed = result.malformed
      losses = result.losses.map(LossEntry.init)
      doubts = result.doubts
      contradictions = result.contradictions.kept.map { ContradictionEntry($0, result) }
      predictedUnmaps = result.statistics.predictedUnmaps
      unpredictedUnmaps = result.statistics.unpredictedUnmaps
      predictedUnmapsOfBorn = result.statistics.predictedUnmapsOfBorn
      unpredictedUnmapsOfBorn = result.statistics.unpredictedUnmapsOfBorn
      vanishedPages = result.statistics.vanishedPages
      inheritedPages = result.statistics.inheritedPages
      missingReturns = result.statistics.missingReturns
      invariants = result.invariants.map { InvariantEntry($0, result.functions) }
      let findings = result.findingsOfDefects
      defects = result.defects.enumerated().map { place, defect in
        DefectEntry(defect, findings.indices.filter { findings[$0].defect == place }, result)
      }
      violations = findings.map { ViolationEntry($0.invariant, $0.finding, $0.defect, result) }
    }
  }

  private struct LossEntry: Encodable {
    let cpu: UInt16
    let count: UInt64?
    let afterNanoseconds: UInt64?
    let beforeNanoseconds: UInt64?

    init(_ loss: Loss) {
      cpu = loss.cpu
      count = loss.count
      afterNanoseconds = loss.after
      beforeNanoseconds = loss.before
    }
  }

  /// The first contradiction of a kind, and how many of it there are.
  private struct ContradictionEntry: Encodable {
    let kind: String
    let object: String
    let field: String
    let was: String?
    let `is`: String
    let since: UInt64?
    let at: EventEntry
    let count: UInt64

    init(_ contradiction: Contradiction, _ result: RecordingResult) {
      kind = contradiction.kind.word
      object = contradiction.object.text(result.functions)
      field = contradiction.field.name
      was = contradiction.was?.text(result.functions)
      `is` = contradiction.now.text(result.functions)
      since = contradiction.since
      at = EventEntry(contradiction.at, result)
      count = result.contradictions.count(of: contradiction.kind)
    }
  }

  private struct InvariantEntry: Encodable {
    let name: String
    let number: Int
    let verdict: Verdict
    let decided: UInt64
    let decidedPermille: UInt64?
    let undecided: [String: UInt64]
    let violations: UInt64
    let kept: Int
    let missingEvents: [String]
    let missingFields: [String]
    let lawGap: String?
    let recorded: Bool

    init(_ entry: InvariantResult, _ functions: FunctionNames) {
      name = entry.invariant.name
      number = entry.invariant.number
      verdict = entry.verdict
      decided = entry.ledger.decided
      decidedPermille = entry.decidedPermille
      undecided = UndecidedReason.allCases.reduce(into: [:]) { counts, reason in
        let count = entry.ledger.undecided(reason)
        if count > 0 { counts[reason.word] = count }
      }
      violations = entry.ledger.violations
      kept = entry.findings.count
      missingEvents = entry.missing.map { functions[$0] }
      missingFields = entry.missingFields.map(\.meaning)
      lawGap = entry.lawGap
      recorded = entry.isRecorded
    }
  }

  /// When, on which machine and of what the recording was made, as its sidecar has it.
  private struct MadeEntry: Encodable {
    let date: String?
    let kernelVersion: String?
    let machine: String?
    let package: String?
    let compiler: String?
    let commit: String?
    let configuration: [String: String]?
    let cpus: Int?
    let workload: [String]?
    let recorder: String?

    init(_ sidecar: Sidecar) {
      date = sidecar.date
      kernelVersion = sidecar.kernel?.version
      machine = sidecar.kernel?.machine
      let packageParts = [sidecar.kernel?.package, sidecar.kernel?.packageVersion].compactMap(\.self)
      package = packageParts.isEmpty ? nil : packageParts.joined(separator: " ")
      compiler = sidecar.kernel?.compiler
      commit = sidecar.kernel?.commit
      configuration = sidecar.kernel?.configuration
      cpus = sidecar.recorder?.cpus
      workload = sidecar.workload?.command
      recorder = sidecar.recorder?.version
    }
  }

  /// A violation, and what follows from it. `findings` are places among `violations`, the first one's first.
  private struct DefectEntry: Encodable {
    let fingerprint: String
    let invariant: String
    let what: String
    let function: String
    let event: UInt64
    let occurrences: UInt64
    let violations: UInt64
    let findings: [Int]
    let follows: [FollowEntry]

    init(_ defect: Defect, _ findings: [Int], _ result: RecordingResult) {
      fingerprint = defect.fingerprint
      invariant = defect.invariant.name
      what = defect.first.what
      function = result.functions[defect.first.responsible]
      event = defect.first.stamp.ordinal
      occurrences = defect.occurrences
      violations = defect.violations
      self.findings = findings
      follows = defect.follows.map {
        FollowEntry(invariant: $0.invariant.name, count: $0.count, firstEvent: $0.firstEvent)
      }
    }
  }

  private struct FollowEntry: Encodable {
    let invariant: String
    let count: UInt64
    let firstEvent: UInt64
  }

  private struct ViolationEntry: Encodable {
    let invariant: String
    let defect: Int
    let fingerprint: String
    let what: String
    let function: String
    let doneBy: StepEntry?
    let doneBetween: [StepEntry]?
    let handledBy: StepEntry?
    let responsible: String
    let event: EventEntry
    let objects: [ObjectEntry]
    let established: [FactEntry]
    let contradiction: FactEntry
    let rule: String
    let events: [EventEntry]

    init(_ invariant: Invariant, _ finding: Finding, _ defect: Int, _ result: RecordingResult) {
      self.invariant = invariant.name
      self.defect = defect
      fingerprint = Fingerprint.of(finding, of: invariant)
      what = finding.what
      let functions = result.functions
      function = functions[finding.function]
      responsible = functions[finding.responsible]
      let shown = StepEntry(function: function, event: finding.stamp.ordinal)
      switch finding.doer {
      case nil: (doneBy, doneBetween, handledBy) = (shown, nil, nil)
      case .step(let stamp): (doneBy, doneBetween, handledBy) = (StepEntry(stamp, functions), nil, nil)
      case .between(let right, let wrong, let handled):
        handledBy = handled.map { StepEntry($0, functions) }
        doneBy = nil
        doneBetween = [
          StepEntry(right, functions),
          wrong.ordinal == finding.stamp.ordinal ? shown : StepEntry(wrong, functions),
        ]
      }
      event = EventEntry(finding.stamp, result)
      objects = finding.objects.map { ObjectEntry(name: $0.name, description: $0.description) }
      established = finding.established.map(FactEntry.init)
      contradiction = FactEntry(finding.contradiction)
      rule = finding.rule
      events = finding.events.map { EventEntry($0, result) }
    }
  }

  /// A function, and the event by which the recording has it.
  fileprivate struct StepEntry: Encodable {
    let function: String?
    let event: UInt64
  }

  private struct ObjectEntry: Encodable {
    let name: String
    let description: String
  }

  private struct FactEntry: Encodable {
    let text: String
    let event: UInt64?

    init(_ fact: Finding.Fact) {
      text = fact.text
      event = fact.stamp.flatMap { $0.isRecorded ? $0.ordinal : nil }
    }
  }

  private struct EventEntry: Encodable {
    let number: UInt64
    let nanoseconds: UInt64
    let cpu: UInt16
    let pid: Int32
    let command: String?

    init(_ stamp: EventStamp, _ result: RecordingResult) {
      number = stamp.ordinal
      nanoseconds = stamp.timestamp
      cpu = stamp.cpu
      pid = stamp.pid
      command = result.commandNames[stamp.pid]
    }
  }
}

extension JSONReport.StepEntry {
  fileprivate init(_ stamp: EventStamp, _ functions: FunctionNames) {
    self.init(function: stamp.function.map { functions[$0] }, event: stamp.ordinal)
  }
}
