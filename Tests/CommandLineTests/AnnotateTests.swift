import Foundation
import Testing

/// Goal: what scripts note in a sidecar is what `check --expect` compares with. Method: the program as a process.
@Suite struct AnnotateTests {
  private let run: Executable

  init() throws { run = try Executable() }

  @Test func whatACheckComesToIsExpectedFromThenOn() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      "cp $T/6.12-fault-drop-avc/trace.dat . && $R annotate trace.dat --as-checked --checksum --package linux -- sh -c x"
    )
    #expect(outcome.status == 0)
    #expect(outcome.output.hasSuffix(", expected: violated, fork-closure in anon_vma_fork at event 2117\n"))
    #expect(try run.shell("$R check --expect trace.dat").status == 0)
    let sidecar = try run.text("trace.dat.about.json")
    #expect(sidecar.contains("\"package\" : \"linux\"") && sidecar.contains("\"xxh64\" : \""))
    #expect(try run.shell("$R annotate trace.dat --expect holds").status == 0)
    #expect(try run.shell("$R check --expect trace.dat").status == 1)
  }

  @Test func anEndingIsADoubt() throws {
    defer { run.remove() }
    let outcome = try run.shell("cp $T/6.12-structure-v6/trace.dat . && $R annotate trace.dat --ending 'no more power'")
    #expect(outcome.status == 0)
    let check = try run.shell("$R check trace.dat")
    #expect(check.status == 4)
    #expect(check.output.contains("no more power"))
  }

  /// As scripts/guest/record_foreign writes them.
  private static let facts = """
    recorder trace-cmd
    clock mono
    date 2026-11-30T10:00:00Z
    release 6.12.117-arm64
    version #1 SMP "Debian"
    machine aarch64
    page-size 16384
    level structure
    buffer-kb 20000
    cpus 2
    start 17000000000
    end 18000000000
    probe p:rmap/fork anon_vma_fork vma=%x0:x64
    probe r:rmap/fork_ret anon_vma_fork ret=$retval:s32
    count fork                                                 482               3
    """

  @Test func aSidecarIsMadeOfWhatAGuestHasNoted() throws {
    defer { run.remove() }
    try Data(Self.facts.utf8).write(to: run.folder.appending(path: "facts"))
    let outcome = try run.shell("$R annotate trace.dat --sidecar about.json --facts facts --expect holds -- sh -c x")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output == "6.12.117-arm64, 0 hits, 3 missed, 0 overrun, 0 dropped, expected: holds\n")
    let sidecar = try json(run.text("about.json"))
    let (kernel, recorder) = (sidecar["kernel"] as? [String: Any], sidecar["recorder"] as? [String: Any])
    #expect(sidecar["level"] as? String == "structure" && sidecar["date"] as? String == "2026-11-30T10:00:00Z")
    #expect(kernel?["page_size"] as? Int == 16384 && kernel?["version"] as? String == "#1 SMP \"Debian\"")
    #expect(recorder?["complete"] as? Bool == true && recorder?["end"] as? Int == 18_000_000_000)
    let probes = try #require(sidecar["probes"] as? [[String: Any]])
    #expect(probes.map { $0["event"] as? String } == ["fork", "fork_ret"])
    #expect(probes[0]["missed"] as? Int == 3 && probes[1]["missed"] == nil)
    #expect(probes[1]["definition"] as? String == "r:rmap/fork_ret anon_vma_fork ret=$retval:s32")
  }

  @Test(arguments: ["cpus two", "page-size", "level deep", "colour blue", "count fork 1", "probe fork"])
  func factsThatSayNothing(line: String) throws {
    defer { run.remove() }
    try Data("cpus 2\n\n\(line)\n".utf8).write(to: run.folder.appending(path: "facts"))
    let outcome = try run.shell("$R annotate trace.dat --sidecar about.json --facts facts")
    #expect(outcome.status == 3)
    #expect(outcome.errors == "rmapcheck: facts: line 3 of the guest's facts: \"\(line)\"\n")
  }

  @Test func whatIsWrongIsSaid() throws {
    defer { run.remove() }
    let fault = "$R annotate trace.dat --expect violated --fault drop-avc --console"
    #expect(try run.shell("touch log && \(fault) log").status == 65)
    #expect(try run.shell("\(fault) nothing-here").status == 66)
    #expect(try run.shell("$R annotate trace.dat --facts nothing-here").status == 66)
    #expect(try run.shell("$R annotate trace.dat --fault drop-avc").status == 64)
    #expect(try run.shell("$R annotate trace.dat --expect perhaps").status == 64)
    #expect(try run.shell("echo '{' >about.json && $R annotate trace.dat --sidecar about.json").status == 3)
    #expect(try run.shell("$R annotate trace.dat --sidecar nowhere/about.json").status == 73)
  }
}
