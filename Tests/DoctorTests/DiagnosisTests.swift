import Invariants
import KernelProbes
import Testing
import Vocabulary

@testable import Doctor
@testable import KernelTestSupport
@testable import Recorder

/// What doctor says of kernels in miniature: it must agree with what the decoder will make of their recordings.
@Suite struct DiagnosisTests {
  private func diagnosis(
    _ kernel: MiniBTF, level: RecordingLevel = .walks, without: Set<String> = [], and line: String = "0 T start_kernel"
  ) throws -> Diagnosis {
    var diagnosis = Diagnosis(level: level)
    diagnosis.judge(types: try kernel.types(), symbols: try kernel.symbols(without: without, and: line))
    return diagnosis
  }

  private func judgement(_ name: String, in diagnosis: Diagnosis) -> String? {
    diagnosis.decidabilities.first { $0.name == name }?.judgement
  }

  @Test(arguments: [MiniBTF.linux6_1, .linux6_6, .linux6_8, .linux6_12, .linux7]) func everythingIsDecidable(
    kernel: MiniBTF
  ) throws {
    var diagnosis = try diagnosis(kernel)
    diagnosis.judge(try configuration("CONFIG_KPROBES=y", "CONFIG_KPROBE_EVENTS=y"))
    #expect(diagnosis.recordability == .possible)
    #expect(diagnosis.exitStatus == 0)
    #expect(diagnosis.decidabilities.count >= Invariant.all.filter { $0.marker == nil }.count)
    #expect(diagnosis.decidabilities.filter { !$0.isDecidable }.map(\.name) == [])
  }

  @Test func newNamesAreCalledRenamed() throws {
    let diagnosis = try diagnosis(.linux7)
    let insert = try #require(diagnosis.plan?.outcomes.first)
    #expect(insert.status == .renamed)
    #expect(insert.symbol == "anon_rmap_tree_insert")
    #expect(diagnosis.text().contains("  renamed   avc_insert                       anon_rmap_tree_insert\n"))
    #expect(diagnosis.text().contains("  recorded  anon_rmap_tree_*: "))
    #expect(!diagnosis.text().contains("was never tried on a real kernel"))
    #expect(try self.diagnosis(.degreeEra).text().contains("was never tried on a real kernel"))
  }

  @Test func realtimeDecidesNothingAboutLocks() throws {
    let diagnosis = try diagnosis(.realtime)
    #expect(diagnosis.obstacles == [])
    #expect(judgement("root-locked", in: diagnosis)?.hasPrefix("in part: without the root's rwsem") == true)
    #expect(judgement("reach", in: diagnosis) == "yes")
    #expect(diagnosis.plan?.dialects.map(\.name).contains("rwbase_rt") == true)
  }

  @Test func oneCountForTwoThingsDecidesNoCounters() throws {
    let diagnosis = try diagnosis(.degreeEra)
    #expect(diagnosis.obstacles == [])
    #expect(judgement("counters", in: diagnosis)?.hasPrefix("in part: without num_children") == true)
  }

  /// On 5.10 a removal does not say in which VMA it is; the events around it do.
  @Test func removalsWithoutTheVMADecidePages() throws {
    let diagnosis = try diagnosis(.linux5_10)
    #expect(judgement("reach", in: diagnosis) == "yes")
    #expect(judgement("page-exclusive", in: diagnosis)?.contains("no PageAnonExclusive") == true)
    #expect(diagnosis.decidabilities.filter { !$0.isDecidable }.map(\.name) == [])
  }

  @Test func aLowerLevelIsAChoice() throws {
    let diagnosis = try diagnosis(.linux6_12, level: .structure)
    #expect(judgement("reach", in: diagnosis) == "no: needs --level pages")
    #expect(judgement("walk-coverage", in: diagnosis) == "no: needs --level walks")
    #expect(judgement("fork-closure", in: diagnosis) == "yes")
  }

  @Test func aMissingFunctionTakesItsInvariantsAlong() throws {
    let diagnosis = try diagnosis(.linux6_12, without: ["anon_vma_fork"])
    #expect(diagnosis.obstacles == [])
    #expect(judgement("fork-closure", in: diagnosis) == "no: no anon_vma_fork")
    #expect(diagnosis.plan?.outcomes.first { $0.events == [.fork] }?.status == .inlined)
  }

