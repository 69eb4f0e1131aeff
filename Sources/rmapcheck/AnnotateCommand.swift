import ArgumentParser
import Checking
import FoundationEssentials
import Glibc
import Recorder
import RecordingFormat

extension Verdict: ExpressibleByArgument {}

/// `rmapcheck annotate`: what its recorder could not know of a recording.
struct AnnotateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "annotate",
    abstract: "Adds to a recording's sidecar what its recorder could not know.",
    discussion: """
      For scripts that record in virtual machines, and for recordings that are kept as tests: `check --expect` compares \
      with what --expect or --as-checked has noted. What the sidecar has already stays, unless an option replaces it. \
      Without a sidecar a new one is made. Prints the kernel, the counts and what is expected.

      Exit status: 0, 3 a file is damaged, 65 the fault was not injected, 66 a file that it is to read is not there, 73 the sidecar \
      can't be written, 64 usage.
      """)

  @Argument(help: "The recording; its sidecar alone is enough.", completion: .file())
  var recording: String

  @Option(help: ArgumentHelp("The sidecar, if it is not beside the recording.", valueName: "file"), completion: .file())
  var sidecar: String?

  @Option(
    help: ArgumentHelp(
      "What a guest without rmapcheck has noted: a word and its value on each line.", valueName: "file"),
    completion: .file())
  var facts: String?

  @Option(
    help: ArgumentHelp("The kernel's console: complaints, a panic, injected faults.", valueName: "file"),
    completion: .file())
  var console: String?

  @Option(help: ArgumentHelp("Why the recording ended early.", valueName: "text"))
  var ending: String?

  @Option(help: ArgumentHelp("The package of the kernel's image.", valueName: "name"))
  var package: String?

  @Option(help: ArgumentHelp("That package's version.", valueName: "version"))
  var packageVersion: String?

  @Option(help: ArgumentHelp("What the kernel was compiled with.", valueName: "text"))
  var compiler: String?

  @Option(help: ArgumentHelp("The commit that the kernel was built from.", valueName: "hash"))
  var kernelCommit: String?

  @Option(help: ArgumentHelp("The kernel's command line.", valueName: "words"))
  var commandLine: String?

  @Option(help: ArgumentHelp("A module that was inserted, with its parameters; repeatable.", valueName: "text"))
  var module: [String] = []

  @Option(help: ArgumentHelp("How long the virtual machine ran.", valueName: "s"))
  var seconds: Int?

  @Flag(help: "Note the recording's checksum as it is now.")
  var checksum = false

  @Option(help: ArgumentHelp("The verdict that a check must come to.", valueName: "verdict"))
  var expect: Verdict?

  @Flag(help: "Note what a check comes to now: verdict, invariant, function, event. Read it before you keep it.")
  var asChecked = false

  @Option(help: ArgumentHelp("The fault that was injected.", valueName: "name"))
  var fault: String?

  @Argument(parsing: .postTerminator, help: "What ran, after --.")
  var command: [String] = []

  func validate() throws {
    if expect != nil, asChecked { throw ValidationError("--expect or --as-checked, not both.") }
    if fault != nil, expect == nil || console == nil {
      throw ValidationError("--fault takes --expect and --console with it.")
    }
  }

  func run() throws {
    do {
      let path = try sidecar ?? Sidecar.location(of: recording) ?? Sidecar.path(besides: recording)
      var content = try read(path)
      if let facts {
        let text = try contents(facts)
        do throws(GuestFacts.Failure) {
          try GuestFacts(text).add(to: &content)
        } catch {
          complain("\(facts): \(error)")
          throw ExitCode(3)
        }
      }
      try annotation().add(to: &content)
      if asChecked { content.expected = RecordingCheck().run(path: recording).expected(keeping: content.expected) }
      if fault != nil, content.expected?.injected?.isEmpty != false {
        complain("the fault was not injected: nothing of it on the console")
        throw ExitCode(EX_DATAERR)
      }
      try write(content, path)
      if console != nil, let complaint = content.kernel?.complaints?.first {
        complain("the kernel complained: \(complaint)")
      }
      try StandardOutput.write(content.summary + (content.expected.map { ", expected: \($0)" } ?? "") + "\n")
    } catch let failure as RecordingFailure {
      complain("\(failure)")
      throw ExitCode(failure.kind.rawValue)
    } catch let error as LostOutput {
      throw error
    } catch let code as ExitCode {
      throw code
    } catch {
      complain("\(error)")
      throw ExitCode(3)
    }
  }

  private var name: String { recording.split(separator: "/").last.map(String.init) ?? recording }

  private func read(_ path: String) throws -> Sidecar {
    guard let data = FileManager.default.contents(atPath: path) else { return Sidecar(recording: name) }
    return try Sidecar(data, of: name, at: path)
  }

  private func annotation() throws -> Annotation {
    var annotation = Annotation()
    annotation.command = command
    annotation.package = package
    annotation.packageVersion = packageVersion
    annotation.compiler = compiler
    annotation.kernelCommit = kernelCommit
    annotation.commandLine = commandLine
    annotation.modules = module
    annotation.seconds = seconds
    annotation.ending = ending
    annotation.fault = fault
    annotation.verdict = expect
    if let console { annotation.console = ConsoleLog(try contents(console)) }
    if checksum { annotation.xxh64 = try recordingChecksum(recording) }
    return annotation
  }

  private func contents(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      complain("\(path): \(String(cString: strerror(errno)))")
      throw ExitCode(EX_NOINPUT)
    }
    return String(decoding: data, as: UTF8.self)
  }

  private func write(_ content: Sidecar, _ path: String) throws {
    do {
      try Data(content.text().utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      complain("\(path): can't be written")
      throw ExitCode(EX_CANTCREAT)
    }
  }
}
