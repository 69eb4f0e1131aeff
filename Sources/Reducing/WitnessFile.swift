import Checking
import FoundationEssentials
import Glibc
import Invariants
import RecordingFormat
import RmapEvents

/// A witness on disk: the recording and its sidecar, both whole or none.
public enum WitnessFile {
  /// Why there is none.
  public enum Failure: Error, CustomStringConvertible {
    /// It could not be written; with `errno`.
    case cannotWrite(String, Int32)
    /// There is something at its place that is no regular file, and stays.
    case notAFile(String)
    /// The file, checked once more, does not show the violation: nothing was left behind.
    case doesNotShow(String)

    /// Whether the output is to blame.
    public var isOfOutput: Bool {
      switch self {
      case .cannotWrite, .notAFile: true
      case .doesNotShow: false
      }
    }

    /// What is the matter.
    public var description: String {
      switch self {
      case .notAFile(let path): "cannot write \(path): it is no regular file"
      case .cannotWrite(let path, let number): "cannot write \(path): \(String(cString: strerror(number)))"
      case .doesNotShow(let why): "the reduced recording does not show the violation, and was not kept: \(why)"
      }
    }
  }

  /// Writes it in a folder beside the output, checks it there as any recording, and moves both files to their places.
  public static func write(_ witness: Witness, to output: String) throws(Failure) {
    if RecordingSearch.isFolder(output) { throw .cannotWrite(output, EISDIR) }
    // A device would be replaced by the file.
    if isSpecialFile(output) { throw .notAFile(output) }
    let folder = "\(output).\(getpid()).part"
    guard mkdir(folder, 0o777) == 0 else { throw .cannotWrite(output, errno) }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let name = output.split(separator: "/").last.map(String.init) ?? output
    let recording = folder + "/" + name
    try put(witness.image, recording)
    try put(Array(witness.sidecarText(for: name).utf8), Sidecar.path(besides: recording))
    try verify(witness, RecordingCheck(limit: .all).run(path: recording))
    // The sidecar first: a recording without it would be taken for a whole one.
    for (from, to) in [
      (Sidecar.path(besides: recording), Sidecar.path(besides: output)), (recording, output),
    ] where rename(from, to) != 0 {
      throw .cannotWrite(to, errno)
    }
  }

  /// The file must show what the events in memory show: the same violation first, at the same event.
  private static func verify(_ witness: Witness, _ result: RecordingResult) throws(Failure) {
    guard let (invariant, finding) = result.findings.first else {
      throw .doesNotShow(result.damage ?? result.doubts.first ?? "no rule is broken in it")
    }
    let found = "\(invariant.name) at event \(finding.stamp.ordinal)"
    guard let expected = witness.reduced.findings.first else { throw .doesNotShow(found) }
    guard invariant.number == expected.invariant.number, finding.stamp.ordinal == expected.finding.stamp.ordinal,
      finding.events.map(\.ordinal) == expected.finding.events.map(\.ordinal),
      finding.function == expected.finding.function, Fingerprint.of(finding, of: invariant) == witness.fingerprint
    else { throw .doesNotShow("\(found) was found first") }
  }

  private static func put(_ bytes: [UInt8], _ path: String) throws(Failure) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .cannotWrite(path, errno) }
    var number: Int32?
    bytes.withUnsafeBytes { bytes in
      var rest = bytes
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          number = count == 0 ? ENOSPC : errno
          return
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
    if number == nil, fsync(descriptor) != 0 { number = errno }
    if close(descriptor) != 0, number == nil { number = errno }
    if let number { throw .cannotWrite(path, number) }
  }
}
