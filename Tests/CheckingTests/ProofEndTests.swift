import Foundation
import Invariants
import RecordingFormat
import RmapEvents
import TestSupport
import Testing

@testable import Checking
@testable import RecordingAudit
@testable import TraceReading

/// Goal: no violation is proved by what a file may lack at its end, or by what the kernel has not written.
@Suite struct ProofEndTests {
  /// The guest died of a fault; 25 ms of CPU 1 had not left it. In them two pages were unmapped, as `panic.txt` shows; CPU 0
  /// mapped them anew, as exclusive.
  @Test func behindACPUsEndNothingIsProved() {
    let result = RecordingCheck().run(path: "\(tracesFolder)/6.12-crash-uneven/trace.dat")
    #expect(result.damage == nil)
    #expect(result.violations == 0)
    #expect(result.verdict == .undecided)
    #expect(result.losses.count == 1 && result.losses.first?.cpu == 1 && result.losses.first?.before == nil)
    #expect(
      result.doubts.contains { $0.contains("CPU 1's records end before the others'") && $0.contains("page-exclusive") })
  }

  /// A recorder that came to its end has counted the events of each CPU: one that is idle in the end has no more.
  @Test func whereTheKernelHasCountedTheEndIsProved() {
    let result = RecordingCheck().run(path: "\(tracesFolder)/6.12-fault-drop-avc/trace.dat")
    #expect(result.verdict == .violated)
    #expect(result.losses == [])
  }

  /// CPU 1 is idle from the second second on, and the guest dies in the eighth.
  @Test func anIdleCPUOfADeadGuest() {
    let ends = [count(0, 8), count(1, 2)]
    let trusting = ProofEnd(ends, counted: [:], mostBehind: 1_000_000_000, beatingCPUs: 0)
    #expect(trusting?.time == 7_000_000_000)
    // Where its own records show that it was idle, nothing is lost but what came after the last of them.
    let beating = ProofEnd([count(0, 8), count(1, 7.96)], counted: [:], mostBehind: 0, beatingCPUs: 2)
    #expect(beating?.time == 7_960_000_000 && beating?.behind == .withoutCPU(1))
  }

  /// CPU 1 spins from the second second on, and so does what brings its records out; CPU 0 goes on. What CPU 1 has done
  /// since its last record is nowhere.
  @Test func aCPUThatIsLockedUpEndsTheProof() {
    let end = ProofEnd([count(0, 8), count(1, 2)], counted: [:], mostBehind: 0, beatingCPUs: 2)
    #expect(end?.time == 2_000_000_000 && end?.behind == .withoutCPU(1))
    let silent = ProofEnd([count(0, 8)], counted: [:], mostBehind: 0, beatingCPUs: 2)
    #expect(silent?.time == 0 && silent?.behind == .withoutCPU(1))
  }

  /// What pages and walks do changes no VMA, AVC or anon_vma: what is wrong with it says nothing of rules about those.
  @Test func aContradictionEndsTheProofOfWhatLooksAtItsLevel() throws {
    let violation = EventStamp(ordinal: 20, timestamp: 2000, pid: 1, cpu: 0)
    func end(_ kind: Contradiction.Kind, _ ordinal: UInt64, _ invariant: String) throws -> UInt64? {
      var contradictions = Contradictions()
      let stamp = EventStamp(ordinal: ordinal, timestamp: ordinal * 100, pid: 1, cpu: 0)
      contradictions.note(
        Contradiction(kind: kind, object: .task(1), field: .step, was: nil, now: .missing, since: nil, at: stamp))
      return ProofEnd(contradictions, try #require(.named(invariant)), firstViolation: violation)?.time
    }
    #expect(try end(.vmaView, 10, "fork-closure") == 1999)
    #expect(try end(.vmaView, 20, "fork-closure") == nil)
    #expect(try end(.pageMapping, 10, "fork-closure") == nil)
    #expect(try end(.pageMapping, 10, "reach") == 1999)
    #expect(try end(.walkStep, 10, "reach") == nil)
    #expect(try end(.walkStep, 10, "walk-coverage") == 1999)
  }

  private func count(_ cpu: UInt16, _ seconds: Double) -> RecordCount {
    RecordCount(cpu: cpu, buffer: 0, count: 10, lastTimestamp: UInt64((seconds * 1000).rounded()) * 1_000_000)
  }

  @Test func behindAnEventThatMakesNoSenseNothingIsProved() throws {
    var text = try String(contentsOfFile: "\(tracesFolder)/6.12-text/trace.txt", encoding: .utf8)
    #expect(check(text).verdict == .violated)
    let pointer = try #require(text.range(of: "avc=0xff[0-9a-f]{14}", options: .regularExpression))
    text.replaceSubrange(pointer, with: "avc=0xbad")
    let result = check(text)
    #expect(result.malformed == 1)
    #expect(result.violations == 0)
    #expect(result.verdict == .undecided)
    #expect(result.doubts.contains { $0.contains("can't have been written by the kernel: fork-closure at event 2117") })
    #expect(result.invariants.allSatisfy { $0.verdict == .undecided })
  }

  /// The kernel broke fork-closure at event 2117. A return that has no entry shows that the file lacks an event or has one
  /// too many.
  @Test(arguments: [(1000, false), (2200, true)])
  func whatBreaksBehindAContradictionIsNotProved(line: Int, isProved: Bool) throws {
    var lines = try String(contentsOfFile: "\(tracesFolder)/6.12-text/trace.txt", encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    let number = try #require(lines.indices.dropFirst(line).first { lines[$0].contains("unlink_ret:") })
    lines.insert(lines[number], at: number)
    let result = check(lines.joined(separator: "\n"))
    #expect(result.contradictions.total == 1)
    #expect(result.verdict == (isProved ? .violated : .undecided))
    #expect(result.doubts.contains { $0.contains("before any rule is broken: fork-closure at event") } == !isProved)
    #expect((result.violations > 0) == isProved)
  }

  private func check(_ text: String) -> RecordingResult {
    Array(text.utf8).withUnsafeBytes { RecordingCheck().run(copying: $0) }
  }
}
