import Checking
import RecordingFormat
import RmapEvents

/// What was recorded, where and when, and what judged it: of whoever gets a report, the first questions.
struct Origin {
  /// The rows, each with its label; those of which nothing is known are left out.
  let rows: [(label: String, text: String)]

  init(_ result: RecordingResult, _ options: ReportOptions) {
    let (sidecar, kernel) = (result.sidecar, result.sidecar?.kernel)
    let losses = result.losses.isEmpty ? "none lost" : counted(result.losses.count, "gap")
    let all: [(String, [String?])] = [
      ("Kernel", [result.kernel ?? kernel?.release, kernel?.version]),
      ("Config", kernel?.configuration?.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } ?? []),
      ("Machine", [kernel?.machine, sidecar?.recorder?.cpus.map { counted($0, "CPU") }, kernel?.commandLine]),
      ("Modules", kernel?.modules ?? []),
      ("Workload", [sidecar?.workload?.command?.joined(separator: " ")]),
      ("Date", [sidecar?.date]),
      ("Recorder", [sidecar?.recorder?.version]),
      (
        "Recording",
        [
          fileName(of: result.path), result.xxh64.map { "XXH64 \($0)" }, counted(result.events, "event"), losses,
        ]
      ),
      ("Checked", ["\(Tool.name) \(options.tool.fullVersion)"]),
    ]
    rows = all.map { ($0.0, $0.1.compactMap { $0 }.joined(separator: ", ")) }.filter { !$0.1.isEmpty }
  }
}

/// A file without its folders, which are nobody else's.
func fileName(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

/// How to see a recording's defects again.
struct Commands {
  /// The recording, as a shell takes it.
  private let recording: String

  /// For the recording at `path`.
  init(_ path: String) {
    let isPlain = path.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "._-+/,:@%=".utf8.contains(byte)
      }
    }
    recording =
      isPlain
      ? path
      : "'"
        + path.split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: "'\\''") + "'"
  }

  /// All of the report.
  var check: String { "\(Tool.name) check \(recording)" }

  /// The graph at an event.
  func show(_ event: UInt64) -> String { "\(Tool.name) show --at \(event) \(recording)" }

  /// The few events that show a defect, by its number from 1.
  func reduce(_ defect: Int) -> String {
    "\(Tool.name) reduce \(recording)" + (defect == 1 ? "" : " --finding \(defect)")
  }
}
