import Foundation
import Testing

/// Goal: the page shows what is wrong to whoever opens it, alone, in a browser. Method: the program as a process, and
/// Chromium without a window where it is installed.
@Suite struct HTMLTests {
  private let run: Executable

  init() throws { run = try Executable() }

  private static let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private static let name = "<b>&\"quoted\"</b>"

  @Test func isOnePageThatLoadsNothing() throws {
    defer { run.remove() }
    let outcome = try run.shell("$R check --format html $T/6.12-fault-drop-avc")
    #expect(outcome.status == 1)
    let page = outcome.output
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
    for forbidden in ["<script", "http://", "https://", "src=", "@import", "url("] {
      #expect(!page.contains(forbidden), "\(forbidden)")
    }
    for needed in ["fork-closure", "AVC is missing", "class=\"wrong\"", "anon_vma_fork", "prefers-color-scheme: dark"] {
      #expect(page.contains(needed), "\(needed)")
    }
  }

  /// What others wrote is text, wherever it stands.
  @Test func namesOfOthersAreText() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      "mkdir '\(Self.name)x'; cp $T/6.12-fault-drop-avc/* '\(Self.name)x'; $R check --format html '\(Self.name)x'"
        .replacingOccurrences(of: "</b>", with: "b>"))
    #expect(outcome.status == 1, "\(outcome.errors)")
    #expect(outcome.output.contains("&lt;b&gt;&amp;&quot;quoted&quot;b&gt;x"))
    #expect(!outcome.output.contains("<b>"))
  }

  @Test(arguments: ["6.12-mm-defects-b", "6.12-faults", "6.1-faults", "7.3-faults"])
  func aRecordingWithManyViolationsIsSmall(name: String) throws {
    defer { run.remove() }
    let outcome = try run.shell("$R check --format html --limit all $T/\(name)")
    #expect(outcome.status == 1)
    #expect(outcome.output.utf8.count <= 1_000_000)
  }

  @Test func isTheSameAtAnyNumberOfJobsAndBesideAnotherReport() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      cp -r $T/6.12-fault-drop-avc $T/6.1-fault-drop-avc $T/6.12-lossy .
      $R check -j 1 --format html . >one.html; $R check -j 4 --report html=two.html . >/dev/null; cmp one.html two.html
      """)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }

  @Test(.enabled(if: chromium != nil, "Chromium is not installed: apt install chromium"))
  func aBrowserShowsIt() throws {
    defer { run.remove() }
    let browser = try #require(Self.chromium)
    let flags = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir=profile"
    let outcome = try run.shell(
      """
      $R check --format html $T/6.12-fault-drop-avc >page.html
      \(browser) \(flags) --dump-dom file://$PWD/page.html 2>log
      \(browser) \(flags) --window-size=900,1200 --screenshot=page.png file://$PWD/page.html 2>>log
      """)
    #expect(outcome.status == 0, "\(outcome.errors)")
    // As the browser understood it: the headings, the drawings and the marked event.
    for needed in ["<article>", "<svg role=\"img\"", "<circle class=\"gap\"", "<tr class=\"wrong\">", "</html>"] {
      #expect(outcome.output.contains(needed), "\(needed)")
    }
    let picture = try Data(contentsOf: run.folder.appending(path: "page.png"))
    #expect(picture.starts(with: [0x89, 0x50, 0x4e, 0x47]) && picture.count > 20_000)
    #expect(try !run.text("log").contains("Refused to"))
  }
}
