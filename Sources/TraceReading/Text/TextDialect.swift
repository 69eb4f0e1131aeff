/// Ways to print a recording that are not read, and what to do instead: each leaves out or hides what is needed.
enum TextDialect {
  /// Fields as they lie in the record (`trace-cmd report -R`): signs are lost.
  case rawFields
  /// The time since the line above behind each time (`trace-cmd report --ts-diff`).
  case timeDifferences
  /// The CPU and the flags in one word (`trace-cmd report -l`, the kernel's `latency-format`).
  case latency
  /// Android's systrace.
  case page

  /// The dialect of a line that is none of ftrace's plain text; nil if it is none of these.
  init?(_ line: Slice<UnsafeRawBufferPointer>) {
    var scanner = TextScanner(line)
    scanner.skipSpaces()
    var tokens: [Slice<UnsafeRawBufferPointer>] = []
    while !scanner.isAtEnd, tokens.count < 12 {
      tokens.append(scanner.token())
      scanner.skipSpaces()
    }
    guard let time = tokens.firstIndex(where: Self.isTime), time > 0 else { return nil }
    if tokens.count > time + 1, Self.isDifference(tokens[time + 1]) {
      self = .timeDifferences
    } else if Self.isCPUWithFlags(tokens[time - 1]) {
      self = .latency
    } else {
      return nil
    }
  }

  /// The dialect of a file that is not text of events at all.
  init?(ofFile bytes: UnsafeRawBufferPointer) {
    let head = String(decoding: bytes.prefix(64), as: UTF8.self).lowercased()
    guard head.hasPrefix("<!doctype html") || head.hasPrefix("<html") else { return nil }
    self = .page
  }

  /// The error to read such a text with.
  func error(at offset: Int? = nil) -> TraceReadingError {
    let (what, remedy) =
      switch self {
      case .rawFields: ("text of raw fields (trace-cmd report -R)", "print it without -R, or give the trace.dat itself")
      case .timeDifferences:
        (
          "text with time differences (trace-cmd report --ts-diff)",
          "print it without --ts-diff, or give the trace.dat itself"
        )
      case .latency:
        (
          "text in the latency format (trace-cmd report -l, latency-format)",
          "print it without -l, set the option latency-format to 0, or give the trace.dat itself"
        )
      case .page:
        (
          "an HTML page (systrace)",
          "save what stands between <script class=\"trace-data\"> and </script> as a file of its own"
        )
      }
    return TraceReadingError(.unsupported, what, at: offset.map { UInt64($0) }, remedy: remedy)
  }

  /// `12.345678:`, and the kernel's `12345678us+:` in the latency format.
  private static func isTime(_ token: Slice<UnsafeRawBufferPointer>) -> Bool {
    let digits = token.prefix { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    let rest = token.dropFirst(digits.count)
    guard !digits.isEmpty else { return false }
    if rest.starts(with: Array("us".utf8)) { return rest.count <= 4 }
    return rest.count == 1 && rest.first == UInt8(ascii: ":") && digits.contains(UInt8(ascii: "."))
  }

  /// `(+733)`
  private static func isDifference(_ token: Slice<UnsafeRawBufferPointer>) -> Bool {
    token.starts(with: Array("(+".utf8)) && token.last == UInt8(ascii: ")")
  }

  /// `1d..1.` or `  2.N..`: a number, then four or more of the flags of print_lat_fmt (kernel/trace/trace_output.c).
  private static func isCPUWithFlags(_ token: Slice<UnsafeRawBufferPointer>) -> Bool {
    let flags = token.drop { (0x30...0x39).contains($0) }
    return flags.count < token.count && flags.count >= 4
      && flags.allSatisfy { Array(".dDnNpBbhHsSzZ0123456789abcdef".utf8).contains($0) }
  }
}
