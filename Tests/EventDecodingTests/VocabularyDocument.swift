import Foundation
import RmapEvents
import Testing
import Vocabulary

/// Goal: RecordingVocabulary.md says what the declarations say. Method: the article is printed from them and compared;
/// with RMAPCHECK_REFRESH=1 in the environment it is written anew.
@Suite struct VocabularyDocument {
  @Test func theArticleIsPrintedFromTheDeclarations() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let article = root.appending(path: "Sources/rmapcheck/RmapCheck.docc/RecordingVocabulary.md")
    let text = Self.text
    if ProcessInfo.processInfo.environment["RMAPCHECK_REFRESH"] != nil {
      try text.write(to: article, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: article, encoding: .utf8) == text)
  }

  private static var text: String {
    var text = """
      # The recording's vocabulary

      The events that `rmapcheck probes` defines and the decoder reads: the contract between recorder and checker.

      ## Overview

      A recording holds ftrace kprobe events of the group `rmap`, or `rmap_PID_START` of one run of `rmapcheck record`. Names are
      the same on every kernel; symbols, argument numbers and offsets come from BTF and kallsyms when the probes are
      defined. Events and fields are declared once, in `Sources/Vocabulary`; this article is printed from there. Fields in
      parentheses are missing where the kernel has nothing like them, or the recording is older than the field; an
      invariant that needs one says so.


      """
    for (level, title) in [(RecordingLevel.structure, "Structure"), (.pages, "Page"), (.walks, "Walk")] {
      text +=
        "## \(title) level\n\n| event | function, newest kernel first | tells | fields |\n| --- | --- | --- | --- |\n"
      for event in EventDeclaration.all where event.level == level { text += row(event) }
      text += "\n"
    }
    return text + fields
  }

  private static func row(_ event: EventDeclaration) -> String {
    let functions = event.functions.map { "`\($0)`" }.joined(separator: ", ")
    let names = event.required.map { "`\($0.name.rawValue)`" } + event.optional.map { "(`\($0.name.rawValue)`)" }
    return
      "| `\(event.name.rawValue)` | \(functions) (\(event.file)) | \(event.meaning) | \(names.joined(separator: " ")) |\n"
  }

  private static var fields: String {
    var text = "## Fields\n\n| field | width | meaning |\n| --- | --- | --- |\n"
    for name in FieldName.allCases {
      text += "| `\(name.rawValue)` | \(name.width == .word ? "64 bits" : "the kernel's") | \(name.meaning) |\n"
      // An event that uses the name for something else.
      for event in EventDeclaration.all {
        for field in event.fields where field.name == name && field.meaning != name.meaning {
          text += "| | | in `\(event.name.rawValue)`: \(field.meaning) |\n"
        }
      }
    }
    return text
  }
}
