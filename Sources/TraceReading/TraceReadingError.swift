/// Why a recording cannot be read, or cannot be read further.
///
/// Reading never guesses: whatever a file says about itself that its bytes do not bear out ends in one
/// of these. An error after records were already delivered means that the recording is incomplete.
public struct TraceReadingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The class of the fault.
  public enum Kind: Equatable, Sendable {
    /// The system would not open or map the file; the value is `errno`.
    case cannotOpen(errno: Int32)
    /// There is no room for a copy of what has to be unpacked, or comes through a pipe; the value is `errno`.
    case noRoom(errno: Int32)
    /// The file has no bytes.
    case empty
    /// The file does not begin as any kind of recording, and has no line of ftrace's text.
    case notATrace
    /// A valid recording of a kind that this reader does not know.
    case unsupported
    /// The file ends before something it announces. Bytes: how many are needed, how many are there.
    case truncated(expected: UInt64, actual: UInt64)
    /// The file contradicts itself.
    case damaged
    /// A compressed part does not decompress to what the file says it is.
    case decompression
    /// The format text of an event that the checker needs cannot be understood.
    case eventFormat
  }

  /// The class of the fault.
  public let kind: Kind
  /// What is wrong, naming the part of the file.
  public let what: String
  /// Where, in bytes from the start of the file; nil if the fault has no place.
  public let offset: UInt64?

  /// What to do about this very fault; nil if it is the same as about all of its class.
  let remedy: String?

  package init(_ kind: Kind, _ what: String, at offset: UInt64? = nil, remedy: String? = nil) {
    self.kind = kind
    self.what = what
    self.offset = offset
    self.remedy = remedy
  }

  /// Whether nothing of the file was seen, because the system did not give it.
  public var isOfOpening: Bool {
    switch kind {
    case .cannotOpen, .noRoom: true
    default: false
    }
  }

  /// What the reader of the message can do about it.
  public var advice: String {
    if let remedy { return remedy }
    return switch kind {
    case .cannotOpen: "check the path and its permissions"
    case .noRoom: "set TMPDIR to a folder with room"
    case .empty: "the recorder wrote nothing: check its exit status and the free disk space"
    case .notATrace: "give a trace.dat of trace-cmd (format 6 or 7), a perf.data of perf, or ftrace's text"
    case .unsupported: "record with trace-cmd 2.6 to 3.3, or perf record -a, on a little-endian machine"
    case .truncated: "copy the recording again; if the original is as short, record again"
    case .damaged, .decompression: "copy the recording again; if it stays damaged, record again"
    case .eventFormat: "record again with the probes that `rmapcheck probes` prints"
    }
  }

  /// One line: class, what, where, advice.
  public var description: String {
    var text = what.isEmpty ? label : "\(label): \(what)"
    if case .truncated(let expected, let actual) = kind {
      text += " (needs \(expected) bytes, has \(actual))"
    }
    if let offset { text += " at byte \(offset)" }
    return text + "; " + advice
  }

  private var label: String {
    switch kind {
    case .cannotOpen: "cannot open"
    case .noRoom: "cannot keep a copy"
    case .empty: "empty file"
    case .notATrace: "not a recording"
    case .unsupported: "unsupported"
    case .truncated: "truncated"
    case .damaged: "damaged"
    case .decompression: "cannot decompress"
    case .eventFormat: "bad event format"
    }
  }
}
