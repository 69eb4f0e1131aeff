import RecordingFormat
import Reports
import Vocabulary

/// A night's report as plain text of at most 80 columns, and as a mail.
extension MorningReport {
  /// What the subject of a mail says: `2 new, 1 fixed, 64 known`.
  public var summary: String {
    var parts = State.allCases.map { ($0, defects($0).count) }.filter { $0.1 > 0 }.map { "\($0.1) \($0.0.rawValue)" }
    if !coverageLost.isEmpty { parts.append("\(coverageLost.count) less decided") }
    if !gone.isEmpty { parts.append("\(gone.count) gone") }
    let damaged = infrastructure.count { $0.verdict == .damaged }
    if damaged > 0 { parts.append("\(damaged) damaged") }
    if infrastructure.count > damaged { parts.append("\(infrastructure.count - damaged) undecided") }
    return parts.isEmpty ? "nothing to report" : parts.joined(separator: ", ")
  }

  /// A mail without sender and recipient, for `sendmail -t` and the like.
  public var mail: String {
    let subject = printable("rmapcheck \(night): \(summary)")
    return "Subject: \(subject)\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
      + "Content-Transfer-Encoding: 8bit\nAuto-Submitted: auto-generated\n\n\(text)"
  }

  /// The report, newest first.
  public var text: String {
    var page = TextLayout()
    head(&page)
    section(.new, "NEW", &page)
    section(.fixed, "FIXED", &page)
    section(.flaky, "FLAKY", &page)
    known(&page)
    section(.untested, "NOT TESTED", &page)
    runs(&page)
    for fingerprint in unknownKnown {
      page.line()
      page.paragraph("Note", "The list of known defects has \(fingerprint), which was never seen.", indent: 6)
    }
    return page.text
  }

  private func head(_ page: inout TextLayout) {
    let against = since.map { "against \($0)" } ?? "the first one"
    page.line("Night \(night), \(against)")
    page.paragraph("", summary, indent: 2)
    let counts = Verdict.allCases.compactMap { verdict in verdicts[verdict.rawValue].map { (verdict.rawValue, $0) } }
    let total = UInt64(verdicts.values.reduce(0, +))
    page.paragraph(
      "  runs", "\(counted(total, "run")): " + counts.map { "\($0.1) \($0.0)" }.joined(separator: ", "), indent: 11)
    let kernels = kernels.sorted { $0.key < $1.key }
    page.paragraph("  kernels", kernels.map { "\($0.key) (\($0.value))" }.joined(separator: ", "), indent: 11)
    page.paragraph("  checked", "by rmapcheck \(tools.joined(separator: ", "))", indent: 11)
    // What a new version finds, or calls by another name, is no change of the kernel.
    if !toolsBefore.isEmpty, tools != toolsBefore {
      page.paragraph("", "before: \(toolsBefore.joined(separator: ", "))", indent: 11)
    }
  }

  // MARK: Defects

  private func section(_ state: State, _ title: String, _ page: inout TextLayout) {
    let entries = defects(state)
    guard !entries.isEmpty else { return }
    page.line()
    page.line("\(title)  \(entries.count)")
    for entry in entries { defect(entry, &page) }
  }

  private func defect(_ entry: DefectEntry, _ page: inout TextLayout) {
    let indent = 11
    page.line()
    page.line("  \(entry.fingerprint)  \(entry.invariant), \(entry.function)")
    page.paragraph("  what", entry.what, indent: indent)
    let kernels = entry.kernels.isEmpty ? entry.lines : entry.kernels
    page.paragraph("  kernel", kernels.joined(separator: ", "), indent: indent)
    page.paragraph("  test", listed(entry.tests), indent: indent)
    page.paragraph("  when", story(entry), indent: indent)
    if let reason = entry.reason {
      let over = entry.state == .new ? ", which is past" : ""
      page.paragraph("  known", reason + (entry.until.map { " (until \($0)\(over))" } ?? ""), indent: indent)
    }
    if entry.state == .new || entry.state == .flaky {
      page.paragraph("  see", "event \(entry.event) of \(entry.recording)", indent: indent)
    }
  }

  /// What the nights say of it, in one sentence.
  func story(_ entry: DefectEntry) -> String {
    let first = "\(entry.since)" + (entry.sinceKernel.isEmpty ? "" : " on \(entry.sinceKernel)")
    let good = entry.good.map { good in good + (entry.goodKernel.map { $0.isEmpty ? "" : " on \($0)" } ?? "") }
    switch entry.state {
    case .new:
      let isBack = entry.nights > 1 && entry.since <= since ?? ""
      let last = good.map { "last good night \($0)" } ?? "no night without it: its tests had not run before"
      return isBack ? "back; first seen \(first); \(last)" : last
    case .fixed: return "first good night \(good ?? night); last seen \(entry.lastSeen ?? night), first \(first)"
    case .flaky:
      return "in \(entry.seen) of \(entry.runs) runs since \(first)"
        + (entry.lastSeen.map { "; last seen \($0)" } ?? "")
    case .known: return "since \(first), in \(counted(entry.nights, "night"))"
    case .untested: return "last seen \(entry.lastSeen ?? night), first \(first); its tests did not run or decide it"
    }
  }

  /// One line each: they were told of before.
  private func known(_ page: inout TextLayout) {
    let entries = defects(.known)
    guard !entries.isEmpty else { return }
    page.line()
    page.line("KNOWN  \(entries.count)")
    page.line()
    for entry in entries {
      page.line("  \(entry.fingerprint)  \(entry.invariant), \(entry.function)")
      var text = "on \(entry.lines.joined(separator: ", ")) since \(entry.since), in "
      text += "\(counted(entry.nights, "night")), \(entry.seen) of \(counted(entry.runs, "run"))"
      if let reason = entry.reason { text += ": \(reason)" + (entry.until.map { " (until \($0))" } ?? "") }
      page.paragraph("", text, indent: 20)
    }
  }

  // MARK: Runs

  private func runs(_ page: inout TextLayout) {
    if !coverageLost.isEmpty {
      page.line()
      page.line("LESS DECIDED  \(coverageLost.count)")
      page.line()
      for entry in coverageLost {
        let now = entry.now.map(percent) ?? "nothing"
        let reason = entry.reason.map { ": \($0)" } ?? ""
        page.line("  \(entry.invariant) on \(entry.line): \(percent(entry.before)) decided before, now \(now)")
        page.paragraph("", listed(entry.tests) + reason, indent: 4)
      }
    }
    if !gone.isEmpty {
      page.line()
      page.line("GONE  \(gone.count)")
      page.line()
      for entry in gone {
        page.line("  \(entry.test)")
        page.paragraph("", "last \(entry.last)" + (entry.note.map { "; \($0)" } ?? ""), indent: 4)
      }
    }
    if !infrastructure.isEmpty {
      page.line()
      page.line("SAYS NOTHING OF THE KERNEL  \(infrastructure.count)")
      page.line()
      for entry in infrastructure {
        let isNew = entry.isNew && since != nil ? "since this night, " : ""
        page.line("  \(entry.test)")
        page.paragraph("", "\(isNew)\(entry.verdict.rawValue): \(entry.note)", indent: 4)
      }
    }
  }

  private func percent(_ permille: UInt64) -> String { "\(permille / 10).\(permille % 10) %" }

  private func listed(_ names: [String]) -> String {
    let shown = names.prefix(3).joined(separator: ", ")
    return names.count > 3 ? "\(shown), and \(names.count - 3) more" : shown
  }

  /// The report for programs.
  public var json: String { JSONReport.encode(self) }
}
