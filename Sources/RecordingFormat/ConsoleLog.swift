/// What a kernel printed on its console while it was recorded, as far as a sidecar tells of it.
public struct ConsoleLog: Sendable {
  private let lines: [String]

  /// The console's text; whatever a firmware or a boot loader sent before is skipped by what looks for words.
  public init(_ text: String) {
    lines = text.split(whereSeparator: \.isNewline).map(String.init)
  }

  /// Lines by which the kernel says that something is wrong with it. A recording of a kernel that oopsed is still one.
  public var complaints: [String] {
    let words = ["BUG:", "Oops", "WARNING:", "Kernel panic", "list_add corruption", "list_del corruption"]
    return lines.filter { line in words.contains { line.contains($0) } }
  }

  /// The panic's own words; nil if there was none.
  public var panic: String? { text(after: "Kernel panic", including: true) }

  /// Each fault that scripts/faults' module injected, from `broke` on.
  public var injectedFaults: [String] {
    lines.compactMap { line in
      line.firstRange(of: "anon_vma_faults: broke ").map { "broke " + line[$0.upperBound...] }
    }
  }

  /// What the armed fault breaks, in the module's words: `anon_vma_faults: armed NAME (WHAT) pages=…`.
  public var armedFault: String? {
    guard let armed = text(after: "anon_vma_faults: armed ", including: false),
      let open = armed.firstRange(of: " ("), let close = armed.firstRange(of: ") pages=")
    else { return nil }
    return String(armed[open.upperBound..<close.lowerBound])
  }

  private func text(after words: String, including: Bool) -> String? {
    for line in lines {
      if let found = line.firstRange(of: words) {
        return String(line[(including ? found.lowerBound : found.upperBound)...])
      }
    }
    return nil
  }
}
