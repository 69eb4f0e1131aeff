import Checking
import Invariants
import RmapEvents

/// What is wrong, one entry for each defect: what, who did it, where it shows, the events that prove it, and what follows
/// from it, counted.
extension TextReport {
  static func defects(_ result: RecordingResult, _ options: ReportOptions, _ page: inout TextLayout) {
    guard let first = result.defects.first else { return }
    let count = UInt64(result.defects.count)
    page.paragraph(
      "  defects",
      "\(counted(count, "defect")), \(counted(result.violations, "violation")), the first at event "
        + "\(first.first.stamp.ordinal)", indent: 11)
    let shown = min(result.defects.count, options.violationsShown ?? .max)
    for (place, defect) in result.defects.prefix(shown).enumerated() {
      page.line()
      render(defect, result, &page)
      if place == 0 { WitnessReport.render(options.witnesses[result.path], of: result, &page) }
      if options.violationsShown == nil { consequences(of: place, result, &page) }
    }
    if shown < result.defects.count { page.line() }
    for defect in result.defects.dropFirst(shown) { page.paragraph("  further", line(defect, result), indent: 11) }
    let hidden = result.violations - UInt64(shown)
    if options.violationsShown != nil, hidden > 0 {
      page.line()
      page.line("  \(counted(hidden, "violation")) counted, not shown in full: --limit all shows every one.")
      if result.defects.count > 1 {
        page.line("  The events that show another defect: \(Tool.name) reduce --finding 2, 3 ...")
      }
    }
  }

  /// One defect, without a line for each violation that follows from it; with a picture, if one was drawn.
  static func render(
    _ defect: Defect, _ result: RecordingResult, showsPicture: Bool = true, _ page: inout TextLayout
  ) {
    page.line(column("VIOLATED \(defect.invariant.name)", 52) + "fingerprint \(defect.fingerprint)")
    body(
      defect.first, names: result.commandNames, result.functions, roundsTimes: result.roundsTimes,
      picture: showsPicture ? result.smallPicture(of: defect.first) : [], &page)
    if defect.occurrences > 1 {
      page.paragraph("Again", "\(counted(defect.occurrences - 1, "more time"))", indent: 7)
    }
    if !defect.follows.isEmpty { page.paragraph("Hence", follows(defect), indent: 7) }
  }

  /// `34 follow: parent-closure 1, reach 33, first at event 2117`.
  static func follows(_ defect: Defect) -> String {
    let counts = defect.follows.map { "\($0.invariant.name) \($0.count)" }.joined(separator: ", ")
    let first = defect.follows.map(\.firstEvent).min() ?? 0
    return "\(defect.followCount) follow\(defect.followCount == 1 ? "s" : ""): \(counts), first at event \(first)"
  }

  /// A defect in one sentence.
  static func line(_ defect: Defect, _ result: RecordingResult) -> String {
    let first = defect.first
    let more = defect.violations > 1 ? " \(counted(defect.violations - 1, "more violation"))." : ""
    return "\(defect.invariant.name), \(result.functions[first.responsible]), event \(first.stamp.ordinal): "
      + first.what + more
  }

  /// In full, all that is kept of what follows from a defect or is the same again.
  private static func consequences(of place: Int, _ result: RecordingResult, _ page: inout TextLayout) {
    let first = result.defects[place].first
    for (invariant, finding, defect) in result.findingsOfDefects where defect == place && finding != first {
      page.line()
      render(
        finding, invariant, names: result.commandNames, result.functions, roundsTimes: result.roundsTimes, &page)
    }
  }

  /// One violation.
  static func render(
    _ finding: Finding, _ invariant: Invariant, names: [Int32: String], _ functions: FunctionNames,
    roundsTimes: Bool = true, _ page: inout TextLayout
  ) {
    page.line("VIOLATED \(invariant.name)")
    body(finding, names: names, functions, roundsTimes: roundsTimes, picture: [], &page)
  }

  private static func body(
    _ finding: Finding, names: [Int32: String], _ functions: FunctionNames, roundsTimes: Bool, picture: [String],
    _ page: inout TextLayout
  ) {
    func place(_ stamp: EventStamp) -> String {
      let name = names[stamp.pid].map { " (\($0))" } ?? ""
      let time = seconds(stamp.timestamp, rounded: roundsTimes)
      return "event \(stamp.ordinal), cpu \(stamp.cpu), \(time), pid \(stamp.pid)\(name)"
    }
    page.paragraph("What", finding.what, indent: 7)
    page.paragraph("Who", who(finding, functions), indent: 7)
    let shows = finding.responsible == finding.function ? "" : ", \(functions[finding.function])"
    page.paragraph("Where", place(finding.stamp) + shows, indent: 7)
    for (index, object) in finding.objects.enumerated() {
      let label = index == 0 ? "Why    Let" : ""
      page.paragraph(label, "\(object.name) = \(object.description)", indent: 11)
    }
    for fact in finding.established {
      page.paragraph("       Then", sentence(fact), indent: 12)
    }
    page.paragraph("       However,", sentence(finding.contradiction), indent: 16)
    for line in picture { page.line(line) }
    page.paragraph("Rule", finding.rule, indent: 7)
    for (index, stamp) in finding.events.enumerated() {
      page.line((index == 0 ? "Events " : "       ") + place(stamp))
    }
  }

  /// Who broke the rule, as far as the events show it; the most likely first.
  static func who(_ finding: Finding, _ functions: FunctionNames) -> String {
    func name(_ stamp: EventStamp) -> String {
      let function = stamp.ordinal == finding.stamp.ordinal ? finding.function : stamp.function.map { .kind($0) }
      return "\(function.map { functions[$0] } ?? "a step") (event \(stamp.ordinal))"
    }
    switch finding.doer {
    case nil: return functions[finding.function]
    case .step(let stamp):
      if case .named(let function) = finding.function { return "\(function) (event \(stamp.ordinal))" }
      return name(stamp)
    case .between(let right, let wrong, let handled?):
      return "\(name(handled)), the last to handle it between \(name(right)) and \(name(wrong))"
    case .between(let right, let wrong, nil):
      let isOperation = finding.responsible != finding.function
      return isOperation
        ? "\(name(right)) or who came after it, before \(name(wrong))" : "between \(name(right)) and \(name(wrong))"
    }
  }

  private static func sentence(_ fact: Finding.Fact) -> String {
    guard let stamp = fact.stamp, stamp.isRecorded else { return fact.text + "." }
    return "\(fact.text) (event \(stamp.ordinal))."
  }
}
