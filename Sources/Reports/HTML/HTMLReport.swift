public import Checking
import Invariants
import Pictures
import RecordingFormat
import RmapEvents

/// The report as one page: it needs neither network nor script, and may be sent or kept as a file.
public enum HTMLReport {
  /// How many defects of a recording have pictures: the check has to draw them (`Drawing.findingsInFull`).
  public static let picturesShown = 12
  /// How many are shown.
  static let defectsShown = 100
  /// How many more have a line.
  static let defectsListed = 1000

  /// All results.
  public static func render(_ results: [RecordingResult], _ options: ReportOptions = ReportOptions()) -> String {
    var page = Markup()
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
    // A browser keeps what the page promises: it loads nothing and runs nothing.
    page.raw(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n")
    let verdict = Verdict.combined(results.map(\.verdict))
    page.element("title", "rmapcheck: \(verdict.rawValue)")
    page.element("style") { $0.raw(HTMLStyle.css) }
    page.raw("</head>\n<body>\n")
    page.element("header") { page in
      page.element("h1") { page in
        page.text("anon_vma check: ")
        badge(verdict, &page)
      }
      page.element("p", "\(Tool.name) \(options.tool.fullVersion)", [("class", "faint")])
      if results.count > 1 { overview(results, &page) }
    }
    for (index, result) in results.enumerated() { section(result, index, options, isAlone: results.count == 1, &page) }
    page.raw("</body>\n</html>\n")
    return page.source
  }

  static func badge(_ verdict: Verdict, _ page: inout Markup) {
    page.element("span", verdict.rawValue, [("class", "badge \(verdict.rawValue)")])
  }

  private static func overview(_ results: [RecordingResult], _ page: inout Markup) {
    page.element("table", [("class", "numbers")]) { page in
      page.element("tr") { page in
        for title in ["recording", "verdict", "kernel", "violations"] { page.element("th", title) }
      }
      for (index, result) in results.enumerated() {
        page.element("tr") { page in
          page.element("td") { $0.element("a", result.path, [("href", "#r\(index)")]) }
          page.element("td") { badge(result.verdict, &$0) }
          page.element("td", result.kernel ?? "")
          page.element("td", "\(result.violations)", [("class", "n")])
        }
      }
    }
  }

  private static func section(
    _ result: RecordingResult, _ index: Int, _ options: ReportOptions, isAlone: Bool, _ page: inout Markup
  ) {
    page.element("section", [("id", "r\(index)")]) { page in
      page.element("h2") { page in
        page.text(result.path + " ")
        if !isAlone { badge(result.verdict, &page) }
      }
      facts(result, options, &page)
      defects(result, &page)
      invariants(result, &page)
    }
  }

  private static func facts(_ result: RecordingResult, _ options: ReportOptions, _ page: inout Markup) {
    page.element("dl") { page in
      if let damage = result.damage { page.term(result.isMissing ? "missing" : "damaged", damage) }
      if result.records > 0 {
        for row in Origin(result, options).rows { page.term(row.label.lowercased(), row.text) }
        page.term("replayed", "\(counted(result.events, "event")) of \(counted(result.records, "record"))")
        page.term("checksum", result.checksum?.word ?? "none")
      }
      for doubt in result.doubts { page.term("doubt", doubt) }
    }
  }

  private static func defects(_ result: RecordingResult, _ page: inout Markup) {
    let defects = result.defects
    guard !defects.isEmpty else { return }
    page.element(
      "p",
      "\(counted(defects.count, "defect")), \(counted(result.violations, "violation")). All but "
        + "the first violation of a defect follow from that; check --format json --limit all has every one.")
    for (index, defect) in defects.prefix(defectsShown).enumerated() {
      DefectArticle(defect, number: index + 1, result).render(isOpen: index < 3, &page)
    }
    let rest = defects.dropFirst(defectsShown)
    if rest.isEmpty { return }
    page.element("ul") { page in
      for defect in rest.prefix(defectsListed) { page.element("li", TextReport.line(defect, result)) }
    }
    if rest.count > defectsListed {
      page.element(
        "p", "\(counted(rest.count - defectsListed, "more defect")): check --format json has all of them.",
        [("class", "faint")])
    }
  }

  private static func invariants(_ result: RecordingResult, _ page: inout Markup) {
    guard result.events > 0 else { return }
    page.element("details", result.violations == 0 ? [("open", "")] : []) { page in
      page.element("summary", "All invariants")
      page.element("div", [("class", "scroll")]) { page in
        page.element("table", [("class", "numbers")]) { page in
          page.element("tr") { page in
            page.element("th", "invariant")
            page.element("th", "verdict")
            for title in ["decided", "undecided", "violations"] { page.element("th", title, [("class", "n")]) }
          }
          for entry in result.invariants { row(entry, &page) }
        }
      }
    }
  }

  private static func row(_ entry: InvariantResult, _ page: inout Markup) {
    page.element("tr") { page in
      page.element("td", entry.invariant.name)
      guard entry.isRecorded, entry.hasPart else {
        return page.element(
          "td", entry.isRecorded ? "no occasion" : "not recorded", [("class", "faint"), ("colspan", "4")])
      }
      page.element("td", entry.verdict.rawValue, [("class", entry.verdict.rawValue)])
      for count in [entry.ledger.decided, entry.ledger.undecidedTotal, entry.ledger.violations] {
        page.element("td", "\(count)", [("class", "n")])
      }
    }
  }
}

/// One defect: its first violation, with the pictures where they were drawn, and what follows from it.
private struct DefectArticle {
  private let defect: Defect
  private let number: Int
  private let result: RecordingResult
  private var finding: Finding { defect.first }

