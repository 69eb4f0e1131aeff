// RecordingFormat: what recorder and checker agree on besides the events themselves.
//
// One idea: a ring buffer can't say what is not in it. How often a probe missed, what was overwritten, whether the
// recorder came to its end, how the kernel's structs are laid out: that stands in a *sidecar*, a JSON file beside the
// recording. This struct is its only schema: `record` fills one in, `annotate` adds to it what is known outside of
// the recorded machine (`Annotation`: a panic, a package, an injected fault), `check` reads it. What is optional was
// not known to whoever wrote it, and is never taken for zero.
//
// A recording's sidecar is `NAME.about.json`, or `about.json` in its folder if that names it. One that is there and
// can't be understood is an error: a check that ignored it could say `holds` of a recording with missed hits.
//
// The verdicts are here, too, because a kept recording's sidecar says what a check must come to.
//
// A new fact about a recording is an optional property here, its value in Recorder/SidecarOfRun.swift, and its effect
// on the verdict, if it has one, in Checking/Observability.swift. Keys are only ever added.

import FoundationEssentials
public import RmapEvents

/// What stands beside a recording in `about.json`: how it was made, what the ring buffer can't tell, and the verdict
/// that is expected of it.
public struct Sidecar: Codable, Sendable {
  /// The format's name; only ``currentSchema`` is read.
  public var schema: String
  /// The recording's file name, in the same folder.
  public var recording: String
  /// When the recording began, in UTC (ISO 8601).
  public var date: String?
  /// What a check must come to, for recordings that are kept as tests.
  public var expected: Expectation?
  /// The kernel that was recorded.
  public var kernel: Kernel?
  /// What ran.
  public var workload: Workload?
  /// What was meant to be recorded.
  public var level: RecordingLevel?
  /// Each probe with its counts from the kernel's `kprobe_profile`.
  public var probes: [Probe]?
  /// How it was recorded, and whether that came to its end.
  public var recorder: Recorder?
  /// The kernel's own counts for each ring buffer.
  public var buffers: [Buffer]?
  /// XXH64 of the recording's bytes when it was made, 16 hexadecimal digits.
  public var xxh64: String?
  /// Structs of the recorded kernel: their size in bytes as `size`, and where members lie, bytes.
  public var layout: [String: [String: Int]]?
  /// What the law of the invariants was not read against in the recorded kernel.
  public var law: Law?
  /// The names and forms of the recorded kernel, of those that differ between kernels: each with how far it has been
  /// tried (`recorded`, `resolved`, `synthetic`).
  public var dialects: [String: String]?

  /// Of a witness: which events of which recording it has.
  public var reduced: Reduced?

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
    /// The kernel function that did it, where that is another or is only to be told from the events around it.
    public var doer: String?
    /// The number of the first wrong event.
    public var event: UInt64?
    /// Whatever a reader should know.
    public var note: String?
    /// What the fault module logged: each fault that it injected, where, and when (`mono=`, CLOCK_MONOTONIC in s). Of a
    /// kernel with changed lines: which line, and when it was changed for what follows.
    public var injected: [String]?

