import RecordingFormat
import RmapEvents
internal import TraceReading

/// What a recording is a recording of, whatever folder it lies in: the name of its test, which is the same every night.
public struct RunIdentity: Sendable, Equatable {
  /// The kernel's line, `6.12`; `unknown` where nothing names the kernel.
  public let kernel: String
  /// What the distribution built: `cloud-amd64`; `plain` for a kernel that says nothing of it.
  public let flavour: String
  /// What ran, in letters, digits, `.`, `_` and `-`; without a sidecar, the name of the file or its folder.
  public let workload: String
  /// How much was recorded; nil where that is not known.
  public let level: String?
  /// The fault that was seeded, if one was.
  public let fault: String?
  /// Which of the run's recordings with the same name it is, from 1.
  public internal(set) var number = 1

  /// `6.12/cloud-amd64/anon_vma_paths/walks`, then `fault-NAME`, then the number from 2 on.
  public var name: String { parts.joined(separator: "/") }

  /// The same with dots between its parts and none within, as packages and classes are named.
  public var dottedName: String { parts.map { $0.replacing(".", with: "_") }.joined(separator: ".") }

  private var parts: [String] {
    [kernel, flavour, workload]
      + [level, fault.map { "fault-\($0)" }, number > 1 ? "\(number)" : nil].compactMap { $0 }
  }

  init(_ result: RecordingResult) {
    let sidecar = result.sidecar
    (kernel, flavour) = Self.line(ofRelease: result.kernel ?? sidecar?.kernel?.release)
    workload = sidecar?.workload?.command.map(Self.word) ?? Self.word(ofPath: result.path)
    level = (sidecar?.level ?? (result.events > 0 ? result.level : nil))?.rawValue
    fault = sidecar?.expected?.fault.map { Self.plain($0) }
  }

  /// One for each result, in their order: of those with the same name the second is number 2.
  public static func of(_ results: [RecordingResult]) -> [RunIdentity] {
    var seen: [String: Int] = [:]
    return results.map { result in
      var identity = RunIdentity(result)
      let name = identity.name
      seen[name, default: 0] += 1
      identity.number = seen[name] ?? 1
      return identity
    }
  }

  /// `6.12` and `cloud-amd64` of `6.12.117+deb12-cloud-amd64`, or of a whole `uname -a`.
  static func line(ofRelease text: String?) -> (kernel: String, flavour: String) {
    let words = (text ?? "").split(separator: " ")
    guard let release = words.first(where: { $0.first?.isNumber == true && $0.contains(".") }) else {
      return ("unknown", "plain")
    }
    let parts = release.split(separator: "-")
    let version = parts[0].split { !$0.isNumber && $0 != "." }.first.map { $0.split(separator: ".") } ?? []
    // The number of the package's ABI, and rc1 of a kernel that is not out yet, change from week to week.
    let flavour = parts.dropFirst().filter { part in
      part.first?.isNumber == false && !(part.hasPrefix("rc") && part.dropFirst(2).allSatisfy(\.isNumber))
    }
    return (
      plain(version.prefix(2).joined(separator: ".")),
      flavour.isEmpty ? "plain" : plain(flavour.joined(separator: "-"))
    )
  }

  /// A command's words in one, the program without its folder.
  static func word(_ command: [String]) -> String {
    guard let program = command.first else { return "nothing" }
    let name = program.split(separator: "/").last.map(String.init) ?? program
    let word = plain(([name] + command.dropFirst()).joined(separator: "_"))
    guard word.count > 64 else { return word }
    return "\(word.prefix(56))_\(Checksum.ofText(command.joined(separator: "\0")).prefix(7))"
  }

  /// The file's name without its endings; that of its folder where all recordings are named alike. A folder that is named
  /// after a day or a time says nothing of what was recorded: every night would have tests of its own.
  static func word(ofPath path: String) -> String {
    let parts = path.split(separator: "/")
    guard let file = parts.last, let name = file.split(separator: ".").first.map(String.init) else { return "stdin" }
    if file == "-" { return "stdin" }
    guard ["trace", "perf"].contains(name), parts.count > 1 else { return plain(name) }
    let folder = parts.dropLast().last { part in part.contains { $0.isLetter && $0 != "T" && $0 != "Z" } }
    return folder.map { plain(String($0)) } ?? plain(name)
  }

  /// Every other character is an underscore.
  private static func plain(_ text: String) -> String {
    String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" })
  }
}
