import Foundation
import TestSupport
import Testing

/// The program itself, as a user runs it.
struct Executable {
  /// It stands beside the tests.
  static let path = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "rmapcheck").path

  /// What a run came to.
  struct Outcome {
    let status: Int32
    /// The signal that ended it, if one did.
    let signal: Int32?
    let output: String
    let errors: String
  }

  /// A folder for the files of one test.
  let folder: URL

  init() throws {
    folder = try makeTemporaryFolder()
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  /// Runs a line of the shell, in the folder; `$R` is the program, `$T` the kept recordings.
  func shell(_ line: String) throws -> Outcome {
    let process = try start(line)
    process.waitUntilExit()
    return try outcome(of: process)
  }

  /// Starts a line of the shell; see ``shell(_:)``. What it writes goes into the files `output` and `errors`.
  func start(_ line: String) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(["R": Self.path, "T": tracesFolder]) { $1 }
    process.standardInput = FileHandle.nullDevice
    for name in ["output", "errors"] { try Data().write(to: folder.appending(path: name)) }
    process.standardOutput = try FileHandle(forWritingTo: folder.appending(path: "output"))
    process.standardError = try FileHandle(forWritingTo: folder.appending(path: "errors"))
    try process.run()
    return process
  }

  func outcome(of process: Process) throws -> Outcome {
    Outcome(
      status: process.terminationStatus,
      signal: process.terminationReason == .uncaughtSignal ? process.terminationStatus : nil,
      output: try text("output"), errors: try text("errors"))
  }
}

/// One JSON object.
func json(_ text: String) throws -> [String: Any] {
  try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
}
