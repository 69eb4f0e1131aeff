import ArgumentParser
import Checking
import Glibc
import Pictures
import RecordingFormat
import Reports
import RmapEvents

/// `rmapcheck show`: the graph at one event of a recording.
struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Draws the graph at one event of a recording: VMAs, AVCs, anon_vmas, and what is missing or wrong.",
    discussion: """
      Without --at, the event is that of the first violation; with --object alone, the object's life is told, event by \
      event. What is drawn is the graph that `check` had at that event. \
      In text, a VMA's chain runs from left to right, an anon_vma's tree from top to bottom, and an AVC is where they \
      cross.

      With --format perfetto, the whole recording is written, for ui.perfetto.dev: each task is a track, its operations \
      are slices and other events are instants. Violations are instants named VIOLATED; arrows lead to each from the \
      events that its proof rests on. Counters show how many anon_vmas and AVCs there are.

      Exit status: 0 drawn, 3 the recording is damaged (what can be read of it is drawn), 4 it has no violation and \
      --at names no event, 64 wrong usage, also an event or an object that the recording does not have, 66 the \
      recording is not there or can't be read, 69 --format svg without Graphviz, 73 the output is there already \
      (--force replaces it), 74 the picture could not be written.
      """)

  @Argument(help: "A recording, or a folder with one.", completion: .file())
  var recording: String

  @Option(help: ArgumentHelp("The event's number, as in a report.", valueName: "event"))
  var at: UInt64?

  @Option(help: ArgumentHelp("Draw what is around this VMA, AVC, anon_vma or folio.", valueName: "address"))
  var object: KernelObject?

  @Option(help: ArgumentHelp("Draw all that is under this root anon_vma.", valueName: "address"))
  var root: KernelObject?

  @Option(
    help: ArgumentHelp(
      "How many events of an object's life are shown (60), beside the last 10.", valueName: "n|all"))
  var limit = Limit.first(60)

  @Flag(help: "The moment: before the event, after it, or both.")
  var moment: Moment?

  @Option(help: ArgumentHelp("The form: text, dot, svg (needs Graphviz), json, perfetto.", valueName: "form"))
  var format: ShowFormat = .text

  @Option(name: .shortAndLong, help: ArgumentHelp("Write to a file.", valueName: "file"), completion: .file())
  var output: String?

  @Flag(help: "Replace the output file if it is there.")
  var force = false

  func validate() throws {
    if object != nil, root != nil { throw ValidationError("--object and --root exclude each other.") }
    if root != nil, at == nil { throw ValidationError("--root needs --at: a graph has another shape at each event.") }
    if at == 0 { throw ValidationError("Events are counted from 1.") }
    if at == nil, object != nil, format != .text { throw ValidationError("An object's life is text: name --at.") }
    if format == .json, moment != nil { throw ValidationError("--format json has both moments.") }
    if format == .svg, moment == .both { throw ValidationError("An SVG shows one moment: --before or --after.") }
    if format == .perfetto {
      if output == nil { throw ValidationError("--format perfetto needs a file: -o.") }
      if at != nil || object != nil || root != nil || moment != nil {
        throw ValidationError("--format perfetto writes all of the recording: it takes no event, object or moment.")
      }
    }
  }

  func run() throws {
    if let output {
      if !force { try refuseToReplace([output]) }
      try refuseToReplaceInput([output], [try theRecording()])
    }
    guard let form = format.form else { return try writeTimeline(to: output ?? "") }
    let result = try drawnResult()
    if at == nil, object != nil { return try showLife(result) }
    guard let drawn = result.drawings.first else { throw try nothingToShow(result) }
    guard let picture = drawn.picture else { throw noSuchEvent(drawn, result) }
    if let object, picture.before.isEmpty, picture.after.isEmpty {
      throw ValidationError("There is no \(object.address) in the graph at event \(drawn.ordinal).")
    }
    let text = PictureReport.render(
      drawn, picture, of: result, form, moment?.moments, ReportOptions(tool: Tool(commit: buildCommit)))
    do {
      try write(format == .svg ? Graphviz.svg(text) : text)
    } catch let failure as Graphviz.Failure {
      complain("\(failure)")
      throw ExitCode(EX_UNAVAILABLE)
    }
    try endIfDamaged(result)
  }

  private func drawnResult() throws -> RecordingResult {
    let path = try theRecording()
    var check = RecordingCheck()
    var focus = Focus(root: root?.address)
    if let object { focus = Focus(object: object.address) }
    check.drawing = .event(at, focus)
    if at == nil, let object { check.drawing = .life(object.address, limit.count) }
    return check.run(path: path)
  }

  private func showLife(_ result: RecordingResult) throws {
    guard let life = result.life, life.total > 0 || result.damage == nil else { throw try nothingToShow(result) }
    guard life.total > 0 else { throw ValidationError("No event of the recording names \(life.object).") }
    try write(PictureReport.render(life, of: result))
    try endIfDamaged(result)
  }

  private func endIfDamaged(_ result: RecordingResult) throws {
    guard let damage = result.damage else { return }
    complain("\(result.path): \(damage)")
    throw ExitCode(Verdict.damaged.exitStatus)
  }

  /// The one that is meant by a folder.
  func theRecording() throws -> String {
    let found = RecordingSearch.recordings(at: recording)
    guard found.count == 1, let path = found.first else {
      throw ValidationError("\(recording) has \(found.count) recordings: name one of them.")
    }
    return path
  }

  private func nothingToShow(_ result: RecordingResult) throws -> any Error {
    if let damage = result.damage {
      complain("\(result.path): \(damage)")
      return ExitCode(result.isMissing ? Verdict.missing.exitStatus : Verdict.damaged.exitStatus)
    }
    complain("\(result.path): nothing is violated: name an event with --at")
    return ExitCode(Verdict.undecided.exitStatus)
  }

  private func noSuchEvent(_ drawn: DrawnEvent, _ result: RecordingResult) -> any Error {
    if let damage = result.damage {
      complain("\(result.path): \(damage)")
      return ExitCode(result.isMissing ? Verdict.missing.exitStatus : Verdict.damaged.exitStatus)
    }
    if drawn.ordinal > result.records {
      return ValidationError("There is no event \(drawn.ordinal): the recording has \(result.records).")
    }
    let near = [drawn.neighbours.last, drawn.neighbours.next].compactMap { $0.map(String.init) }
    return ValidationError(
      "Event \(drawn.ordinal) is none of the rmap's"
        + (near.isEmpty ? "." : "; the nearest are \(near.joined(separator: " and "))."))
  }

  private func write(_ text: String) throws {
    guard let output else { return try StandardOutput.write(text) }
    try ReportFile(path: output).finish(text)
  }
}

/// `--format` of `show`.
enum ShowFormat: String, ExpressibleByArgument, CaseIterable {
  case text, dot, svg, json, perfetto

  /// What is rendered first; nil of what is no picture.
  var form: PictureReport.Form? {
    switch self {
    case .perfetto: nil
    case .text: .text
    case .dot, .svg: .dot
    case .json: .json
    }
  }
}

/// `--before`, `--after`, `--both`.
enum Moment: String, EnumerableFlag {
  case before, after, both

  var moments: PictureReport.Moments {
    switch self {
    case .before: .before
    case .after: .after
    case .both: .both
    }
  }
}

/// The address of a kernel object, as a report prints it.
struct KernelObject: ExpressibleByArgument {
  let address: KernelAddress

  init?(argument: String) {
    let digits = argument.hasPrefix("0x") ? argument.dropFirst(2) : argument[...]
    guard digits.count == 16, let raw = UInt64(digits, radix: 16), KernelAddress(raw).isKernel else { return nil }
    address = KernelAddress(raw)
  }
}