  init(_ defect: Defect, number: Int, _ result: RecordingResult) {
    self.defect = defect
    self.number = number
    self.result = result
  }

  func render(isOpen: Bool, _ page: inout Markup) {
    page.element("article") { page in
      page.element("details", isOpen ? [("open", "")] : []) { page in
        page.element("summary") { page in
          page.element("strong", defect.invariant.name)
          page.text(" in ")
          page.element("code", result.functions[finding.responsible])
          page.text(", event \(finding.stamp.ordinal): \(finding.what)")
        }
        consequences(&page)
        if let picture = result.drawings.first(where: { $0.finding == finding })?.picture { pictures(picture, &page) }
        proof(&page)
      }
    }
  }

  private func consequences(_ page: inout Markup) {
    var words: [String] = []
    if defect.occurrences > 1 { words.append("\(defect.occurrences) times") }
    if !defect.follows.isEmpty {
      let follows = defect.follows.map { "\($0.invariant.name) \($0.count), first at event \($0.firstEvent)" }
      words.append("\(defect.followCount) follow: " + follows.joined(separator: "; "))
    }
    words.append("Fingerprint \(defect.fingerprint)")
    page.element("p", words.joined(separator: ". ") + ".", [("class", "faint")])
  }

  private func pictures(_ picture: EventPicture, _ page: inout Markup) {
    let text = PictureText(picture, result.functions)
    page.element(
      "p", "A line to the right is a VMA's chain, a line down an anon_vma's tree, a dot an AVC; filled, vma->anon_vma.",
      [("class", "faint")])
    let shown = picture.before == picture.after ? [picture.after] : [picture.before, picture.after]
    for moment in shown where !moment.isEmpty {
      page.element("figure") { page in
        page.element("figcaption", text.title(moment.moment))
        page.element("div", [("class", "scroll")]) { $0.raw(PictureSVG(moment).render(text.title(moment.moment))) }
      }
    }
    for strip in picture.strips where !strip.isStill {
      let lines = StripText(strip, result.functions).lines()
      if lines.isEmpty { continue }
      page.element("h3", "The address space")
      page.element("pre", lines.joined(separator: "\n"))
    }
    page.element("h3", "What the tasks did")
    LaneTable(picture, finding.events, result).render(&page)
  }

  private func proof(_ page: inout Markup) {
    page.element("h3", "Why")
    page.element("dl") { page in
      page.term("who", TextReport.who(finding, result.functions))
      page.term("shows in", "\(result.functions[finding.function]) (event \(finding.stamp.ordinal))")
      for object in finding.objects { page.term("\(object.name) =", object.description) }
      for fact in finding.established { page.term("then", sentence(fact)) }
      page.term("however", sentence(finding.contradiction))
      page.term("rule", finding.rule)
      for stamp in finding.events { page.term("event \(stamp.ordinal)", place(stamp)) }
    }
    page.element("h3", "To see it again")
    let commands = Commands(result.path)
    page.element("pre", [commands.show(finding.stamp.ordinal), commands.reduce(number)].joined(separator: "\n"))
  }

  private func sentence(_ fact: Finding.Fact) -> String {
    guard let stamp = fact.stamp, stamp.isRecorded else { return fact.text + "." }
    return "\(fact.text) (event \(stamp.ordinal))."
  }

  private func place(_ stamp: EventStamp) -> String {
    let name = result.commandNames[stamp.pid].map { " (\($0))" } ?? ""
    let time = seconds(stamp.timestamp, rounded: result.roundsTimes)
    return "cpu \(stamp.cpu), \(time), pid \(stamp.pid)\(name)"
  }
}
