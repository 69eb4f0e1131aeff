import Foundation
import Invariants
import RecordingFormat
import TestSupport
import Testing

@testable import Checking

/// Goal: a test has the name of what was recorded, a defect the same fingerprint wherever it shows.
@Suite struct IdentityTests {
  @Test(arguments: [
    ("6.12.117+deb12-cloud-amd64", "6.12", "cloud-amd64"), ("6.1.0-56-cloud-amd64", "6.1", "cloud-amd64"),
    ("6.12.117+deb12-rt-amd64", "6.12", "rt-amd64"), ("6.12.117", "6.12", "plain"),
    ("6.8.0-45-generic", "6.8", "generic"),
    ("7.3.0-rc4", "7.3", "plain"), ("7.3.0-rc4-next-20261101", "7.3", "next"),
    ("Linux (none) 6.12.117+deb12-cloud-amd64 x86_64", "6.12", "cloud-amd64"), ("", "unknown", "plain"),
    ("6.12 with spaces", "6.12", "plain"), ("6.6.7-a/b#c", "6.6", "a_b_c"),
  ]) func line(release: String, kernel: String, flavour: String) {
    #expect(RunIdentity.line(ofRelease: release) == (kernel, flavour))
  }

  @Test func words() {
    #expect(RunIdentity.word(["/usr/bin/fork", "--only", "a,b"]) == "fork_--only_a_b")
    #expect(RunIdentity.word([]) == "nothing")
    let long = RunIdentity.word(["sh", "-c", String(repeating: "x", count: 100)])
    #expect(long.count == 64 && long.hasPrefix("sh_-c_xxx"))
    #expect(long != RunIdentity.word(["sh", "-c", String(repeating: "x", count: 101)]))
    #expect(RunIdentity.word(ofPath: "nights/fork-storm/trace.dat.zst") == "fork-storm")
    #expect(RunIdentity.word(ofPath: "nights/fork storm.dat") == "fork_storm")
    #expect(RunIdentity.word(ofPath: "fork-storm/2026-11-30T21:00Z/trace.dat") == "fork-storm")
    #expect(RunIdentity.word(ofPath: "2026-11-30/trace.dat") == "trace")
    #expect(RunIdentity.word(ofPath: "-") == "stdin" && RunIdentity.word(ofPath: "trace.dat") == "trace")
  }

  @Test func theSecondOfANameIsNumbered() {
    let paths = ["a/fork.dat", "b/fork.dat", "c/exec.dat", "d/fork.dat"]
    let identities = RunIdentity.of(paths.map { .notChecked($0, "") })
    #expect(identities.map(\.name) == ["fork", "fork/2", "exec", "fork/3"].map { "unknown/plain/\($0)" })
    #expect(identities[1].dottedName == "unknown.plain.fork.2")
  }

  /// A fault leaves the same mark on another kernel, at other addresses.
  @Test(arguments: ["drop-avc", "wrong-root", "lost-reference"]) func fingerprintsOfOneFault(fault: String) throws {
    let marks = try ["6.1", "6.12"].map { kernel in
      let result = RecordingCheck().run(path: "\(tracesFolder)/\(kernel)-fault-\(fault)/trace.dat")
      let (invariant, finding) = try #require(result.findings.first)
      return Fingerprint.of(finding, of: invariant)
    }
    #expect(marks[0] == marks[1])
  }

  @Test func fingerprintsHaveNoNumbers() {
    #expect(DefectKind.withoutNumbers("3 of 0xff12: 2nd i15") == "# of #: 2nd i15")
  }
}
