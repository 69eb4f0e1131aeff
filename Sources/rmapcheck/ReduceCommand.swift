import ArgumentParser
import Checking
import Glibc
import RecordingFormat
import Reducing
import Reports

/// `rmapcheck reduce`: the few events of a recording that show a violation.
struct ReduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reduce",
    abstract: "Reduces a recording to the few events that show one violation.",
    discussion: """
      Leaves out events and judges what is left, as long as the violation has the same proof; prints what remains. With \
      -o, that becomes a recording of its own, a trace.dat of a few KiB that trace-cmd reads, with FILE.about.json \
      beside it, which says what it was reduced from; it was checked again from the file. Checking it finds the same \
      violation (exit 1). What such a witness proves: see Witnesses.md.

      Exit status: 0 reduced, 65 there is no such violation to reduce, 3 the recording is damaged (behind the violation: it is reduced all the same), 66 it does not exist \
      or can't be read, 70 the violation does not show from the events alone, 73 the output is there already (--force \
      replaces it), 74 the output can't be written, 64 usage.
      """)

  @Argument(help: "The recording, of any kind that check takes, or a folder with one.", completion: .file())
  var recording: String

  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("Where the reduced recording goes.", valueName: "file"),
    completion: .file())
  var output: String?

  @Flag(help: "Replace an output that is there.")
  var force = false

  @Flag(help: "Replace addresses, names of tasks and of the machine, so that the output can be shown to anybody.")
  var redact = false

  @Option(
    help: ArgumentHelp(
      "Which violation: the number of its defect, from 1, or the beginning of its fingerprint.", valueName: "which"))
  var finding: String?

  @Option(help: ArgumentHelp("How long to leave out events.", valueName: "s"))
  var budget = 60.0

  func validate() throws {
    if redact || force, output == nil {
      throw ValidationError("--redact and --force are about the output: name one (-o).")
    }
    guard budget >= 0 else { throw ValidationError("--budget takes seconds.") }
    if let output, output.isEmpty || output.hasSuffix("/") { throw ValidationError("-o takes a file.") }
  }

  func run() throws {
    if let output, !force { try refuseToReplace([output, Sidecar.path(besides: output)]) }
    var reduction = Reduction()
    reduction.finding = finding
    reduction.budget = budget
    reduction.redacts = redact
    do {
      let found = RecordingSearch.recordings(at: recording)
      guard found.count == 1 else {
        throw ValidationError("\(recording) has \(found.count) recordings: name one of them.")
      }
      if let output { try refuseToReplaceInput([output], found) }
      let witness = try reduction.run(path: found[0])
      if let output { try write(witness, to: output) }
      try StandardOutput.write(WitnessReport.render(witness))
      if let damage = witness.whole.damage {
        complain("\(recording): \(damage)")
        throw ExitCode(Verdict.damaged.exitStatus)
      }
    } catch let failure as ReductionFailure {
      complain("\(recording): \(failure)")
      throw ExitCode(failure.exitStatus)
    }
  }

  private func write(_ witness: Witness, to output: String) throws {
    do throws(WitnessFile.Failure) {
      try WitnessFile.write(witness, to: output)
    } catch {
      complain("\(error)")
      throw ExitCode(error.isOfOutput ? EX_IOERR : EX_SOFTWARE)
    }
  }
}

extension ReductionFailure {
  fileprivate var exitStatus: Int32 {
    switch self {
    case .nothingBroken(let verdict, _): verdict == .damaged ? Verdict.damaged.exitStatus : EX_DATAERR
    case .noSuchFinding: EX_DATAERR
    case .unreadable(_, let isMissing): isMissing ? Verdict.missing.exitStatus : Verdict.damaged.exitStatus
    case .notReproduced: EX_SOFTWARE
    }
  }
}
