import ArgumentParser
import Invariants
import Reports

/// `rmapcheck explain`: the invariants as a law book.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Prints what an invariant demands, why, and when it legally does not hold.")

  @Argument(help: "An invariant's name or number (I15, 15); all of them by default.")
  var invariants: [String] = []

  func run() throws {
    let chosen = try invariants.map { name in
      guard let invariant = Invariant.named(name) else {
        throw ValidationError(
          "There is no invariant '\(name)'; there are "
            + Invariant.all.map(\.name).joined(separator: ", ") + ".")
      }
      return invariant
    }
    try StandardOutput.write(LawReport.render(chosen.isEmpty ? Invariant.all : chosen))
    if chosen.isEmpty { try StandardOutput.write("\n" + LawReport.render(Undecidable.all)) }
  }
}
