import Foundation

/// Runs one fuzz target under libFuzzer, or writes its seeds: `fuzz TARGET [libFuzzer argument…]`,
/// `fuzz --seeds TARGET TRACES-FOLDER INTO-FOLDER`, `fuzz --targets`. `scripts/fuzz` builds and calls it.
@main struct Fuzz {
  static func main() throws {
    let arguments = CommandLine.arguments
    switch arguments.count > 1 ? arguments[1] : "" {
    case "--targets":
      print(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))
    case "--seeds":
      guard arguments.count == 5, let target = FuzzTarget(rawValue: arguments[2]) else { return misused() }
      try Seeds(traces: arguments[3]).write(of: target, into: arguments[4])
    case let name:
      guard let target = FuzzTarget(rawValue: name) else { return misused() }
      // libFuzzer takes the arguments after the target's name, and a program's name before them.
      var count = CommandLine.argc - 1
      var values = CommandLine.unsafeArgv + 1
      exit(runFuzzer(&count, &values, target.callback))
    }
  }

  private static func misused() {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
    FileHandle.standardError.write(Data("usage: fuzz TARGET [argument of libFuzzer...]; targets: \(names)\n".utf8))
    exit(64)
  }
}

/// `LLVMFuzzerRunDriver` of libFuzzer: an entry that does not ask for `main`.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: FuzzTarget.Callback
) -> CInt
