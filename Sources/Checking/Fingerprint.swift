public import Invariants
import RmapEvents
internal import TraceReading

/// What stands for a defect: the same on every boot, at every place of the recording, at any number of jobs.
public enum Fingerprint {
  /// The fingerprint of a violation: of its invariant, what is wrong, and the function that did it. Addresses and numbers
  /// are no part of it, nor is what another kernel calls the function. 16 hexadecimal digits.
  public static func of(_ finding: Finding, of invariant: Invariant) -> String {
    of(DefectKind(finding, of: invariant.number), of: invariant)
  }

  /// The fingerprint of a kind of defect.
  static func of(_ kind: DefectKind, of invariant: Invariant) -> String {
    Checksum.ofText([invariant.name, kind.what, kind.function.word].joined(separator: "\n"))
  }
}
