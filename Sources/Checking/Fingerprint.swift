public import Invariants
import RmapEvents
internal import TraceReading

/// What stands for a defect: the same on every boot, at every place of the recording, at any number of jobs.
public enum Fingerprint {
  /// The fingerprint of a violation: of its invariant, what is wrong, the function in which that shows, and the function
  /// that did it. Addresses and numbers are no part of it, nor is what another kernel calls the function. 16 hexadecimal
  /// digits.
  public static func of(_ finding: Finding, of invariant: Invariant) -> String {
    let doer: EventKind? =
      switch finding.doer {
      case nil: nil
      case .step(let stamp): stamp.function
      case .between(_, let wrong): wrong.function
      }
    let function = finding.function.word
    let parts = [invariant.name, withoutNumbers(finding.what), function, doer.map { "\($0)" } ?? function]
    return Checksum.ofText(parts.joined(separator: "\n"))
  }

  /// Digits, and what 0x begins, as one `#`.
  static func withoutNumbers(_ text: String) -> String {
    text.replacing(/0x[0-9a-f]+|\b[0-9]+\b/, with: "#")
  }
}