  @Test func aCloneIsToldFromAnInlinedFunction() throws {
    let outcomes = try diagnosis(.linux6_12, without: ["anon_vma_fork"], and: "0 t anon_vma_fork.isra.0")
      .plan?.outcomes
    #expect(outcomes?.first { $0.events == [.fork] }?.status == .cloned)
    let ambiguous = try diagnosis(.linux6_12, and: "0 t anon_vma_fork").plan?.outcomes
    #expect(ambiguous?.first { $0.events == [.fork] }?.status == .ambiguous)
  }

  @Test func withoutTheTreesNothingCanBeRecorded() throws {
    let diagnosis = try diagnosis(.linux6_12, without: ["anon_vma_interval_tree_remove"])
    #expect(diagnosis.recordability == .impossible)
    #expect(diagnosis.exitStatus == 4)
    #expect(
      diagnosis.obstacles.map(\.what) == [
        "the anon_vma interval trees can't be probed: avc_remove: no symbol anon_rmap_tree_remove nor "
          + "anon_vma_interval_tree_remove: left out"
      ])
  }

  // MARK: Configurations and machines

  private func configuration(_ lines: String...) throws -> KernelConfiguration {
    let header = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 6.18.44 Kernel Configuration\n#\n"
    return try KernelConfiguration(text: header + lines.joined(separator: "\n"), path: "config")
  }

  @Test func withoutKprobesItSaysWhatIsNeeded() throws {
    var diagnosis = try diagnosis(.linux6_12)
    diagnosis.judge(try configuration("CONFIG_FTRACE=y", "# CONFIG_KPROBES is not set"))
    #expect(diagnosis.release == "6.18.44")
    #expect(diagnosis.exitStatus == 4)
    #expect(
      diagnosis.text().hasPrefix(
        """
        6.18.44 can't be recorded as it is.
          - kprobes are not built in (CONFIG_KPROBES is not set)
            needed: a kernel built with CONFIG_KPROBES=y and CONFIG_KPROBE_EVENTS=y. Its
                    static tracepoints do not show which AVC is in which tree, and no
                    verdict can be based on them

        """))
    let rules = Invariant.all.filter { $0.marker == nil }.count
    #expect(
      diagnosis.text().contains(
        "\nInvariants: none can be decided as it is; with what is needed above, \(rules) of \(rules)\n"))
    #expect(!diagnosis.text().contains("can be recorded.\n"))
  }

  @Test func aHealthyConfigurationIsNoObstacle() throws {
    var diagnosis = try diagnosis(.linux6_12)
    diagnosis.judge(
      try configuration(
        "CONFIG_KPROBES=y", "CONFIG_KPROBE_EVENTS=y", "CONFIG_KPROBES_ON_FTRACE=y", "CONFIG_DEBUG_INFO_BTF=y"))
    #expect(diagnosis.recordability == .possible)
    #expect(diagnosis.advice.isEmpty)
  }

  @Test func whatIsNotKnownIsNoSuccess() throws {
    let kernel = MiniBTF.linux6_12
    let types = try kernel.types()
    let kprobes = try configuration("CONFIG_KPROBES=y", "CONFIG_KPROBE_EVENTS=y", "CONFIG_DEBUG_INFO_BTF=y")
    func unknowns(_ judge: (inout Diagnosis) throws -> Void) throws -> [RequiredFact] {
      var diagnosis = Diagnosis(level: .pages)
      try judge(&diagnosis)
      #expect(diagnosis.recordability == .unknown)
      #expect(diagnosis.exitStatus == 4)
      #expect(
        diagnosis.text().hasPrefix("\(diagnosis.release ?? "this kernel"): whether it can be recorded is not known."))
      #expect(diagnosis.json().contains("\"recordability\" : \"unknown\""))
      #expect(diagnosis.json().contains("\"recordable\" : false"))
      return diagnosis.unknowns
    }
    #expect(try unknowns { _ in } == [.kprobeEvents, .types, .symbols])
    #expect(try unknowns { $0.judge(kprobes) } == [.types, .symbols])
    #expect(try unknowns { $0.judge(types: types, symbols: try kernel.symbols()) } == [.kprobeEvents])
    #expect(
      try unknowns {
        $0.judge(types: types, symbols: KernelSymbols(unverifiedFrom: types))
        $0.judge(kprobes)
      } == [.symbols])
  }

  @Test func whatIsMissingIsNamed() throws {
    #expect(
      try diagnosis(.linux6_12).text().hasPrefix(
        """
        this kernel: whether it can be recorded is not known.
          - whether this kernel has kprobe events is not known
            settled by: --config with its configuration

        """))
  }

  private static let ready: MachineState = {
    var machine = MachineState()
    machine.release = "6.12.1"
    machine.isRoot = true
    machine.tracefs = .mounted(path: "/sys/kernel/tracing")
    machine.hasKprobeEvents = true
    machine.hasBTF = true
    machine.clocks = ["local", "mono"]
    machine.traceCommand = "/usr/bin/trace-cmd"
    machine.memory = 4096
    machine.processors = 4
    return machine
  }()

  @Test func aMachineThatIsReady() throws {
    var diagnosis = try diagnosis(.linux6_12)
    diagnosis.judge(Self.ready)
    #expect(diagnosis.obstacles == [])
    // It has no configuration to look at, but kprobe_events is there.
    #expect(Self.ready.configuration == nil)
    #expect(diagnosis.recordability == .possible)
    #expect(diagnosis.text().hasPrefix("6.12.1 can be recorded.\n"))
  }

  @Test func whatAMachineMayLack() throws {
    func obstacles(_ change: (inout MachineState) -> Void) throws -> [String] {
      var machine = Self.ready
      change(&machine)
      var diagnosis = try diagnosis(.linux6_12)
      diagnosis.judge(machine)
      return diagnosis.obstacles.map(\.what)
    }
    #expect(try obstacles { $0.isRoot = false } == ["only root may make probes"])
    #expect(try obstacles { $0.hasKprobeEvents = false } == ["/sys/kernel/tracing has no kprobe_events"])
    #expect(try obstacles { $0.kprobesAreOff = true } == ["kprobes are switched off"])
    #expect(try obstacles { $0.tracefs = .unsupported } == ["the kernel has no tracefs"])
  }

  @Test func lockdownAndTools() throws {
    var machine = Self.ready
    machine.lockdown = "confidentiality"
    machine.tracefs = .unmounted
    machine.traceCommand = nil
    var diagnosis = try diagnosis(.linux6_12)
    diagnosis.judge(machine)
    #expect(
      diagnosis.obstacles.map(\.what) == [
        "tracefs is not mounted", "the kernel is locked down (confidentiality), which forbids probes",
        "no trace-cmd on the PATH",
      ])
    #expect(diagnosis.obstacles.map(\.isOfKernel) == [false, true, false])
  }

  @Test func buffersTakeAnEighthOfTheMemoryAtMost() {
    var machine = Self.ready
    #expect(machine.advisedBuffer == 32768)
    machine.processors = 64
    #expect(machine.advisedBuffer == 8192)
    machine.memory = 64
    #expect(machine.advisedBuffer == 1024)
  }

  @Test func badConfigurations() {
    #expect(throws: RecordingFailure(.input, "config: not a kernel configuration")) {
      try KernelConfiguration(text: "hello\n", path: "config")
    }
    #expect(throws: RecordingFailure(.input, "/nowhere: No such file or directory")) {
      try KernelConfiguration(path: "/nowhere")
    }
  }

  @Test func jsonHoldsTheSameJudgements() throws {
    var diagnosis = try diagnosis(.realtime, level: .pages)
    diagnosis.judge(try configuration("CONFIG_KPROBES=y", "CONFIG_KPROBE_EVENTS=y"))
    let json = diagnosis.json()
    #expect(json.contains("\"schema\" : \"rmapcheck-doctor/1\""))
    #expect(json.contains("\"decidable\" : \"in-part\""))
    #expect(json.contains("\"decidable\" : \"not-recorded\""))
    #expect(json.contains("\"recordable\" : true"))
    #expect(json.contains("\"recordability\" : \"yes\""))
    #expect(json.contains("\"CONFIG_KPROBES\" : \"y\""), "what a sidecar needs of the kernel")
    #expect(diagnosis.layout?["anon_vma_chain"]?["anon_vma"] == 8)
  }
}
