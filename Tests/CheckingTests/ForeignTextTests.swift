import Foundation
import Invariants
import RecordingFormat
import Reports
import RmapEvents
import TestSupport
import Testing

@testable import Checking

/// Goal: what others wrote (a task's name, a sidecar, a path) neither clears the reader's screen nor forges a line of a
/// report. Method: a recording with a violation, with such text wherever a result holds text of others.
@Suite struct ForeignTextTests {
  private static let evil = "\u{1b}[2J\nHOLDS all\r\u{7f}\u{9b}2J\u{202e}"
  private static let shown = "\\x1b[2J\\x0aHOLDS all\\x0d\\x7f\\x9b2J\\u{202e}"

  private static func result(damage: String? = nil) -> RecordingResult {
    let path = "\(tracesFolder)/6.12-fault-drop-avc/trace.dat"
    var result = RecordingCheck().run(path: path)
    for (_, finding) in result.findings {
      for stamp in finding.events + [finding.stamp] { result.commandNames[stamp.pid] = evil }
    }
    result.kernel = evil
    result.doubts = ["the recording ended early: \(evil)"]
    result.damage = damage
    return result
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar != "\n" && (scalar.value < 0x20 || 0x7f..<0xa0 ~= scalar.value || scalar.value == 0x202e)
  }

  @Test func textShowsControlCharacters() {
    let text = ReportFormat.text.render([Self.result()])
    let word = Self.shown.prefix { $0 != " " }
    #expect(text.contains("(\(word)"))  // the task's name
    #expect(text.contains("kernel \(word)"))
    #expect(!text.unicodeScalars.contains(where: Self.isControl))
    #expect(!text.split(separator: "\n").contains { $0.hasPrefix("HOLDS") })
  }

  @Test func ktapShowsControlCharacters() {
    var result = Self.result(damage: Self.evil)
    result.verdict = .damaged
    let text = ReportFormat.ktap.render([result])
    #expect(text.contains("# ERROR \(Self.shown)\n"))
    #expect(!text.unicodeScalars.contains(where: Self.isControl))
    #expect(!text.split(separator: "\n").contains { $0.hasPrefix("HOLDS") })
  }

  @Test func junitIsXMLWithoutControlCharacters() {
    var result = Self.result(damage: "\(Self.evil)\0\u{1}\u{1f}\u{fffe}")
    result.verdict = .undecided
    let text = ReportFormat.junit.render([result])
    #expect(XMLCounter(text).isWellFormed)
    #expect(text.contains("message=\"?[2J HOLDS all??"))
    #expect(!text.unicodeScalars.contains(where: Self.isControl))
  }

  @Test(arguments: [ReportFormat.json, .sarif]) func jsonGivesTheTextBack(format: ReportFormat) throws {
    let text = format.render([Self.result(damage: Self.evil)])
    #expect(!text.unicodeScalars.contains(where: Self.isControl))
    let report = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    guard format == .json else { return }
    #expect((report["recordings"] as? [[String: Any]])?.first?["kernel"] as? String == Self.evil)
  }

  @Test func whatIsPrintableStaysAsItIs() {
    for text in ["", "kworker/0:1", "gcc -O2 \\x41", "héllo – 日本語"] { #expect(printable(text) == text) }
    #expect(printable(Self.evil) == Self.shown)
    #expect(printable("a\r\nb\tc\u{2028}") == "a\\x0d\\x0ab\\x09c\\u{2028}")
  }

  @Test func expectationStaysOnItsLine() {
    var result = Self.result()
    result.verdict = .holds
    #expect(ExpectationReport.render(result).filter(\.isNewline).count == 1)
  }
}
