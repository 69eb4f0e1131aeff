/// What is known of a recording only when it is over, or only outside of the machine that was recorded.
public struct Annotation: Sendable {
  /// What ran, if the recorder knew it only as part of something larger.
  public var command: [String] = []
  /// The package of the kernel's image.
  public var package: String?
  /// That package's version.
  public var packageVersion: String?
  /// What the kernel was compiled with.
  public var compiler: String?
  /// The commit that the kernel was built from.
  public var kernelCommit: String?
  /// The kernel's command line.
  public var commandLine: String?
  /// Modules that were inserted for the recording.
  public var modules: [String] = []
  /// How long the virtual machine ran, s.
  public var seconds: Int?
  /// Why the recording ended before its time.
  public var ending: String?
  /// What the kernel printed meanwhile.
  public var console: ConsoleLog?
  /// The fault that was injected, by name; the console has the rest.
  public var fault: String?
  /// What a check must come to.
  public var verdict: Verdict?
  /// The recording's checksum.
  public var xxh64: String?

  /// Nothing.
  public init() {}

  /// Adds all of it to a sidecar. A panic is an ending, whatever else is said of it.
  public func add(to sidecar: inout Sidecar) {
    var kernel = sidecar.kernel ?? Sidecar.Kernel()
    kernel.package = package ?? kernel.package
    kernel.packageVersion = packageVersion ?? kernel.packageVersion
    kernel.compiler = compiler ?? kernel.compiler
    kernel.commit = kernelCommit ?? kernel.commit
    kernel.commandLine = commandLine ?? kernel.commandLine
    if !modules.isEmpty { kernel.modules = modules }
    if let console { kernel.complaints = console.complaints }
    sidecar.kernel = kernel
    if !command.isEmpty {
      sidecar.workload = Sidecar.Workload(command: command, exitStatus: sidecar.workload?.exitStatus)
    }
    var recorder = sidecar.recorder ?? Sidecar.Recorder()
    recorder.seconds = seconds ?? recorder.seconds
    if let ending = console?.panic ?? ending {
      recorder.ending = ending
      recorder.complete = false
    }
    sidecar.recorder = recorder
    sidecar.xxh64 = xxh64 ?? sidecar.xxh64
    if let verdict { sidecar.expected = Sidecar.Expectation(verdict: verdict) }
    if let fault {
      sidecar.expected?.fault = fault
      sidecar.expected?.note = console?.armedFault
      sidecar.expected?.injected = console?.injectedFaults
    }
  }
}

extension Sidecar.Expectation: CustomStringConvertible {
  /// `violated, fork-closure in anon_vma_fork at event 2117`
  public var description: String {
    let place = [invariant, function.map { "in \($0)" }, event.map { "at event \($0)" }].compactMap(\.self)
    return ([verdict.rawValue] + (place.isEmpty ? [] : [place.joined(separator: " ")])).joined(separator: ", ")
  }
}

extension Sidecar {
  /// `6.12.9-amd64, 482113 hits, 0 missed, 0 overrun, 0 dropped, 27 s`
  public var summary: String {
    func sum<Part>(_ parts: [Part]?, _ count: (Part) -> UInt64?) -> UInt64 {
      (parts ?? []).reduce(0) { $0 &+ (count($1) ?? 0) }
    }
    let counts = [
      "\(sum(probes, \.hits)) hits", "\(sum(probes, \.missed)) missed", "\(sum(buffers, \.overrun)) overrun",
      "\(sum(buffers, \.droppedEvents)) dropped",
    ]
    let seconds = recorder?.seconds.map { ["\($0) s"] } ?? []
    return ([kernel?.release ?? "unknown kernel"] + counts + seconds).joined(separator: ", ")
  }

  /// Whether the recording came to its end, and what ran did its work.
  public var isWhole: Bool { recorder?.complete != false && recorder?.ending == nil && workload?.exitStatus == 0 }
}
