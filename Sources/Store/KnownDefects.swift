import FoundationEssentials

/// A list of defects that somebody has looked at: lines of a fingerprint, until when it holds, and why.
///
///     # fingerprint    until       reason
///     4f2a9c31d0e8b7a6 2027-01-31  CVE-2026-23077, the fix is queued for 6.18
///     9b01d77c52ae3310 -           our fault module
public struct KnownDefects: Sendable {
  struct Entry: Sendable {
    let until: String?
    let reason: String
  }

  let entries: [String: Entry]

  /// None is known.
  public init() { entries = [:] }

  /// Reads a list.
  /// - Throws: ``StoreError`` if it is not there, or a line of it says something else.
  public init(contentsOf path: String) throws(StoreError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw StoreError(.missing, "\(path): there is no such file, or it can't be read")
    }
    try self.init(String(decoding: data, as: UTF8.self), path: path)
  }

  init(_ text: String, path: String) throws(StoreError) {
    var entries: [String: Entry] = [:]
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.split(maxSplits: 2, whereSeparator: { $0 == " " || $0 == "\t" })
      guard let fingerprint = words.first, !fingerprint.hasPrefix("#") else { continue }
      let isFingerprint = fingerprint.count == 16 && fingerprint.allSatisfy { $0.isHexDigit && !$0.isUppercase }
      guard isFingerprint, words.count == 3, words[1] == "-" || Self.isDay(words[1]) else {
        throw StoreError(
          .damaged, "\(path):\(number + 1): not FINGERPRINT UNTIL REASON, with a date such as 2027-01-31 or - for UNTIL"
        )
      }
      guard entries[String(fingerprint)] == nil else {
        throw StoreError(.damaged, "\(path):\(number + 1): \(fingerprint) is there twice")
      }
      entries[String(fingerprint)] = Entry(
        until: words[1] == "-" ? nil : String(words[1]), reason: words[2].trimmingSpaces)
    }
    self.entries = entries
  }

  private static func isDay(_ text: Substring) -> Bool {
    text.wholeMatch(of: /\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])/) != nil
  }
}

extension Substring {
  fileprivate var trimmingSpaces: String {
    var text = self
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }
}
