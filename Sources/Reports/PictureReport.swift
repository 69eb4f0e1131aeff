public import Checking
import Invariants
public import Pictures
import RmapEvents

/// What `rmapcheck show` writes: the graph at one event.
public enum PictureReport {
  /// The forms of a picture.
  public enum Form: String, CaseIterable, Sendable { case text, dot, json }

  /// The moments that are shown.
  public enum Moments: String, CaseIterable, Sendable { case before, after, both }

  /// A picture in one form; `moments` nil for the one that tells most, or in text for both.
  public static func render(
    _ drawn: DrawnEvent, _ picture: EventPicture, of result: RecordingResult, _ form: Form, _ moments: Moments?,
    _ options: ReportOptions = ReportOptions()
  ) -> String {
    switch form {
    case .text: text(drawn, picture, result, moments ?? .both)
    case .dot: dot(picture, result, moments)
    case .json: PictureJSON.render(drawn, picture, result, options)
    }
  }

  private static func shown(_ picture: EventPicture, _ moments: Moments?) -> [GraphPicture] {
    switch moments {
    case nil: [picture.telling]
    case .before: [picture.before]
    case .after: [picture.after]
    case .both: [picture.before, picture.after]
    }
  }

  private static func text(
    _ drawn: DrawnEvent, _ picture: EventPicture, _ result: RecordingResult, _ moments: Moments
  ) -> String {
    var page = TextLayout()
    page.line(result.path)
    let stamp = picture.stamp
    let name = result.commandNames[stamp.pid].map { " (\($0))" } ?? ""
    let time = seconds(stamp.timestamp, rounded: result.roundsTimes)
    page.paragraph("event \(stamp.ordinal),", "cpu \(stamp.cpu), \(time), pid \(stamp.pid)\(name)", indent: 2)
    if let finding = drawn.finding, let accusation = picture.focus.accusation {
      page.paragraph("VIOLATED", "\(accusation.invariant): \(finding.what)", indent: 9)
    }
    if picture.isAlone {
      page.paragraph(
        "alone", "This event is judged by itself: the recording does not show what was before it.", indent: 9)
    }
    let text = PictureText(picture, result.functions)
    for moment in shown(picture, moments) {
      page.line()
      for line in text.full(moment) { page.line(line) }
    }
    for strip in picture.strips {
      let lines = StripText(strip, result.functions).lines()
      if !lines.isEmpty { page.line() }
      for line in lines { page.line(line) }
    }
    return page.text
  }

  /// What a recording says of one object.
  public static func render(_ life: Life, of result: RecordingResult) -> String {
    var page = TextLayout()
    page.line(result.path)
    page.line("\(life.object): named by \(counted(life.total, "event"))")
    func line(_ line: Life.Line) {
      let time = seconds(line.stamp.timestamp, rounded: result.roundsTimes)
      let name = result.commandNames[line.stamp.pid].map { " (\($0))" } ?? ""
      page.line()
      page.line("event \(line.stamp.ordinal), cpu \(line.stamp.cpu), \(time), pid \(line.stamp.pid)\(name)")
      page.paragraph("  " + result.functions[line.kind] + ":", line.text, indent: 4)
    }
    for entry in life.first { line(entry) }
    if life.leftOut > 0 {
      page.line()
      page.line("  \(counted(life.leftOut, "event")) left out: --limit all shows every one")
    }
    for entry in life.last { line(entry) }
    return page.text
  }

  /// Graphviz reads several graphs from one file; an SVG holds one, so `show` takes both moments for DOT only.
  private static func dot(_ picture: EventPicture, _ result: RecordingResult, _ moments: Moments?) -> String {
    let text = PictureText(picture, result.functions)
    return shown(picture, moments).map { PictureDOT.render($0, title: text.title($0.moment)) }.joined()
  }
}
