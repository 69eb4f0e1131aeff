import FoundationEssentials

/// What stands beside a recording in `about.json`: how it was made, what the ring buffer can't tell, and the verdict
/// that is expected of it.
public struct Sidecar: Codable, Sendable {
  /// The format's name; only ``currentSchema`` is read.
  public var schema: String
  /// The recording's file name, in the same folder.
  public var recording: String
  /// What a check must come to, for recordings that are kept as tests.
  public var expected: Expectation?
  /// The kernel that was recorded.
  public var kernel: Kernel?
  /// What ran.
  public var workload: Workload?
  /// Each probe with its counts from the kernel's `kprobe_profile`.
  public var probes: [Probe]?

  /// The schema that this version reads.
  public static let currentSchema = "rmapcheck-recording/1"

  /// The expected outcome of a check.
  public struct Expectation: Codable, Sendable {
    /// The verdict.
    public var verdict: Verdict
    /// The fault that was seeded, if any.
    public var fault: String?
    /// The invariant that the first violation must be of.
    public var invariant: String?
    /// The kernel function that the first violation must name.
    public var function: String?
    /// The number of the first wrong event.
    public var event: UInt64?
    /// Whatever a reader should know.
    public var note: String?
  }

  /// A kernel.
  public struct Kernel: Codable, Sendable {
    /// `uname -r`.
    public var release: String?
  }

  /// A workload.
  public struct Workload: Codable, Sendable {
    /// The command line.
    public var command: [String]?
  }

  /// One probe's definition and counts.
  public struct Probe: Codable, Sendable {
    /// The event's name.
    public var event: String
    /// How often the probe fired.
    public var hits: UInt64?
    /// How often it could not record: a miss leaves no trace in the ring buffer.
    public var missed: UInt64?
  }

  /// Reads the sidecar of a recording, if the folder has one that names it.
  ///
  /// - Throws: ``SidecarError`` if there is one that cannot be understood.
  public static func beside(_ recordingPath: String) throws(SidecarError) -> Sidecar? {
    let (folder, name) = splitPath(recordingPath)
    let path = folder + "about.json"
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    // Any program may have a file of this name here: it is ours only if it says so.
    guard let head = try? JSONDecoder().decode(Head.self, from: data), head.recording == name else { return nil }
    guard head.schema == currentSchema else {
      throw SidecarError(path: path, reason: "schema \(head.schema) is not \(currentSchema)")
    }
    do {
      return try JSONDecoder().decode(Sidecar.self, from: data)
    } catch {
      throw SidecarError(path: path, reason: "\(error)")
    }
  }

  private struct Head: Decodable {
    let schema: String
    let recording: String
  }

  private static func splitPath(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return ("", path) }
    return (String(path[...slash]), String(path[path.index(after: slash)...]))
  }
}

/// A sidecar that is there but can't be understood.
public struct SidecarError: Error, CustomStringConvertible {
  /// Where it is.
  public let path: String
  /// What is wrong with it.
  public let reason: String

  /// One line.
  public var description: String { "\(path): \(reason); mend or remove it" }
}
