import Checking
import Comparing
import Foundation
import Invariants
import ModelRecording
import Policies
import RecordingAudit
import RecordingFormat
import RmapEvents
import RmapGraph
import RmapTestSupport
import TestSupport
import Testing

/// Goal: a healthy kernel holds and a fault is found, whatever the size of the kernel's pages, and whether the recording has
/// a mark of it or is older. Method: one history, written as recordings of kernels with 4, 16 and 64 KiB pages.
@Suite struct PageSizeVerdicts {
  /// Faults, a fork, a move, a split, a merge and an end.
  private static let history = History { k in
    k.mmap("p.V", 16..<32)
    k.write("p.V", 17)
    k.write("p.V", 30)
    k.fork("p", "c")
    k.write("c.V", 17)
    k.mremap("p.V", to: 64, "p.W")
    k.write("p.W", 70)
    k.split("c.V", at: 24, "c.X")
    k.exit("c")
    k.exit("p")
  }

  private func written<Result>(
    _ history: History, _ size: PageSize, isMarked: Bool, sidecar: String? = nil,
    _ body: (String) async throws -> Result
  ) async throws -> Result {
    let folder = try makeTemporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "trace.dat").path
    let writer = try ModelRecorder(path: path, pages: size, isMarked: isMarked)
    for step in history.steps { writer.append(step.event, pid: step.pid) }
    try writer.finish(path: path)
    try sidecar?.write(to: folder.appending(path: "about.json"), atomically: true, encoding: .utf8)
    return try await body(path)
  }

  @Test(arguments: PageSize.all, [true, false])
  func aHealthyKernelHolds(_ size: PageSize, _ isMarked: Bool) async throws {
    let result = try await written(Self.history, size, isMarked: isMarked) { RecordingCheck().run(path: $0) }
    #expect(result.damage == nil && result.malformed == 0 && result.findings.isEmpty)
    #expect(result.contradictions.total == 0 && result.statistics.unpredictedUnmaps == 0)
    #expect(result.statistics.predictedUnmaps > 0)
    for name in ["reach", "interval-key", "fork-closure", "copy-closure", "unfaulted-pgoff", "index-fixed"] {
      let entry = try #require(result.invariants.first { $0.invariant.name == name })
      #expect(entry.ledger.decided > 0, "\(name) has decided nothing")
    }
  }

  @Test(arguments: PageSize.all, [true, false])
  func aFaultIsFoundWhereItIs(_ size: PageSize, _ isMarked: Bool) async throws {
    let faulty = Self.history.alteringFolio("folio new", 1) { $0.index = $0.index + 1 }
    let result = try await written(faulty, size, isMarked: isMarked) { RecordingCheck().run(path: $0) }
    let finding = try #require(result.findings.first { $0.invariant.name == "reach" })
    // The page's address, in the bytes of that kernel.
    #expect(finding.finding.established.contains { $0.text.contains("0x\(hexadecimal(17 << size.shift))") })
  }

  @Test(arguments: PageSize.all, [true, false])
  func theWorkloadIsTheSame(_ size: PageSize, _ isMarked: Bool) async throws {
    let text = try await written(Self.history, size, isMarked: isMarked) { path in
      let reading = WorkloadReading(path: path)
      #expect(reading.damage == nil && reading.doubts.isEmpty)
      return try #require(reading.recorded).workload.steps.count
    }
    let small = try await written(Self.history, .small, isMarked: true) { path in
      try #require(WorkloadReading(path: path).recorded).workload.steps.count
    }
    #expect(text == small)
  }

  /// VM_MTE_ALLOWED and VM_MTE (arm64), or a protection key (x86): one vm_page_prot for each combination.
  @Test(arguments: [(0x2_0000_0000, 7), (0x6_0000_0000, 7), (0x6_0000_0000, 9)] as [(UInt64, UInt64)])
  func flagsOfTheArchitectureHaveAProtectionOfTheirOwn(_ flags: UInt64, _ second: UInt64) async throws {
    let history = History { k in
      k.mmap("p.V", 16..<32)
      k.write("p.V", 17)
      k.resize("p.V", to: 16..<24)
    }
    // At the entry, too: a recording that contradicts itself proves nothing from there on.
    let marked = history.alteringEntry("enter prepare") { $0.vma.flags = VMFlags(rawValue: flags) }.alteringTree(
      "insert", 1
    ) {
      $0.vma.flags = VMFlags(rawValue: flags)
      $0.protection = 7
    }.alteringTree("insert", 2) {
      $0.vma.flags = VMFlags(rawValue: flags)
      $0.protection = second
    }
    let result = try await written(marked, .small, isMarked: true) { RecordingCheck().run(path: $0) }
    let entry = try #require(result.invariants.first { $0.invariant.name == "visible-attr" })
    #expect(entry.findings.isEmpty == (second == 7) && (second != 7 || entry.ledger.decided > 0))
  }

  @Test func pagesOfAnotherSizeAreRefusedByName() async throws {
    let sidecar = """
      {"schema": "rmapcheck-recording/1", "recording": "trace.dat", "kernel": {"page_size": 8192}}
      """
    // Without a fault in it nothing else tells the size.
    let history = History { $0.mmap("p.V", 16..<32) }
    let result = try await written(history, .small, isMarked: false, sidecar: sidecar) {
      RecordingCheck().run(path: $0)
    }
    #expect(result.verdict == .damaged)
    #expect(try #require(result.damage).contains("pages of 8192 bytes: 4096, 16384 and 65536 are supported"))
  }
}
