import ArgumentParser
import Checking
import Glibc

/// All that `rmapcheck check -j 1` does with one recording, but its report, on the main thread: Valgrind can't follow
/// the threads of libdispatch.
struct CheckOnce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Checks one recording on the main thread, without a report.")

  @Argument var path: String

  func run() throws {
    let result = RecordingCheck().run(path: path)
    print("\(result.verdict.rawValue) \(result.records)")
    if let memory { print("anonymous memory \(memory) kB") }
  }

  /// What the process holds beside mapped files, in kB: nothing is given back before the end, so this is the peak.
  private var memory: String? {
    guard let file = fopen("/proc/self/status", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      if text.hasPrefix("RssAnon:") { return text.split(separator: " ").dropFirst().first.map(String.init) }
    }
    return nil
  }
}
