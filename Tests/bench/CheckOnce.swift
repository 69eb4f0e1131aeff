import ArgumentParser
import Checking
import Dispatch
import Glibc
import RecordingFormat
import Synchronization

/// All that `rmapcheck check` does with one recording, but its report; on the main thread, since Valgrind can't follow
/// the threads of libdispatch.
struct CheckOnce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Checks one recording on the main thread, without a report.")

  @Argument var path: String
  @Flag(help: "Reads and decodes on a thread of its own, as with -j 2.") var ahead = false
  @Flag(help: "Also prints the most memory that it held beside mapped files, looked at each millisecond.")
  var memory = false

  func run() throws {
    let watch = memory ? MemoryWatch() : nil
    var check = RecordingCheck()
    check.readsAhead = ahead
    let result = check.run(path: path)
    print("\(result.verdict.rawValue) \(result.records)")
    if let watch { print("anonymous memory \(watch.most) kB") }
  }
}

/// Looks at what this process holds beside mapped files, and keeps the most.
private struct MemoryWatch {
  private final class Peak: Sendable {
    private let kilobytes = Mutex(0)

    /// The most so far, in kB.
    func look() -> Int {
      let now = held() ?? 0
      return kilobytes.withLock { most in
        most = max(most, now)
        return most
      }
    }
  }

  private let peak = Peak()
  private let timer = DispatchSource.makeTimerSource()

  init() {
    timer.schedule(deadline: .now(), repeating: .milliseconds(1))
    timer.setEventHandler { [peak] in _ = peak.look() }
    timer.resume()
  }

  /// In kB.
  var most: Int { peak.look() }
}

/// RssAnon of this process, in kB.
private func held() -> Int? {
  guard let file = fopen("/proc/self/status", "r") else { return nil }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 256)
  while fgets(&line, Int32(line.count), file) != nil {
    let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    if text.hasPrefix("RssAnon:") { return text.split(separator: " ").dropFirst().first.flatMap { Int($0) } }
  }
  return nil
}
