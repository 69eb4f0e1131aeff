import KernelProbes
public import Recorder
import Reports
import RmapEvents

extension Diagnosis {
  /// The form's name; fields are only ever added to it.
  public static let schema = "rmapcheck-doctor/1"

  /// The diagnosis for programs: keys sorted, the same bytes every time.
  public func json() -> String { JSONReport.encode(Document(self)) }

  private struct Document: Encodable {
    let schema = Diagnosis.schema
    let kernel: String?
    let recordable: Bool
    let recordability: String
    let level: String
    let obstacles: [Obstruction]
    let unknowns: [Unknown]
    let probes: [Probe]
    let dialects: [Dialect]
    let unread: [UnreadLaw]
    let lawVersion = ProbePlan.lawVersion
    let invariants: [Rule]
    let advice: [String]
    let layout: [String: [String: Int]]?
    let configuration: [String: String]?

    init(_ diagnosis: Diagnosis) {
      kernel = diagnosis.release
      recordable = diagnosis.recordability == .possible
      recordability = diagnosis.recordability.rawValue
      level = diagnosis.level.rawValue
      obstacles = diagnosis.obstacles.map {
        Obstruction(what: $0.what, needed: $0.remedy, ofKernel: $0.isOfKernel)
      }
      unknowns = diagnosis.unknowns.map { Unknown(what: $0.what, needed: $0.remedy) }
      probes = (diagnosis.plan?.outcomes ?? []).map(Probe.init)
      dialects = (diagnosis.plan?.dialects ?? []).map {
        Dialect(name: $0.name, kernels: $0.kernels, meaning: $0.meaning, evidence: $0.evidence.rawValue)
      }
      unread = diagnosis.plan?.unread ?? []
      invariants = diagnosis.decidabilities.map(Rule.init)
      advice = diagnosis.advice
      layout = diagnosis.layout
      configuration = diagnosis.configuration
    }
  }

  private struct Obstruction: Encodable {
    let what: String
    let needed: String
    let ofKernel: Bool
  }

  private struct Unknown: Encodable {
    let what: String
    let needed: String
  }

  private struct Probe: Encodable {
    let events: [String]
    let status: String
    let symbol: String?
    let reason: String?
    let omissions: [String]
    let clones: [String]

    init(_ outcome: ProbeOutcome) {
      events = outcome.events.map(\.rawValue)
      status = outcome.status.rawValue
      symbol = outcome.symbol
      reason = outcome.reason
      omissions = outcome.omissions
      clones = outcome.clones
    }
  }

  private struct Dialect: Encodable {
    let name: String
    let kernels: String
    let meaning: String
    let evidence: String
  }

  private struct Rule: Encodable {
    let name: String
    let number: Int
    let level: String
    let decidable: String
    let missingEvents: [String]
    let missingFields: [String]
    let fieldsNotOfKernel: [String]
    let unread: [String]

    init(_ rule: Decidability) {
      name = rule.name
      number = rule.number
      level = rule.level.rawValue
      decidable = rule.word
      missingEvents = rule.missingEvents.map { FunctionNames()[$0] }
      missingFields = rule.missingFields.map(\.meaning)
      fieldsNotOfKernel = rule.fieldsNotOfKernel.map(\.meaning)
      unread = rule.unread.map(\.text)
    }
  }
}
