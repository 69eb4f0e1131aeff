import Glibc

/// The functions that can carry a probe: the text symbols of the kernel image.
public struct KernelSymbols {
  /// What the symbol table says about one function.
  enum Status: Equatable {
    case unique
    case absent
    /// The kernel refuses a probe by a name that several functions bear.
    case ambiguous(Int)
    /// Only compiler clones (`foo.isra.0`), whose argument registers may have changed.
    case clonesOnly([String])

    var isAmbiguous: Bool {
      if case .ambiguous = self { true } else { false }
    }
  }

  /// Whether the kernel's own symbols were read, and not only its types.
  public let isVerified: Bool

  private var counts: [String: Int] = [:]
  private var clones: [String: [String]] = [:]

  /// The symbols of the kernel that we run on.
  public static let runningKernel = "/proc/kallsyms"

  /// Takes every function of the type information for a symbol, unverified.
  public init(unverifiedFrom types: KernelTypes) {
    isVerified = false
    for name in EventRecipe.symbolsOfInterest where types.hasFunction(name) { counts[name] = 1 }
  }

  /// Reads a file in the format of `/proc/kallsyms`. Zeroed addresses are fine: names count.
  public init(path: String) throws(ProbeFailure) {
    try self.init(kallsyms: readWholeFile(path), path: path)
  }

  /// Reads the text of a `/proc/kallsyms`.
  public init(kallsyms text: [UInt8], path: String = "kallsyms") throws(ProbeFailure) {
    isVerified = true
    var lineNumber = 0
    for line in text.split(separator: UInt8(ascii: "\n")) {
      lineNumber += 1
      guard let symbol = Self.parse(line) else {
        throw .unreadable(path: path, reason: "line \(lineNumber) is not \"address type name\"")
      }
      if symbol.isImageText { note(symbol.name) }
    }
    if lineNumber == 0 { throw .unreadable(path: path, reason: "no symbols") }
  }

  func status(of name: String) -> Status {
    switch (counts[name] ?? 0, clones[name] ?? []) {
    case (1, _): .unique
    case (0, []): .absent
    case (0, let names): .clonesOnly(names)
    case (let count, _): .ambiguous(count)
    }
  }

  /// Clones that stand beside the function itself and take some of its calls.
  func clones(of name: String) -> [String] { clones[name] ?? [] }

  private mutating func note(_ name: String) {
    let base = name.prefix { $0 != "." }
    guard EventRecipe.symbolsOfInterest.contains(String(base)) else { return }
    if base.count == name.count {
      counts[name, default: 0] += 1
    } else if !name.dropFirst(base.count).hasSuffix(".cold") {
      // A .cold part is the far end of the function itself, not another way into it.
      clones[String(base), default: []].append(name)
    }
  }

  /// One line: `ffffffff812a3f10 T name`, for a module's symbol followed by a tab and `[module]`.
  private static func parse(_ line: ArraySlice<UInt8>) -> (name: String, isImageText: Bool)? {
    let words = line.split(maxSplits: 3) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    guard words.count >= 3, words[0].allSatisfy(isHexDigit), words[1].count == 1,
      let kind = words[1].first
    else { return nil }
    let isText = "tTwW".utf8.contains(kind)
    guard isText, words.count == 3 else { return ("", false) }
    return (String(decoding: words[2], as: UTF8.self), true)
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}

/// Reads to the end rather than by size: files of /proc say that they have none.
private func readWholeFile(_ path: String) throws(ProbeFailure) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw .unreadable(path: path, reason: String(cString: strerror(errno)))
  }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(descriptor, &chunk, chunk.count)
    if count == 0 { return bytes }
    if count > 0 { bytes.append(contentsOf: chunk[..<count]) }
    if count < 0, errno != EINTR {
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
  }
}
