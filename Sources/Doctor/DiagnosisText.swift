import KernelProbes
public import Recorder
import Reports
import RmapEvents

extension Diagnosis {
  /// The diagnosis for people: lines of at most 80 columns.
  public func text() -> String {
    var out = TextLayout()
    let kernel = release ?? "this kernel"
    switch recordability {
    case .possible: out.line("\(kernel) can be recorded.")
    case .impossible: out.line("\(kernel) can't be recorded as it is.")
    case .unknown: out.line("\(kernel): whether it can be recorded is not known.")
    }
    for obstacle in obstacles {
      out.paragraph("  -", obstacle.what, indent: 4)
      out.paragraph("    needed:", obstacle.remedy, indent: 12)
    }
    for unknown in unknowns {
      out.paragraph("  -", unknown.what, indent: 4)
      out.paragraph("    settled by:", unknown.remedy, indent: 16)
    }
    if let plan { probes(plan, &out) }
    let invariants = decidabilities
    if let unread = plan?.unread, !unread.isEmpty { list(unread, invariants, &out) }
    if !invariants.isEmpty { list(invariants, &out) }
    if !advice.isEmpty {
      out.line()
      out.line("Advice")
      for line in advice { out.paragraph("  -", line, indent: 4) }
    }
    return out.text
  }

  private func probes(_ plan: ProbePlan, _ out: inout TextLayout) {
    out.line()
    out.line("Probes (level \(level.rawValue)): \(plan.definitions.count)")
    for outcome in plan.outcomes {
      let events = outcome.events.map(\.rawValue).joined(separator: ", ")
      let detail = outcome.symbol ?? outcome.reason ?? ""
      out.paragraph(
        "  \(column(outcome.status.rawValue, 9)) \(column(events, 32))", detail, indent: 45)
      for note in outcome.omissions { out.paragraph("", note, indent: 14) }
      for clone in outcome.clones { out.paragraph("", "calls through \(clone) are not seen", indent: 14) }
    }
    guard !plan.dialects.isEmpty else { return }
    out.line()
    out.line("This kernel's names and forms")
    for dialect in plan.dialects {
      out.paragraph("  \(column(dialect.evidence.rawValue, 9))", "\(dialect.name): \(dialect.meaning)", indent: 12)
    }
    if plan.dialects.contains(where: { $0.evidence == .synthetic }) {
      out.paragraph(
        "  Beware:",
        "what is marked synthetic was never tried on a real kernel. Check a first "
          + "recording against a known workload.", indent: 10)
    }
  }

  private func list(_ unread: [UnreadLaw], _ invariants: [Decidability], _ out: inout TextLayout) {
    out.line()
    out.line("What the law was not read against (it was, up to \(ProbePlan.lawVersion))")
    for entry in unread {
      let count = invariants.count { $0.unread.contains(entry) }
      out.paragraph(
        "  -", "\(UnreadLaw.sentence([entry])): \(counted(count, "invariant")) will be undecided", indent: 4)
    }
    out.paragraph(
      "  Read:", "what this changes in the kernel's source; `rmapcheck doctor --since` lists it all", indent: 8)
  }

  private func list(_ invariants: [Decidability], _ out: inout TextLayout) {
    let recorded = invariants.filter(\.isRecorded)
    let count = "\(recorded.count { $0.isDecidable }) of \(recorded.count)"
    out.line()
    switch recordability {
    case .possible: out.line("Invariants: \(count) can be decided")
    case .impossible: out.line("Invariants: none can be decided as it is; with what is needed above, \(count)")
    case .unknown: out.line("Invariants: \(count) can be decided if it can be recorded")
    }
    for invariant in invariants {
      out.paragraph(
        "  \(column("I\(invariant.number)", 4))\(column(invariant.name, 16)) \(column(invariant.level.rawValue, 10))",
        invariant.judgement, indent: 35)
    }
  }
}

extension Decidability {
  /// `yes`, or why not, in a few words.
  var judgement: String {
    if !isRecorded { return "no: needs --level \(level.rawValue)" }
    if !missingEvents.isEmpty {
      return "no: no " + missingEvents.map { FunctionNames()[$0] }.joined(separator: ", ")
    }
    if !unread.isEmpty { return "no: " + UnreadLaw.sentence(unread.prefix(1)) + (unread.count > 1 ? " …" : "") }
    if !missingFields.isEmpty { return "in part: without " + missingFields.map(\.meaning).joined(separator: "; ") }
    if !fieldsNotOfKernel.isEmpty {
      return "yes, what is left of it: this kernel has no " + fieldsNotOfKernel.map(\.meaning).joined(separator: ", ")
    }
    return "yes"
  }

  /// The same in one word.
  var word: String {
    if !isRecorded { return "not-recorded" }
    return missingEvents.isEmpty && unread.isEmpty ? (missingFields.isEmpty ? "yes" : "in-part") : "no"
  }
}
