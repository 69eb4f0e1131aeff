/// One way to damage a file.
public enum DamagePlan: Sendable {
  /// Only its first bytes are left.
  case cut(Int)
  /// One bit is another.
  case flip(byte: Int, bit: Int)
  /// The 4096 bytes from here on are zero, or a copy of those at `source`.
  case zero(page: Int)
  case copy(page: Int, source: Int)
  /// The 4096 bytes from here on and those at `other` have changed places.
  case swap(page: Int, other: Int)
  /// Bytes were added at the end.
  case append(Int)

  /// The kinds by name, for a table.
  public enum Kind: String, CaseIterable, Sendable {
    case cut = "truncated"
    case flip = "a bit flipped"
    case zero = "a page zeroed"
    case copy = "a page repeated"
    case swap = "pages swapped"
    case append = "bytes appended"
  }

  private static let pageSize = 4096

  /// A random damage of that kind to a file of `size` bytes.
  public init(_ kind: Kind, size: Int, using random: inout some RandomNumberGenerator) {
    let pages = max(1, size / Self.pageSize)
    switch kind {
    case .cut: self = .cut(Int.random(in: 0..<size, using: &random))
    case .flip:
      self = .flip(byte: Int.random(in: 0..<size, using: &random), bit: Int.random(in: 0..<8, using: &random))
    case .zero: self = .zero(page: Int.random(in: 0..<pages, using: &random))
    case .copy:
      self = .copy(
        page: Int.random(in: 0..<pages, using: &random), source: Int.random(in: 0..<pages, using: &random))
    case .swap:
      self = .swap(page: Int.random(in: 0..<pages, using: &random), other: Int.random(in: 0..<pages, using: &random))
    case .append: self = .append(Int.random(in: 1...Self.pageSize, using: &random))
    }
  }

  /// The damaged bytes.
  public func applied(to bytes: [UInt8]) -> [UInt8] {
    var damaged = bytes
    func page(_ number: Int) -> Range<Int> {
      let start = min(number * Self.pageSize, bytes.count)
      return start..<min(start + Self.pageSize, bytes.count)
    }
    switch self {
    case .cut(let count): return Array(bytes.prefix(count))
    case .flip(let byte, let bit): damaged[byte] ^= 1 << UInt8(bit)
    case .zero(let number): for index in page(number) { damaged[index] = 0 }
    case .copy(let number, let source):
      for (to, from) in zip(page(number), page(source)) { damaged[to] = bytes[from] }
    case .swap(let number, let other):
      for (one, two) in zip(page(number), page(other)) { (damaged[one], damaged[two]) = (bytes[two], bytes[one]) }
    case .append(let count):
      // What follows is as likely to be the beginning of a recording as anything.
      damaged += bytes.prefix(count)
    }
    return damaged
  }
}

/// What a program made of a damaged file.
public enum DamageOutcome: String, CaseIterable, Sendable {
  case crash, hang
  /// Ended with an error, or said what is wrong with the file.
  case refused
  /// Said less than of the sound file, and that it is less: losses, doubts, events that make no sense.
  case lowered
  /// Said that a rule is violated, or of a recording with violations something else about them.
  case violated
  /// Said the same as of the sound file, to the byte: nothing that it reads was hit.
  case same
  /// Said something else than of the sound file, and that all is well.
  case silent

  /// - Parameters:
  ///   - status: the exit status; nil if it had to be ended, above 128 for a signal.
  ///   - isSame: whether the output is that of the sound file.
  public static func rmapcheck(status: Int32?, isSame: Bool) -> DamageOutcome {
    switch status {
    case nil: .hang
    case 3: .refused
    case 0, 1, 4: isSame ? .same : status == 0 ? .silent : status == 1 ? .violated : .lowered
    default: .crash
    }
  }

  /// trace-cmd report has no verdict: whatever it prints on stderr counts as said.
  public static func traceCommand(status: Int32?, isSame: Bool, complained: Bool) -> DamageOutcome {
    switch status {
    case nil: .hang
    case 0: isSame ? .same : complained ? .lowered : .silent
    case let status? where status > 128 || status < 0: .crash
    default: .refused
    }
  }
}
