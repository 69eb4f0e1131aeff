import CZlib

/// A kernel's build configuration, as `/proc/config.gz` or `/boot/config-RELEASE` have it.
public struct KernelConfiguration: Equatable, Sendable {
  /// Where it was read.
  public let path: String
  /// The release that its first lines name, nil if they name none.
  public let release: String?
  private let options: [String: String]

  /// How an option stands.
  public enum Setting: Equatable, Sendable {
    /// Built in, or a value.
    case on
    /// `=m`.
    case module
    /// Not set, or not there.
    case off
  }

  /// Takes the text of a configuration.
  ///
  /// - Throws: ``RecordingFailure`` if no line of it is a setting.
  public init(text: String, path: String) throws(RecordingFailure) {
    var options: [String: String] = [:]
    var release: String?
    for line in text.split(separator: "\n") {
      if line.hasPrefix("CONFIG_"), let equals = line.firstIndex(of: "=") {
        options[String(line[..<equals])] = String(line[line.index(after: equals)...])
      } else if release == nil, line.hasSuffix(" Kernel Configuration") {
        // "# Linux/x86 6.12.117 Kernel Configuration"
        release = line.split(separator: " ").dropFirst(2).first.map(String.init)
      }
    }
    guard !options.isEmpty else { throw RecordingFailure(.input, "\(path): not a kernel configuration") }
    self.path = path
    self.release = release
    self.options = options
  }

  /// Reads a configuration, plain or packed by gzip.
  ///
  /// - Throws: ``RecordingFailure`` if it can't be read or is none.
  public init(path: String) throws(RecordingFailure) {
    guard let file = gzopen(path, "rb") else {
      throw RecordingFailure(.input, "\(path): \(lastError())")
    }
    defer { gzclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = gzread(file, &chunk, UInt32(chunk.count))
      if count < 0 { throw RecordingFailure(.input, "\(path): damaged gzip data") }
      if count == 0 { break }
      bytes += chunk[..<Int(count)]
      // The longest are 300 kB: more is not a configuration, and would not end.
      if bytes.count > 16 << 20 { throw RecordingFailure(.input, "\(path): too long for a configuration") }
    }
    try self.init(text: String(decoding: bytes, as: UTF8.self), path: path)
  }

  /// PAGE_SIZE in bytes; nil where the configuration does not say (x86 before 6.9: 4 KiB).
  public var pageSize: Int? {
    let names = ["CONFIG_PAGE_SHIFT", "CONFIG_ARM64_PAGE_SHIFT"]
    guard let shift = names.compactMap({ options[$0] }).compactMap({ Int($0) }).first, 10...24 ~= shift else {
      return nil
    }
    return 1 << shift
  }

  /// How an option (`CONFIG_…`) stands.
  public subscript(option: String) -> Setting {
    switch options[option] {
    case nil, "n": .off
    case "m": .module
    default: .on
    }
  }
}
