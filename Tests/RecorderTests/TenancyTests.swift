import Glibc
import KernelProbes
import RecordingFormat
import Testing
import Vocabulary

@testable import KernelTestSupport
@testable import Recorder

/// What a run makes in tracefs it takes away, and nothing else, whatever happens.
@Suite struct TenancyTests {
  private let name = RunName(pid: 812, start: 4711)
  private let others = ["p:other/exit do_exit", "p:rmap/avc_insert anon_vma_interval_tree_insert avc=$arg1:x64"]

  private func tracefs() -> FakeTraceFS {
    let files = FakeTraceFS()
    files.instances = ["other"]
    files.probes = others
    return files
  }

  private func definitions() throws -> [ProbeDefinition] { try MiniBTF.linux6_12.plan().definitions }

  private func expectOnlyOthers(_ files: FakeTraceFS) {
    #expect(files.instances == ["other"])
    #expect(files.probes == others)
  }

  @Test func namesGoBothWays() {
    #expect(name.description == "rmap_812_4711")
    #expect(RunName("rmap_812_4711") == name)
    for stranger in ["rmap", "rmap_", "rmap_812", "rmap_0812_1", "rmap_8_1_2", "other_812_4711", "rmap_-8_1x"] {
      #expect(RunName(stranger) == nil, "\(stranger)")
    }
  }

  @Test func ownProcessIsAlive() {
    #expect(RunName.own().isAlive)
    #expect(!RunName(pid: getpid(), start: 1).isAlive, "a number that was used before")
  }

  @Test func everythingIsRemovedInTheOnlyOrder() throws {
    let files = tracefs()
    let tenancy = Tenancy(files: files, name: name)
    let definitions = try definitions()
    try tenancy.begin(definitions)
    #expect(files.probes.count == others.count + definitions.count)
    #expect(files.probes.dropFirst(others.count).allSatisfy { $0.contains(":rmap_812_4711/") })
    files.groupsInUse = ["rmap_812_4711": "rmap_812_4711"]
    #expect(tenancy.end() == [])
    expectOnlyOthers(files)
    #expect(
      files.log.suffix(2) == ["rmdir instances/rmap_812_4711", "kprobe_events -:rmap_812_4711/"],
      "probes can't be removed while the instance uses them")
    #expect(tenancy.end() == [], "once more does no harm")
  }

  @Test func aRefusedProbeTakesEverythingBack() throws {
    let files = tracefs()
    files.refusedSymbol = "exit_mmap"
    files.files["error_log"] = "[  12.3] trace_kprobe: error: Failed to register probe event\n  Command: p:x\n"
    #expect(
      throws: RecordingFailure(
        .system,
        "the kernel refused a probe on exit_mmap: kprobe_events: No such file or directory "
          + "(trace_kprobe: error: Failed to register probe event)")
    ) { try Tenancy(files: files, name: name).begin(definitions()) }
    expectOnlyOthers(files)
  }

  @Test func aReaderThatIsDyingIsWaitedFor() throws {
    let files = tracefs()
    let tenancy = Tenancy(files: files, name: name)
    try tenancy.begin(definitions())
    files.holds["rmap_812_4711"] = 7
    #expect(tenancy.end() == [])
    expectOnlyOthers(files)
  }

  @Test func whatTheKernelWillNotLetGoIsSaid() throws {
    let files = tracefs()
    let tenancy = Tenancy(files: files, name: name)
    try tenancy.begin(Array(definitions().prefix(1)))
    files.holds["rmap_812_4711"] = 1_000_000
    #expect(tenancy.end() == ["instances/rmap_812_4711: Device or resource busy"])
    files.holds = [:]
    files.groupsInUse = ["other": "rmap_812_4711"]
    #expect(
      tenancy.end() == ["probe rmap_812_4711/avc_insert: kprobe_events: Device or resource busy"])
  }

  @Test func theDeadAreSweptAndTheLivingAreNot() throws {
    let files = tracefs()
    let (dead, alive) = (RunName(pid: 1, start: 1), RunName(pid: 2, start: 2))
    for run in [dead, alive] { try Tenancy(files: files, name: run).begin(Array(definitions().prefix(3))) }
    var ended: [RunName] = []
    let swept = Tenancy.sweep(files, isAlive: { $0 == alive }, endTools: { ended.append($0) })
    #expect(swept == [dead])
    #expect(ended == [dead])
    #expect(files.instances == ["other", alive.description])
    #expect(files.probes.count == others.count + 3)
  }

  @Test func probesWithoutAnInstanceAreSweptToo() throws {
    let files = tracefs()
    files.probes += ["p:rmap_9_9/avc_insert anon_vma_interval_tree_insert"]
    #expect(Tenancy.sweep(files, isAlive: { _ in false }, endTools: { _ in }) == [RunName(pid: 9, start: 9)])
    expectOnlyOthers(files)
  }
}