    /// An expected verdict.
    public init(verdict: Verdict) { self.verdict = verdict }
  }

  /// A kernel.
  public struct Kernel: Codable, Sendable {
    /// `uname -r`.
    public var release: String?
    /// `uname -v`.
    public var version: String?
    /// `uname -m`.
    public var machine: String?
    /// The package that its image is from.
    public var package: String?
    /// That package's version.
    public var packageVersion: String?
    /// What it was compiled and linked with, as it says itself.
    public var compiler: String?
    /// The commit that it was built from, or as much of its hash as the release has (`-g1a2b3c4d5e6f`).
    public var commit: String?
    /// Its command line, where whoever booted it knows it.
    public var commandLine: String?
    /// Modules that were inserted for the recording, with their parameters.
    public var modules: [String]?
    /// Warnings and worse that it printed while it was recorded.
    public var complaints: [String]?
    /// PAGE_SIZE in bytes.
    public var pageSize: Int?
    /// The options of its configuration that a recording depends on.
    public var configuration: [String: String]?

    /// A kernel.
    public init(release: String? = nil, version: String? = nil, configuration: [String: String]? = nil) {
      self.release = release
      self.version = version
      self.configuration = configuration
    }

    enum CodingKeys: String, CodingKey {
      case release, version, machine, package, compiler, commit, modules, complaints, configuration
      case packageVersion = "package_version"
      case commandLine = "command_line"
      case pageSize = "page_size"
    }
  }

  /// A workload.
  public struct Workload: Codable, Sendable {
    /// The command line.
    public var command: [String]?
    /// What it exited with; 128 and the signal's number if it was killed.
    public var exitStatus: Int32?

    /// A workload.
    public init(command: [String]? = nil, exitStatus: Int32? = nil) {
      self.command = command
      self.exitStatus = exitStatus
    }

    enum CodingKeys: String, CodingKey {
      case command
      case exitStatus = "exit_status"
    }
  }

  /// How a recording was made.
  public struct Recorder: Codable, Sendable {
    /// The program that wrote the file.
    public var version: String?
    /// Further arguments that it was given.
    public var arguments: String?
    /// ftrace's clock.
    public var clock: String?
    /// Buffer of each CPU, KB.
    public var bufferKB: Int?
    /// When it began, by that clock, ns.
    public var start: UInt64?
    /// When it ended, by that clock, ns.
    public var end: UInt64?
    /// Whether the counts in this sidecar were taken at the recording's end. Where they were not, because the
    /// recorder or the kernel died, missed hits are not known.
    public var complete: Bool?
    /// Why the recording ended early: the kernel's panic, for example.
    public var ending: String?
    /// How often each CPU's recorder wrote a record of its own, ms; nil if it didn't.
    public var heartbeatMS: Int?
    /// How many CPUs were recorded.
    public var cpus: Int?
    /// How long a virtual machine ran for it, s of the host's time.
    public var seconds: Int?
    /// Whether all tasks on all CPUs were recorded, without any filter.
    public var wholeSystem: Bool?

    /// A recorder of which nothing is known.
    public init() {}

    enum CodingKeys: String, CodingKey {
      case version, arguments, clock, start, end, complete, ending, cpus, seconds
      case bufferKB = "buffer_kb"
      case heartbeatMS = "heartbeat_ms"
      case wholeSystem = "whole_system"
    }
  }

  /// What the kernel counted in one CPU's ring buffer (`per_cpu/cpuN/stats`).
  public struct Buffer: Codable, Sendable, Equatable {
    /// The buffer's name.
    public var buffer: String
    /// The CPU.
    public var cpu: Int
    /// Events that were overwritten before they were read.
    public var overrun: UInt64?
    /// Events that found no room between two others.
    public var commitOverrun: UInt64?
    /// Events that found the buffer full.
    public var droppedEvents: UInt64?
    /// Events that the recorder took out.
    public var readEvents: UInt64?
    /// Events that were still in it when the recorder had ended.
    public var entries: UInt64?

    /// One CPU's counts.
    public init(buffer: String, cpu: Int) {
      self.buffer = buffer
      self.cpu = cpu
    }

    enum CodingKeys: String, CodingKey {
      case buffer, cpu, overrun, entries
      case commitOverrun = "commit_overrun"
      case droppedEvents = "dropped_events"
      case readEvents = "read_events"
    }
  }

  /// What the law of the invariants was read against when the recording was made.
  public struct Law: Codable, Sendable, Equatable {
    /// The newest kernel whose source it was read in.
    public var version: String
    /// What the recorded kernel has beside; empty where all of it was read.
    public var unread: [UnreadLaw]

    /// The law of one version, and what it lacks.
    public init(version: String, unread: [UnreadLaw]) {
      self.version = version
      self.unread = unread
    }
  }

  /// One probe's definition and counts.
  public struct Probe: Codable, Sendable {
    /// The event's name.
    public var event: String
    /// The line in `kprobe_events`.
    public var definition: String?
    /// How often the probe fired.
    public var hits: UInt64?
    /// How often it could not record: a miss leaves no trace in the ring buffer.
    public var missed: UInt64?

    /// A probe.
    public init(event: String, definition: String? = nil, hits: UInt64? = nil, missed: UInt64? = nil) {
      self.event = event
      self.definition = definition
      self.hits = hits
      self.missed = missed
    }
  }

  /// A sidecar for the recording of that name.
  public init(recording: String) {
    schema = Self.currentSchema
    self.recording = recording
  }

  /// The sidecar's file: JSON with its keys sorted, the same bytes every time.
  public func text() -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else {
      preconditionFailure("a sidecar holds strings and integers only")
    }
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  /// Where `rmapcheck record` puts a recording's sidecar: beside it, under a name of its own.
  public static func path(besides recordingPath: String) -> String { recordingPath + ".about.json" }

  /// What the names of packed recordings end with.
  public static let packedSuffixes = [".zst", ".xz", ".gz"]

  /// Where a recording's sidecar is; nil if it has none.
  ///
  /// - Throws: ``SidecarError`` if there is one that cannot be understood.
  public static func location(of recordingPath: String) throws(SidecarError) -> String? {
    try found(beside: recordingPath)?.path
  }

  /// Reads the sidecar of a recording: `NAME.about.json` beside it, or the folder's `about.json` if it names it. A
  /// recording that was packed since keeps its sidecar.
  ///
  /// - Throws: ``SidecarError`` if there is one that cannot be understood.
  public static func beside(_ recordingPath: String) throws(SidecarError) -> Sidecar? {
    try found(beside: recordingPath)?.sidecar
  }

  private static func found(
    beside recordingPath: String
  ) throws(SidecarError) -> (path: String, sidecar: Sidecar)? {
    // Standard input lies nowhere.
    if recordingPath == "-" { return nil }
    let (folder, name) = splitPath(recordingPath)
    let names = [name] + packedSuffixes.filter(name.hasSuffix).map { String(name.dropLast($0.count)) }
    for path in names.map({ Self.path(besides: folder + $0) }) + [folder + "about.json"] {
      guard FileManager.default.fileExists(atPath: path) else { continue }
      guard let data = FileManager.default.contents(atPath: path) else {
        throw SidecarError(path: path, reason: "it can't be read")
      }
      let candidate = try Candidate(data, name, path)
      if path == folder + "about.json", try isOfAnother(candidate.head, names, folder, path) { continue }
      return (path, try candidate.sidecar(of: names.first { $0 == candidate.head.recording } ?? name, path))
    }
    return nil
  }

  /// Whether it is of that file itself, and not of what it unpacks to.
  public func isOfFile(at path: String) -> Bool { recording == Self.splitPath(path).name }

  /// Reads the text of a sidecar of the recording `name`, as if it lay at `path`.
  package init(_ data: Data, of name: String, at path: String) throws(SidecarError) {
    self = try Candidate(data, name, path).sidecar(of: name, path)
  }

  /// Any program may have an `about.json` in a folder, and a recording's neighbour may have one of ours.
  private static func isOfAnother(
    _ head: Head, _ names: [String], _ folder: String, _ path: String
  ) throws(SidecarError) -> Bool {
    if let recording = head.recording, names.contains(recording) { return false }
    guard let other = head.recording, head.schema?.hasPrefix("rmapcheck-recording/") == true else { return true }
    let isThere = ([""] + packedSuffixes).contains { FileManager.default.fileExists(atPath: folder + other + $0) }
    guard !other.contains("/"), isThere else {
      throw SidecarError(path: path, reason: "it is a sidecar of \(other), which is not there")
    }
    return true
  }

  private struct Head: Decodable {
    let schema: String?
    let recording: String?
  }

  /// What may be a sidecar: that is seen before the rest is understood, though both are decoded at once.
  private struct Candidate: Decodable {
    let head: Head
    private let outcome: Result<Sidecar, any Error>

    init(from decoder: any Decoder) throws {
      head = try Head(from: decoder)
      outcome = Result { try Sidecar(from: decoder) }
    }

    init(_ data: Data, _ name: String, _ path: String) throws(SidecarError) {
      do {
        self = try JSONDecoder().decode(Candidate.self, from: data)
      } catch {
        throw SidecarError(path: path, reason: "not a sidecar of \(name)")
      }
    }

    func sidecar(of name: String, _ path: String) throws(SidecarError) -> Sidecar {
      guard head.recording == name else { throw SidecarError(path: path, reason: "not a sidecar of \(name)") }
      guard head.schema == Sidecar.currentSchema else {
        throw SidecarError(path: path, reason: "schema \(head.schema ?? "none") is not \(Sidecar.currentSchema)")
      }
      switch outcome {
      case .success(let sidecar): return sidecar
      case .failure(let error): throw SidecarError(path: path, reason: "\(error)")
      }
    }
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
