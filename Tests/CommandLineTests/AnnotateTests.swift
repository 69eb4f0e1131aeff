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

  @Test func whatIsWrongIsSaid() throws {
    defer { run.remove() }
    let fault = "$R annotate trace.dat --expect violated --fault drop-avc --console"
    #expect(try run.shell("touch log && \(fault) log").status == 65)
    #expect(try run.shell("\(fault) nothing-here").status == 66)
    #expect(try run.shell("$R annotate trace.dat --fault drop-avc").status == 64)
    #expect(try run.shell("$R annotate trace.dat --expect perhaps").status == 64)
    #expect(try run.shell("echo '{' >about.json && $R annotate trace.dat --sidecar about.json").status == 3)
    #expect(try run.shell("$R annotate trace.dat --sidecar nowhere/about.json").status == 73)
  }
}