/// What travels in the sidecar must be this run's own.
@Suite struct CounterTests {
  @Test func countsAreToldApartByTheOrderOfProbes() throws {
    let files = FakeTraceFS()
    let definitions = Array(try MiniBTF.linux6_12.plan().definitions.prefix(2))
    for pid in [Int32(1), 2] {
      try Tenancy(files: files, name: RunName(pid: pid, start: 5)).begin(definitions)
    }
    // kprobe_profile says no group.
    files.files["kprobe_profile"] = """
        avc_insert                                                 10               0
        avc_remove                                                 20               1
        avc_insert                                               3000               0
        avc_remove                                               4000              50

      """
    let folder = "instances/rmap_2_5/per_cpu/cpu0"
    files.files["\(folder)/stats"] =
      "entries: 3\noverrun: 7\ncommit overrun: 1\nbytes: 9\noldest event ts: 1.5\ndropped events: 2\nread events: 99\n"
    let counters = Counters(of: Tenancy(files: files, name: RunName(pid: 2, start: 5)), definitions)
    #expect(counters.probes.map(\.hits) == [3000, 4000])
    #expect(counters.probes.map(\.missed) == [0, 50])
    #expect(counters.missed == 50)
    #expect(counters.lost == 10)
    #expect(counters.buffers.map(\.readEvents) == [99])
    #expect(counters.unread == 9)
    #expect(counters.events == 102)
    #expect(counters.flaw == "3 events were left in the kernel's buffers: is the disk full?")
    files.files["\(folder)/stats"] = "entries: 0\nread events: 102\n"
    #expect(Counters(of: Tenancy(files: files, name: RunName(pid: 2, start: 5)), definitions).flaw == nil)
  }

  @Test func countsThatDoNotFitAreNotGuessed() throws {
    let files = FakeTraceFS()
    let definitions = Array(try MiniBTF.linux6_12.plan().definitions.prefix(1))
    let tenancy = Tenancy(files: files, name: RunName(pid: 1, start: 5))
    try tenancy.begin(definitions)
    files.files["kprobe_profile"] = "  avc_insert 1 0\n  exit 2 0\n"
    #expect(Counters(of: tenancy, definitions).probes.map(\.hits) == [nil])
  }
}

/// The recorder's lines and its command lines.
@Suite struct PlanTests {
  private let name = RunName(pid: 3, start: 9)

  @Test func traceCommandGetsAnInstanceOfItsOwn() {
    let plan = RecordPlan(output: "a.dat", level: .pages, target: .machine, buffer: 4096)
    #expect(
      plan.command(name, tracefs: "/t").joined(separator: " ")
        == "trace-cmd record -k -B rmap_3_9 -C mono --no-filter -b 4096 -e rmap_3_9 -o a.dat")
  }

  @Test func perfRecordsTheWholeSystemByTheSameClock() {
    let plan = RecordPlan(output: "a.data", level: .pages, target: .process(7), buffer: 4096, tool: .perf)
    #expect(
      plan.command(name, tracefs: "/t").joined(separator: " ")
        == "perf record -a -k CLOCK_MONOTONIC -m 4096K -e rmap_3_9:* --delay=-1 --control=fd:3,4 -o a.data")
  }

  @Test func furtherArgumentsKnowTheGroup() {
    var plan = RecordPlan(output: "a.dat", level: .pages, target: .machine, buffer: 4096)
    plan.arguments = ["-B", "second", "-e", "GROUP"]
    #expect(plan.command(name, tracefs: "/t").suffix(4) == ["-B", "second", "-e", "rmap_3_9"])
  }

  @Test func aStreamIsThisProgramAgain() {
    var plan = RecordPlan(output: "a.dat", level: .pages, target: .machine, buffer: 4096, tool: .stream)
    plan.streamFolder = "/ports"
    #expect(plan.command(name, tracefs: "/t") == ["/proc/self/exe", "stream", "rmap_3_9", "/t", "/ports", "4096"])
  }

  /// A process that has ended is still there for its parent, but not for whoever waits for its end.
  @Test func anEndedProcessDoesNotRun() throws {
    #expect(startOfRunningProcess(getpid()) == startOfProcess(getpid()))
    let child = try ChildProcess(["true"], .ours)
    for _ in 0..<500 where startOfRunningProcess(child.pid) != nil { usleep(20_000) }
    #expect(startOfRunningProcess(child.pid) == nil)
    #expect(startOfProcess(child.pid) != nil, "nobody has looked at it yet")
    #expect(child.wait(seconds: 10) && child.exitStatus == 0)
    #expect(startOfProcess(child.pid) == nil)
  }

  @Test func progress() {
    let text = ProgressText(seconds: 12, events: 482_113, missed: 3, lost: 0, bytes: 31_449_000)
    #expect(text.line == "12 s: 482113 events, 0 lost, 3 missed, 31.4 MB")
  }
}
