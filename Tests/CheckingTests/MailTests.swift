import Invariants
import Reports
import RmapEvents
import TestSupport
import Testing

@testable import Checking

/// Goal: a mail can go to a list as it is, says what was recorded where and of what, and leads back to the recording.
@Suite struct MailTests {
  private func mail(_ name: String, _ options: ReportOptions = ReportOptions()) -> String {
    var check = RecordingCheck()
    check.drawing = .findings(1)
    return ReportFormat.mail.render([check.run(path: "\(tracesFolder)/\(name)/trace.dat")], options)
  }

  /// All kept recordings, and one that is not there.
  private static let names =
    ["none"]
    + RecordingSearch.recordings(at: tracesFolder).compactMap { path in
      path.dropFirst(tracesFolder.count + 1).split(separator: "/").first.map(String.init)
    }

  @Test(arguments: names) func fits(name: String) throws {
    let path = RecordingSearch.recordings(at: "\(tracesFolder)/\(name)").first ?? name
    var check = RecordingCheck()
    check.drawing = .findings(1)
    let result = check.run(path: path)
    let text = ReportFormat.mail.render([result])
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    #expect(lines.count <= 60)
    for line in lines {
      #expect(line.count <= 80)
      #expect(line.unicodeScalars.allSatisfy { 0x20..<0x7f ~= $0.value }, "\(line)")
    }
    let file = try #require(path.split(separator: "/").last)
    #expect(text.contains("\n  rmapcheck check \(file)\n"))
    guard let defect = result.defects.first else { return }
    // None of what matters has given way to what was recorded.
    let first = defect.first.stamp.ordinal
    #expect(text.contains("\n  rmapcheck show --at \(first) \(file)\n  rmapcheck reduce \(file)\n"))
    #expect(text.contains("\nRule   ") && text.contains("\nEvents event "))
    #expect(defect.follows.isEmpty || text.contains("\nHence  \(defect.followCount) follow"))
    #expect(result.smallPicture(of: defect.first).allSatisfy { text.contains($0) })
    #expect(result.defects.count == 1 || text.contains("\nFurther defects:\n"))
  }

  @Test func saysWhatWasRecordedAndWhatIsWrong() throws {
    let path = "\(tracesFolder)/6.12-fault-drop-avc/trace.dat"
    let sum = try #require(RecordingCheck().run(path: path).xxh64)
    let text = mail("6.12-fault-drop-avc", ReportOptions(tool: Tool(commit: "0123456789ab")))
    #expect(
      text.hasPrefix(
        "Subject: [rmapcheck] fork-closure broken by anon_vma_fork,\n         6.12.117+deb12-cloud-amd64\n"))
    for part in [
      "\nKernel     6.12.117+deb12-cloud-amd64, #1 SMP PREEMPT_DYNAMIC Debian", "\nMachine    x86_64, 2 CPUs",
      "\nWorkload   anon_vma_paths --only child-writes\n", "\nDate       2026-11-23T07:52:56Z\n", "XXH64 \(sum)",
      "\nChecked    rmapcheck \(Tool.version) (0123456789ab)\n", "\nWho    anon_vma_fork\n", "48.145227 s",
      "\nHence  34 follow: parent-closure 1, fork-closure 1, reach 32, first at event\n       2117\n",
    ] { #expect(text.contains(part), "\(part)") }
  }

  /// A path of any letters can be pasted into a shell.
  @Test func commandsAreOfOneRecording() {
    let text = ReportFormat.mail.render([RecordingResult.notChecked("a/it's mine.dat", "")])
    #expect(text.contains("\n  rmapcheck check 'it'\\''s mine.dat'\n"))
  }

  /// Names that others chose are no reason for a mail to be more than ASCII.
  @Test func othersNamesAreASCII() {
    var result = RecordingResult.notChecked("t.dat", "l'\u{e9}t\u{e9} \u{1b}[2J")
    result.kernel = "6.12-\u{fc}"
    let text = ReportFormat.mail.render([result])
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || 0x20..<0x7f ~= $0.value })
  }
}
